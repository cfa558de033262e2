# SPDX-License-Identifier: Apache-2.0
"""Recipients after sending: added, removed, reminded; and those whose mail came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import ceil

from django.db import transaction
from django.db.models import F, Q

from sealroom.access import flows as access
from sealroom.accounts.rules import Actor, Capability, Route
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.sends import queries, rules
from sealroom.sends.errors import NotLive
from sealroom.sends.flows import letters
from sealroom.sends.flows.contacts import note_contacts
from sealroom.sends.flows.deeds import charge, claim, digest_of, lock_send, lock_wallet, once
from sealroom.sends.flows.give_back import give_back
from sealroom.sends.flows.send import link_recipients
from sealroom.sends.flows.values import AddResult
from sealroom.sends.models import Deed, DeedKind, MailKind, Recipient, Send
from sealroom.sends.rules import Addressee


def add_recipients(
    actor: Actor, send_id: str, recipients: Sequence[Addressee], *, key: str, notify: bool = True, now: datetime
) -> AddResult:
    """Send the documents of a live send to more people: one credit per file for each who is new to it, once per `key`. Those who
    are in it already are passed over. Raises as `send_documents`, and `NotLive` for a draft or a send that ended."""
    actor.require(Capability.SEND)
    return once(partial(add_to, actor, send_id, tuple(recipients), key=key, notify=notify, now=now))


def remove_recipient(actor: Actor, send_id: str, recipient_id: str, *, now: datetime) -> None:
    """Take a recipient out of a send for good; gives nothing back. Adding the address again later is free (its pairs are paid)."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = lock_send(queries.get_send(actor, send_id))
        recipient = send.recipients.select_related("link").filter(public_id=recipient_id, removed_at=None).first()
        if recipient is None:
            raise NotFound(kind="recipient", id=recipient_id)
        if recipient.link is None:
            recipient.delete()
            return
        access.revoke_link(recipient.link, now=now)
        Recipient.objects.filter(pk=recipient.pk).update(removed_at=now, mail_due=MailKind.NONE)
        Send.objects.filter(pk=send.pk).update(updated_at=now)
        audit.record(
            actor.who, Verb.RECIPIENT_REMOVED, "recipient", recipient.public_id, now=now, label=recipient.address, send=send_id
        )


def remind(actor: Actor, send_id: str, *, recipients: Sequence[str] = (), now: datetime) -> int:
    """Write again, free: to the recipients named, or to all who have not opened yet. Returns to how many. Each at most once an
    hour: raises `RateLimited` when that leaves nobody. Raises `NotLive` for a send that ended."""
    actor.require(Capability.SEND)
    actor.require_active()
    with transaction.atomic():
        send = _live(lock_send(queries.get_send(actor, send_id)), now=now)
        wanted = send.recipients.filter(removed_at=None, link__revoked_at=None, mail_due=MailKind.NONE)
        wanted = wanted.filter(public_id__in=recipients) if recipients else wanted.filter(link__first_opened_at=None)
        late = now - rules.REMIND_EVERY
        free = wanted.filter(Q(reminded_at=None) | Q(reminded_at__lte=late))
        count = Recipient.objects.filter(pk__in=free.values("pk")).update(
            reminded_at=now, mail_due=MailKind.REMINDER, mails=F("mails") + 1
        )
        if not count:
            _refuse_reminder(wanted.order_by("reminded_at").values_list("reminded_at", flat=True).first(), now=now)
            return 0
        letters.write_due(send, now=now)
        audit.record(actor.who, Verb.SEND_REMINDED, "send", send.public_id, now=now, recipients=count)
        return count


