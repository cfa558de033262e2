# SPDX-License-Identifier: Apache-2.0
"""The pages about mail programs: what is handed out, what policies ask for, what is in use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.urls import reverse
from django.utils import timezone
from tests.factories.accounts import Persona, connect_device, make_member
from tests.mail.test_dkim import PEM

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.core.errors import Forbidden
from sealroom.httpkit.templatetags.kit import moment_text
from sealroom.mail import flows, ports
from sealroom.mail import queries as queries_of_mail
from sealroom.mail.queries import GatewayState
from sealroom.sends import queries as send_queries
from sealroom.sends.rules import MailPolicy
from sealroom.web import thunderbird
from sealroom.web.forms.mail import MailPolicyForm

pytestmark = pytest.mark.django_db


def _words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_members_find_each_program_with_what_it_needs(owner: Persona, settings: LazySettings) -> None:
    settings.SEALROOM_SUBMISSION_LISTEN = ("0.0.0.0", 587)
    settings.SEALROOM_SUBMISSION_HOST = "mail.example.com"
    page = owner.client().get(reverse("web:mail_programs")).content.decode()
    assert re.findall(r'<section class="card mail-card" id="(\w+)"', page) == ["gmail", "outlook", "thunderbird", "smtp"]
    assert f'href="{settings.SEALROOM_BASE_URL}/integrations/thunderbird/extension.xpi" download' in page
    assert "Server mail.example.com Port and security 587 · STARTTLS" in _words(page)
    assert "Install it for everybody" not in page


def _state(owner: Persona) -> str:
    html = owner.client().get(reverse("web:integrations")).content.decode()
    return _words(html.partition('id="mail-state">')[2].partition("</section>")[0]).strip()


def test_what_is_off_is_said(owner: Persona) -> None:
    assert _state(owner) == "Gateway (SMTP) Off Reports of mail that did not arrive Off Signatures (DKIM) Off"
    assert "The gateway for these programs is off." in _words(owner.client().get(reverse("web:integrations")).content.decode())


def test_what_runs_and_what_should_is_told_by_what_the_gateway_said_last(
    owner: Persona, present: datetime, settings: LazySettings
) -> None:
    settings.SEALROOM_SUBMISSION_LISTEN = settings.SEALROOM_BOUNCE_LISTEN = ("127.0.0.1", 587)
    words = "Gateway (SMTP) {} Reports of mail that did not arrive {} Signatures (DKIM) Off"
    assert _state(owner) == words.format("Does not run", "Nobody takes them")
    for days, said in ((100, "Good until"), (-1, "Ran out: mail programs refuse it")):
        until = timezone.now() + timedelta(days=days)
        flows.note_gateway(GatewayState(True, True, until, present))
        day = moment_text(until, "full")
        assert _state(owner) == words.format(f"Takes mail Its certificate {said} {day}", "Come by mail").replace("\xa0", " ")
    flows.note_gateway(GatewayState(False, True, None, present))
    assert _state(owner) == words.format("Does not run", "Come by mail")
    settings.SEALROOM_SUBMISSION_LISTEN, settings.SEALROOM_BOUNCE_LISTEN, settings.SEALROOM_BOUNCE_SECRET = (), (), "secret"
    flows.note_gateway(None)
    assert _state(owner) == words.format("Off", "Come by signed calls")


@pytest.fixture
def zone(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the domain of our signatures publishes."""
    published: list[str] = []
    settings.SEALROOM_MAIL_SIGNER = "sealroom.mail.adapters.dkim.DkimSigner"
    settings.SEALROOM_DKIM_KEY, settings.SEALROOM_DKIM_DOMAIN, settings.SEALROOM_DKIM_SELECTOR = PEM, "example.com", "post"
    monkeypatch.setattr(flows, "get_text_records", lambda: SimpleNamespace(texts=lambda _name: published))
    ports.get_signer.cache_clear()
    yield published
    ports.get_signer.cache_clear()


def test_the_key_to_publish_is_shown_until_it_is_found(owner: Persona, member: Persona, zone: list[str]) -> None:
    client, address = owner.client(), reverse("web:check_signing")

    def shown() -> tuple[str, bool]:
        html = client.get(reverse("web:integrations")).content.decode()
        return _state(owner).partition("(DKIM) ")[2], f'value="{expected}"' in unescape(html)

    expected = queries_of_mail.signing().expected
    assert shown()[0].startswith("Not looked up within the hour The domain of the signatures must publish this as a TXT record:")
    for texts, word, has_record in (
        ([], "Not signed: the domain publishes no key", True),
        (["v=DKIM1; p="], "Not signed: the domain publishes another key", True),
        ([expected], "Mail is signed", False),
    ):
        zone[:] = texts
        assert client.post(address).headers["Location"] == reverse("web:integrations")
        assert (shown()[0].startswith(f"{word} Today,"), shown()[1]) == (True, has_record)
    assert [client.post(address).status_code for _ in range(8)] == [302] * 7 + [429]
    assert member.client().post(address).status_code == 403


def test_every_field_of_the_policy_can_be_set(owner: Persona) -> None:
    client, address = owner.client(), reverse("web:integrations")
    assert {field.name for field in fields(MailPolicy)} == set(_typed(MailPolicyForm.shown(MailPolicy())))
    wanted = MailPolicy("force", 3 * 1024**2, ("example.com",), True, 7 * 1024**2, 5, 9, False, True, "via")
    typed = {name: value for name, value in MailPolicyForm.shown(wanted).items() if value}
    assert client.post(address, typed).status_code == 302
    assert send_queries.mail_policy(owner.actor) == wanted
    assert [f'name="{name}"' in client.get(address).content.decode() for name in typed] == [True] * len(typed)
    # What the page does not know stays as it is.
    form = MailPolicyForm(typed)
    assert form.is_valid()
    assert form.changed(MailPolicy()) == wanted


def _typed(shown: dict[str, object]) -> list[str]:
    """Names of the policy's own fields for those of the form."""
    return [{"min_mb": "min_bytes", "max_file_mb": "max_file_bytes"}.get(name, name) for name in shown]


def test_admins_get_policies_and_see_what_is_in_use(owner: Persona, present: datetime, settings: LazySettings) -> None:
    member = make_member(owner, "mia@example.com", now=present)
    connect_device(owner, "thunderbird-ext", now=present)
    connect_device(member, "thunderbird-ext", now=present)
    accounts.make_app_password(member.actor, "Phone", now=present)
    html = owner.client().get(reverse("web:integrations")).content.decode()
    words = _words(html)
    assert re.findall(r"(Thunderbird|Any other program) (\d) ", words)[:2] == [("Thunderbird", "2"), ("Any other program", "1")]
    documents = [json.loads(unescape(found)) for found in re.findall(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)]
    base = settings.SEALROOM_BASE_URL
    assert documents[-1]["policies"] == {
        "ExtensionSettings": {
            "thunderbird@sealroom": {
                "installation_mode": "force_installed",
                "install_url": f"{base}/integrations/thunderbird/extension.xpi",
            }
        },
        "3rdparty": {"Extensions": {"thunderbird@sealroom": {"serverUrl": base}}},
    }
    with pytest.raises(Forbidden):
        queries.mail_clients_in_use(member.actor)


def test_over_https_the_package_says_where_its_next_version_is(owner: Persona, settings: LazySettings) -> None:
    settings.SEALROOM_BASE_URL = "https://files.example.com"
    said = thunderbird.manifest()["browser_specific_settings"]["gecko"]
    assert said["update_url"] == "https://files.example.com/integrations/thunderbird/updates.json"
