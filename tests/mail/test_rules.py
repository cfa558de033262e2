# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import pytest

from sealroom.mail import rules
from sealroom.mail.models import MailState
from sealroom.mail.rules import Decision, Fate


@pytest.mark.parametrize(
    ("code", "stage", "fate"),
    [
        (250, "data", Fate.SENT),
        (251, "data", Fate.SENT),
        (354, "data", Fate.RETRYING),
        (0, "connect", Fate.RETRYING),
        (0, "data", Fate.RETRYING),  # dropped after DATA: perhaps sent, so sent again under one Message-ID
        (421, "connect", Fate.RETRYING),
        (450, "recipient", Fate.RETRYING),
        (451, "data", Fate.RETRYING),
        (452, "recipient", Fate.RETRYING),
        (535, "connect", Fate.RETRYING),  # our password
        (554, "connect", Fate.RETRYING),
        (553, "sender", Fate.RETRYING),  # our address
        (550, "recipient", Fate.BOUNCED),
        (552, "data", Fate.BOUNCED),
        (554, "data", Fate.BOUNCED),
        (999, "recipient", Fate.RETRYING),
    ],
)
def test_decide_by_code_and_stage(code: int, stage: str, fate: Fate) -> None:
    assert rules.decide(code, "", stage, attempts=1, urgent=False).fate is fate


@pytest.mark.parametrize("urgent", [False, True])
def test_decide_gives_up_when_attempts_are_used_up(urgent: bool) -> None:
    last = rules.attempts_allowed(urgent=urgent)
    assert rules.decide(451, "", "data", attempts=last - 1, urgent=urgent).fate is Fate.RETRYING
    assert rules.decide(451, "", "data", attempts=last, urgent=urgent) == Decision(Fate.FAILED)
    assert rules.decide(250, "", "data", attempts=last, urgent=urgent).fate is Fate.SENT


def test_decide_waits_for_codes_in_minutes_and_for_the_rest_in_days() -> None:
    def total(*, urgent: bool) -> timedelta:
        attempts = range(1, rules.attempts_allowed(urgent=urgent))
        return sum((rules.decide(451, "", "data", attempts=n, urgent=urgent).wait for n in attempts), timedelta())

    assert timedelta(minutes=5) < total(urgent=True) < timedelta(minutes=10)
    assert timedelta(days=2) < total(urgent=False) < timedelta(days=5)


@pytest.mark.parametrize(
    ("code", "answer", "stage", "speaks"),
    [
        (550, "no such user", "recipient", True),
        (550, "5.1.1 no such user", "recipient", True),
        (550, "5.2.1 mailbox disabled", "data", True),
        (554, "transaction failed", "data", False),
        (550, "5.7.1 message refused by policy", "recipient", False),
        (552, "5.2.2 mailbox full", "recipient", False),
        (552, "5.3.4 too big", "data", False),
    ],
)
def test_speaks_of_address(code: int, answer: str, stage: str, speaks: bool) -> None:
    assert rules.speaks_of_address(code, answer, stage) is speaks


def test_moves_name_every_state_and_end() -> None:
    assert set(rules.MOVES) == set(MailState.values)
    assert {state for state, to in rules.MOVES.items() if "sent" in to} == rules.OPEN
    assert not rules.may_move("bounced", "sent")
    assert rules.may_move("sent", "bounced")


@pytest.mark.parametrize("text", ["", "Nadia K.", "Zoë 株式会社 🦊 \U0001fae8", "عربي", "a\u200db"])
def test_is_header_safe(text: str) -> None:
    assert rules.is_header_safe(text)


@pytest.mark.parametrize(
    "char", ["\r", "\n", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800"]
)
def test_is_header_safe_refuses(char: str) -> None:
    assert not rules.is_header_safe(f"a{char}b")


def test_bounce_address_names_the_message() -> None:
    address = rules.bounce_address("sealroom@mail.example.com", "eml_0123456789ABC")
    assert address == "sealroom+eml_0123456789ABC@mail.example.com"
    assert rules.reference_of(address) == "eml_0123456789ABC"
    assert rules.reference_of("sealroom@mail.example.com") is None


def test_sender_display_never_looks_like_an_address() -> None:
    assert rules.sender_display("ceo@bank.example", "Sealroom", "{name} via {product}") == "ceo at bank.example via Sealroom"
    assert rules.sender_display("", "Sealroom", "{name} via {product}") == "Sealroom"
    assert rules.sender_display("{product}", "Sealroom", "{name} via {product}") == "{product} via Sealroom"
