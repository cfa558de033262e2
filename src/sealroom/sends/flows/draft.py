# SPDX-License-Identifier: Apache-2.0
"""Drafts: sends that are being written. They cost nothing and nobody but their writer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document
from sealroom.sends import queries, rules
from sealroom.sends.errors import NotADraft
from sealroom.sends.flows.deeds import lock_send, once
from sealroom.sends.flows.mail_draft import Envelope, checked_envelope
from sealroom.sends.flows.settings import follow_preset
from sealroom.sends.flows.values import DraftResult
from sealroom.sends.models import Preset, Recipient, Send, SendDocument, SendState
from sealroom.sends.rules import Addressee, SendRequest
from sealroom.viewing.flows.conditions import checked, kept_policy, put_in_force

_BATCH = 500


def save_draft(
    actor: Actor, request: SendRequest, *, draft_id: str = "", uuid: str = "", envelope: Envelope | None = None, now: datetime
) -> DraftResult:
    """Keep a send that is being written: makes it, or replaces the whole content of the draft named by id or by the client's uuid
    (the same uuid again is the same draft). With an `envelope` it is a mail client's. Recipients that cannot be written to are left
    out and named with their line.

    A draft that was confirmed and waits for its documents is no longer confirmed. Raises `NotADraft` when it went out, `Invalid`,
    `SenderNotAllowed`, `NotFound` for documents that are not the actor's to send.
    """
    actor.require(Capability.SEND)
    mail = checked_envelope(actor, envelope) if envelope is not None else None
    return once(partial(_save, actor, request, draft_id=draft_id, uuid=uuid[:64], mail=mail, now=now))


def add_draft_documents(actor: Actor, draft_id: str, documents: Sequence[str], *, now: datetime) -> Send:
    """Put more documents behind those of a draft; those already in it are left alone."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = _locked_draft(actor, draft_id)
        present = list(send.send_documents.values_list("document__public_id", flat=True))
        wanted = tuple(dict.fromkeys([*present, *documents]))
        if len(wanted) > rules.MAX_DOCUMENTS:
            raise Invalid({"documents": ["too_many"]})
        put_documents(send, find_documents(actor, wanted))
        return _unconfirmed(send, now=now)


def delete_draft(actor: Actor, draft_id: str, *, now: datetime) -> None:
    """Throw a draft away; nothing was charged for it. Its documents stay."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = _locked_draft(actor, draft_id)
        policy = send.policy
        send.delete()
        policy.delete()


@transaction.atomic
def _save(actor: Actor, request: SendRequest, *, draft_id: str, uuid: str, mail: Envelope | None, now: datetime) -> DraftResult:
    check_content(request)
    documents = find_documents(actor, request.documents)
    unique = rules.unique_recipients(request.recipients)
    if len(unique.accepted) > rules.MAX_RECIPIENTS:
        raise Invalid({"recipients": ["too_many"]})
    known = None if draft_id or not uuid else queries.find_by_uuid(actor, uuid)
    if draft_id or known is not None:
        send = _locked_draft(actor, draft_id or (known.public_id if known else ""))
        request, preset = follow_preset(actor, request, now=now)
        wished = checked(actor, request.settings, before=queries.settings_of(send), now=now)
        put_in_force(actor, send.policy, wished, now=now)
        _write_columns(send, actor, request, preset)
        _unconfirmed(send, now=now)
    else:
        send = make_draft(actor, request, uuid=uuid, now=now)
    if mail is not None:
        send.is_mail, send.route, send.from_address = True, mail.route, mail.sender
        send.save(update_fields=["is_mail", "route", "from_address"])
    put_documents(send, documents)
    put_recipients(send, unique.accepted, now=now)
    return DraftResult(send, unique.errors)


def check_content(request: SendRequest) -> None:
    """Raise `Invalid` for what may not even stand in a draft, settings aside."""
    errors = rules.content_errors(request)
    if errors:
        raise Invalid(errors)


def find_documents(actor: Actor, ids: Sequence[str]) -> list[Document]:
    """The documents the actor may send, in order. Raises `NotFound` for the first that is not."""
    return [document_queries.get_document(actor, one) for one in ids]


def make_draft(actor: Actor, request: SendRequest, *, uuid: str = "", now: datetime) -> Send:
    """A new draft without documents and recipients yet, in the caller's transaction. Raises `Invalid`, `FeatureMissing`."""
    request, preset = follow_preset(actor, request, now=now)
    wished = checked(actor, request.settings, now=now)
    send = Send(
        team_id=actor.team_id,
        sender_id=actor.user_id,
        policy=kept_policy(actor, wished, now=now),
        route=actor.route,
        uuid=uuid or None,
        created_at=now,
        updated_at=now,
    )
    _write_columns(send, actor, request, preset)
    send.save(force_insert=True)
    return send


def put_documents(send: Send, documents: Sequence[Document]) -> None:
    """Make these the draft's documents, in this order."""
    send.send_documents.all().delete()
    SendDocument.objects.bulk_create(
        [SendDocument(send=send, document=document, position=place) for place, document in enumerate(documents)]
    )


def put_recipients(send: Send, recipients: Sequence[Addressee], *, now: datetime) -> None:
    """Make these the draft's recipients."""
    send.recipients.all().delete()
    Recipient.objects.bulk_create(
        [Recipient(send=send, address=one.email, name=one.name, kind=one.kind, added_at=now) for one in recipients],
        batch_size=_BATCH,
    )


def _write_columns(send: Send, actor: Actor, request: SendRequest, preset: Preset | None) -> None:
    send.preset = preset
    send.subject = request.subject.strip()
    send.message = request.message.strip()
    send.language = request.language or actor.language
    send.notify = request.notify


def _locked_draft(actor: Actor, draft_id: str) -> Send:
    send = lock_send(queries.get_send(actor, draft_id))
    if send.state != SendState.DRAFT:
        raise NotADraft(send=send.public_id)
    return send


def _unconfirmed(send: Send, *, now: datetime) -> Send:
    send.revision += 1
    send.updated_at = now
    send.confirmed_at, send.held_reason = None, ""
    send.save()
    return send
