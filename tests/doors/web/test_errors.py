# SPDX-License-Identifier: Apache-2.0
"""Every refusal of the house has its row; sentences carry their facts; links are shown to whoever may follow them."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from sealroom.accounts.rules import CAPABILITIES
from sealroom.billing.errors import PaymentFailed, QuotaInUse
from sealroom.billing.ports import DECLINES
from sealroom.core.errors import DomainError, NotFound
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents.errors import TooLarge
from sealroom.web.errors import TABLE, refusal_of

# Never leave their room, or belong to another door.
ELSEWHERE = {"error", "mail_bad_move", "code_wrong", "code_expired", "code_worn_out", "not_admitted", "bad_signature"}
ELSEWHERE |= {"passcode_wrong", "terms_stale", "prints_used_up"}
ELSEWHERE |= {"authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant"}


def _codes(kind: type[DomainError]) -> set[str]:
    found = {kind.code} if kind.__module__.startswith("sealroom.") else set()
    return found.union(*(_codes(child) for child in kind.__subclasses__()))


def test_every_code_has_a_row() -> None:
    assert sorted(_codes(DomainError) - ELSEWHERE - set(TABLE)) == []


def _short() -> InsufficientCredits:
    return InsufficientCredits(needed=1010, available=3, resets_at=datetime(2027, 1, 14, 9, 30, tzinfo=UTC))


def test_too_few_credits_are_said_with_all_numbers() -> None:
    with translation.override("en"):
        refusal = refusal_of(_short())
    assert (refusal.status, refusal.action_url) == (402, "")
    assert "1,010 credits" in refusal.text
    assert "3 are left: 1,007 are missing" in refusal.text
    assert "14\xa0January\xa02027" in refusal.text


def test_only_who_may_buy_sees_where() -> None:
    refusal = refusal_of(_short(), may_see=CAPABILITIES["admin"])
    assert refusal.action_url == "/admin/plan/modify/?focus=credits"


def test_french_sentence_is_french() -> None:
    with translation.override("fr"):
        assert refusal_of(TooLarge(limit=2_000_000_000)).text == "Un fichier peut atteindre 2\xa0Go. Divisez-le ou réduisez-le."


@pytest.mark.parametrize("error", [NotFound(), NotFound(kind="send", id="snd_x")])
def test_not_found_tells_nothing(error: NotFound) -> None:
    assert refusal_of(error).text == refusal_of(NotFound()).text


@pytest.mark.parametrize("reason", DECLINES)
def test_a_failed_payment_says_why(reason: str) -> None:
    refusals = {}
    for language in ("en", "fr"):
        with translation.override(language):
            refusals[language] = refusal_of(PaymentFailed(reason=reason)).text
    assert reason not in refusals["en"]
    assert refusals["en"].endswith(". Nothing was changed.")
    assert refusals["fr"].endswith(". Rien n’a été modifié.")


def test_quotas_in_use_are_said_with_their_numbers() -> None:
    quotas = [
        {"quota": "users", "used": 5, "limit": 3},
        {"quota": "storage_bytes", "used": 20_000_000_000, "limit": 10_000_000_000},
    ]
    with translation.override("en"):
        text = refusal_of(QuotaInUse(quotas=quotas)).text
    assert text == "In use: users: 5 of 3, storage: 20\xa0GB of 10\xa0GB. Remove what is too much, then change the plan."


def test_missing_facts_never_break_the_answer() -> None:
    assert refusal_of(TooLarge()).status == 413


def test_unknown_code_is_a_fault_of_ours() -> None:
    class Odd(DomainError):
        code = "odd"

    Odd.__module__ = "tests"
    assert refusal_of(Odd()).status == 500
