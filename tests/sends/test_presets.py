# SPDX-License-Identifier: Apache-2.0
"""Presets: made by admins, followed by sends, kept to after sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from sealroom.access.rules import Watermark
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.documents.models import Document
from sealroom.sends import flows, queries
from sealroom.sends.models import Preset, Send
from sealroom.sends.rules import SendSettings
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import request_for

pytestmark = pytest.mark.django_db
DAY = 86_400


@pytest.fixture
def document(owner: Persona, now: datetime) -> Document:
    return make_document(owner, "Term sheet.pdf", in_library=True, now=now)


@pytest.fixture
def banks(owner: Persona, now: datetime) -> Preset:
    """No copies, for a week; the member may set a limit of views."""
    values: dict[str, object] = {"permission": "view", "expires_after_s": 7 * DAY, "max_views": 5, "block_domains": ["EXAMPLE.org"]}
    return flows.save_preset(owner.actor, "", " For  banks ", values, ["permission", "expires_after_s"], now=now)


def _instead(after: SendSettings, before: SendSettings) -> SendSettings:
    return after


def send_by(persona: Persona, document: Document, preset: str, settings: SendSettings, now: datetime) -> flows.SendResult:
    request = replace(request_for([document], ["a@example.com"], settings=settings), preset=preset)
    return flows.send_documents(persona.actor, request, key=f"{preset}{settings}{now}"[:200], now=now)


def test_a_preset_is_what_a_send_begins_with(owner: Persona, member: Persona, banks: Preset, now: datetime) -> None:
    (row,) = queries.list_presets(member.actor)
    assert (row.name, row.fixed, row.is_default) == ("For banks", ("permission", "expires_after_s"), False)
    assert row.settings["block_domains"] == ["example.org"]
    _row, settings = queries.settings_of_preset(member.actor, banks.public_id, now=now)
    assert settings == SendSettings(expires_at=now + timedelta(days=7), max_views=5, block_domains=("example.org",))
    assert queries.default_settings(member.actor, now=now) == (None, SendSettings())
    flows.save_preset(owner.actor, banks.public_id, "Banks", {"max_views": 2}, [], is_default=True, now=now)
    found, begun = queries.default_settings(member.actor, now=now)
    assert (found and found.name, begun) == ("Banks", SendSettings(max_views=2))
    flows.save_preset(owner.actor, "", "Others", {}, [], is_default=True, now=now)
    assert [one.is_default for one in queries.list_presets(member.actor)] == [False, True]


def test_only_admins_make_presets_and_only_for_their_team(
    owner: Persona, member: Persona, stranger: Persona, banks: Preset, now: datetime
) -> None:
    for deed in (
        lambda: flows.save_preset(member.actor, "", "Mine", {}, [], now=now),
        lambda: flows.remove_preset(member.actor, banks.public_id, now=now),
        lambda: flows.set_presets_only(member.actor, True, now=now),
    ):
        with pytest.raises(Forbidden):
            deed()
    with pytest.raises(NotFound):
        flows.save_preset(stranger.actor, banks.public_id, "Theirs", {}, [], now=now)
    assert queries.list_presets(stranger.actor) == ()
    assert Event.objects.filter(verb=Verb.PRESET_SAVED).count() == 1


@pytest.mark.parametrize(
    ("values", "fixed", "errors"),
    [
        ({"passcode": "1234"}, [], {"passcode": ["not_in_presets"]}),
        ({"expires_at": "2030-01-01T00:00:00Z"}, [], {"expires_at": ["not_in_presets"]}),
        ({"expires_after_s": 1}, [], {"expires_after_s": ["invalid"]}),
        ({"max_views": "many"}, [], {"max_views": ["invalid"]}),
        ({"max_views": 0}, [], {"max_views": ["out_of_range"]}),
        ({"watermark": {"ink": "red"}}, [], {"watermark": ["invalid"]}),
        ({"terms": "organization"}, [], {"terms": ["no_organization_terms"]}),
        ({}, ["passcode"], {"fixed": ["unknown"]}),
    ],
)
def test_a_preset_is_refused_with_its_reason(
    owner: Persona, now: datetime, values: dict[str, object], fixed: list[str], errors: dict[str, list[str]]
) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.save_preset(owner.actor, "", "Bad", values, fixed, now=now)
    assert refusal.value.errors == errors


def test_names_are_taken_once_and_free_again_after_removal(owner: Persona, banks: Preset, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.save_preset(owner.actor, "", "For banks", {}, [], now=now)
    assert refusal.value.errors == {"name": ["taken"]}
    flows.remove_preset(owner.actor, banks.public_id, now=now)
    flows.save_preset(owner.actor, "", "For banks", {}, [], now=now)


def test_fixed_settings_stay_before_and_after_sending(member: Persona, document: Document, banks: Preset, now: datetime) -> None:
    _row, begun = queries.settings_of_preset(member.actor, banks.public_id, now=now)
    with pytest.raises(Invalid) as refusal:
        send_by(member, document, banks.public_id, replace(begun, permission="download_pdf"), now)
    assert refusal.value.errors == {"permission": ["fixed_by_preset"]}
    sent = send_by(member, document, banks.public_id, replace(begun, max_views=1), now).send
    detail = queries.send_detail(member.actor, sent.public_id, now=now)
    assert (detail.preset, detail.fixed, detail.settings.max_views) == (banks.public_id, ("permission", "expires_after_s"), 1)
    for other in (replace(detail.settings, permission="print"), replace(detail.settings, expires_at=None)):
        with pytest.raises(Invalid) as refusal:
            flows.change_settings(member.actor, sent.public_id, partial(_instead, other), now=now)
        assert list(refusal.value.errors.values()) == [["fixed_by_preset"]]
    flows.change_settings(member.actor, sent.public_id, lambda before: replace(before, watermark=Watermark(("time",))), now=now)


def test_a_repetition_later_is_the_same_request(member: Persona, document: Document, banks: Preset, now: datetime) -> None:
    for minutes in (0, 5):
        later = now + timedelta(minutes=minutes)
        _row, begun = queries.settings_of_preset(member.actor, banks.public_id, now=later)
        request = replace(request_for([document], ["a@example.com"], settings=begun), preset=banks.public_id)
        done = flows.send_documents(member.actor, request, key="k", now=later)
        assert (done.charged, done.replayed) == (1, bool(minutes))
    plain = replace(request_for([document], ["b@example.com"]), expires_after_s=3600)
    assert not flows.send_documents(member.actor, plain, key="k2", now=now).replayed
    assert flows.send_documents(member.actor, plain, key="k2", now=now + timedelta(minutes=5)).replayed
    assert Send.objects.select_related("policy").latest("pk").policy.expires_at == now + timedelta(hours=1)


def test_a_fixed_period_begins_when_the_send_goes_out(member: Persona, document: Document, banks: Preset, now: datetime) -> None:
    _row, begun = queries.settings_of_preset(member.actor, banks.public_id, now=now)
    request = replace(request_for([document], ["a@example.com"], settings=begun), preset=banks.public_id)
    draft = flows.save_draft(member.actor, request, now=now).send
    later = now + timedelta(days=10)
    flows.confirm(member.actor, draft.public_id, key="k", now=later)
    assert Send.objects.select_related("policy").get().policy.expires_at == later + timedelta(days=7)


def test_a_draft_follows_the_preset_as_it_is_when_it_goes_out(
    owner: Persona, member: Persona, document: Document, banks: Preset, now: datetime
) -> None:
    _row, begun = queries.settings_of_preset(member.actor, banks.public_id, now=now)
    request = replace(request_for([document], ["a@example.com"], settings=begun), preset=banks.public_id)
    draft = flows.save_draft(member.actor, request, now=now).send
    flows.save_preset(owner.actor, banks.public_id, "For banks", {"permission": "print"}, ["permission"], now=now)
    with pytest.raises(Invalid) as refusal:
        flows.confirm(member.actor, draft.public_id, key="k", now=now)
    assert refusal.value.errors == {"permission": ["fixed_by_preset"]}
    flows.remove_preset(owner.actor, banks.public_id, now=now)
    with pytest.raises(Invalid) as refusal:
        flows.confirm(member.actor, draft.public_id, key="k", now=now)
    assert refusal.value.errors == {"preset": ["unknown"]}


def test_where_an_admin_asks_for_presets_none_goes_without(
    owner: Persona, member: Persona, document: Document, banks: Preset, now: datetime
) -> None:
    flows.set_presets_only(owner.actor, True, now=now)
    assert queries.presets_only(member.actor)
    with pytest.raises(Invalid) as refusal:
        send_by(member, document, "", SendSettings(), now)
    assert refusal.value.errors == {"preset": ["required"]}
    _row, begun = queries.settings_of_preset(member.actor, banks.public_id, now=now)
    assert send_by(member, document, banks.public_id, begun, now).charged == 1
    flows.set_presets_only(owner.actor, False, now=now)
    assert send_by(member, document, "", SendSettings(), now).charged == 0
