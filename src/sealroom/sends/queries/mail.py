# SPDX-License-Identifier: Apache-2.0
"""What mail clients are told."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from sealroom.access import queries as access_queries
from sealroom.accounts.rules import Actor
from sealroom.sends import rules
from sealroom.sends.models import MailRules, Send
from sealroom.sends.queries.find import get_send, live_items, living_open_link
from sealroom.sends.rules import MailPolicy

_MOST_NAMED = 20


@dataclass(frozen=True)
class MailRecipient:
    """A recipient of a mail; `url` is his own link, "" where the mail carries one for all."""

    address: str
    kind: str
    url: str


@dataclass(frozen=True)
class MailDocument:
    """A document of a mail, and where it is opened ("" where everybody has an own link)."""

    id: str
    name: str
    url: str


@dataclass(frozen=True)
class Insert:
    """What stands in a mail in the place of what it carried: the words of its link, and the whole as HTML and as text."""

    label: str
    html: str
    text: str


@dataclass(frozen=True)
class MailAnswer:
    """What a client needs after its commit: the link for all, and what to put into the mail (None where we write to each)."""

    id: str
    revision: int
    delivery: str
    url: str
    insert: Insert | None
    documents: tuple[MailDocument, ...]
    recipients: tuple[MailRecipient, ...]


def is_mail(actor: Actor, draft_id: str) -> bool:
    """Whether a mail client writes this draft. Raises `NotFound`."""
    return get_send(actor, draft_id).is_mail


def mail_answer(actor: Actor, send_id: str) -> MailAnswer:
    """A mail that was committed. Raises `NotFound`."""
    send = get_send(actor, send_id)
    link = living_open_link(send) or send.shared_link
    url = access_queries.link_url(link) if link is not None else ""
    items = live_items(send)
    own = send.delivery == "server"
    return MailAnswer(
        id=send.public_id,
        revision=send.committed_revision or send.revision,
        delivery=send.delivery,
        url=url,
        insert=insert_of(send, url) if url else None,
        documents=tuple(
            MailDocument(item.document.public_id, item.document.name, _url_of_document(url, item.document.public_id) if url else "")
            for item in items
        ),
        recipients=tuple(
            MailRecipient(one.address, one.kind, access_queries.link_url(one.link) if own and one.link is not None else "")
            for one in send.recipients.select_related("link").filter(removed_at=None).order_by("pk")
        ),
    )


def _url_of_document(url: str, document_id: str) -> str:
    """The link, which goes on to this document once the gates are passed."""
    return f"{url}?file={document_id}"


def insert_of(send: Send, url: str, *, is_personal: bool = False) -> Insert:
    """In the send's language, with one link: one for all, or the reader's own. The HTML has no more tags than clients rebuild."""
    names = [item.document.name for item in live_items(send)]
    with translation.override(send.language):
        count, sender = len(names), send.sender.name or send.sender.email
        if count:
            label = ngettext("Open {n} file", "Open {n} files", count).format(n=count)
            lead = ngettext("{sender} sends you {n} protected file.", "{sender} sends you {n} protected files.", count)
        else:
            label, lead = gettext("Open the message"), gettext("{sender} sends you a protected message.")
        words = {
            "lead": lead.format(sender=f"{sender} ({send.from_address or send.sender.email})", n=count),
            "files": _shown_names(send, names),
            "label": label,
            "url": url,
            "way_in": _way_in(is_personal=is_personal),
            "ends": _end_of(send),
        }
        html = rules.clean_insert(render_to_string("sends/mail/insert.html", words))
        return Insert(label, html, render_to_string("sends/mail/insert.txt", words).strip() + "\n")


def _shown_names(send: Send, names: list[str]) -> list[str]:
    shown = names[:_MOST_NAMED] if policy_of_team(send.team_id).names_files else []
    if shown and (more := len(names) - _MOST_NAMED) > 0:
        shown.append(ngettext("and {n} more file", "and {n} more files", more).format(n=more))
    return shown


def _way_in(*, is_personal: bool) -> str:
    host = urlsplit(settings.SEALROOM_BASE_URL).netloc
    if is_personal:
        return gettext("This link is for you alone. The page at {host} sends a 6-digit code to your address.").format(host=host)
    way = gettext("The page at {host} asks for your address and sends a 6-digit code to it. No account, nothing to install.")
    return way.format(host=host)


def _end_of(send: Send) -> str:
    ends = send.policy.expires_at
    return gettext("Access ends on {day}.").format(day=date_format(ends, "DATE_FORMAT")) if ends is not None else ""


def mail_policy(actor: Actor) -> MailPolicy:
    """The policy in force in the actor's team."""
    return policy_of_team(actor.team_id)


def policy_of_team(team_id: int) -> MailPolicy:
    """The policy in force in a team."""
    row = MailRules.objects.filter(team_id=team_id).first()
    if row is None:
        return MailPolicy()
    values = {name: getattr(row, name) for name in MailPolicy.__dataclass_fields__}
    return MailPolicy(**values | {"internal_domains": tuple(row.internal_domains)})
