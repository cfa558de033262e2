# SPDX-License-Identifier: Apache-2.0
"""The mails of a send: to recipients (invitation, reminder) in the send's language, to its sender in his own.

A recipient's mail is marked as due in the transaction of the deed; the first few are composed in it, the rest by a job in batches,
so that ten thousand recipients do not hold a lock, and a mail that is not composed yet shows as waiting.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from sealroom.access import queries as access_queries
from sealroom.access.models import Grant, Reader
from sealroom.access.rules import Access, Policy
from sealroom.accounts.models import User
from sealroom.core import jobs
from sealroom.mail import flows as mail
from sealroom.sends import queries, rules
from sealroom.sends.models import AccessRequest, MailKind, Recipient, Reply, Send, SendDocument

INLINE = 10  # composed within the deed
BATCH = 50  # composed in one transaction of the job
_MOST_FILES = 20

HELD_SENTENCES: dict[str, str | Promise] = {
    "insufficient_credits": gettext_lazy("Your team has too few credits for it."),
    "payment_due": gettext_lazy("A payment of your team is due; sending goes on when it has arrived."),
    "team_suspended": gettext_lazy("Your team is suspended; ask whoever runs this installation."),
    "password_required": gettext_lazy("A file is locked with a password."),
    "password_wrong": gettext_lazy("A file is locked with a password, and the one given does not open it."),
    "infected": gettext_lazy("A virus was found in a file."),
    "limit_scan": gettext_lazy("A file is larger than the virus scanner takes."),
    "corrupt": gettext_lazy("A file is damaged and cannot be read."),
    "unviewable": gettext_lazy("A file has no pages to show; it can only be sent with the right to download the original."),
    "document_deleted": gettext_lazy("A file was deleted."),
    "forbidden": gettext_lazy("You may no longer send for this team."),
}


def write_due(send: Send, *, now: datetime) -> None:
    """Compose the first of the mails that are due, and leave the rest to a job. In the caller's transaction."""
    if _write_some(send, INLINE, now=now):
        jobs.defer("sends.write_letters", key=str(send.pk), lane=send.team.public_id, send_id=send.pk)


def write_all_due(send_id: int, *, now: datetime) -> None:
    """The job's half: batch after batch, each in a transaction of its own. Run twice, it writes nobody twice."""
    send = Send.objects.select_related("policy", "team", "sender").get(pk=send_id)
    more = True
    while more:
        with transaction.atomic():
            more = _write_some(send, BATCH, now=now)


def tell_opened(link_id: int, grant_id: int | None, *, now: datetime) -> None:
    """Write to the sender that a recipient opened for the first time. Once per recipient, whatever is repeated."""
    recipient = Recipient.objects.select_related("send__sender", "send__team").filter(link_id=link_id).first()
    if recipient is None:
        _tell_opened_by_link(link_id, grant_id, now=now)
        return
    send, who = recipient.send, recipient.name or recipient.address
    with translation.override(send.sender.language):
        context = _sender_context(
            send,
            heading=gettext("{name} opened what you sent").format(name=who),
            line=gettext("{name} ({address}) opened “{file}” on {time}.").format(
                name=who,
                address=recipient.address,
                file=_file_of(grant_id, send),
                time=mail.local_time(now, send.sender.time_zone),
            ),
        )
    _to_sender("sends/mail/opened", send, key=f"opened:{recipient.public_id}", context=context, now=now)


def _tell_opened_by_link(link_id: int, grant_id: int | None, *, now: datetime) -> None:
    send = Send.objects.select_related("sender", "team").filter(open_link=link_id, deleted_at=None).first()
    if send is None:
        return
    first = Reader.objects.filter(link=link_id).exclude(first_opened_at=None).order_by("first_opened_at").first()
    with translation.override(send.sender.language):
        who = first.address if first is not None and first.address else gettext("Somebody")
        line = gettext("{name} opened “{file}” through the link for all on {time}. Later readers are in the send's analytics.")
        context = _sender_context(
            send,
            heading=gettext("{name} opened what you sent").format(name=who),
            line=line.format(name=who, file=_file_of(grant_id, send), time=mail.local_time(now, send.sender.time_zone)),
        )
    _to_sender("sends/mail/opened", send, key=f"opened:{send.public_id}", context=context, now=now)


def _file_of(grant_id: int | None, send: Send) -> str:
    grant = Grant.objects.select_related("document").filter(pk=grant_id or 0).first()
    return grant.document.name if grant is not None else queries.title_of_send(send)


def tell_asked(request: AccessRequest, *, cost: int, now: datetime) -> None:
    """Write to the sender that somebody asks for access, and what granting it would cost. The asker's words stand as a
    quotation."""
    send, who = request.send, request.name or request.address
    with translation.override(send.sender.language):
        title, price = queries.title_of_send(send), ngettext("{n} credit", "{n} credits", cost).format(n=cost)
        line = gettext("{name} ({address}) asks for access to “{title}”. Granting it costs {price}; the address is not proved yet.")
        context = _sender_context(
            send,
            heading=gettext("{name} asks for access").format(name=who),
            line=line.format(name=who, address=request.address, title=title, price=price),
        )
        context |= {"note": request.note, "button_label": gettext("Decide")}
    _to_sender("sends/mail/asked", send, key=f"asked:{request.public_id}", context=context, now=now)


