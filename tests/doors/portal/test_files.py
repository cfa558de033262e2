# SPDX-License-Identifier: Apache-2.0
"""The files behind a link: a list, or the only one; honest sentences where there is nothing to open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from tests.doors.portal.conftest import NADIA, OMAR, Parcel, Reader, paper, send_parcel
from tests.factories.accounts import Persona

from sealroom.access import flows as access
from sealroom.access.models import Link
from sealroom.sends import flows as sends
from sealroom.sends.rules import SendSettings

pytestmark = pytest.mark.django_db


def test_single_file_opens_at_once(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    answer = reader.get(f"/v/d/{parcel.links[NADIA]}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, parcel.address(NADIA))


def test_several_files_are_listed_with_their_sender(owner: Persona, moment: datetime, reader: Reader) -> None:
    papers = [paper(owner, "Offer.pdf", pages=2, now=moment), paper(owner, "<b>Prices</b>.xlsx", pages=1, now=moment)]
    parcel = send_parcel(owner, papers, message="Dear Nadia,\nsee page 2 <script>alert(1)</script>", now=moment)
    reader.prove(parcel.tokens[NADIA], NADIA)
    page = reader.get(f"/v/d/{parcel.links[NADIA]}/").content.decode()

    for words in ("2 documents for you", "Olive Owner", "owner@example.com", "Northwind", "Offer.pdf", "2 pages", "1 page"):
        assert words in page
    assert "&lt;b&gt;Prices&lt;/b&gt;.xlsx" in page
    assert "<script>alert" not in page
    assert OMAR not in page


def test_file_that_was_taken_back_says_so_in_the_list(owner: Persona, moment: datetime, reader: Reader) -> None:
    papers = [paper(owner, "Offer.pdf", now=moment), paper(owner, "Prices.pdf", now=moment)]
    parcel = send_parcel(owner, papers, now=moment)
    sends.revoke(owner.actor, parcel.send.public_id, documents=[papers[1].public_id], now=timezone.now())
    reader.prove(parcel.tokens[NADIA], NADIA)
    page = reader.get(f"/v/d/{parcel.links[NADIA]}/").content.decode()
    assert "Access to this file has ended." in page
    assert f'href="{parcel.address(NADIA)}"' in page
    assert f"/{papers[1].public_id}/" not in page


def _end(parcel: Parcel, how: str) -> None:
    link = Link.objects.select_related("policy").get(public_id=parcel.links[NADIA])
    policy, now = link.policy.value, timezone.now()
    if how == "revoked":
        sends.revoke(parcel.owner.actor, parcel.send.public_id, now=now)
    elif how == "expired":
        access.change_policy(link.policy, replace(policy, expires_at=now - timedelta(seconds=1)), now=now)
    else:
        access.change_policy(link.policy, replace(policy, starts_at=now + timedelta(days=1)), now=now)


ENDS = {
    "revoked": (410, "The sender has ended access."),
    "expired": (410, "Access has expired."),
    "not_started": (403, "Access has not started yet."),
}


@pytest.mark.parametrize("where", ["list", "viewer"])
@pytest.mark.parametrize("how", list(ENDS))
def test_ended_access_is_told_to_the_proved_reader_only(parcel: Parcel, reader: Reader, how: str, where: str) -> None:
    status, sentence = ENDS[how]
    address = f"/v/d/{parcel.links[NADIA]}/" if where == "list" else parcel.address(NADIA)
    reader.prove(parcel.tokens[NADIA], NADIA)
    _end(parcel, how)
    proved, stranger = reader.get(address), Reader().get(address)

    assert proved.status_code == status
    assert sentence in proved.content.decode()
    assert stranger.status_code == 401
    assert sentence not in stranger.content.decode()
    assert "Term sheet" not in proved.content.decode() + stranger.content.decode()


def test_page_of_an_unknown_link_answers_as_that_of_a_known_one(parcel: Parcel, reader: Reader) -> None:
    known = reader.get(parcel.address(NADIA))
    unknown = reader.get("/v/d/lnk_0000000000000000000000A/doc_0000000000000000000000A/")
    assert (known.status_code, unknown.status_code) == (401, 401)


def test_document_of_another_parcel_is_not_found(parcel: Parcel, reader: Reader, stranger: Persona, moment: datetime) -> None:
    other = paper(stranger, "Secret.pdf", now=moment)
    reader.prove(parcel.tokens[NADIA], NADIA)
    answer = reader.get(f"/v/d/{parcel.links[NADIA]}/{other.public_id}/")
    assert answer.status_code == 404
    assert "Secret" not in answer.content.decode()


def test_link_of_another_recipient_needs_its_own_proof(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert reader.get(parcel.address(OMAR)).status_code == 401


def test_pages_speak_the_language_of_the_link_unless_chosen(owner: Persona, moment: datetime, reader: Reader) -> None:
    parcel = send_parcel(owner, [paper(owner, now=moment)], language="fr", now=moment)
    reader.prove(parcel.tokens[NADIA], NADIA)
    french = reader.get(parcel.address(NADIA))
    reader.client.cookies["sealroom_language"] = "en"
    english = reader.get(parcel.address(NADIA))
    assert '<html lang="fr"' in french.content.decode()
    assert french.headers["Content-Language"] == "fr"
    assert "Lecture seule" in french.content.decode()
    assert '<html lang="en"' in english.content.decode()


def test_viewer_offers_the_download_only_where_it_is_allowed(owner: Persona, moment: datetime) -> None:
    for permission, shown in (("view", False), ("download_pdf", True)):
        reader = Reader()
        document = paper(owner, f"{permission}.pdf", now=moment)
        parcel = send_parcel(owner, [document], settings=SendSettings(permission=permission), now=moment, key=permission)
        reader.prove(parcel.tokens[NADIA], NADIA)
        page = reader.get(parcel.address(NADIA)).content.decode()
        assert f'"may_download": {str(shown).lower()}' in page
