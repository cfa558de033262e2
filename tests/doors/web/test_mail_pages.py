# SPDX-License-Identifier: Apache-2.0
"""The pages about mail programs: what is handed out, what policies ask for, what is in use."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import unescape

import pytest
from django.conf import LazySettings
from django.urls import reverse
from tests.factories.accounts import Persona, connect_device, make_member

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.core.errors import Forbidden
from sealroom.web import mail_clients, thunderbird

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


def test_what_is_off_or_missing_is_said(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = mail_clients.Program("other", "Other", "A program.", ("One", "Two", "Three"), (("web:no_such_page", "Package"),))
    monkeypatch.setattr(mail_clients, "PROGRAMS", (bare, mail_clients.PROGRAMS[-1]))
    words = _words(owner.client().get(reverse("web:integrations")).content.decode())
    assert "A program. Not part of this installation." in words
    assert "The gateway for these programs is off." in words
    assert "The gateway (SMTP) is off Mail is not signed here (DKIM)" in words


def test_admins_get_policies_and_see_what_is_in_use(owner: Persona, present: datetime, settings: LazySettings) -> None:
    settings.SEALROOM_DKIM_DOMAIN, settings.SEALROOM_MAIL_SIGNER = "example.com", "signer"
    settings.SEALROOM_SUBMISSION_TLS_LISTEN = ("127.0.0.1", 465)
    member = make_member(owner, "mia@example.com", now=present)
    connect_device(owner, "thunderbird-ext", now=present)
    connect_device(member, "thunderbird-ext", now=present)
    accounts.make_app_password(member.actor, "Phone", now=present)
    html = owner.client().get(reverse("web:integrations")).content.decode()
    words = _words(html)
    assert re.findall(r"(Thunderbird|Any other program) (\d) ", words)[:2] == [("Thunderbird", "2"), ("Any other program", "1")]
    assert "The gateway (SMTP) is on Mail of example.com is signed (DKIM)" in words
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
