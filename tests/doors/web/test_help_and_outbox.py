# SPDX-License-Identifier: Apache-2.0
"""Help for everybody, and the operator's outbox."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.utils import translation
from tests.factories.accounts import Persona

from sealroom.mail.models import OutgoingMail
from sealroom.web import articles

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", [entry.slug for entry in articles.ENTRIES])
def test_article_has_the_same_parts_in_both_languages(client: Client, slug: str) -> None:
    parts = []
    for language in ("en", "fr"):
        client.cookies["sealroom_language"] = language
        assert client.get(f"/help/{slug}/").status_code == 200
        with translation.override(language):
            parts.append([part["id"] for part in articles.article(slug).contents])
    assert parts[0] == parts[1] != []


def test_unreviewed_translation_is_marked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = replace(articles.ENTRIES[0], reviewed=frozenset({"en"}))
    monkeypatch.setattr(articles, "ENTRIES", (draft,))
    client.cookies["sealroom_language"] = "fr"
    assert "n’a pas encore été relue" in client.get("/help/credits/").content.decode()
    client.cookies["sealroom_language"] = "en"
    assert "has not been reviewed" not in client.get("/help/credits/").content.decode()


def test_answer_reaches_the_support(client: Client) -> None:
    response = client.post("/help/credits/answer/", {"answer": "no"})
    mail = OutgoingMail.objects.get()
    assert (response["Location"], mail.to_address) == ("/help/credits/?thanks=1", "support@example.com")
    assert mail.subject == "Help article “credits” did not answer a question"


def test_answers_are_limited(client: Client) -> None:
    statuses = [client.post("/help/credits/answer/", {"answer": "yes"}).status_code for _ in range(11)]
    assert (statuses[:10], statuses[10], OutgoingMail.objects.count()) == ([302] * 10, 429, 10)


def test_unknown_article_does_not_exist(client: Client) -> None:
    assert client.get("/help/nothing/").status_code == 404
    assert client.post("/help/nothing/answer/").status_code == 404


@pytest.mark.parametrize("page", ["/outbox/", "/outbox/x.eml/", "/outbox/x.eml/html/"])
def test_outbox_is_the_operators_alone(owner: Persona, client: Client, page: str) -> None:
    assert owner.client().get(page).status_code == 404
    assert client.get(page).status_code == 302


def test_operator_without_mail_sees_an_empty_outbox(owner: Persona) -> None:
    owner.user.is_operator = True
    owner.user.save()
    client = owner.client()
    assert client.get("/outbox/").status_code == 200
    for name in ("x.eml", "..", "..%2F..%2Fetc%2Fpasswd"):
        assert client.get(f"/outbox/{name}/").status_code == 404
