# SPDX-License-Identifier: Apache-2.0
"""Every address that can hand out bytes made from a document. A new one fails here until it stands in the list, and whoever adds it
answers for what it gives to a reader who may only view, under a mark."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from tests.doors.test_permission_table import PERSONAS, TABLE, World, world  # noqa: F401 -- a fixture
from tests.factories.access import make_pass
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf, upload_ready
from tests.factories.sends import recipient_of, send

from sealroom.access.rules import Permission
from sealroom.httpkit.visitors import cookie_name
from sealroom.sends.rules import SendSettings

BYTE_PATHS = {
    "v/d/<str:link_id>/<str:document_id>/p/<int:number>.jpg": "one page, stamped",
    "v/d/<str:link_id>/terms/<int:number>.jpg": "one page of the terms in force, stamped, where they are a PDF",
    "v/d/<str:link_id>/pictures/<str:picture_id>.jpg": "a picture among the words of a mail, drawn anew and stamped",
    "v/d/<str:link_id>/<str:document_id>/media/": "a film marked for the reader, or clear where the sender wants",
    "v/d/<str:link_id>/<str:document_id>/download/": "the stamped pages as a PDF, where the sender allows it",
    "v/d/<str:link_id>/<str:document_id>/original/": "the file as it came, where the sender allows even that",
    "v/d/<str:link_id>/<str:document_id>/print/<str:job_id>/<int:number>.jpg": "one page of a counted print, stamped, once",
    "v/d/<str:link_id>/<str:document_id>/text/<int:number>.json": "the words of a page, where copies are allowed",
    "v/d/<str:link_id>/<str:document_id>/search/": "where words stand, where copies are allowed",
    "v/d/<str:link_id>/<str:document_id>/structure.json": "outline, links and names of sheets; no pixels",
    "rooms/<str:room_id>/export/<str:export_id>/": "all of a data room, for those who lead it at that instant",
    "api/v1/datarooms/<room_id>/items/<item_id>/content": "a file of a data room as it came, for keys of those who lead it",
    "api/v1/datarooms/<room_id>/export/<export_id>/content": "a data room as an archive, for keys of those who lead it",
    "v/r/<str:link_id>/logo.jpg": "the logo of a data room, drawn anew, for who is let in at that instant",
    "rooms/<str:room_id>/logo/": "the same for those who lead the room",
    "v/r/<str:link_id>/zip/": "files of a data room, each as its guest may take it along at that instant",
}
ADD_INS = {  # programs of the product for everybody, made of the same files for all; no document of anybody's is in them
    "integrations/gmail/extension.zip",
    "integrations/gmail/extension.crx",
    "integrations/gmail/updates.xml",
    "integrations/outlook/manifest.xml",
    "integrations/outlook/manifest.zip",
    "integrations/outlook/<path:addin_file>",
    "integrations/thunderbird/extension.xpi",
}
OWN_PAPERS = {  # made by the product from its own figures and rows; no document of anybody's is in them
    "admin/security/acceptances/<str:acceptance_id>/certificate/",
    "sends/<str:send_id>/acceptances/<str:acceptance_id>/certificate/",
    "admin/billing/invoices/<str:invoice_id>/pdf/",
    "operator/invoices/<str:invoice_id>/pdf/",
    "v/d/<str:link_id>/certificate.pdf",
}
TEXT = ("text/html", "application/json", "application/problem+json", "text/plain", "text/javascript", "text/css")


def test_only_the_listed_addresses_emit_bytes(world: World) -> None:  # noqa: F811 -- the fixture
    """Asked as everyone: whatever is neither page nor data must be in the list."""
    strange = {}
    for route, methods in TABLE.items():
        for persona in PERSONAS:
            if "GET" not in methods or route in OWN_PAPERS | ADD_INS:
                continue
            answer: Any = world.ask(persona, "GET", route)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            kind = answer.headers.get("Content-Type", "").split(";")[0]
            looks = body[:5] in {b"%PDF-", b"\x89PNG\r"} or body[:3] == b"\xff\xd8\xff"
            if (body and kind not in TEXT) or looks or "Content-Disposition" in answer.headers:
                strange[route] = kind
    assert set(strange) <= set(BYTE_PATHS)
    assert set(strange) == {"v/d/<str:link_id>/<str:document_id>/p/<int:number>.jpg"}, "view-only: no download"


@pytest.fixture
def reader(owner: Persona) -> tuple[Client, Client, str, str]:
    """A browser under a mark, one without, and where the same document stands for each."""
    now = datetime.now(UTC)
    document = upload_ready(owner.actor, make_pdf(["A page", "Another"]), now=now)
    clients, addresses = [], []
    for settings in (SendSettings(), replace(SendSettings(), watermark=None)):
        sent = send(owner, [document], ["reader@example.net"], settings=settings, key=str(settings.watermark), now=now).send
        link = recipient_of(sent, "reader@example.net").link
        assert link is not None
        client = Client()
        client.cookies[cookie_name()] = make_pass(link, now=now)
        clients.append(client)
        addresses.append(f"/v/d/{link.public_id}/{document.public_id}/")
    return clients[0], clients[1], addresses[0], addresses[1]


@pytest.mark.parametrize("width", [0, 1, 159, 160, 161, 800, 1600, 2400, 99999])
def test_every_width_of_a_marked_page_carries_the_mark(reader: tuple[Client, Client, str, str], width: int) -> None:
    marked, clean, there, elsewhere = reader
    one, two = marked.get(f"{there}p/1.jpg?w={width}"), clean.get(f"{elsewhere}p/1.jpg?w={width}")
    assert (one.status_code, two.status_code) == (200, 200)
    pixels = [np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"), dtype=int) for answer in (one, two)]
    assert pixels[0].shape == pixels[1].shape
    assert max(pixels[0].shape) <= 2400 * 2
    assert (abs(pixels[0] - pixels[1]) > 8).mean() > 0.002, "no mark to be seen"


def test_no_trick_of_an_address_gives_a_clean_page_or_the_original(reader: tuple[Client, Client, str, str]) -> None:
    marked, _, there, elsewhere = reader
    assert marked.get(f"{there}download/").status_code == 403
    for ending in (
        "download/?original=1", "p/0.jpg", "p/3.jpg", "p/-1.jpg", "p/1.png", "p/1.pdf", "p/1", "original/", "raw/", "../",
        "p/1.jpg/", "p/1.jpg?w=-1", "p/1.jpg?w=1e3", "p/1.jpg?w=", "p/99999999999999999999.jpg",
    ):  # fmt: skip
        assert marked.get(there + ending).status_code in {400, 401, 403, 404}, ending
    assert marked.get(f"{elsewhere}p/1.jpg").status_code == 401, "a pass of one link opens no other, though it is the same person"
    plain = marked.get(f"{there}p/1.jpg?w=800")
    for query in ("watermark=0", "mark=none", "clean=1", "raw=true"):
        one = np.asarray(Image.open(io.BytesIO(marked.get(f"{there}p/1.jpg?w=800&{query}").content)).convert("L"), dtype=int)
        two = np.asarray(Image.open(io.BytesIO(plain.content)).convert("L"), dtype=int)
        assert (abs(one - two) > 8).mean() < 0.05, query
    for headers in ({"Range": "bytes=0-10"}, {"If-Modified-Since": "Wed, 01 Jan 2099 00:00:00 GMT"}, {"If-None-Match": "*"}):
        assert marked.get(f"{there}p/1.jpg", headers=headers).status_code == 200
    assert SendSettings().permission == Permission.VIEW
