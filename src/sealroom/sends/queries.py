# SPDX-License-Identifier: Apache-2.0
"""What is asked of sends, scoped by actor: what is not his does not exist for him."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext, ngettext

from sealroom.access import queries as access_queries
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid, NotFound
from sealroom.credits import queries as credit_queries
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document
from sealroom.mail import queries as mail_queries
from sealroom.sends import rules
from sealroom.sends.models import Recipient, Send, SendDocument, SendState
from sealroom.sends.rules import Addressee, LineError, SendSettings, State
from sealroom.viewing import queries as viewing_queries
from sealroom.viewing.models import Opening, PageView
from sealroom.viewing.queries import Insight

QUOTE_LINES = 1000
MOST_LISTED = 100
FILTERS = ("all", "active", "not_opened", "ending_soon", "scheduled", "ended", "draft")


@dataclass(frozen=True)
class QuoteLine:
    """What one document to one recipient would cost: 1 or 0."""

    document_id: str
    recipient: str
    credits: int


@dataclass(frozen=True)
class Quote:
    """A price before the deed; `lines` is empty when there are more than `QUOTE_LINES` of them."""

    cost: int
    available: int
    after: int
    enough: bool
    recipients: int
    lines: tuple[QuoteLine, ...] = ()
    errors: tuple[LineError, ...] = ()


@dataclass(frozen=True)
class SendRow:
    """A line of Manage Sent Files. `opened` counts current recipients who opened; `last_opened_at` is the last activity of any."""

    id: str
    title: str
    subject: str
    documents: tuple[str, ...]
    recipients: int
    opened: int
    last_opened_at: datetime | None
    active_ms: int
    state: State
    waiting: bool
    held_reason: str
    route: str
    sender: str
    sender_name: str
    created_at: datetime
    sent_at: datetime | None
    starts_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Listing:
    """A page of sends; `next` is the cursor of the following one, "" at the end. `counts` by filter, over all pages."""

    items: tuple[SendRow, ...]
    next: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RecipientRow:
    """A recipient in a send's detail. `mail`: "waiting", "queued", "sent", "retrying", "bounced", "failed", or "" (not written
    to). `state`: "active", "revoked", "removed"."""

    id: str
    address: str
    name: str
    kind: str
    state: str
    link: str
    mail: str
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    opens: int
    pages_seen: int
    pages: int
    active_ms: int
    downloads: int
    denials: int
    reminded_at: datetime | None


@dataclass(frozen=True)
class DocumentRow:
    """A document in a send's detail."""

    id: str
    name: str
    version_id: str
    state: str
    error_code: str
    pages: int
    size: int
    opened: int
    revoked_at: datetime | None


@dataclass(frozen=True)
class SendDetail:
    """A send with everything its page shows."""

    row: SendRow
    message: str
    settings: SendSettings
    notify: bool
    language: str
    charged: int
    revision: int
    revoked_at: datetime | None
    revoked_by_admin: bool
    cancellable_until: datetime | None
    link: str
    documents: tuple[DocumentRow, ...]
    recipients: tuple[RecipientRow, ...]


@dataclass(frozen=True)
class ReceivedRow:
    """A send of somebody else to a member's own address."""

    link: str
    title: str
    subject: str
    documents: tuple[str, ...]
    sender: str
    sender_name: str
    sent_at: datetime
    state: State
    expires_at: datetime | None
    first_opened_at: datetime | None


@dataclass(frozen=True)
class Envelope:
    """Who sent what stands behind a link; for a reader who proved the address, and for nobody else."""

    sender: str
    sender_name: str
    team: str
    subject: str
    message: str
    sent_at: datetime


# -- One send ------------------------------------------------------------------------------------------------------------
def get_send(actor: Actor, send_id: str) -> Send:
    """The actor's own send. Raises `NotFound`, also for a colleague's."""
    return _get(_own(actor), send_id)


def get_send_to_end(actor: Actor, send_id: str) -> Send:
    """The actor's own send, or any of the team's (drafts excepted) for who may revoke it. Raises `NotFound`."""
    rows = _own(actor)
    if actor.may(Capability.REVOKE_ANY_SEND):
        rows = rows | _rows().filter(team_id=actor.team_id, state=SendState.SENT)
    return _get(rows, send_id)


