# SPDX-License-Identifier: Apache-2.0
"""Members with documents, and small PDF files made on the spot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

from reportlab.pdfgen.canvas import Canvas

from sealroom.accounts.rules import Actor
from sealroom.documents import flows
from sealroom.documents.models import Document, Version
from tests.factories.accounts import Persona, make_member, make_persona

NOW = datetime(2026, 11, 22, 14, 3, 20, tzinfo=UTC)
A4 = (595.0, 842.0)


def make_actor(email: str = "sender@example.com", *, of: Persona | None = None) -> Actor:
    """A member of the team of `of`, by default the founder of a new one."""
    person = make_member(of, email, now=NOW) if of else make_persona(email, team_name=f"Team of {email}", now=NOW)
    return person.actor


def make_pdf(texts: Sequence[str] = ("first page",), *, size: tuple[float, float] = A4, color: str = "") -> bytes:
    """A page per text, with a block of `color` where one is named."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=size, invariant=1)
    for text in texts:
        if color:
            canvas.setFillColor(color)
            canvas.rect(40, 40, size[0] - 80, 200, fill=1, stroke=0)
        canvas.setFillColor("black")
        canvas.setFont("Helvetica", 24)
        canvas.drawString(60, size[1] - 90, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def upload(actor: Actor, data: bytes | None = None, *, name: str = "Offer.pdf", now: datetime = NOW) -> Document:
    """A document as it is right after the upload."""
    data = make_pdf() if data is None else data
    return flows.accept_upload(actor, [data], name=name, size=len(data), now=now)


def upload_ready(actor: Actor, data: bytes | None = None, *, name: str = "Offer.pdf", now: datetime = NOW) -> Document:
    """A document that was prepared too."""
    document = upload(actor, data, name=name, now=now)
    assert document.current_id is not None
    flows.prepare(document.current_id, now=now)
    document.refresh_from_db()
    return document


def current(document: Document) -> Version:
    """The current version as it is stored now."""
    assert document.current_id is not None
    return Version.objects.select_related("document__team").get(pk=document.current_id)
