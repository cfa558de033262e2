# SPDX-License-Identifier: Apache-2.0
"""Each row of the table of settings for a send, by its name, through the flows: chosen when sending, changed after it, and in
force for the one decision about access. What readers meet is tested at their door."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sealroom.access import queries as access_queries
from sealroom.access.models import PolicyRow
from sealroom.access.rules import Facts, Policy, Verdict, Watermark, decide_admission
from sealroom.documents.models import Document
from sealroom.sends import flows, queries
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import OwnTerms, SendSettings
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import request_for

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
READER = Facts(proved=True, address="a@example.com", ip="198.51.100.9")


@pytest.fixture
def document(owner: Persona, now: datetime) -> Document:
    return make_document(owner, "Term sheet.pdf", now=now)


def in_force(owner: Persona, document: Document, settings: SendSettings) -> Policy:
    """The policy after sending with the settings; also after sending without them and changing to them."""
    people = ["a@example.com"]
    first = flows.send_documents(owner.actor, request_for([document], people, settings=settings), key="sent", now=NOW).send
    second = flows.send_documents(owner.actor, request_for([document], people), key="changed", now=NOW).send
    flows.change_settings(owner.actor, second.public_id, lambda _: settings, now=NOW)
    rows = [PolicyRow.objects.get(send=one) for one in (first, second)]
    sent, changed = (
        replace(row.value, passcode_hash=str(bool(row.passcode_hash)), passcode_version=int(bool(row.passcode_hash)))
        for row in rows
    )
    assert sent == changed
    return rows[1].value


def verdict(policy: Policy, facts: Facts = READER, now: datetime = NOW) -> Verdict:
    return decide_admission(policy, facts, now=now)


@pytest.mark.parametrize("word", ["named_code", "named_quick", "domains", "anyone_verified", "anyone"])
def test_access(owner: Persona, document: Document, word: str) -> None:
    domains = ("example.com",) if word == "domains" else ()
    policy = in_force(owner, document, SendSettings(access=word, domains=domains))
    assert policy.access == word
    assert all((one.open_link is not None) is policy.access.is_open for one in Send.objects.all())


@pytest.mark.parametrize("word", ["view", "print", "download_pdf", "download_original"])
def test_permission(owner: Persona, document: Document, word: str) -> None:
    policy = in_force(owner, document, SendSettings(permission=word, protect_pdf=word == "download_pdf"))
    assert (policy.permission, policy.protect_pdf) == (word, word == "download_pdf")


def test_start_and_expiry(owner: Persona, document: Document) -> None:
    policy = in_force(owner, document, SendSettings(starts_at=NOW + HOUR, expires_at=NOW + 2 * HOUR))
    found = [verdict(policy, now=NOW + number * HOUR) for number in range(3)]
    assert found == [Verdict.NOT_STARTED, Verdict.ADMIT, Verdict.EXPIRED]


def test_timer_from_the_first_opening(owner: Persona, document: Document) -> None:
    policy = in_force(owner, document, SendSettings(expire_after_opening_s=3600))
    opened = replace(READER, first_opened_at=NOW)
    assert [verdict(policy, opened, NOW + HOUR - timedelta(seconds=1)), verdict(policy, opened, NOW + HOUR)] == [
        Verdict.ADMIT,
        Verdict.EXPIRED,
    ]


def test_limits(owner: Persona, document: Document) -> None:
    policy = in_force(owner, document, SendSettings(permission="print", max_views=2, max_prints=1))
    assert [verdict(policy, replace(READER, views=number)) for number in (1, 2)] == [Verdict.ADMIT, Verdict.USED_UP]
    assert policy.max_prints == 1


def test_passcode(owner: Persona, document: Document) -> None:
    policy = in_force(owner, document, SendSettings(passcode="open sesame"))
    given = replace(READER, passcode_version=policy.passcode_version)
    assert (verdict(policy), verdict(policy, given)) == (Verdict.PASSCODE, Verdict.ADMIT)
    assert "open sesame" not in policy.passcode_hash


def test_terms_of_access(owner: Persona, document: Document) -> None:
    policy = in_force(owner, document, SendSettings(terms=OwnTerms("<p>Keep it.</p>")))
    assert verdict(policy, replace(READER, terms_due=True)) is Verdict.TERMS
    texts = [
        access_queries.terms_in_force(link)
        for link in (one.link for one in Recipient.objects.select_related("link__policy__terms"))
        if link is not None
    ]
    assert [text.html for text in texts if text is not None] == ["<p>Keep it.</p>"] * 2


def test_watermark(owner: Persona, document: Document) -> None:
    mark = Watermark(("email", "name", "ip", "time"), "Draft", "large", "#aa0000", -30, "edges", "laid_over")
    assert in_force(owner, document, SendSettings(watermark=mark)).watermark == mark
    sent = flows.send_documents(
        owner.actor, request_for([document], settings=SendSettings(watermark=None)), key="off", now=NOW
    ).send
    assert PolicyRow.objects.get(send=sent).value.watermark is None


@pytest.mark.parametrize("word", ["", "small", "medium", "large"])
def test_screen_shield(owner: Persona, document: Document, word: str) -> None:
    assert in_force(owner, document, SendSettings(screen_shield=word)).screen_shield == word


def test_restrictions(owner: Persona, document: Document) -> None:
    limits = SendSettings(domains=("Example.com", "example.net"), block_domains=("example.org",), allow_ips=("198.51.100.77/24",))
    policy = in_force(owner, document, limits)
    asked = {
        ("a@example.com", "198.51.100.9"): Verdict.ADMIT,
        ("a@example.org", "198.51.100.9"): Verdict.DOMAIN,
        ("a@other.example", "198.51.100.9"): Verdict.DOMAIN,
        ("a@example.net", "203.0.113.9"): Verdict.IP,
    }
    assert {(who, ip): verdict(policy, replace(READER, address=who, ip=ip)) for who, ip in asked} == asked


def test_presets(owner: Persona, member: Persona, document: Document) -> None:
    values: dict[str, object] = {"max_views": 3, "permission": "print"}
    preset = flows.save_preset(owner.actor, "", "Banks", values, ["permission"], is_default=True, now=NOW)
    row, begun = queries.default_settings(member.actor, now=NOW)
    assert row is not None
    assert (row.id, row.fixed, begun.max_views, begun.permission) == (preset.public_id, ("permission",), 3, "print")


def test_get_link_and_skip_notification(owner: Persona, document: Document) -> None:
    sent = flows.send_documents(owner.actor, request_for([document], ["a@example.com"], notify=False), key="k", now=NOW).send
    detail = queries.send_detail(owner.actor, sent.public_id, now=NOW)
    assert (detail.link, detail.recipients[0].mail) == (detail.recipients[0].link, "")
    assert "/v/" in detail.link
