# SPDX-License-Identifier: Apache-2.0
"""Manage Sent Files and Received Files: lists, and one send with all its page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum

from sealroom.access import queries as access_queries
from sealroom.access.models import Reader
from sealroom.access.rules import ends_at
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.mail import queries as mail_queries
from sealroom.sends import rules
from sealroom.sends.models import Recipient, Send, SendDocument, SendState
from sealroom.sends.queries.find import living_open_link, own_sends, pick, sends_of_all, settings_of, title_of
from sealroom.sends.queries.values import DocumentRow, Listing, Received, ReceivedRow, RecipientRow, SendDetail, SendRow
from sealroom.sends.rules import State
from sealroom.viewing import queries as viewing_queries
from sealroom.viewing.models import Opening, PageView
from sealroom.viewing.queries import Insight

MOST_LISTED = 100
FILTERS = ("all", "active", "not_opened", "ending_soon", "scheduled", "ended", "draft")


def list_sends(actor: Actor, *, which: str = "all", search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The actor's sends, newest first. `which` is one of `FILTERS`; `search` looks in subjects, file names, names and addresses of
    recipients. `counts` says how many each filter has under the same search."""
    if which not in FILTERS:
        raise Invalid({"filter": ["unknown"]})
    rows = _searched(own_sends(actor), search)
    counts = {name: rows.filter(_which(name, now=now)).count() for name in FILTERS}
    return _listing(rows.filter(_which(which, now=now)), counts, cursor=cursor, limit=limit, now=now)


