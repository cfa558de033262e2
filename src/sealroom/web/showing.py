# SPDX-License-Identifier: Apache-2.0
"""Sends laid out for lists and for their page: plain values, so that templates decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sealroom.access import queries as access
from sealroom.access.queries import AcceptanceView
from sealroom.accounts.rules import Actor
from sealroom.audit import queries as audit
from sealroom.audit.queries import EventFilter
from sealroom.audit.rules import Verb
from sealroom.httpkit.templatetags.kit import duration, number
from sealroom.sends import queries
from sealroom.sends.models import Send
from sealroom.sends.queries import DocumentRow, RecipientRow, RequestRow, SendDetail, SendRow
from sealroom.sends.rules import LIVE, State
from sealroom.viewing import queries as viewing
from sealroom.web import wording
from sealroom.web.presets import names_of_settings
from sealroom.web.setting_words import ShownSetting, shown_settings
from sealroom.web.wording import Badge

MOMENTS = 12


@dataclass(frozen=True)
class ShownRow:
    """A line of a list of sends."""

    id: str
    title: str
    ext: str
    recipients: str
    route: str
    by: str
    sent_at: datetime | None
    created_at: datetime
    opened: int
    of: int
    last_opened_at: datetime | None
    badge: Badge
    is_draft: bool
    is_live: bool
    can_remind: bool
    revoked: bool


@dataclass(frozen=True)
class ShownRecipient:
    """A recipient with what he did. `mail` says what became of the message when that needs saying."""

    id: str
    address: str
    name: str
    did: str
    last_opened_at: datetime | None
    has_access: bool
    is_removed: bool
    can_remind: bool
    link: str
    mail: Badge | None
    reminded_at: datetime | None


@dataclass(frozen=True)
class ShownDocument:
    """A file of a send."""

    id: str
    name: str
    ext: str
    pages: str
    size: int
    has_access: bool
    state: str


@dataclass(frozen=True)
class Moment:
    """Something that happened to a send."""

    at: datetime
    icon: str
    words: str


@dataclass(frozen=True)
class ShownSend:
    """A send with everything one can see of it and do to it."""

    row: ShownRow
    message: str
    settings: tuple[ShownSetting, ...]
    documents: tuple[ShownDocument, ...]
    recipients: tuple[ShownRecipient, ...]
    people: str
    charged: int
    notify: bool
    held: str
    waiting: bool
    revoked_at: datetime | None
    revoked_by_admin: bool
    cancellable_until: datetime | None
    add_price: int
    total_time: str
    activity: tuple[Moment, ...]
    open_link: str
    open_link_opened_at: datetime | None
    preset: str
    requests: tuple[RequestRow, ...]
    replies: int
    by_client: bool  # its sender's own mail program delivers it
    acceptances: tuple[AcceptanceView, ...]
    passwords: tuple[tuple[str, str], ...]  # of protected PDFs, for readers whose address nobody knows: file, password
    is_still: bool  # nothing can be switched: it has ended, was revoked whole, or never went out


def row(one: SendRow, *, now: datetime) -> ShownRow:
    """A row as it is shown."""
    first = one.documents[0] if one.documents else ""
    live = one.state in LIVE
    return ShownRow(
        id=one.id,
        title=one.title or one.subject or _("Nothing in it yet"),
        ext=first.rpartition(".")[2][:4] if "." in first else "",
        recipients=wording.recipients(one.recipients) if one.recipients or not one.sent_at else _("a link for anybody"),
        route=str(wording.ROUTES.get(one.route, one.route)) if one.route != "web" else "",
        by=one.sender_name or one.sender,
        sent_at=one.sent_at,
        created_at=one.created_at,
        opened=one.opened,
        of=one.recipients,
        last_opened_at=one.last_opened_at,
        badge=wording.state_badge(one, now=now),
        is_draft=one.state == State.DRAFT,
        is_live=live,
        can_remind=live and one.opened < one.recipients,
        revoked=one.state == State.REVOKED,
    )


def send(actor: Actor, send_id: str, *, now: datetime) -> ShownSend:
    """The actor's own send. Raises `NotFound`."""
    detail = queries.send_detail(actor, send_id, now=now)
    live = detail.row.state in LIVE
    total = sum(one.pages or 0 for one in detail.documents)
    current = [one for one in detail.recipients if one.state != "removed"]
    kept = queries.get_send(actor, send_id)
    return ShownSend(
        row=row(detail.row, now=now),
        message=detail.message,
        settings=shown_settings(detail.settings, zone=actor.time_zone, fixed=names_of_settings(detail.fixed)),
        documents=tuple(_document(one, live=live) for one in detail.documents),
        recipients=tuple(_recipient(one, total, live=live) for one in detail.recipients),
        people=wording.people(len(current)),
        charged=detail.charged,
        notify=detail.notify,
        held=wording.held(detail.row.held_reason) if detail.row.held_reason else "",
        waiting=detail.row.waiting,
        revoked_at=detail.revoked_at,
        revoked_by_admin=detail.revoked_by_admin,
        cancellable_until=detail.cancellable_until,
        add_price=sum(one.revoked_at is None for one in detail.documents),
        total_time=_time_read(detail),
        activity=_activity(actor, detail),
        open_link=detail.open_link,
        open_link_opened_at=detail.open_link_opened_at,
        preset=kept.preset.name if kept.preset else "",
        replies=queries.count_replies(kept),
        by_client=kept.delivery == "client",
        requests=queries.list_requests(actor, send_id, now=now) if detail.requests else (),
        acceptances=tuple(access.acceptances_of([kept.policy])),
        passwords=_passwords(kept),
        is_still=not live,
    )


