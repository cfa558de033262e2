# SPDX-License-Identifier: Apache-2.0
"""Drafts: for clients that build a send in steps and must be able to repeat each of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sealroom.accounts.rules import MAIL_ROUTES, Actor
from sealroom.api.app import Body, actor_of
from sealroom.api.repeats import key_of, repeatable
from sealroom.api.v1.sends import QuoteOut, SendOut, quote_out, refuse_bad_lines, send_out
from sealroom.api.v1.shapes import RecipientIn, SettingsIn, SettingsOut, addressees, begun, settings_out
from sealroom.core.errors import Invalid
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.rules import MailCommit, SendRequest, state_of, unique_recipients

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
    route: Literal["", "gmail", "outlook", "thunderbird", "smtp"] = ""
    sender: str = Field("", max_length=320, alias="from")


class PictureIn(Body):
    """A picture among the words: the HTML shows it as `cid:…`, and it was uploaded as a document."""

    cid: str = Field(min_length=1, max_length=500)
    document_id: str = Field(min_length=1, max_length=64)


class WordsIn(Body):
    """Protected words as HTML or as text, at most 1 MB, with the pictures of the HTML; none take away those there are."""

    html: str = ""
    text: str = ""
    inline: list[PictureIn] = Field([], max_length=50)


class WordsOut(Schema):
    """The draft's revision after that."""

    id: str
    revision: int


class MailQuoteIn(Body):
    """For whom the price is asked; left out: those of the draft."""

    recipients: list[str | RecipientIn] | None = Field(None, max_length=20_000)


class WarningOut(Schema):
    """What to know before it goes out: decide by `code`, show `title`."""

    code: str
    title: str
    addresses: list[str]
    documents: list[str]


class MailQuoteOut(QuoteOut):
    """The price of a mail, and warnings; none of them keeps it from being sent."""

    warnings: list[WarningOut]


class MailCommitIn(Body):
    """All recipients of the mail as they are now, and whose mail carries the link."""

    recipients: list[str | RecipientIn] = Field([], max_length=20_000)
    delivery: Literal["client", "server"] = "client"


class MailLinkOut(Schema):
    """The link for all, and the words it wears."""

    url: str
    label: str


class MailDocumentOut(Schema):
    """A document of the mail."""

    id: str
    name: str
    url: str | None


class MailRecipientOut(Schema):
    """A recipient of the mail. `personal_url` only where the server delivers."""

    email: str
    kind: str
    personal_url: str | None


class InsertOut(Schema):
    """What to put into the mail: HTML of p, a, br, strong, ul and li only, and the same as plain text."""

    html: str
    text: str


class HeaderOut(Schema):
    """A header for the mail."""

    name: str
    value: str


class MailOut(Schema):
    """A mail that may leave. `charged` by this commit, `returned` of who was dropped; the next commit takes a higher revision."""

    id: str
    state: str
    revision: int
    charged: int
    returned: int
    available: int
    link: MailLinkOut | None
    documents: list[MailDocumentOut]
    recipients: list[MailRecipientOut]
    insert: InsertOut | None
    header: HeaderOut


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
    """Makes the draft of this uuid, or replaces its content. Repeating it changes nothing but the revision. With `route` (a device
    has one of its own) it is a mail client's, from `from`: 403 `sender_not_allowed` for an address its member did not prove."""
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
    is_mail = bool(body.route) or actor.route in MAIL_ROUTES
    envelope = sends.Envelope(body.route, body.sender) if is_mail else None
    result = sends.save_draft(actor, content, uuid=str(draft), envelope=envelope, now=now)
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


@router.put("/drafts/{draft_id}/body", response=WordsOut, summary="Write the protected words of a draft")
@repeatable
def write_words(request: HttpRequest, draft_id: str, body: WordsIn) -> WordsOut:
    """They are cleaned: no styles, no scripts, no pictures but those of `inline`, which cost nothing. Words are free beside files;
    alone they cost one credit for each recipient. 409 `not_ready` while a picture is inspected."""
    pictures = {one.cid: one.document_id for one in body.inline}
    actor, now = actor_of(request), timezone.now()
    send = sends.put_words(actor, draft_id, html=body.html, text=body.text, inline=pictures, now=now)
    return WordsOut(id=send.public_id, revision=send.revision)