def find_by_uuid(actor: Actor, uuid: str) -> Send | None:
    """The actor's send that his client named so."""
    return _own(actor).filter(uuid=uuid).first()


def live_items(send: Send) -> list[SendDocument]:
    """The documents of a send that are neither revoked nor deleted, with their current versions."""
    rows = send.send_documents.select_related("document__current").order_by("position", "pk")
    return list(rows.filter(revoked_at=None, document__deleted_at=None))


def title_of(names: Sequence[str]) -> str:
    """Such as "Term sheet.pdf and 2 more"."""
    if not names:
        return gettext("No files yet")
    if len(names) == 1:
        return names[0]
    more = len(names) - 1
    return ngettext("{name} and {n} more", "{name} and {n} more", more).format(name=names[0], n=more)


def title_of_send(send: Send) -> str:
    """The title of a send by its documents."""
    return title_of(list(send.send_documents.order_by("position", "pk").values_list("document__name", flat=True)))


def envelope_of(link_id: str) -> Envelope:
    """Who sent what stands behind a link. Only for a browser that proved the link's address. Raises `NotFound`."""
    recipient = Recipient.objects.select_related("send__sender", "send__team").filter(link__public_id=link_id).first()
    if recipient is None or recipient.send.sent_at is None:
        raise NotFound(kind="link", id=link_id)
    send = recipient.send
    return Envelope(
        sender=send.sender.email,
        sender_name=send.sender.name or send.sender.email,
        team=send.team.name,
        subject=send.subject,
        message=send.message,
        sent_at=recipient.send.sent_at,
    )


# -- Which sends rest on what --------------------------------------------------------------------------------------------
def live_sends(*, now: datetime) -> QuerySet[Send]:
    """Sends that went out and whose access has not ended (`rules.LIVE`)."""
    unended = Q(policy__expires_at=None) | Q(policy__expires_at__gt=now)
    return Send.objects.filter(unended, state=SendState.SENT, policy__revoked_at=None)


def live_uses_of(document: Document, *, now: datetime) -> QuerySet[SendDocument]:
    """Where live sends have a document."""
    return SendDocument.objects.filter(document=document, revoked_at=None, send__in=live_sends(now=now))


def uses_of(document: Document, *, now: datetime) -> QuerySet[SendDocument]:
    """Where live sends and waiting drafts have a document."""
    waiting = Q(send__state=SendState.DRAFT, send__held_reason="") & ~Q(send__confirmed_at=None)
    rows = SendDocument.objects.filter(document=document, revoked_at=None).filter(waiting | Q(send__in=live_sends(now=now)))
    return rows.select_related("document", "send__policy", "send__team", "send__sender").order_by("send_id")


def use_for(actor: Actor, item: SendDocument) -> dict[str, object]:
    """One use as the actor may know it: a colleague's send by its number of recipients only."""
    is_own = item.send.sender_id == actor.user_id
    return {
        "send": item.send.public_id if is_own else "",
        "subject": item.send.subject if is_own else "",
        "recipients": item.send.recipients.filter(removed_at=None).count(),
    }


def charged_addresses(sends: Sequence[Send]) -> tuple[str, ...]:
    """The current recipients of live sends, each once, without each send's own sender."""
    rows = Recipient.objects.filter(send__in=[send.pk for send in sends], removed_at=None, link__revoked_at=None)
    others = rows.exclude(address=F("send__sender__email"))
    return tuple(dict.fromkeys(others.order_by("pk").values_list("address", flat=True)))


def waiting_sends(version_id: int) -> list[int]:
    """The confirmed drafts that wait for a version's document."""
    rows = Send.objects.filter(state=SendState.DRAFT, held_reason="", send_documents__document__current=version_id)
    return list(rows.exclude(confirmed_at=None).order_by("pk").values_list("pk", flat=True).distinct())


