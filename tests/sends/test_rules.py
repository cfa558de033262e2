# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.access.rules import Policy, Watermark
from sealroom.sends import rules
from sealroom.sends.rules import Addressee, LineError, SendFacts, SendRequest, SendSettings, State, state_of

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SENT = SendFacts(sent=True, cancelled=False, revoked=False, starts_at=None, expires_at=None)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (SENT, State.ACTIVE),
        (replace(SENT, sent=False), State.DRAFT),
        (replace(SENT, cancelled=True), State.CANCELLED),
        (replace(SENT, sent=False, cancelled=True), State.CANCELLED),
        (replace(SENT, revoked=True), State.REVOKED),
        (replace(SENT, revoked=True, expires_at=NOW), State.REVOKED),
        (replace(SENT, expires_at=NOW), State.EXPIRED),
        (replace(SENT, expires_at=NOW + SECOND), State.ACTIVE),
        (replace(SENT, starts_at=NOW), State.ACTIVE),
        (replace(SENT, starts_at=NOW + SECOND), State.SCHEDULED),
        (replace(SENT, sent=False, expires_at=NOW), State.DRAFT),
    ],
)
def test_a_send_is_the_first_thing_that_holds(facts: SendFacts, state: State) -> None:
    assert state_of(facts, now=NOW) is state


@pytest.mark.parametrize(
    ("lines", "accepted", "errors", "repeated"),
    [
        ([("a@example.com", "to"), ("b@example.com", "cc")], ["a@example.com", "b@example.com"], [], 0),
        ([("A@EXAMPLE.com", "to"), (" a@example.com. ", "bcc")], ["a@example.com"], [], 1),
        ([("a+x@example.com", "to"), ("a@example.com", "to")], ["a+x@example.com", "a@example.com"], [], 0),
        (
            [("stra\u00dfe@example.com", "to"), ("strasse@example.com", "to")],
            ["stra\u00dfe@example.com", "strasse@example.com"],
            [],
            0,
        ),
        ([("x@b\u00fccher.example", "to"), ("x@xn--bcher-kva.example", "to")], ["x@xn--bcher-kva.example"], [], 1),
        ([("nobody", "to"), ("a@example.com", "to")], ["a@example.com"], [LineError(1, "nobody", "bad_address")], 0),
        ([("a@example.com", "to"), ("b@example.com", "from")], ["a@example.com"], [LineError(2, "b@example.com", "bad_kind")], 0),
    ],
)
def test_recipients_are_unique_by_canonical_address(
    lines: list[tuple[str, str]], accepted: list[str], errors: list[LineError], repeated: int
) -> None:
    unique = rules.unique_recipients(Addressee(address, kind=kind) for address, kind in lines)

    assert ([one.email for one in unique.accepted], list(unique.errors), unique.repeated) == (accepted, errors, repeated)


def test_the_first_name_and_the_most_visible_place_win() -> None:
    unique = rules.unique_recipients(
        [
            Addressee("a@example.com", "", "bcc"),
            Addressee("A@example.com", "Nadia  K.", "to"),
            Addressee("a@example.com", "N", "cc"),
        ]
    )

    assert unique.accepted == (Addressee("a@example.com", "Nadia K.", "to"),)


def test_a_name_cannot_carry_a_header() -> None:
    unique = rules.unique_recipients(
        [Addressee("a@example.com", "Nadia\u2028Bcc: x@example.com"), Addressee("b@example.com", "x" * 201)]
    )

    assert [(one.line, one.reason) for one in unique.errors] == [(2, "bad_name")]
    assert unique.accepted == (Addressee("a@example.com", "Nadia Bcc: x@example.com"),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@example.com", [("a@example.com", "")]),
        ("a@example.com, b@example.com; c@example.com\nd@example.com\t\n", [(f"{x}@example.com", "") for x in "abcd"]),
        (
            '"Olsen, Kari" <kari@example.org>, Max <max@example.com>',
            [("kari@example.org", "Olsen, Kari"), ("max@example.com", "Max")],
        ),
        ("nobody\n\n  \nx@example.com", [("nobody", ""), ("x@example.com", "")]),
        ("", []),
    ],
)
def test_pasted_text_becomes_recipients(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.email, one.name) for one in rules.parse_addressees(text)] == found


