# SPDX-License-Identifier: Apache-2.0
"""Finding sends: one by its id for its sender, and those that rest on a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext, ngettext

from sealroom.access.models import Link
from sealroom.access.rules import TermsMode
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import NotFound
from sealroom.core.prepared import Prepared
from sealroom.core.secrets import unseal_text
from sealroom.documents.models import Document, Version, VersionScan
from sealroom.sends import rules
from sealroom.sends.models import Message, Picture, Recipient, Send, SendDocument, SendState
from sealroom.sends.queries.values import Envelope
from sealroom.sends.rules import OwnTerms, SendSettings


def get_send(actor: Actor, send_id: str) -> Send:
    """The actor's own send. Raises `NotFound`, also for a colleague's."""
    return pick(own_sends(actor), send_id)


def get_send_to_end(actor: Actor, send_id: str) -> Send:
    """The actor's own send, or any of the team's (drafts excepted) for who may revoke it. Raises `NotFound`."""
    rows = own_sends(actor)
    if actor.may(Capability.REVOKE_ANY_SEND):
        rows = rows | sends_of_all().filter(team_id=actor.team_id, state=SendState.SENT)
    return pick(rows, send_id)


def find_by_uuid(actor: Actor, uuid: str) -> Send | None:
    """The actor's send that his client named so."""
    return own_sends(actor).filter(uuid=uuid).first()


def live_items(send: Send) -> list[SendDocument]:
    """The documents of a send that are neither revoked nor deleted, with their current versions."""
    rows = send.send_documents.select_related("document__current").order_by("position", "pk")
    return list(rows.filter(revoked_at=None, document__deleted_at=None))


def units_of(send: Send, items: Sequence[SendDocument]) -> list[str]:
    """What a send is paid for by: its versions, or its words where it has no documents. `items` with current versions."""
    versions = [item.document.current.public_id for item in items if item.document.current is not None]
    if versions or items:
        return versions
    return list(Message.objects.filter(send=send).values_list("public_id", flat=True))


def has_words(link_id: str) -> bool:
    """Whether protected words stand behind a link."""
    return Message.objects.filter(send__policy__links__public_id=link_id, send__state=SendState.SENT).exists()


def words_of(link_id: str, address_of: Callable[[str], str]) -> str:
    """The protected words behind a link as HTML, cleaned once more; "" without. `address_of` says where a picture is, by its id.
    Only for a browser that was let in."""
    row = Message.objects.filter(send__policy__links__public_id=link_id, send__deleted_at=None).first()
    if row is None:
        return ""
    places = {one.public_id: (address_of(one.public_id), one.width, one.height) for one in row.pictures.all()}
    words = rules.clean_words(unseal_text(bytes(row.sealed), purpose="message"), {name: name for name in places})
    return rules.place_pictures(words, places)


def picture_behind(link_id: str, picture_id: str) -> Picture:
    """A picture among the protected words behind a link. Raises `NotFound`. Only for a browser that was let in."""
    rows = Picture.objects.select_related("version__document")
    found = rows.filter(
        public_id=picture_id, message__send__policy__links__public_id=link_id, message__send__state=SendState.SENT,
        message__send__deleted_at=None, version__document__deleted_at=None,
    ).first()  # fmt: skip
    if found is None:
        raise NotFound(kind="picture", id=picture_id)
    return found


def title_of(names: Sequence[str]) -> str:
    """Such as "Term sheet.pdf and 2 more"."""
    if not names:
        return gettext("No files yet")
    if len(names) == 1:
        return names[0]
    more = len(names) - 1
    return ngettext("{name} and {n} more", "{name} and {n} more", more).format(name=names[0], n=more)


def title_of_send(send: Send) -> str:
    """The title of a send by its documents; of words alone, their subject."""
    names = list(send.send_documents.order_by("position", "pk").values_list("document__name", flat=True))
    return send.subject or gettext("Protected message") if not names and send.is_mail else title_of(names)


def envelope_of(link_id: str) -> Envelope:
    """Who sent what stands behind a link. Only for a browser that proved the link's address. Raises `NotFound`."""
    send = _of_link.first(link_id=link_id)
    if send is None or send.sent_at is None:
        raise NotFound(kind="link", id=link_id)
    return Envelope(
        sender=send.sender.email,
        sender_name=send.sender.name or send.sender.email,
        team=send.team.name,
        subject=send.subject,
        message=send.message,
        sent_at=send.sent_at,
    )


def sends_of_all() -> QuerySet[Send]:
    """Every send that was not deleted, with what decides its state. Only to be narrowed by the queries of this room."""
    return Send.objects.select_related("policy__terms", "team", "sender", "open_link", "preset").filter(deleted_at=None)


_of_link = Prepared(lambda link_id: sends_of_all().filter(policy__links__public_id=link_id)[:1], texts=("link_id",))


def own_sends(actor: Actor) -> QuerySet[Send]:
    """The sends the actor made in his team."""
    return sends_of_all().filter(team_id=actor.team_id, sender_id=actor.user_id)


