# SPDX-License-Identifier: Apache-2.0
"""Credits: what is left, the chart with its table, the ledger."""

import pytest
from tests.factories.accounts import Persona

from sealroom.sends.models import Send

pytestmark = pytest.mark.django_db


def test_admin_sees_what_was_used_and_by_whom(owner: Persona, sent: Send) -> None:
    page = owner.client().get("/credits/").content.decode()
    assert all(
        words in page for words in (">1,490<", "10 of 1,500 used", "\N{MINUS SIGN}10", "Olive Owner", "Balance after", "<svg")
    )


def test_user_sees_own_lines_alone(member: Persona, sent: Send) -> None:
    page = member.client().get("/credits/").content.decode()
    assert (">1,490<" in page, "\N{MINUS SIGN}10" in page, "Olive Owner" in page, "Balance after" in page) == (
        True,
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("query", "found"), [("kind=charge", True), ("kind=expire", False), ("route=api", False), ("when=all", True)]
)
def test_filters_narrow_the_ledger(owner: Persona, sent: Send, query: str, found: bool) -> None:
    page = owner.client().get(f"/credits/?{query}").content.decode()
    ledger = page[page.index('id="ledger"') :]
    assert ("\N{MINUS SIGN}10" in ledger) is found


def test_bad_cursor_is_refused(owner: Persona) -> None:
    assert owner.client().get("/credits/?cursor=nonsense").status_code == 422


def test_top_bar_shows_what_is_left(owner: Persona, sent: Send) -> None:
    page = owner.client().get("/sends/").content.decode()
    assert "<strong>1,490</strong> left" in page
