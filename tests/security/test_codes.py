# SPDX-License-Identifier: Apache-2.0
"""Codes guessed, replayed, carried elsewhere; cookies planted; remembered browsers after the end of access."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sealroom.access import flows
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong, NotAdmitted
from sealroom.core.errors import RateLimited
from tests.factories.access import IP, Sent, code_of, make_document, make_link, prove, wrong_code
from tests.factories.accounts import Persona

READER = "reader@example.net"


@pytest.fixture
def links(owner: Persona, now: datetime) -> tuple[Sent, Sent]:
    """Two links of one person."""
    document = make_document(owner, now=now)
    return make_link(owner, READER, [document], now=now), make_link(owner, READER, [document], now=now)


def test_a_guesser_with_many_browsers_and_addresses_gets_fifteen_tries_in_ten_minutes(
    links: tuple[Sent, Sent], now: datetime
) -> None:
    judged, refused = 0, 0
    for number in range(8):
        visitor = flows.meet(None, user_agent="", now=now).visitor
        try:
            challenge = flows.request_code(visitor, links[0].token, READER, ip=f"198.51.100.{number}", now=now)
        except RateLimited:
            refused += 1
            continue
        for _ in range(7):
            with pytest.raises((CodeWrong, CodeWornOut)) as answer:
                flows.verify_code(visitor, links[0].token, wrong_code(challenge.id), remember=False, ip=IP, now=now)
            judged += isinstance(answer.value, CodeWrong)
    assert (judged, refused) == (15, 5)


def test_a_code_works_once_for_its_link_and_browser(links: tuple[Sent, Sent], now: datetime) -> None:
    one, two = links
    visitor, other = (flows.meet(None, user_agent="", now=now).visitor for _ in range(2))
    code = code_of(flows.request_code(visitor, one.token, READER, ip=IP, now=now).id)
    for browser, token in ((visitor, two.token), (other, one.token), (visitor, "unknown")):
        with pytest.raises(CodeExpired):
            flows.verify_code(browser, token, code, remember=False, ip=IP, now=now)
    flows.verify_code(visitor, one.token, code, remember=False, ip=IP, now=now)
    with pytest.raises(CodeWornOut):
        flows.verify_code(visitor, one.token, code, remember=False, ip=IP, now=now)


def test_a_planted_cookie_is_worthless_after_the_proof(links: tuple[Sent, Sent], now: datetime) -> None:
    planted = flows.meet(None, user_agent="", now=now).new_cookie
    own = prove(links[0].token, READER, cookie=planted, now=now)
    document = links[0].documents[0].public_id
    assert flows.check_pass(own, links[0].link.public_id, document, ip=IP, now=now)
    with pytest.raises(NotAdmitted) as refusal:
        flows.check_pass(planted, links[0].link.public_id, document, ip=IP, now=now)
    assert refusal.value.facts["reason"] == "email"
    made_up = flows.meet("made-up-by-the-client", user_agent="", now=now).new_cookie
    assert made_up not in {None, "made-up-by-the-client"}


def test_a_remembered_browser_ends_with_the_access(links: tuple[Sent, Sent], now: datetime) -> None:
    cookie, link = prove(links[0].token, READER, remember=True, now=now), links[0].link
    document = links[0].documents[0].public_id
    flows.revoke_link(link, now=now)
    with pytest.raises(NotAdmitted):
        flows.check_pass(cookie, link.public_id, document, ip=IP, now=now + timedelta(seconds=1))