def pick(rows: QuerySet[Send], send_id: str) -> Send:
    """One of these sends. Raises `NotFound`."""
    send = rows.filter(public_id=send_id).first()
    if send is None:
        raise NotFound(kind="send", id=send_id)
    return send


# -- Which sends rest on what --------------------------------------------------------------------------------------------
def live_sends(*, now: datetime) -> QuerySet[Send]:
    """Sends that went out and whose access has not ended (`rules.LIVE`)."""
    unended = Q(policy__expires_at=None) | Q(policy__expires_at__gt=now)
    return Send.objects.filter(unended, state=SendState.SENT, policy__revoked_at=None, deleted_at=None)


def live_uses_of(document: Document, *, now: datetime) -> QuerySet[SendDocument]:
    """Where live sends have a document."""
    return SendDocument.objects.filter(document=document, revoked_at=None, send__in=live_sends(now=now))


def uses_of_infected(version_id: int, *, now: datetime) -> list[SendDocument]:
    """Where live sends show a version in which a virus was found after it had been ready, latest send first."""
    rows = SendDocument.objects.filter(
        document__current=version_id,
        document__current__scan=VersionScan.INFECTED,
        document__current__ready_at__isnull=False,
        revoked_at=None,
        send__in=live_sends(now=now),
    )
    return list(rows.select_related("send__sender", "send__team", "document__current").order_by("-send_id"))


def uses_of(document: Document, *, now: datetime) -> QuerySet[SendDocument]:
    """Where live sends and waiting drafts have a document."""
    waiting = Q(send__state=SendState.DRAFT, send__held_reason="") & ~Q(send__confirmed_at=None)
    rows = SendDocument.objects.filter(document=document, revoked_at=None).filter(waiting | Q(send__in=live_sends(now=now)))
    return rows.select_related("document", "send__policy", "send__team", "send__sender").order_by("send_id")


def sends_asking(document: Document, *, now: datetime) -> QuerySet[Send]:
    """Live sends and waiting drafts whose own terms of access are a version of a document."""
    waiting = Q(state=SendState.DRAFT, held_reason="") & ~Q(confirmed_at=None)
    rows = sends_of_all().filter(policy__terms_mode=TermsMode.OWN, policy__terms__version__document=document)
    return rows.filter(waiting | Q(pk__in=live_sends(now=now).values("pk"))).order_by("pk")


def use_for(actor: Actor, send: Send, **facts: object) -> dict[str, object]:
    """One use as the actor may know it: a colleague's send by its number of recipients only."""
    is_own = send.sender_id == actor.user_id
    return {
        "send": send.public_id if is_own else "",
        "subject": send.subject if is_own else "",
        "recipients": send.recipients.filter(removed_at=None).count(),
        **facts,
    }


def living_open_link(send: Send) -> Link | None:
    """The link that names nobody, while Access has one."""
    link = send.open_link
    return link if link is not None and link.revoked_at is None and send.policy.value.access.is_open else None


def settings_of(send: Send) -> SendSettings:
    """The settings in force, own terms with their text."""
    settings, terms = rules.settings_of_policy(send.policy.value), send.policy.terms
    if terms is None or not isinstance(settings.terms, OwnTerms):
        return settings
    version = Version.objects.select_related("document").filter(pk=terms.version_id or 0).first()
    document = version.document.public_id if version is not None else ""
    return replace(settings, terms=OwnTerms(terms.html, document, terms.public_id, terms.sha256))


def charged_whom(sends: Sequence[Send]) -> tuple[str, ...]:
    """Whom a version shown by live sends is paid for: the current recipients, each once and without each send's own sender, and
    the open links (by id)."""
    rows = Recipient.objects.filter(send__in=[send.pk for send in sends], removed_at=None, link__revoked_at=None)
    others = rows.exclude(address=F("send__sender__email"))
    addresses = dict.fromkeys(others.order_by("pk").values_list("address", flat=True))
    links = [link.public_id for link in map(living_open_link, sends) if link is not None]
    return (*addresses, *dict.fromkeys(links))


def waiting_sends(version_id: int) -> list[int]:
    """The confirmed drafts that wait for a version's document."""
    rows = Send.objects.filter(state=SendState.DRAFT, held_reason="", send_documents__document__current=version_id)
    return list(rows.exclude(confirmed_at=None).order_by("pk").values_list("pk", flat=True).distinct())


def unfinished_sends() -> list[int]:
    """Sends that still wait for something: documents, or mails that are due. Each has a job of its own; this is for those whose job
    died."""
    waiting = Q(state=SendState.DRAFT, held_reason="") & ~Q(confirmed_at=None)
    due = Q(state=SendState.SENT, pk__in=Recipient.objects.exclude(mail_due="").values("send_id"))
    return list(Send.objects.filter(waiting | due).order_by("pk").values_list("pk", flat=True))