def list_team_sends(actor: Actor, *, search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The team's sends that went out, by name and numbers, for who may revoke them. Raises `Forbidden`."""
    actor.require(Capability.REVOKE_ANY_SEND)
    rows = _searched(sends_of_all().filter(team_id=actor.team_id, state=SendState.SENT), search, by_recipient=False)
    return _listing(rows, {"all": rows.count()}, cursor=cursor, limit=limit, now=now)


def send_detail(actor: Actor, send_id: str, *, now: datetime) -> SendDetail:
    """The actor's own send with documents and recipients. Raises `NotFound`."""
    send = pick(_counted(own_sends(actor)), send_id)
    recipients = list(send.recipients.select_related("link").order_by("pk"))
    live = [one for one in recipients if one.removed_at is None]
    states = mail_queries.mail_states([f"recipient:{one.public_id}" for one in recipients])
    items = list(send.send_documents.select_related("document__current").order_by("position", "pk"))
    insights = viewing_queries.insight_by_link([one.link_id for one in recipients if one.link_id is not None])
    pages = sum((item.document.current.pages or 0) for item in items if item.document.current is not None)
    rows = tuple(_recipient_row(one, states, _read_by(one, items, insights, pages=pages)) for one in recipients)
    link = living_open_link(send)
    open_link = access_queries.link_url(link) if link is not None else ""
    opened = Counter(document for (_link, document), insight in insights.items() if insight.opens)
    activity = _activity([send.pk])
    until = send.sent_at + rules.CANCEL_WITHIN if send.sent_at and send.state == SendState.SENT else None
    return SendDetail(
        row=_row(send, [item.document.name for item in items], activity, now=now),
        message=send.message,
        settings=settings_of(send),
        notify=send.notify,
        language=send.language,
        charged=send.charged,
        revision=send.revision,
        revoked_at=send.policy.revoked_at,
        revoked_by_admin=send.revoked_by_admin,
        cancellable_until=until if until is not None and until >= now else None,
        link=open_link or (next((row.link for row in rows if row.state != "removed"), "") if len(live) == 1 else ""),
        open_link=open_link,
        open_link_opened_at=link.first_opened_at if link is not None else None,
        preset=send.preset.public_id if send.preset is not None else "",
        fixed=tuple(send.preset.fixed) if send.preset is not None else (),
        requests=send.access_requests.filter(decided_at=None).count(),
        documents=tuple(_document_row(item, opened[item.document_id]) for item in items),
        recipients=rows,
    )


def received(user: User, *, now: datetime, limit: int = 100) -> tuple[ReceivedRow, ...]:
    """What others sent to the member's own address, newest first. The address is the one he signs in with, which he proved."""
    return _received_rows(list(_received_by(user.pk, user.email)[:limit]), now=now)


def list_received(actor: Actor, *, search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Received:
    """What others sent to the actor's own address, newest first; `search` looks in subjects, file names and senders. Links lead to
    the recipients' pages, with their gates. Raises `Invalid` for a cursor that is none."""
    rows, words = _received_by(actor.user_id, actor.email), search.strip()[:200]
    if words:
        documents = SendDocument.objects.filter(document__name__icontains=words).values("send_id")
        sender = Q(send__sender__email__icontains=words) | Q(send__sender__name__icontains=words)
        rows = rows.filter(Q(send__subject__icontains=words) | Q(send__in=documents) | sender)
    if cursor:
        rows = rows.filter(pk__lt=_place(cursor))
    limit = max(1, min(limit, MOST_LISTED))
    found = list(rows[: limit + 1])
    return Received(_received_rows(found[:limit], now=now), str(found[limit - 1].pk) if len(found) > limit else "")


def _received_by(user_id: int, address: str) -> QuerySet[Recipient]:
    rows = Recipient.objects.filter(address=address, removed_at=None, send__state=SendState.SENT, send__deleted_at=None)
    others = rows.exclude(send__sender=user_id).exclude(link=None)
    return others.select_related("link", "send__policy", "send__sender").order_by("-pk")


def _received_rows(found: Sequence[Recipient], *, now: datetime) -> tuple[ReceivedRow, ...]:
    links = [one.link_id for one in found if one.link_id is not None]
    opens: dict[int, Insight] = {}
    for (link, _document), insight in viewing_queries.insight_by_link(links).items():
        before = opens.get(link, _NOTHING)
        last = max(filter(None, (before.last_seen_at, insight.last_seen_at)), default=None)
        opens[link] = replace(before, opens=before.opens + insight.opens, last_seen_at=last)
    began = dict(Reader.objects.filter(link__in=links, address=F("link__address")).values_list("link_id", "first_opened_at"))
    names = names_of(one.send_id for one in found)
    return tuple(
        _received_row(one, names.get(one.send_id, []), opens.get(one.link_id or 0, _NOTHING), began.get(one.link_id or 0), now=now)
        for one in found
    )


def _place(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid({"cursor": ["unknown"]})
    return int(cursor)


def _listing(rows: QuerySet[Send], counts: dict[str, int], *, cursor: str, limit: int, now: datetime) -> Listing:
    if cursor:
        rows = rows.filter(pk__lt=_place(cursor))
    limit = max(1, min(limit, MOST_LISTED))
    found = list(_counted(rows).order_by("-pk")[: limit + 1])
    ids = [send.pk for send in found[:limit]]
    names, activity = names_of(ids), _activity(ids)
    items = tuple(_row(send, names.get(send.pk, []), activity, now=now) for send in found[:limit])
    return Listing(items, str(found[limit - 1].pk) if len(found) > limit else "", counts)


def _searched(rows: QuerySet[Send], search: str, *, by_recipient: bool = True) -> QuerySet[Send]:
    words = search.strip()[:200]
    if not words:
        return rows
    found = Q(subject__icontains=words) | Q(pk__in=SendDocument.objects.filter(document__name__icontains=words).values("send_id"))
    if by_recipient:
        people = Recipient.objects.filter(Q(address__icontains=words) | Q(name__icontains=words))
        found |= Q(pk__in=people.values("send_id"))
    return rows.filter(found)


def _which(name: str, *, now: datetime) -> Q:
    """A filter as a condition; agrees with `rules.state_of`."""
    sent, unrevoked = Q(state=SendState.SENT), Q(policy__revoked_at=None)
    expired = Q(policy__expires_at__lte=now)
    unexpired = Q(policy__expires_at=None) | Q(policy__expires_at__gt=now)
    scheduled = sent & unrevoked & unexpired & Q(policy__starts_at__gt=now)
    active = sent & unrevoked & unexpired & (Q(policy__starts_at=None) | Q(policy__starts_at__lte=now))
    opened = Recipient.objects.filter(removed_at=None).exclude(link__first_opened_at=None)
    conditions = {
        "all": Q(),
        "active": active,
        "not_opened": active & ~Q(pk__in=opened.values("send_id")) & Q(open_link__first_opened_at=None),
        "ending_soon": active & Q(policy__expires_at__lte=now + rules.ENDING_SOON),
        "scheduled": scheduled,
        "ended": Q(state=SendState.CANCELLED) | sent & (~unrevoked | expired),
        "draft": Q(state=SendState.DRAFT),
    }
    return conditions[name]


def _counted(rows: QuerySet[Send]) -> QuerySet[Send]:
    """With the numbers of a line: current recipients, and how many of them opened."""
    current = Recipient.objects.filter(send=OuterRef("pk"), removed_at=None).order_by().values("send")
    return rows.annotate(
        recipient_count=Subquery(current.annotate(n=Count("pk")).values("n")),
        opened_count=Subquery(current.annotate(n=Count("link__first_opened_at")).values("n")),
    )


def names_of(send_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of the documents of some sends, in order."""
    names: dict[int, list[str]] = {}
    rows = SendDocument.objects.filter(send__in=list(send_ids)).order_by("send_id", "position", "pk")
    for send_id, name in rows.values_list("send_id", "document__name"):
        names.setdefault(send_id, []).append(name)
    return names


def _activity(send_ids: Sequence[int]) -> dict[int, tuple[datetime | None, int]]:
    """Last activity and time on screen of sends, in two statements."""
    of = "grant__link__policy__send"
    last = Opening.objects.filter(**{f"{of}__in": send_ids}).values_list(of).annotate(at=Max("last_seen_at"))
    views = PageView.objects.filter(**{f"opening__{of}__in": send_ids})
    active = dict(views.values_list(f"opening__{of}").annotate(total=Sum("active_ms")).order_by())
    return {send: (at, active.get(send) or 0) for send, at in last.order_by()}


@dataclass(frozen=True)
class _Read:
    """What one recipient did with all documents of a send."""

    pages: int
    opens: int = 0
    last_opened_at: datetime | None = None
    pages_seen: int = 0
    active_ms: int = 0
    downloads: int = 0
    prints: int = 0
    denials: int = 0


def _read_by(recipient: Recipient, items: Sequence[SendDocument], insights: dict[tuple[int, int], Insight], *, pages: int) -> _Read:
    mine = [insights.get((recipient.link_id or 0, item.document_id), _NOTHING) for item in items]
    return _Read(
        pages=pages,
        opens=sum(one.opens for one in mine),
        last_opened_at=max((one.last_seen_at for one in mine if one.last_seen_at), default=None),
        pages_seen=sum(one.pages_seen for one in mine),
        active_ms=sum(one.active_ms for one in mine),
        downloads=sum(one.downloads for one in mine),
        prints=sum(one.prints for one in mine),
        denials=sum(one.denials for one in mine),
    )


_NOTHING = Insight()


def _row(send: Send, names: Sequence[str], activity: dict[int, tuple[datetime | None, int]], *, now: datetime) -> SendRow:
    documents = tuple(names)
    last_opened_at, active_ms = activity.get(send.pk, (None, 0))
    return SendRow(
        id=send.public_id,
        title=send.subject or title_of(documents),
        subject=send.subject,
        documents=documents,
        recipients=getattr(send, "recipient_count", None) or 0,
        opened=getattr(send, "opened_count", None) or 0,
        last_opened_at=last_opened_at,
        active_ms=active_ms,
        state=rules.state_of(send.facts, now=now),
        waiting=send.is_waiting,
        held_reason=send.held_reason,
        route=send.route,
        sender=send.sender.email,
        sender_name=send.sender.name or send.sender.email,
        created_at=send.created_at,
        sent_at=send.sent_at,
        starts_at=send.policy.starts_at,
        expires_at=send.policy.expires_at,
    )


def _recipient_row(recipient: Recipient, states: dict[str, mail_queries.MailFact], read: _Read) -> RecipientRow:
    link = recipient.link
    fact = states.get(f"recipient:{recipient.public_id}")
    state = "removed" if recipient.removed_at else "revoked" if link is not None and link.revoked_at else "active"
    mail = "waiting" if recipient.mail_due else "bounced" if recipient.bounced_at else fact.state if fact else ""
    return RecipientRow(
        id=recipient.public_id,
        address=recipient.address,
        name=recipient.name,
        kind=recipient.kind,
        state=state,
        link=access_queries.link_url(link) if link is not None and state != "removed" else "",
        mail=mail,
        first_opened_at=link.first_opened_at if link is not None else None,
        last_opened_at=read.last_opened_at or (link.first_opened_at if link is not None else None),
        opens=read.opens,
        pages_seen=read.pages_seen,
        pages=read.pages,
        active_ms=read.active_ms,
        downloads=read.downloads,
        prints=read.prints,
        denials=read.denials,
        reminded_at=recipient.reminded_at,
    )


def _document_row(item: SendDocument, opened: int) -> DocumentRow:
    document, version = item.document, item.document.current
    return DocumentRow(
        id=document.public_id,
        name=document.name,
        version_id=version.public_id if version else "",
        state="deleted" if document.deleted_at else version.state if version else "failed",
        error_code=version.error_code if version else "",
        pages=(version.pages or 0) if version else 0,
        size=version.size if version else 0,
        opened=opened,
        revoked_at=item.revoked_at,
    )


def _received_row(
    recipient: Recipient, names: list[str], insight: Insight, began: datetime | None, *, now: datetime
) -> ReceivedRow:
    send, link = recipient.send, recipient.link
    assert link is not None
    assert send.sent_at is not None
    state, ends = rules.state_of(send.facts, now=now), ends_at(send.policy.value, began)
    if state in rules.LIVE and link.revoked_at is not None:
        state = State.REVOKED
    elif state in rules.LIVE and ends is not None and now >= ends:
        state = State.EXPIRED
    return ReceivedRow(
        link=access_queries.link_url(link),
        title=send.subject or title_of(names),
        subject=send.subject,
        documents=tuple(names),
        sender=send.sender.email,
        sender_name=send.sender.name or send.sender.email,
        sent_at=send.sent_at,
        state=state,
        expires_at=ends,
        first_opened_at=link.first_opened_at,
        last_opened_at=insight.last_seen_at,
        opens=insight.opens,
    )