@given(
    st.lists(st.sampled_from(["ver_a", "ver_b", "ver_c"]), max_size=5),
    st.lists(st.sampled_from(["me@x.org", "a@x.org", "b@x.org", "c@x.org"]), max_size=8),
)
def test_a_send_rests_on_each_version_and_unique_recipient_but_the_sender(versions: list[str], addresses: list[str]) -> None:
    pairs = rules.price(versions, addresses, sender="me@x.org")

    assert len(pairs) == len(set(pairs)) == len(set(versions)) * len(set(addresses) - {"me@x.org"})


def test_two_documents_to_five_people_are_ten() -> None:
    assert len(rules.price(["v1", "v2"], [f"r{n}@example.com" for n in range(5)], sender="me@example.com")) == 10


@pytest.mark.parametrize(
    ("settings", "errors"),
    [
        (SendSettings(), {}),
        (SendSettings(access="everybody"), {"access": ["not_available"]}),
        (SendSettings(permission="everything"), {"permission": ["unknown"]}),
        (SendSettings(expires_at=NOW), {"expires_at": ["in_the_past"]}),
        (SendSettings(expires_at=NOW + SECOND), {}),
        (SendSettings(starts_at=NOW + 2 * SECOND, expires_at=NOW + SECOND), {"expires_at": ["before_start"]}),
        (SendSettings(watermark=Watermark(fields=("email", "phase of the moon"))), {"watermark": ["unknown_field"]}),
        (SendSettings(watermark=Watermark(fields=())), {"watermark": ["empty"]}),
        (SendSettings(watermark=Watermark(fields=(), text="Draft")), {}),
        (SendSettings(watermark=Watermark(text="x" * 201)), {"watermark": ["too_long"]}),
        (SendSettings(watermark=None), {}),
    ],
)
def test_settings_are_refused_with_a_reason(settings: SendSettings, errors: dict[str, list[str]]) -> None:
    assert rules.setting_errors(settings, now=NOW) == errors


def test_settings_and_policy_say_the_same() -> None:
    settings = SendSettings(permission="download_pdf", expires_at=NOW, watermark=None)

    assert rules.settings_of_policy(settings.policy) == settings
    assert rules.settings_of_policy(Policy()) == SendSettings()


@pytest.mark.parametrize(
    ("request_", "errors"),
    [
        (SendRequest((), ()), {}),
        (SendRequest(tuple(f"doc_{n}" for n in range(101)), ()), {"documents": ["too_many"]}),
        (SendRequest(("doc_1", "doc_1"), ()), {"documents": ["repeated"]}),
        (SendRequest((), (), subject="x" * 201), {"subject": ["too_long"]}),
        (SendRequest((), (), subject="Hello\r\nBcc: x@example.com"), {"subject": ["control_character"]}),
        (SendRequest((), (), message="x" * 10_001), {"message": ["too_long"]}),
        (SendRequest((), (), message="two\r\nlines\tand\u00a0a space"), {}),
        (SendRequest((), (), message="a bell \x07"), {"message": ["control_character"]}),
    ],
)
def test_contents_are_refused_with_a_reason(request_: SendRequest, errors: dict[str, list[str]]) -> None:
    assert rules.content_errors(request_) == errors


def test_the_digest_tells_requests_apart() -> None:
    request = SendRequest(("doc_1",), (Addressee("a@example.com"),))

    def digest(deed: str, of: SendRequest, key: bytes = b"key") -> str:
        return rules.request_digest(deed, of, key=key)

    assert digest("send", request) == digest("send", replace(request))
    others = [
        replace(request, documents=("doc_2",)),
        replace(request, recipients=(Addressee("b@example.com"),)),
        replace(request, message="Hello"),
        replace(request, settings=SendSettings(expires_at=NOW)),
        replace(request, settings=SendSettings(passcode="1234")),
        replace(request, notify=False),
        replace(request, preset="pre_1"),
    ]
    assert len({digest("send", one) for one in [request, *others]} | {digest("add", request), digest("send", request, b"k")}) == 10


@pytest.mark.parametrize(("minutes", "may"), [(0, True), (15, True), (15.02, False), (60, False)])
def test_a_send_can_be_called_back_for_fifteen_minutes(minutes: float, may: bool) -> None:
    assert rules.may_cancel(NOW, now=NOW + timedelta(minutes=minutes)) is may
