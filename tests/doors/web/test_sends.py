# SPDX-License-Identifier: Apache-2.0
"""Manage Sent Files: the list, a send's page, every deed, and who learns nothing of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client
from tests.doors.web.conftest import HTMX
from tests.factories.access import add_version, make_document
from tests.factories.accounts import Persona
from tests.factories.sends import available, send

from sealroom.documents.models import Document
from sealroom.sends.models import Recipient, Send, SendState

pytestmark = pytest.mark.django_db
DEEDS = ("revoke", "restore", "remind", "cancel")


def test_list_has_the_send_with_its_numbers(owner: Persona, sent: Send) -> None:
    page = owner.client().get("/sends/").content.decode()
    assert all(words in page for words in ("Term sheet.pdf", "5 recipients", "0 of 5", "Active, no end date"))


def test_empty_list_teaches(owner: Persona) -> None:
    page = owner.client().get("/sends/").content.decode()
    assert "See who read what" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=forecast", True), ("q=r3@example.com", True), ("q=zzz", False), ("show=draft", False), ("show=odd", True)],
)
def test_search_and_tabs_narrow(owner: Persona, sent: Send, query: str, found: bool) -> None:
    page = owner.client().get(f"/sends/?{query}").content.decode()
    assert (f'id="send-{sent.public_id}"' in page) is found


def test_row_opens_with_recipients_and_files(owner: Persona, sent: Send) -> None:
    response = owner.client().get(f"/sends/{sent.public_id}/", headers=HTMX)
    part = response.content.decode()
    assert ("<html" in part, part.count('role="switch"'), "HX-Request" in response["Vary"]) == (False, 7, True)


def test_access_of_one_person_ends_and_comes_back(owner: Persona, sent: Send) -> None:
    client = owner.client()
    person = Recipient.objects.filter(send=sent).earliest("pk")
    data = {"recipient": person.public_id, "who": person.address, "view": "row"}

    part = client.post(f"/sends/{sent.public_id}/revoke/", data, headers=HTMX).content.decode()
    assert ("Access ended for r0@example.com" in part, part.count('aria-checked="false"'), "Undo" in part) == (True, 1, True)
    assert Recipient.objects.filter(link__revoked_at=None).count() == 4

    part = client.post(f"/sends/{sent.public_id}/restore/", data, headers=HTMX).content.decode()
    assert ("Access is given again" in part, part.count('aria-checked="false"')) == (True, 0)


def test_access_to_one_file_ends(owner: Persona, sent: Send, files: list[Document]) -> None:
    response = owner.client().post(f"/sends/{sent.public_id}/revoke/", {"document": files[0].public_id, "who": "Term sheet.pdf"})
    assert (response.status_code, response["Location"]) == (302, f"/sends/{sent.public_id}/")
    assert sent.send_documents.filter(revoked_at=None).count() == 1


def test_access_ends_for_all(owner: Persona, sent: Send) -> None:
    client = owner.client()
    client.post(f"/sends/{sent.public_id}/revoke/")
    sent.policy.refresh_from_db()
    assert sent.policy.revoked_at is not None
    assert "Revoked" in client.get("/sends/").content.decode()


def test_send_is_cancelled_and_gives_back(owner: Persona, sent: Send, present: datetime) -> None:
    part = owner.client().post(f"/sends/{sent.public_id}/cancel/", {"view": "page"}, headers=HTMX).content.decode()
    sent.refresh_from_db()
    assert (sent.state, available(owner, present)) == (SendState.CANCELLED, 1500)
    assert "10 credits came back." in part


def test_page_tells_what_happened(owner: Persona, sent: Send) -> None:
    client = owner.client()
    client.post(f"/sends/{sent.public_id}/revoke/")
    page = client.get(f"/sends/{sent.public_id}/").content.decode()
    moments = page[page.index('class="moments"') :]
    assert moments.index("Access ended for everybody") < moments.index("Sent out")


def test_too_late_is_said_over_the_page(owner: Persona, files: list[Document], now: datetime) -> None:
    old = send(owner, files, now=now).send
    response = owner.client().post(f"/sends/{old.public_id}/cancel/", headers=HTMX)
    assert (response.status_code, response["X-Status"]) == (422, "409")
    assert "A send can be cancelled for 15 minutes." in response.content.decode()


def test_reminding_costs_nothing(owner: Persona, files: list[Document], now: datetime, present: datetime) -> None:
    old = send(owner, files, now=now).send
    response = owner.client().post(f"/sends/{old.public_id}/remind/")
    assert (response.status_code, available(owner, present)) == (302, 1490)
    assert Recipient.objects.filter(reminded_at=None).count() == 0


def test_recipient_is_added_after_the_price_was_seen(owner: Persona, sent: Send, present: datetime) -> None:
    client, address = owner.client(), f"/sends/{sent.public_id}/recipients/"
    data = {"recipients": "new@example.com, r0@example.com", "key": "add1", "notify": "on"}
    assert "<strong>2 credits</strong>" in client.post(address, data, headers=HTMX).content.decode()
    assert available(owner, present) == 1490
    for _ in range(2):  # pressed twice
        client.post(address, data | {"deed": "add"})
    assert (available(owner, present), Recipient.objects.filter(send=sent).count()) == (1488, 6)


def test_what_is_no_address_is_not_added(owner: Persona, sent: Send) -> None:
    response = owner.client().post(f"/sends/{sent.public_id}/recipients/", {"recipients": "nobody", "deed": "add"})
    assert (response.status_code, Recipient.objects.count()) == (422, 5)


def test_recipient_is_removed_for_good(owner: Persona, sent: Send) -> None:
    person = Recipient.objects.filter(send=sent).earliest("pk")
    owner.client().post(f"/sends/{sent.public_id}/recipients/{person.public_id}/remove/")
    person.refresh_from_db()
    assert person.removed_at is not None


def test_settings_bind_and_show_what_is_in_force(owner: Persona, sent: Send) -> None:
    client, address = owner.client(), f"/sends/{sent.public_id}/settings/"
    client.post(address, {"permission": "download_pdf", "expires_at": "2100-01-02T09:30", "mark": ["email"]})
    sent.policy.refresh_from_db()
    assert (sent.policy.permission, sent.policy.watermark is not None) == ("download_pdf", True)
    page = client.get(address).content.decode()
    assert 'value="2100-01-02T09:30"' in page


def test_file_is_replaced_after_its_price_was_seen(owner: Persona, sent: Send, files: list[Document], present: datetime) -> None:
    version = add_version(files[0], owner, now=present)
    client = owner.client()
    address = f"/sends/{sent.public_id}/files/{files[0].public_id}/replace/"
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 422
    assert "<strong>5 credits</strong>" in client.get(f"{address}{version.public_id}/").content.decode()
    client.post(f"{address}{version.public_id}/")
    files[0].refresh_from_db()
    assert (files[0].current_id, available(owner, present)) == (version.pk, 1485)


def test_sends_of_others_do_not_exist(
    owner: Persona, member: Persona, stranger: Persona, sent: Send, files: list[Document]
) -> None:
    person = Recipient.objects.filter(send=sent).earliest("pk").public_id
    before = list(Recipient.objects.values_list("link__revoked_at", "removed_at"))
    for other in (member, stranger):
        client = other.client()
        base = f"/sends/{sent.public_id}/"
        for ending in ("", "settings/", "recipients/", f"files/{files[0].public_id}/replace/"):
            assert client.get(base + ending).status_code == 404
        for ending in (*(f"{deed}/" for deed in DEEDS), f"recipients/{person}/remove/"):
            assert client.post(base + ending).status_code == 404
        assert sent.public_id not in client.get("/sends/").content.decode()
    assert list(Recipient.objects.values_list("link__revoked_at", "removed_at")) == before


def test_file_of_another_send_is_unknown_here(owner: Persona, sent: Send, present: datetime) -> None:
    other = make_document(owner, "Other.pdf", now=present)
    assert owner.client().get(f"/sends/{sent.public_id}/files/{other.public_id}/replace/").status_code == 404


@pytest.mark.parametrize("deed", DEEDS)
def test_deeds_are_not_done_by_looking(owner: Persona, sent: Send, deed: str) -> None:
    assert owner.client().get(f"/sends/{sent.public_id}/{deed}/").status_code == 405


def test_next_leads_nowhere_else(owner: Persona, sent: Send) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        response = owner.client().post(f"/sends/{sent.public_id}/revoke/", {"next": target})
        assert response["Location"] == f"/sends/{sent.public_id}/"


def test_visitor_is_asked_to_sign_in(client: Client, sent: Send) -> None:
    assert client.get(f"/sends/{sent.public_id}/")["Location"].startswith("/accounts/login/")


def test_received_files_are_those_to_ones_own_address(
    owner: Persona, stranger: Persona, files: list[Document], present: datetime
) -> None:
    send(owner, files, [stranger.email, "other@example.com"], now=present)
    assert "Term sheet.pdf" in stranger.client().get("/received/").content.decode()
    assert "Nothing yet" in owner.client().get("/received/").content.decode()