# -- Prices --------------------------------------------------------------------------------------------------------------
def quote(actor: Actor, documents: Sequence[str], recipients: Sequence[Addressee], *, send_id: str = "", now: datetime) -> Quote:
    """What sending would cost now. With `send_id`, recipients are added to that send (its documents when none are named). Lines
    that cannot be written to are left out and named. Raises `NotFound`, `Invalid`."""
    if len(documents) > rules.MAX_DOCUMENTS or len(recipients) > 2 * rules.MAX_RECIPIENTS:
        raise Invalid({"documents" if len(documents) > rules.MAX_DOCUMENTS else "recipients": ["too_many"]})
    if send_id and not documents:
        found = [item.document for item in live_items(get_send(actor, send_id))]
    else:
        found = [document_queries.get_document(actor, one) for one in dict.fromkeys(documents)]
    unique = rules.unique_recipients(recipients)
    addresses = [one.email for one in unique.accepted]
    if send_id:
        present = get_send(actor, send_id).recipients.filter(removed_at=None, address__in=addresses)
        known = set(present.values_list("address", flat=True))
        addresses = [address for address in addresses if address not in known]
    return _quote(actor, found, addresses, errors=unique.errors, now=now)


def quote_of_draft(actor: Actor, draft_id: str, *, now: datetime) -> Quote:
    """What confirming the draft would cost now."""
    send = get_send(actor, draft_id)
    addresses = list(send.recipients.filter(removed_at=None).order_by("pk").values_list("address", flat=True))
    return _quote(actor, [item.document for item in live_items(send)], addresses, errors=(), now=now)


def quote_of_replacement(actor: Actor, document_id: str, version_id: str, *, now: datetime) -> Quote:
    """What publishing a version would cost now; `recipients` are those it would reach."""
    version = document_queries.get_version(actor, document_id, version_id)
    sends = [item.send for item in live_uses_of(version.document, now=now).select_related("send")]
    addresses = charged_addresses(sends)
    price = credit_queries.price(actor.team_id, [rules.pair_key(version.public_id, one) for one in addresses], now=now)
    return Quote(price.cost, price.available, price.after, price.enough, len(addresses))


def _quote(
    actor: Actor, documents: Sequence[Document], addresses: Sequence[str], *, errors: tuple[LineError, ...], now: datetime
) -> Quote:
    versions = {document.current.public_id: document.public_id for document in documents if document.current is not None}
    price = credit_queries.price(actor.team_id, rules.price(list(versions), addresses, sender=actor.email), now=now)
    lines: tuple[QuoteLine, ...] = ()
    if len(versions) * len(addresses) <= QUOTE_LINES:
        lines = tuple(
            QuoteLine(document, address, int(rules.pair_key(version, address) in price.unpaid))
            for version, document in versions.items()
            for address in addresses
        )
    return Quote(price.cost, price.available, price.after, price.enough, len(addresses), lines, errors)


