# SPDX-License-Identifier: Apache-2.0
"""Sends: price, delivery, control, what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sealroom.access import queries as access
from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.repeats import charge_key_of, repeatable
from sealroom.api.v1.shapes import RecipientIn, SettingsIn, SettingsOut, addressees, begun, settings_out
from sealroom.core.errors import Invalid
from sealroom.credits import queries as credits
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.rules import LineError, SendRequest, state_of

router = Router(tags=["sends"])
Ids = list[str]


class QuoteIn(Body):
    """What would be sent; `settings.access` counts. With `send_id`, recipients are added to that send, or its access is opened."""

    documents: Ids = Field([], max_length=100)
    recipients: list[str | RecipientIn] = Field([], max_length=20_000)
    settings: SettingsIn | None = None
    send_id: str = ""


class QuoteLineOut(Schema):
    """One file to one recipient ("": the link that names nobody): 1 credit, or 0 when it is paid already or the sender himself."""

    document_id: str
    recipient: str
    credits: int


class QuoteOut(Schema):
    """The price, before anything is charged."""

    cost: int
    available: int
    after: int
    enough: bool
    lines: list[QuoteLineOut]


class SendIn(Body):
    """A send. Without recipients where Access is open: its `link` is then the one to hand on. `preset`: the id of the bundle it
    follows; not named, the team's default one; null for none."""

    documents: Ids = Field(min_length=1, max_length=100)
    recipients: list[str | RecipientIn] = Field([], max_length=20_000)
    subject: str = Field("", max_length=200)
    message: str = Field("", max_length=10_000)
    language: str = Field("", max_length=10)
    settings: SettingsIn | None = None
    preset: str | None = Field(None, max_length=64)
    notify: bool = True


class RecipientOut(Schema):
    """A recipient and what he did. `link` is his own; handing it on gives nobody access."""

    id: str
    email: str
    name: str
    kind: str
    state: str
    mail: str
    link: str | None
    opens: int
    downloads: int
    prints: int
    first_opened_at: datetime | None
    last_opened_at: datetime | None


class SentDocumentOut(Schema):
    """A document in a send."""

    id: str
    version_id: str
    name: str
    state: str
    pages: int | None
    revoked: bool


class SendOut(Schema):
    """A send. `state`: draft, scheduled, active, expired, revoked, cancelled; `waiting`: goes out when its documents are ready.
    `link` is the one to hand on: that for all where Access is open, else that of the only recipient. `requests`: who waits for a
    decision."""

    id: str
    state: str
    waiting: bool
    charged: int
    available: int
    subject: str
    message: str
    link: str | None
    settings: SettingsOut
    preset: str | None
    requests: int
    created_at: datetime
    sent_at: datetime | None
    documents: list[SentDocumentOut]
    recipients: list[RecipientOut]


class SendRowOut(Schema):
    """A send in a list."""

    id: str
    state: str
    waiting: bool
    title: str
    subject: str
    recipients: int
    opened: int
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None
    last_opened_at: datetime | None


class SendsOut(Schema):
    """A page of sends, newest first."""

    items: list[SendRowOut]
    next: str | None


class ChangeIn(Body):
    """Other settings; they bind at once, also for whoever has a page open."""

    settings: SettingsIn


class ChangedOut(Schema):
    """The send after a change, and what it charged (below zero: gave back). `link` is the one for all where Access is open. It and
    `settings` only for the sender, not for an admin who ends a colleague's send."""

    id: str
    state: str
    charged: int
    available: int
    link: str | None
    settings: SettingsOut | None


class PartsIn(Body):
    """Recipients and documents by id; none named means the whole send."""

    recipients: Ids = []
    documents: Ids = []


class RemindIn(Body):
    """Recipients by id; none named means all who have not opened."""

    recipients: Ids = []


class RemindedOut(Schema):
    """How many were written to."""

    reminded: int


class RecipientsIn(Body):
    """Further recipients."""

    recipients: list[str | RecipientIn] = Field(min_length=1, max_length=20_000)
    notify: bool = True


class AddedOut(Schema):
    """What adding did."""

    charged: int
    available: int
    recipients: list[RecipientOut]


