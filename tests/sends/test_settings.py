# SPDX-License-Identifier: Apache-2.0
"""Every setting: what is refused and why, its one spelling, and that it binds when a send goes out and whenever it is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.access import flows as access
from sealroom.access.models import Terms
from sealroom.access.rules import Watermark
from sealroom.billing.errors import FeatureMissing
from sealroom.billing.models import Subscription
from sealroom.billing.queries import plan_by_code
from sealroom.core.errors import IdempotencyConflict, Invalid
from sealroom.documents.models import Document
from sealroom.sends import flows, queries, rules
from sealroom.sends.errors import InUse, StaleDraft
from sealroom.sends.models import Deed, Send
from sealroom.sends.rules import KEEP, OwnTerms, SendSettings
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import request_for, send

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("settings", "errors"),
    [
        (SendSettings(access="domains"), {"domains": ["required"]}),
        (SendSettings(access="domains", domains=("example.com",)), {}),
        (SendSettings(domains=("example.com",)), {}),
        (SendSettings(access="anyone", domains=("example.com",)), {"domains": ["needs_address"]}),
        (SendSettings(access="anyone", block_domains=("example.com",)), {"block_domains": ["needs_address"]}),
        (SendSettings(access="anyone_verified", block_domains=("example.com",)), {}),
        (SendSettings(domains=("no domain",)), {"domains": ["bad_domain"]}),
        (SendSettings(domains=("example.com",), block_domains=("example.com",)), {"block_domains": ["also_allowed"]}),
        (SendSettings(domains=tuple(f"d{n}.example.com" for n in range(201))), {"domains": ["too_many"]}),
        (SendSettings(allow_ips=("198.51.100.0/24", "2001:db8::/32")), {}),
        (SendSettings(allow_ips=("198.51.100.0/33",)), {"allow_ips": ["bad_network"]}),
        (SendSettings(allow_countries=("FR", "DE")), {}),
        (SendSettings(allow_countries=("FRA",)), {"allow_countries": ["bad_country"]}),
        (SendSettings(max_views=0), {"max_views": ["out_of_range"]}),
        (SendSettings(max_views=1, max_prints=100_000), {}),
        (SendSettings(max_prints=100_001), {"max_prints": ["out_of_range"]}),
        (SendSettings(expire_after_opening_s=59), {"expire_after_opening_s": ["out_of_range"]}),
        (SendSettings(expire_after_opening_s=60), {}),
        (SendSettings(passcode=""), {"passcode": ["too_short"]}),
        (SendSettings(passcode="123"), {"passcode": ["too_short"]}),
        (SendSettings(passcode="1234"), {}),
        (SendSettings(passcode="x" * 129), {"passcode": ["too_long"]}),
        (SendSettings(passcode="12\x0034"), {"passcode": ["control_character"]}),
        (SendSettings(passcode=KEEP), {}),
        (SendSettings(terms="organization"), {}),
        (SendSettings(terms="other"), {"terms": ["unknown"]}),
        (SendSettings(terms=OwnTerms()), {"terms": ["text_or_document"]}),
        (SendSettings(terms=OwnTerms("text", "doc_1")), {"terms": ["text_or_document"]}),
        (SendSettings(terms=OwnTerms("x" * 50_001)), {"terms": ["too_long"]}),
        (SendSettings(screen_shield="large"), {}),
        (SendSettings(screen_shield="huge"), {"screen_shield": ["unknown"]}),
        (SendSettings(watermark=Watermark(size="huge")), {"watermark": ["unknown_size"]}),
        (SendSettings(watermark=Watermark(color="#ffffff")), {"watermark": ["bad_color"]}),
        (SendSettings(watermark=Watermark(color="red", angle=91)), {"watermark": ["bad_color", "bad_angle"]}),
        (SendSettings(watermark=Watermark(layout="spiral")), {"watermark": ["unknown_layout"]}),
        (SendSettings(watermark=Watermark(media="subtitles")), {"watermark": ["unknown_media"]}),
        (SendSettings(watermark=Watermark((), "Draft", "small", "#aa0000", -45, "center", "laid_over")), {}),
    ],
)
def test_a_setting_is_refused_with_its_reason(settings: SendSettings, errors: dict[str, list[str]]) -> None:
    assert rules.setting_errors(settings, now=NOW) == errors


def test_what_the_house_does_not_have_cannot_be_asked_for() -> None:
    settings = SendSettings(terms="organization", allow_countries=("FR",))
    found = rules.setting_errors(settings, now=NOW, has_countries=False, has_organization_terms=False)
    assert found == {"terms": ["no_organization_terms"], "allow_countries": ["not_available"]}


def test_lists_have_each_entry_once_in_its_one_spelling() -> None:
    settings = SendSettings(
        domains=(" Example.COM.", "@example.com", "b\u00fccher.example"),
        block_domains=("EXAMPLE.org",),
        allow_ips=("198.51.100.7/24", "198.51.100.9", "2001:DB8::1/32", "::ffff:198.51.100.0/120", "nonsense"),
        allow_countries=("fr", "FR", " de "),
    )
    clean = rules.normalized(settings)
    assert clean.domains == ("example.com", "xn--bcher-kva.example")
    assert clean.block_domains == ("example.org",)
    assert clean.allow_ips == ("198.51.100.0/24", "198.51.100.9/32", "2001:db8::/32", "nonsense")
    assert clean.allow_countries == ("FR", "DE")
    assert rules.normalized(clean) == clean


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.text(max_size=12), max_size=4), st.lists(st.ip_addresses().map(str), max_size=4))
def test_normalizing_twice_is_normalizing_once(words: list[str], ips: list[str]) -> None:
    once = rules.normalized(SendSettings(domains=tuple(words), allow_ips=(*ips, *words), allow_countries=tuple(words)))
    assert rules.normalized(once) == once


# -- In force --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def document(owner: Persona, now: datetime) -> Document:
    return make_document(owner, "Term sheet.pdf", now=now)


FULL = SendSettings(
    access="domains",
    permission="download_pdf",
    starts_at=NOW - HOUR,
    expires_at=NOW + HOUR,
    watermark=Watermark(("email",), "Draft", "small", "#aa0000", 30, "tile", "laid_over"),
    expire_after_opening_s=3600,
    passcode="open sesame",
    terms=OwnTerms("<p>Keep it to yourself.</p>"),
    screen_shield="medium",
    max_views=3,
    max_prints=2,
    domains=("example.com",),
    block_domains=("example.org",),
    allow_ips=("198.51.100.0/24",),
    protect_pdf=True,
)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["sent", "changed", "by a draft"])
def test_all_settings_come_into_force(owner: Persona, document: Document, now: datetime, how: str) -> None:
    if how == "sent":
        found = send(owner, [document], ["a@example.com"], settings=FULL, now=now).send
    elif how == "changed":
        found = send(owner, [document], ["a@example.com"], now=now).send
        flows.change_settings(owner.actor, found.public_id, lambda _: FULL, now=now)
    else:
        flows.save_draft(owner.actor, request_for([document], ["a@example.com"]), uuid="u", now=now)
        flows.save_draft(owner.actor, request_for([document], ["a@example.com"], settings=FULL), uuid="u", now=now)
        found = flows.confirm(owner.actor, Send.objects.get().public_id, key="k", now=now).send
    found = queries.get_send(owner.actor, found.public_id)
    row = found.policy

    kept = queries.settings_of(found)
    assert isinstance(kept.terms, OwnTerms)
    assert (kept.terms.text, len(kept.terms.sha256)) == ("<p>Keep it to yourself.</p>", 64)
    assert replace(kept, terms=FULL.terms) == replace(FULL, passcode=KEEP)
    assert row.passcode_hash
    assert "open sesame" not in row.passcode_hash


@pytest.mark.django_db
def test_what_is_not_changed_stays_with_its_passcode_and_text(owner: Persona, document: Document, now: datetime) -> None:
    sent = send(owner, [document], ["a@example.com"], settings=FULL, now=now).send
    before = queries.get_send(owner.actor, sent.public_id).policy
    flows.change_settings(owner.actor, sent.public_id, lambda settings: replace(settings, max_views=9), now=now)
    after = queries.get_send(owner.actor, sent.public_id).policy
    assert (after.passcode_hash, after.passcode_version, after.terms) == (
        before.passcode_hash,
        before.passcode_version,
        before.terms,
    )
    assert after.max_views == 9

    flows.change_settings(owner.actor, sent.public_id, lambda settings: replace(settings, passcode=None, terms=None), now=now)
    gone = queries.get_send(owner.actor, sent.public_id).policy
    assert (gone.passcode_hash, gone.terms, gone.terms_mode) == ("", None, "off")
    flows.change_settings(owner.actor, sent.public_id, lambda settings: replace(settings, passcode="another one"), now=now)
    assert queries.get_send(owner.actor, sent.public_id).policy.passcode_version > before.passcode_version


@pytest.mark.django_db
def test_own_terms_may_be_a_ready_pdf_and_nothing_else(owner: Persona, document: Document, now: datetime) -> None:
    text = make_document(owner, "Terms.pdf", now=now)
    settings = SendSettings(terms=OwnTerms(document=text.public_id))
    sent = send(owner, [document], ["a@example.com"], settings=settings, now=now).send
    kept = queries.settings_of(queries.get_send(owner.actor, sent.public_id)).terms
    assert isinstance(kept, OwnTerms)
    assert (kept.document, kept.text) == (text.public_id, "")
    assert Terms.objects.get().version == text.current
    for wrong in ("doc_unknown", make_document(owner, "Slow.pdf", state="converting", now=now).public_id):
        with pytest.raises(Invalid) as refusal:
            send(owner, [document], settings=SendSettings(terms=OwnTerms(document=wrong)), now=now)
        assert set(refusal.value.errors) == {"terms"}


@pytest.mark.django_db
def test_a_pdf_that_readers_must_accept_is_not_deleted_under_them(owner: Persona, document: Document, now: datetime) -> None:
    text = make_document(owner, "Terms.pdf", now=now)
    settings = SendSettings(terms=OwnTerms(document=text.public_id))
    sent = send(owner, [document], ["a@example.com"], settings=settings, now=now).send
    with pytest.raises(InUse) as own:
        flows.delete_document(owner.actor, text.public_id, now=now)
    use = {"send": sent.public_id, "subject": sent.subject, "recipients": 1, "terms": "own"}
    assert own.value.facts["where"] == [use]

    access.set_organization_terms(owner.actor, version=text.current, now=now)
    with pytest.raises(InUse) as organization:
        flows.delete_document(owner.actor, text.public_id, end_sends=True, now=now)
    assert organization.value.facts["where"] == [{"terms": "organization"}]

    access.withdraw_organization_terms(owner.actor, now=now)
    flows.delete_document(owner.actor, text.public_id, end_sends=True, now=now)
    text.refresh_from_db()
    assert (text.deleted_at, queries.get_send(owner.actor, sent.public_id).policy.revoked_at) == (now, now)


@pytest.mark.django_db
def test_the_organisations_terms_need_a_text_to_begin_with_and_may_lose_it(
    owner: Persona, document: Document, now: datetime
) -> None:
    settings = SendSettings(terms="organization")
    with pytest.raises(Invalid) as refusal:
        send(owner, [document], settings=settings, now=now)
    assert refusal.value.errors == {"terms": ["no_organization_terms"]}
    made = access.make_terms(owner.actor, html="<p>Ours</p>", organization=True, now=now)
    sent = send(owner, [document], settings=settings, now=now).send
    Terms.objects.filter(pk=made.pk).update(withdrawn_at=now)
    flows.change_settings(owner.actor, sent.public_id, lambda before: replace(before, max_views=1), now=now)
    assert queries.get_send(owner.actor, sent.public_id).policy.max_views == 1


# -- What the plan includes --------------------------------------------------------------------------------------------------
def shrink(owner: Persona) -> None:
    """A plan without the features."""
    pro = plan_by_code("pro")
    Subscription.objects.filter(team=owner.team).update(plan=pro)


@pytest.mark.django_db
def test_only_a_new_wish_for_what_the_plan_lacks_is_refused(owner: Persona, document: Document, now: datetime) -> None:
    both = SendSettings(screen_shield="small")
    sent = send(owner, [document], settings=both, now=now).send
    plain = send(owner, [document], settings=SendSettings(watermark=None), now=now).send
    shrink(owner)

    flows.change_settings(owner.actor, sent.public_id, lambda before: replace(before, screen_shield="large"), now=now)
    with pytest.raises(FeatureMissing) as refusal:
        flows.change_settings(owner.actor, plain.public_id, lambda before: replace(before, screen_shield="small"), now=now)
    assert refusal.value.facts == {"feature": "screen_shield"}
    with pytest.raises(FeatureMissing) as refusal:
        send(owner, [document], settings=SendSettings(), now=now)
    assert refusal.value.facts == {"feature": "watermark"}
    assert queries.default_settings(owner.actor, now=now) == (None, SendSettings(watermark=None))


@pytest.mark.django_db
def test_a_draft_from_before_the_plan_shrank_does_not_go_out_as_it_is(owner: Persona, document: Document, now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for([document]), now=now).send
    shrink(owner)
    flows.save_draft(owner.actor, request_for([document], message="still here"), draft_id=draft.public_id, now=now)
    with pytest.raises(FeatureMissing):
        flows.confirm(owner.actor, draft.public_id, key="k", now=now)
    off = request_for([document], settings=SendSettings(watermark=None))
    flows.save_draft(owner.actor, off, draft_id=draft.public_id, now=now)
    assert flows.confirm(owner.actor, draft.public_id, key="k", now=now).charged == 5


# -- Repeating -----------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_key_with_another_passcode_is_another_request_and_its_digest_tells_nothing(
    owner: Persona, document: Document, now: datetime, settings: Any
) -> None:
    first = SendSettings(passcode="1234")
    send(owner, [document], key="k", settings=first, now=now)
    assert send(owner, [document], key="k", settings=first, now=now).replayed
    with pytest.raises(IdempotencyConflict):
        send(owner, [document], key="k", settings=SendSettings(passcode="1235"), now=now)
    kept = Deed.objects.get().request_digest
    request = request_for([document], settings=first)
    assert kept != rules.request_digest("send", request, key=b"")
    assert kept == rules.request_digest("send", request, key=settings.SEALROOM_KEYRING.derive("request-digest"))


@pytest.mark.django_db
def test_a_draft_is_confirmed_as_its_client_saw_it(owner: Persona, document: Document, now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for([document]), now=now).send
    seen = draft.revision
    flows.save_draft(owner.actor, request_for([document], message="other"), draft_id=draft.public_id, now=now)
    with pytest.raises(StaleDraft) as refusal:
        flows.confirm(owner.actor, draft.public_id, key="k", revision=seen, now=now)
    assert refusal.value.facts == {"revision": seen + 1}
    done = flows.confirm(owner.actor, draft.public_id, key="k2", revision=seen + 1, now=now)
    again = flows.confirm(owner.actor, draft.public_id, key="k2", revision=seen + 1, now=now)
    assert (done.charged, again.charged, again.replayed) == (5, 5, True)