# -- Lists ---------------------------------------------------------------------------------------------------------------
def list_sends(actor: Actor, *, which: str = "all", search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The actor's sends, newest first. `which` is one of `FILTERS`; `search` looks in subjects, file names, names and addresses of
    recipients. `counts` says how many each filter has under the same search."""
    if which not in FILTERS:
        raise Invalid({"filter": ["unknown"]})
    rows = _searched(_own(actor), search)
    counts = {name: rows.filter(_which(name, now=now)).count() for name in FILTERS}
    return _listing(rows.filter(_which(which, now=now)), counts, cursor=cursor, limit=limit, now=now)


def list_team_sends(actor: Actor, *, search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The team's sends that went out, by name and numbers, for who may revoke them. Raises `Forbidden`."""
    actor.require(Capability.REVOKE_ANY_SEND)
    rows = _searched(_rows().filter(team_id=actor.team_id, state=SendState.SENT), search, by_recipient=False)
    return _listing(rows, {"all": rows.count()}, cursor=cursor, limit=limit, now=now)


def send_detail(actor: Actor, send_id: str, *, now: datetime) -> SendDetail:
    """The actor's own send with documents and recipients. Raises `NotFound`."""
    send = _get(_counted(_own(actor)), send_id)
    recipients = list(send.recipients.select_related("link").order_by("pk"))
    live = [one for one in recipients if one.removed_at is None]
    states = mail_queries.mail_states([f"recipient:{one.public_id}" for one in recipients])
    items = list(send.send_documents.select_related("document__current").order_by("position", "pk"))
    insights = viewing_queries.insight_by_link([one.link_id for one in recipients if one.link_id is not None])
    pages = sum((item.document.current.pages or 0) for item in items if item.document.current is not None)
    rows = tuple(_recipient_row(one, states, _read_by(one, items, insights, pages=pages)) for one in recipients)
    opened = Counter(document for (_link, document), insight in insights.items() if insight.opens)
    activity = _activity([send.pk])
    until = send.sent_at + rules.CANCEL_WITHIN if send.sent_at and send.state == SendState.SENT else None
    return SendDetail(
        row=_row(send, [item.document.name for item in items], activity, now=now),
        message=send.message,
        settings=rules.settings_of_policy(send.policy.value),
        notify=send.notify,
        language=send.language,
        charged=send.charged,
        revision=send.revision,
        revoked_at=send.policy.revoked_at,
        revoked_by_admin=send.revoked_by_admin,
        cancellable_until=until if until is not None and until >= now else None,
        link=next((row.link for row in rows if row.state != "removed"), "") if len(live) == 1 else "",
        documents=tuple(_document_row(item, opened[item.document_id]) for item in items),
        recipients=rows,
    )


def received(user: User, *, now: datetime, limit: int = 100) -> tuple[ReceivedRow, ...]:
    """What others sent to the member's own address, newest first. The address is the one he signs in with, which he proved."""
    rows = (
        Recipient.objects.filter(address=user.email, removed_at=None, send__state=SendState.SENT)
        .exclude(send__sender=user)
        .exclude(link=None)
        .select_related("link", "send__policy", "send__sender")
        .order_by("-send__sent_at", "-pk")[:limit]
    )
    found = list(rows)
    names = _names([one.send_id for one in found])
    return tuple(_received_row(one, names.get(one.send_id, []), now=now) for one in found)


def _listing(rows: QuerySet[Send], counts: dict[str, int], *, cursor: str, limit: int, now: datetime) -> Listing:
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise Invalid({"cursor": ["unknown"]})
        rows = rows.filter(pk__lt=int(cursor))
    limit = max(1, min(limit, MOST_LISTED))
    found = list(_counted(rows).order_by("-pk")[: limit + 1])
    ids = [send.pk for send in found[:limit]]
    names, activity = _names(ids), _activity(ids)
    items = tuple(_row(send, names.get(send.pk, []), activity, now=now) for send in found[:limit])
    return Listing(items, str(found[limit - 1].pk) if len(found) > limit else "", counts)


def _rows() -> QuerySet[Send]:
    return Send.objects.select_related("policy", "team", "sender")


def _own(actor: Actor) -> QuerySet[Send]:
    return _rows().filter(team_id=actor.team_id, sender_id=actor.user_id)


def _get(rows: QuerySet[Send], send_id: str) -> Send:
    send = rows.filter(public_id=send_id).first()
    if send is None:
        raise NotFound(kind="send", id=send_id)
    return send


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
        "not_opened": active & ~Q(pk__in=opened.values("send_id")),
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


def _names(send_ids: Iterable[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    rows = SendDocument.objects.filter(send__in=list(send_ids)).order_by("send_id", "position", "pk")
    for send_id, name in rows.values_list("send_id", "document__name"):
        names.setdefault(send_id, []).append(name)
    return names


def _activity(send_ids: Sequence[int]) -> dict[int, tuple[datetime | None, int]]:
    """Last activity and time on screen of sends, in two statements."""
    of = "grant__link__recipient__send"
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


def _received_row(recipient: Recipient, names: list[str], *, now: datetime) -> ReceivedRow:
    send, link = recipient.send, recipient.link
    assert link is not None
    assert send.sent_at is not None
    state = rules.state_of(send.facts, now=now)
    if state in rules.LIVE and link.revoked_at is not None:
        state = State.REVOKED
    return ReceivedRow(
        link=access_queries.link_url(link),
        title=send.subject or title_of(names),
        subject=send.subject,
        documents=tuple(names),
        sender=send.sender.email,
        sender_name=send.sender.name or send.sender.email,
        sent_at=send.sent_at,
        state=state,
        expires_at=send.policy.expires_at,
        first_opened_at=link.first_opened_at,
    )