def tell_replied(reply: Reply, *, now: datetime) -> None:
    """Write to the sender that a reader replied; what he wrote is read on the send's page."""
    send, who = reply.send, reply.name or reply.address
    with translation.override(send.sender.language):
        line = gettext("{name} ({address}) replied to “{title}”.").format(
            name=who, address=reply.address, title=queries.title_of_send(send)
        )
        count = len(reply.documents)
        if count:
            line += " " + ngettext("With {n} file.", "With {n} files.", count).format(n=count)
        context = _sender_context(send, heading=gettext("A reply from {name}").format(name=who), line=line)
        context |= {"button_url": f"{context['button_url']}replies/", "button_label": gettext("Read the reply")}
    _to_sender("sends/mail/opened", send, key=f"reply:{reply.public_id}", context=context, now=now)


def tell_held(send: Send, reason: str, *, now: datetime, **facts: object) -> None:
    """Write to the sender that a confirmed send did not go out, and why."""
    with translation.override(send.sender.language):
        sentence = HELD_SENTENCES.get(reason, gettext("A file could not be prepared."))
        line = str(sentence)
        if reason == "insufficient_credits":
            line += " " + gettext("Needed: {needed}, available: {available}.").format(
                needed=facts.get("needed", 0), available=facts.get("available", 0)
            )
        elif facts.get("document"):
            line += " " + gettext("File: {name}").format(name=facts["document"])
        if facts.get("signature"):
            line += " " + gettext("Found: {signature}.").format(signature=facts["signature"])
        context = _sender_context(send, heading=gettext("Your send has not gone out"), line=line)
    _to_sender("sends/mail/held", send, key=f"held:{send.public_id}:{send.revision}", context=context, now=now)


def tell_failed_file(send: Send, name: str, *, key: str, now: datetime) -> None:
    """Write to the sender of a mail that went out that one of its files can never be shown."""
    with translation.override(send.sender.language):
        line = gettext("“{name}” cannot be opened, so nobody can read it. Its credits were given back. Send the file again.")
        context = _sender_context(send, heading=gettext("A file could not be delivered"), line=line.format(name=name))
    _to_sender("sends/mail/held", send, key=f"failed-file:{key}", context=context, now=now)


def tell_of_virus(version_id: int, *, now: datetime) -> None:
    """Write to everybody in whose sends a file is that a virus was found in it, once for a file, about the latest of them."""
    told: set[int] = set()
    for item in queries.uses_of_infected(version_id, now=now):
        if item.send.sender_id not in told:
            told.add(item.send.sender_id)
            _tell_of_virus(item, now=now)


def _tell_of_virus(item: SendDocument, *, now: datetime) -> None:
    send, version = item.send, item.document.current
    assert version is not None
    with translation.override(send.sender.language):
        line = gettext(
            "A virus was found in “{name}”. Nobody can open it any more; other files can still be read. Replace it by a clean copy."
        ).format(name=item.document.name)
        line += " " + gettext("Found: {signature}.").format(signature=version.error_facts.get("signature", ""))
        context = _sender_context(send, heading=gettext("A virus was found in a file you sent"), line=line)
    key = f"virus:{version.public_id}:{send.sender.public_id}"
    _to_sender("sends/mail/held", send, key=key, context=context, now=now)


def tell_bounced(send: Send, recipient: Recipient, *, now: datetime) -> None:
    """Write to the sender of a mail that it never reached one of its recipients."""
    with translation.override(send.sender.language):
        line = gettext("Your mail to {address} could not be delivered: the address refused it. Unread files cost nothing for it.")
        line = line.format(address=recipient.address)
        context = _sender_context(send, heading=gettext("A mail could not be delivered"), line=line)
    _to_sender("sends/mail/held", send, key=f"bounced:{recipient.public_id}", context=context, now=now)


def tell_relay_bounced(user_id: str, address: str, *, now: datetime) -> None:
    """Write to a member that his mail without files never arrived; once a day and address."""
    user = User.objects.filter(public_id=user_id).first()
    if user is None or user.email == address:
        return
    with translation.override(user.language):
        line = gettext("Your mail to {address} could not be delivered.").format(address=address)
        context = {
            "heading": gettext("A mail could not be delivered"),
            "line": line,
            "button_url": f"{settings.SEALROOM_BASE_URL}/sends/",
            "button_label": gettext("Show my sends"),
            "host": _host(),
        }
    key = f"relay-bounced:{user.public_id}:{now:%Y-%m-%d}:{address}"[:200]
    mail.compose("sends/mail/held", to=user.email, to_name=user.name, key=key, language=user.language, context=context, now=now)