def record_bounce(recipient_id: str, *, now: datetime) -> int:
    """A recipient's address finally refused our mail: give back the pairs that nobody opened and no other live send rests on, at
    any time. What is given back is no longer open to the recipient's link; restoring it charges again. Returns the credits."""
    with transaction.atomic():
        recipient = Recipient.objects.select_related("send", "link").filter(public_id=recipient_id, bounced_at=None).first()
        if recipient is None or recipient.link is None:
            return 0
        lock_wallet(recipient.send.team_id, now=now)
        send = lock_send(recipient.send)
        link = recipient.link
        Recipient.objects.filter(pk=recipient.pk).update(bounced_at=now)
        was_revoked = link.revoked_at is not None
        access.revoke_link(link, now=now)  # before looking whether it was opened: see `access.flows.check_pass`
        given = give_back(send, [recipient], actor=None, reason="bounce", oldest=None, now=now)
        if not given.pairs and not was_revoked:
            access.restore_link(link, now=now)
        who = replace(SYSTEM, team=send.team.public_id)
        audit.record(
            who,
            Verb.RECIPIENT_BOUNCED,
            "recipient",
            recipient.public_id,
            now=now,
            label=recipient.address,
            send=send.public_id,
            returned=given.restored,
        )
        if send.route == Route.SMTP:  # a mail of the sender's own: his program waits for news of it
            letters.tell_bounced(send, recipient, now=now)
        return given.restored


@transaction.atomic
def add_to(actor: Actor, send_id: str, recipients: tuple[Addressee, ...], *, key: str, notify: bool, now: datetime) -> AddResult:
    """One try of `add_recipients`, for deeds that add and do more in one transaction; to be run within `deeds.once`."""
    digest = digest_of("add", [send_id, [[one.email, one.name, one.kind] for one in recipients], notify])
    deed, is_new = claim(actor, DeedKind.ADD_RECIPIENTS, key=key, digest=digest, now=now)
    if not is_new:
        assert deed.send is not None
        added = tuple(Recipient.objects.filter(send=deed.send, public_id__in=deed.added).order_by("pk"))
        return AddResult(deed.send, added, deed.charged or 0, deed.available or 0, replayed=True)
    found = queries.get_send(actor, send_id)
    lock_wallet(actor.team_id, now=now)
    send = _live(lock_send(found), now=now)
    new = _new_recipients(send, recipients, now=now)
    items = queries.live_items(send)
    documents = [item.document for item in items]
    receipt = charge(
        actor,
        rules.price(queries.units_of(send, items), [one.address for one in new], sender=send.sender.email),
        key=key,
        request_digest=digest,
        about=send.public_id,
        note=queries.title_of_send(send)[:200],
        now=now,
    )
    link_recipients(send, new, documents, notify=notify, now=now)
    Deed.objects.filter(pk=deed.pk).update(
        send=send, charged=receipt.charged, available=receipt.balance, added=[one.public_id for one in new]
    )
    Send.objects.filter(pk=send.pk).update(charged=F("charged") + receipt.charged, updated_at=now)
    note_contacts(send, new, now=now)
    letters.write_due(send, now=now)
    audit.record(actor.who, Verb.RECIPIENT_ADDED, "send", send.public_id, now=now, recipients=len(new), charged=receipt.charged)
    return AddResult(send, tuple(new), receipt.charged, receipt.balance)


def _new_recipients(send: Send, lines: Sequence[Addressee], *, now: datetime) -> list[Recipient]:
    unique = rules.unique_recipients(lines)
    if unique.errors:
        facts = [{"line": one.line, "text": one.text, "reason": one.reason} for one in unique.errors]
        raise Invalid({"recipients": sorted({one.reason for one in unique.errors})}, lines=facts)
    if not unique.accepted:
        raise Invalid({"recipients": ["required"]})
    present = set(send.recipients.filter(removed_at=None).values_list("address", flat=True))
    new = [one for one in unique.accepted if one.email not in present]
    if len(present) + len(new) > rules.MAX_RECIPIENTS:
        raise Invalid({"recipients": ["too_many"]})
    return [Recipient(send=send, address=one.email, name=one.name, kind=one.kind, added_at=now) for one in new]


def _live(send: Send, *, now: datetime) -> Send:
    state = rules.state_of(send.facts, now=now)
    if state not in rules.LIVE:
        raise NotLive(state=state.value)
    return send


def _refuse_reminder(last: datetime | None, *, now: datetime) -> None:
    """Nobody is left to remind: because all opened (no refusal), or because it was done a moment ago."""
    if last is not None:
        raise RateLimited(retry_after=max(1, ceil((last + rules.REMIND_EVERY - now).total_seconds())))