@router.post("/drafts/{draft_id}/quote", response=MailQuoteOut, summary="The price of a draft")
def quote(request: HttpRequest, draft_id: str, body: MailQuoteIn | None = None) -> MailQuoteOut:
    """Nothing is charged. With `recipients`, what it costs to send to these; of a mail that went out, what a commit would add."""
    actor = actor_of(request)
    lines = None if body is None or body.recipients is None else addressees(body.recipients)
    found = queries.quote_of_draft(actor, draft_id, recipients=lines, now=timezone.now())
    refuse_bad_lines(found.errors)
    warnings = [
        WarningOut(
            code=one.code, title=str(queries.WARNING_TITLES[one.code]), addresses=list(one.addresses), documents=list(one.documents)
        )
        for one in queries.warnings_of_draft(actor, draft_id, lines)
    ]
    return MailQuoteOut(**quote_out(found).dict(), warnings=warnings)


@router.post("/drafts/{draft_id}/commit", response={201: MailOut | SendOut}, summary="Send a draft")
@repeatable
def commit(request: HttpRequest, draft_id: str, body: MailCommitIn | None = None) -> Status[MailOut | SendOut]:
    """Charges once for each key; send the Idempotency-Key `{id}:{revision}` of the draft as you last saw it. A draft that is
    another by now is 409 `stale_draft` with its `revision`: read it again before you send it.

    A mail client's draft takes all recipients here. Once it went out, the same call with a higher revision and other recipients
    makes the send follow the mail: only new pairs are charged, who was dropped loses access."""
    actor, now = actor_of(request), timezone.now()
    key = key_of(request)
    if not key:
        raise Invalid({"Idempotency-Key": ["required: {id}:{revision}"]})
    seen = key.removeprefix(f"{draft_id}:")
    revision = int(seen) if seen != key and seen.isdigit() and len(seen) < 10 else None
    if queries.is_mail(actor, draft_id):
        return Status(201, _commit_mail(actor, draft_id, body or MailCommitIn(recipients=[]), key=key, revision=revision, now=now))
    if body is not None:
        raise Invalid({"body": ["only for drafts with a route"]})
    result = sends.confirm(actor, draft_id, key=key, revision=revision, now=now)
    return Status(201, send_out(actor, result.send.public_id, now=now))


@router.post("/drafts/{draft_id}/mark-sent", response={204: None}, summary="Say that the mail has left")
@repeatable
def mark_sent(request: HttpRequest, draft_id: str) -> HttpResponse:
    """After the commit. Charges nothing."""
    sends.note_handed_over(actor_of(request), draft_id, now=timezone.now())
    return HttpResponse(status=204)


def _commit_mail(actor: Actor, draft_id: str, body: MailCommitIn, *, key: str, revision: int | None, now: datetime) -> MailOut:
    if revision is None:
        raise Invalid({"Idempotency-Key": ["required: {id}:{revision}"]})
    wanted = MailCommit(addressees(body.recipients), body.delivery)
    result = sends.commit_mail(actor, draft_id, wanted, key=key, revision=revision, now=now)
    made = queries.mail_answer(actor, draft_id)
    return MailOut(
        id=made.id,
        state=state_of(result.send.facts, now=now),
        revision=made.revision,
        charged=result.charged,
        returned=result.returned,
        available=result.available,
        link=MailLinkOut(url=made.url, label=made.insert.label) if made.insert is not None else None,
        documents=[MailDocumentOut(id=one.id, name=one.name, url=one.url or None) for one in made.documents],
        recipients=[MailRecipientOut(email=one.address, kind=one.kind, personal_url=one.url or None) for one in made.recipients],
        insert=InsertOut(html=made.insert.html, text=made.insert.text) if made.insert is not None else None,
        header=HeaderOut(name="X-Sealroom-Send", value=made.id),
    )


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