def _passwords(send: Send) -> tuple[tuple[str, str], ...]:
    """Who proved an address is mailed the password; to the others the sender tells it."""
    link = queries.living_open_link(send)
    if link is None or not send.policy.protect_pdf or send.policy.value.access.needs_code:
        return ()
    documents = [item.document for item in queries.live_items(send)]
    return tuple((document.name, viewing.pdf_password(link, document)) for document in documents)


def _activity(actor: Actor, detail: SendDetail) -> tuple[Moment, ...]:
    """The latest deeds and first openings, newest first."""
    trail = audit.list_events(actor.team, only=EventFilter(subject_kind="send", subject=detail.row.id), limit=MOMENTS).items
    known = _deed_words()
    deeds = [Moment(one.at, *known[one.verb]) for one in trail if one.verb in known]
    opened = [
        Moment(one.first_opened_at, "eye", _("%(who)s opened it for the first time") % {"who": one.name or one.address})
        for one in detail.recipients
        if one.first_opened_at is not None
    ]
    return tuple(sorted([*deeds, *opened], key=lambda one: one.at, reverse=True)[:MOMENTS])


def _deed_words() -> dict[str, tuple[str, str]]:
    return {
        Verb.SEND_CONFIRMED: ("hourglass", _("Confirmed, waiting for its files")),
        Verb.SEND_SENT: ("send", _("Sent out")),
        Verb.SEND_HELD: ("warning", _("Held back")),
        Verb.SEND_CHANGED: ("sliders", _("Settings changed")),
        Verb.SEND_REVOKED: ("ban", _("Access ended for everybody")),
        Verb.SEND_RESTORED: ("undo", _("Access is given again")),
        Verb.SEND_CANCELLED: ("undo", _("Cancelled")),
        Verb.SEND_REMINDED: ("bell", _("Reminder sent")),
        Verb.RECIPIENT_ADDED: ("user-plus", _("Recipients added")),
        Verb.ACCESS_ASKED: ("user-check", _("Somebody asked for access")),
    }


def _time_read(detail: SendDetail) -> str:
    total = sum(one.active_ms for one in detail.recipients)
    return _("%(time)s in total") % {"time": duration(total // 1000)} if total >= 1000 else ""


def _document(one: DocumentRow, *, live: bool) -> ShownDocument:
    ext = one.name.rpartition(".")[2][:4] if "." in one.name else ""
    return ShownDocument(one.id, one.name, ext, wording.pages(one.pages), one.size, live and one.revoked_at is None, one.state)


def _recipient(one: RecipientRow, total: int, *, live: bool) -> ShownRecipient:
    active = one.state == "active"
    return ShownRecipient(
        id=one.id,
        address=one.address,
        name=one.name,
        did=_did(one, total),
        last_opened_at=one.last_opened_at,
        has_access=active and live,
        is_removed=one.state == "removed",
        can_remind=live and active and one.opens == 0,
        link=one.link,
        mail=_mail_badge(one.mail),
        reminded_at=one.reminded_at,
    )


def _did(one: RecipientRow, total: int) -> str:
    if not one.opens and one.first_opened_at is None:
        return _("Not opened yet")
    facts = {"seen": number(one.pages_seen), "total": number(total)}
    if not one.pages_seen:
        return _("Opened, no page seen")
    said = _("Read all %(total)s pages") if total and one.pages_seen >= total else _("Read %(seen)s of %(total)s pages")
    time = f" · {duration(one.active_ms // 1000)}" if one.active_ms >= 1000 else ""
    kept = ""
    if one.prints:
        kept += " · " + ngettext("printed %(n)s time", "printed %(n)s times", one.prints) % {"n": number(one.prints)}
    if one.downloads:
        kept += " · " + ngettext("downloaded %(n)s time", "downloaded %(n)s times", one.downloads) % {"n": number(one.downloads)}
    return said % facts + time + kept


def _mail_badge(state: str) -> Badge | None:
    return {
        "waiting": Badge("neutral", "clock", _("Not mailed yet")),
        "queued": Badge("neutral", "clock", _("Mail on its way")),
        "retrying": Badge("warn", "clock", _("Mail delayed")),
        "bounced": Badge("danger", "mail", _("Address refused")),
        "failed": Badge("danger", "mail", _("Mail failed")),
    }.get(state)