def _write_some(send: Send, most: int, *, now: datetime) -> bool:
    """Compose up to `most` due mails; whether more are due."""
    due = list(send.recipients.exclude(mail_due=MailKind.NONE).select_related("link").order_by("pk")[: most + 1])
    batch, live = due[:most], rules.state_of(Send.objects.select_related("policy").get(pk=send.pk).facts, now=now) in rules.LIVE
    common = _common_context(send) if batch and live else {}
    for recipient in batch:
        link = recipient.link
        if live and link is not None and link.revoked_at is None and recipient.removed_at is None:
            _write(send, recipient, common, now=now)
    Recipient.objects.filter(pk__in=[one.pk for one in batch]).update(mail_due=MailKind.NONE)
    return len(due) > most


def _write(send: Send, recipient: Recipient, common: dict[str, object], *, now: datetime) -> None:
    assert recipient.link is not None
    url = access_queries.link_url(recipient.link)
    is_reminder = recipient.mail_due == MailKind.REMINDER
    sender = send.sender.name or send.sender.email
    mail.compose(
        f"sends/mail/{recipient.mail_due}",
        to=recipient.address,
        to_name=recipient.name,
        key=f"{recipient.mail_due}:{recipient.public_id}:{recipient.mails}",
        language=send.language,
        context=common
        | {
            "heading": common["reminder_heading"] if is_reminder else common["invitation_heading"],
            "button_url": url,
            "recipient_address": recipient.address,
        },
        about=f"recipient:{recipient.public_id}",
        team=send.team.public_id,
        sender_name=sender,
        reply_to=send.sender.email,
        now=now,
    )


def _common_context(send: Send) -> dict[str, object]:
    """What all recipients of a send read."""
    items = [item for item in send.send_documents.select_related("document__current") if item.revoked_at is None]
    sender = send.sender.name or send.sender.email
    with translation.override(send.language):
        files = [_file_line(item.document.name, item.document.current.pages if item.document.current else 0) for item in items]
        more = len(files) - _MOST_FILES
        if more > 0:
            rest = ngettext("and {n} more file", "and {n} more files", more).format(n=more)
            files = [*files[:_MOST_FILES], {"name": rest, "ext": "", "note": ""}]
        count = len(items)
        invitation = ngettext("{sender} sent you {n} file", "{sender} sent you {n} files", count)
        reminder = ngettext("{sender} reminds you of {n} file", "{sender} reminds you of {n} files", count)
        if not count:
            invitation, reminder = gettext("{sender} sent you a message"), gettext("{sender} reminds you of a message")
        return {
            "invitation_heading": invitation.format(sender=sender, n=count),
            "reminder_heading": reminder.format(sender=sender, n=count),
            "preview": send.subject or _way_in(send.policy.value),
            "send_subject": send.subject,
            "sender_address": send.sender.email,
            "message": send.message,
            "files": files,
            "button_label": gettext("Open the files") if count else gettext("Open the message"),
            "facts": _facts(send),
            "host": _host(),
        }


def _file_line(name: str, pages: int | None) -> dict[str, str]:
    note = ngettext("{n} page", "{n} pages", pages).format(n=pages) if pages else ""
    return {"name": name, "ext": PurePath(name).suffix.removeprefix("."), "note": note}


def _facts(send: Send) -> list[str]:
    policy = send.policy.value
    facts = []
    if policy.starts_at is not None:
        facts.append(gettext("Opens on {time}.").format(time=mail.local_time(policy.starts_at, send.sender.time_zone)))
    if policy.expires_at is not None:
        facts.append(gettext("Open until {time}.").format(time=mail.local_time(policy.expires_at, send.sender.time_zone)))
    facts.append(_way_in(policy))
    if policy.passcode_hash:
        facts.append(gettext("You will be asked for a passcode, which the sender tells you in another way."))
    if policy.access is Access.NAMED_QUICK:
        facts.append(gettext("This link is yours: whoever has it can open them in your name. Please do not forward this mail."))
    if policy.access is not Access.NAMED_CODE:
        return facts
    alone = gettext("They are for you alone: forwarded, the link does not open for others.")
    marked = gettext("They are for you alone: each page carries your address. Forwarded, the link does not open for others.")
    facts.append(marked if policy.watermark is not None and "email" in policy.watermark.fields else alone)
    return facts


def _way_in(policy: Policy) -> str:
    if policy.access.needs_code:
        return gettext("When you open them, a 6-digit code is sent to this address. No account, nothing to install.")
    return gettext("One click opens them. No account, nothing to install.")


def _sender_context(send: Send, *, heading: str, line: str) -> dict[str, object]:
    return {
        "heading": heading,
        "line": line,
        "title": queries.title_of_send(send),
        "button_url": f"{settings.SEALROOM_BASE_URL}/sends/{send.public_id}/",
        "button_label": gettext("Show the send"),
        "host": _host(),
    }


def _to_sender(template: str, send: Send, *, key: str, context: dict[str, object], now: datetime) -> None:
    sender = send.sender
    mail.compose(
        template,
        to=sender.email,
        to_name=sender.name,
        key=key,
        language=sender.language,
        context=context,
        about=f"send:{send.public_id}",
        team=send.team.public_id,
        now=now,
    )


def _host() -> str:
    return urlsplit(settings.SEALROOM_BASE_URL).netloc
