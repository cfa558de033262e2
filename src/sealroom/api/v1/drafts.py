# SPDX-License-Identifier: Apache-2.0
"""Drafts: for clients that build a send in steps and must be able to repeat each of them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, actor_of
from sealroom.api.repeats import key_of, repeatable
from sealroom.api.v1.sends import QuoteOut, SendOut, quote_out, refuse_bad_lines, send_out
from sealroom.api.v1.shapes import RecipientIn, SettingsIn, SettingsOut, addressees, begun, settings_out
from sealroom.core.errors import Invalid
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.rules import SendRequest, unique_recipients

router = Router(tags=["drafts"])


class DraftIn(Body):
    """The whole content of a draft; it replaces what was there."""

    documents: list[str] = Field([], max_length=100)
    recipients: list[str | RecipientIn] = Field([], max_length=20_000)
    subject: str = Field("", max_length=200)
    message: str = Field("", max_length=10_000)
    language: str = Field("", max_length=10)
    settings: SettingsIn | None = None
    preset: str | None = Field(None, max_length=64)
    notify: bool = True


class DocumentsIn(Body):
    """Documents to put behind those of the draft."""

    documents: list[str] = Field(min_length=1, max_length=100)


class DraftOut(Schema):
    """A draft. Committing it takes the key `{id}:{revision}`."""

    id: str
    revision: int
    state: str
    documents: list[str]
    recipients: list[str]
    settings: SettingsOut
    preset: str | None


@router.put("/drafts/{draft}", response=DraftOut, summary="Write a draft")
@repeatable
def write(request: HttpRequest, draft: uuid.UUID, body: DraftIn) -> DraftOut:
    """Makes the draft of this uuid, or replaces its content. Repeating it changes nothing but the revision."""
    actor, now = actor_of(request), timezone.now()
    recipients = addressees(body.recipients)
    refuse_bad_lines(unique_recipients(recipients).errors)
    preset, settings, _period = begun(actor, body.preset, body.settings, is_named="preset" in body.model_fields_set, now=now)
    content = SendRequest(
        documents=tuple(body.documents),
        recipients=recipients,
        subject=body.subject,
        message=body.message,
        settings=settings,
        language=body.language,
        notify=body.notify,
        preset=preset,
    )
    result = sends.save_draft(actor, content, uuid=str(draft), now=now)
    return _draft(actor, result.send.public_id, now=now)


@router.post("/drafts/{draft_id}/documents", response=DraftOut, summary="Add documents to a draft")
@repeatable
def add_documents(request: HttpRequest, draft_id: str, body: DocumentsIn) -> DraftOut:
    """Those already in it are left alone."""
    actor, now = actor_of(request), timezone.now()
    sends.add_draft_documents(actor, draft_id, body.documents, now=now)
    return _draft(actor, draft_id, now=now)


@router.delete("/drafts/{draft}", response={204: None}, summary="Throw a draft away")
@repeatable
def delete(request: HttpRequest, draft: str) -> HttpResponse:
    """Its documents stay."""
    sends.delete_draft(actor_of(request), draft, now=timezone.now())
    return HttpResponse(status=204)


@router.post("/drafts/{draft_id}/quote", response=QuoteOut, summary="The price of a draft")
def quote(request: HttpRequest, draft_id: str) -> QuoteOut:
    """Nothing is charged."""
    return quote_out(queries.quote_of_draft(actor_of(request), draft_id, now=timezone.now()))


@router.post("/drafts/{draft_id}/commit", response={201: SendOut}, summary="Send a draft")
@repeatable
def commit(request: HttpRequest, draft_id: str) -> Status[SendOut]:
    """Charges once for each key; send the Idempotency-Key `{id}:{revision}` of the draft as you last saw it. A draft that is
    another by now is 409 `stale_draft` with its `revision`: read it again before you send it."""
    actor, now = actor_of(request), timezone.now()
    key = key_of(request)
    if not key:
        raise Invalid({"Idempotency-Key": ["required: {id}:{revision}"]})
    seen = key.removeprefix(f"{draft_id}:")
    revision = int(seen) if seen != key and seen.isdigit() and len(seen) < 10 else None
    result = sends.confirm(actor, draft_id, key=key, revision=revision, now=now)
    return Status(201, send_out(actor, result.send.public_id, now=now))


def _draft(actor: Actor, draft_id: str, *, now: datetime) -> DraftOut:
    detail = queries.send_detail(actor, draft_id, now=now)
    return DraftOut(
        id=detail.row.id,
        revision=detail.revision,
        state=detail.row.state,
        documents=[one.id for one in detail.documents],
        recipients=[one.address for one in detail.recipients],
        settings=settings_out(detail.settings),
        preset=detail.preset or None,
    )