@router.post("/sends/quote", response=QuoteOut, summary="The price of a send")
def quote(request: HttpRequest, body: QuoteIn) -> QuoteOut:
    """Nothing is charged."""
    actor, now = actor_of(request), timezone.now()
    wished = begun(actor, None, body.settings, now=now)[1].access if not body.send_id else ""
    if body.settings is not None and "access" in body.settings.model_fields_set:
        wished = body.settings.access
    found = queries.quote(actor, body.documents, addressees(body.recipients), send_id=body.send_id, access=wished, now=now)
    refuse_bad_lines(found.errors)
    return quote_out(found)


@router.post("/sends", response={201: SendOut}, summary="Send documents")
@repeatable
def create(request: HttpRequest, body: SendIn) -> Status[SendOut]:
    """All or nothing: 402 with the numbers when credits are short. While documents are being prepared the send waits."""
    actor, now = actor_of(request), timezone.now()
    result = sends.send_documents(actor, _request_of(actor, body, now=now), key=charge_key_of(request), now=now)
    return Status(201, send_out(actor, result.send.public_id, now=now))


@router.delete("/sends/{send_id}", response={204: None}, summary="Delete a send for good")
@repeatable
def delete(request: HttpRequest, send_id: str) -> HttpResponse:
    """Access ends and cannot be given back; the ledger and the audit trail stay. Gives nothing back: to call a send back, cancel
    it."""
    sends.delete_send(actor_of(request), send_id, now=timezone.now())
    return HttpResponse(status=204)


@router.get("/sends", response=SendsOut, summary="Own sends")
def list_sends(request: HttpRequest, state: str = "all", search: str = "", cursor: str = "", limit: Limit = 25) -> SendsOut:
    """`state`: all, active, not_opened, ending_soon, scheduled, ended, draft."""
    page = queries.list_sends(actor_of(request), which=state, search=search[:200], cursor=cursor, limit=limit, now=timezone.now())
    return SendsOut(items=[SendRowOut.model_validate(row, from_attributes=True) for row in page.items], next=page.next or None)


@router.get("/sends/{send_id}", response=SendOut, summary="One send")
def read(request: HttpRequest, send_id: str) -> SendOut:
    """With its recipients and what they did."""
    return send_out(actor_of(request), send_id, now=timezone.now())


@router.patch("/sends/{send_id}", response=ChangedOut, summary="Change settings")
@repeatable
def change(request: HttpRequest, send_id: str, body: ChangeIn) -> ChangedOut:
    """What is not named stays as it is."""
    now = timezone.now()
    return _changed(request, sends.change_settings(actor_of(request), send_id, body.settings.applied_to, now=now), now=now)


@router.post("/sends/{send_id}/revoke", response=ChangedOut, summary="End access")
@repeatable
def revoke(request: HttpRequest, send_id: str, body: PartsIn | None = None) -> ChangedOut:
    """The whole send, or the recipients and documents named. Reversible; gives nothing back."""
    actor, parts, now = actor_of(request), body or PartsIn(), timezone.now()
    send = sends.revoke(actor, send_id, recipients=parts.recipients, documents=parts.documents, now=now)
    return _changed(request, sends.SendResult(send, 0, credits.meter(actor.team_id, now=now).available), now=now)


@router.post("/sends/{send_id}/restore", response=ChangedOut, summary="Give access back")
@repeatable
def restore(request: HttpRequest, send_id: str, body: PartsIn | None = None) -> ChangedOut:
    """Charges pairs that are not paid (a document replaced meanwhile)."""
    actor, parts, now = actor_of(request), body or PartsIn(), timezone.now()
    result = sends.restore(actor, send_id, recipients=parts.recipients, documents=parts.documents, now=now)
    return _changed(request, result, now=now)


@router.post("/sends/{send_id}/remind", response=RemindedOut, summary="Write again")
@repeatable
def remind(request: HttpRequest, send_id: str, body: RemindIn | None = None) -> RemindedOut:
    """Costs nothing."""
    named = (body or RemindIn()).recipients
    return RemindedOut(reminded=sends.remind(actor_of(request), send_id, recipients=named, now=timezone.now()))


@router.post("/sends/{send_id}/cancel", response=ChangedOut, summary="Call a send back within 15 minutes")
@repeatable
def cancel(request: HttpRequest, send_id: str) -> ChangedOut:
    """Gives back what nobody opened; `charged` is then negative. Later: 409 `too_late`, revoke instead."""
    now = timezone.now()
    return _changed(request, sends.cancel(actor_of(request), send_id, now=now), now=now)


@router.post("/sends/{send_id}/recipients", response={201: AddedOut}, summary="Add recipients")
@repeatable
def add_recipients(request: HttpRequest, send_id: str, body: RecipientsIn) -> Status[AddedOut]:
    """One credit per file for each new one; those who are in it already are left alone."""
    actor, now = actor_of(request), timezone.now()
    new = addressees(body.recipients)
    result = sends.add_recipients(actor, send_id, new, key=charge_key_of(request), notify=body.notify, now=now)
    return Status(201, added_out(actor, result, now=now))


@router.delete("/sends/{send_id}/recipients/{recipient_id}", response={204: None}, summary="Remove a recipient for good")
@repeatable
def remove_recipient(request: HttpRequest, send_id: str, recipient_id: str) -> HttpResponse:
    """Gives nothing back."""
    sends.remove_recipient(actor_of(request), send_id, recipient_id, now=timezone.now())
    return HttpResponse(status=204)


def refuse_bad_lines(errors: tuple[LineError, ...]) -> None:
    """Turn recipients that cannot be written to into one refusal that names each."""
    if errors:
        raise Invalid({f"recipients.{error.line - 1}": [error.reason] for error in errors})


def quote_out(found: queries.Quote) -> QuoteOut:
    """A price as the API shows it."""
    return QuoteOut(
        cost=found.cost,
        available=found.available,
        after=found.after,
        enough=found.enough,
        lines=[QuoteLineOut(document_id=line.document_id, recipient=line.recipient, credits=line.credits) for line in found.lines],
    )


def added_out(actor: Actor, result: sends.AddResult, *, now: datetime) -> AddedOut:
    """What adding recipients did, as the API shows it."""
    added = {recipient.public_id for recipient in result.added}
    rows = [row for row in queries.send_detail(actor, result.send.public_id, now=now).recipients if row.id in added]
    return AddedOut(charged=result.charged, available=result.available, recipients=[_recipient(row) for row in rows])


def send_out(actor: Actor, send_id: str, *, now: datetime) -> SendOut:
    """A send as the API shows it."""
    detail = queries.send_detail(actor, send_id, now=now)
    row = detail.row
    return SendOut(
        id=row.id,
        state=row.state,
        waiting=row.waiting,
        charged=detail.charged,
        available=credits.meter(actor.team_id, now=now).available,
        subject=row.subject,
        message=detail.message,
        link=detail.link or None,
        settings=settings_out(detail.settings),
        preset=detail.preset or None,
        requests=detail.requests,
        created_at=row.created_at,
        sent_at=row.sent_at,
        documents=[
            SentDocumentOut(
                id=one.id,
                version_id=one.version_id,
                name=one.name,
                state=one.state,
                pages=one.pages,
                revoked=one.revoked_at is not None,
            )
            for one in detail.documents
        ],
        recipients=[_recipient(one) for one in detail.recipients],
    )


def _request_of(actor: Actor, body: SendIn, *, now: datetime) -> SendRequest:
    preset, settings, period = begun(actor, body.preset, body.settings, is_named="preset" in body.model_fields_set, now=now)
    return SendRequest(
        documents=tuple(body.documents),
        recipients=addressees(body.recipients),
        subject=body.subject,
        message=body.message,
        settings=settings if period is None else replace(settings, expires_at=None),
        language=body.language,
        notify=body.notify,
        preset=preset,
        expires_after_s=period,
    )


def _recipient(row: queries.RecipientRow) -> RecipientOut:
    return RecipientOut(
        id=row.id,
        email=row.address,
        name=row.name,
        kind=row.kind,
        state=row.state,
        mail=row.mail,
        link=row.link or None,
        opens=row.opens,
        downloads=row.downloads,
        prints=row.prints,
        first_opened_at=row.first_opened_at,
        last_opened_at=row.last_opened_at,
    )


def _changed(request: HttpRequest, result: sends.SendResult, *, now: datetime) -> ChangedOut:
    send, is_own = result.send, result.send.sender_id == actor_of(request).user_id
    link = queries.living_open_link(send)
    return ChangedOut(
        id=send.public_id,
        state=state_of(send.facts, now=now),
        charged=result.charged - result.returned,
        available=result.available,
        link=access.link_url(link) if is_own and link is not None else None,
        settings=settings_out(queries.settings_of(send)) if is_own else None,
    )
