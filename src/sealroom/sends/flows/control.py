# SPDX-License-Identifier: Apache-2.0
"""Control after sending: revoke, restore, other settings, calling back. All of it binds at the next request of every reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.credits import queries as credit_queries
from sealroom.sends import queries, rules
from sealroom.sends.errors import NotLive, NotReady, TooLate
from sealroom.sends.flows.deeds import charge, digest_of, lock_send, lock_wallet
from sealroom.sends.flows.give_back import give_back
from sealroom.sends.flows.open_link import settle_open_link
from sealroom.sends.flows.send import problem_of
from sealroom.sends.flows.values import SendResult
from sealroom.sends.models import MailKind, Recipient, Send, SendDocument, SendState
from sealroom.sends.rules import SendSettings
from sealroom.viewing.flows.conditions import checked, put_in_force


def revoke(actor: Actor, send_id: str, *, recipients: Sequence[str] = (), documents: Sequence[str] = (), now: datetime) -> Send:
    """End access: of the whole send, or of the recipients and documents named by id. Reversible; gives nothing back.

    The sender, or for the whole send also who may revoke any of the team's: what an admin ended, only an admin gives back.
    """
    with transaction.atomic():
        found = queries.get_send_to_end(actor, send_id)
        is_own = found.sender_id == actor.user_id
        actor.require(Capability.SEND if is_own else Capability.REVOKE_ANY_SEND)
        send = _sent(lock_send(found))
        if not recipients and not documents:
            access.revoke_policy(send.policy, now=now)
            Send.objects.filter(pk=send.pk).update(revoked_by_admin=F("revoked_by_admin") if is_own else True, updated_at=now)
            audit.record(actor.who, Verb.SEND_REVOKED, "send", send.public_id, now=now)
        elif not is_own:
            raise Forbidden(capability=Capability.SEND.value)
        for recipient in _recipients(send, recipients):
            assert recipient.link is not None
            access.revoke_link(recipient.link, now=now)
            _trail(actor, Verb.RECIPIENT_REVOKED, send, recipient, now=now)
        for item in _items(send, documents):
            SendDocument.objects.filter(pk=item.pk, revoked_at=None).update(revoked_at=now)
            access.revoke_document(send.policy, item.document, now=now)
            _trail_file(actor, Verb.FILE_REVOKED, send, item, now=now)
        return _fresh(send)


def restore(
    actor: Actor, send_id: str, *, recipients: Sequence[str] = (), documents: Sequence[str] = (), now: datetime
) -> SendResult:
    """Give access back: to the whole send, or for the recipients and documents named by id. What was revoked on its own stays so.

    Pairs of the access given back that are not paid (a version published meanwhile, credits given back) are charged, all or
    nothing. Raises `InsufficientCredits`, `PaymentDue`, and `Forbidden` for the owner of a send that an admin ended.
    """
    with transaction.atomic():
        found = queries.get_send_to_end(actor, send_id)
        send = _locked_with_wallet(found, now=now)
        is_own = send.sender_id == actor.user_id
        actor.require(Capability.SEND if is_own else Capability.REVOKE_ANY_SEND)
        may_restore = actor.may(Capability.REVOKE_ANY_SEND) if send.revoked_by_admin else is_own
        if not may_restore:
            raise Forbidden(capability=Capability.REVOKE_ANY_SEND.value)
        _sent(send)
        if not recipients and not documents:
            access.restore_policy(send.policy, now=now)
            Send.objects.filter(pk=send.pk).update(revoked_by_admin=False)
            audit.record(actor.who, Verb.SEND_RESTORED, "send", send.public_id, now=now)
        elif not is_own:
            raise Forbidden(capability=Capability.SEND.value)
        for recipient in _recipients(send, recipients):
            assert recipient.link is not None
            access.restore_link(recipient.link, now=now)
            Recipient.objects.filter(pk=recipient.pk).update(bounced_at=None)
            _trail(actor, Verb.RECIPIENT_RESTORED, send, recipient, now=now)
        for item in _items(send, documents):
            _restore_item(send, item, now=now)
            _trail_file(actor, Verb.FILE_RESTORED, send, item, now=now)
        return _charge_live(actor, send, now=now)


def change_settings(actor: Actor, send_id: str, change: Callable[[SendSettings], SendSettings], *, now: datetime) -> SendResult:
    """Put other settings in force. `change` is given those in force, under the send's lock, so that two changes at once do not
    undo each other. Opening Access charges one credit per file for the link that names nobody, once per send; narrowing it ends
    the link and gives nothing back. Extending a send that had expired charges what became unpaid meanwhile. All or nothing:
    raises `InsufficientCredits`, `PaymentDue`, `Invalid`, `FeatureMissing`, `NotReady` when a file without pages would lose the
    right to be downloaded."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = _locked_with_wallet(queries.get_send(actor, send_id), now=now)
        before, is_sent = queries.settings_of(send), send.state == SendState.SENT
        after = checked(actor, change(before), before=before, is_sent=is_sent, now=now)
        errors = rules.changed_fixed(send.preset.fixed, before, after) if send.preset is not None else {}
        if errors:
            raise Invalid(errors)
        for item in queries.live_items(send):
            if problem_of(item.document, after.permission) == "unviewable":
                raise NotReady(document=item.document.public_id, reason="unviewable")
        was_live = rules.state_of(send.facts, now=now) in rules.LIVE
        put_in_force(actor, send.policy, after, now=now)
        Send.objects.filter(pk=send.pk).update(revision=F("revision") + 1, updated_at=now)
        changed = [name for name in SendSettings.__dataclass_fields__ if getattr(before, name) != getattr(after, name)]
        audit.record(actor.who, Verb.SEND_CHANGED, "send", send.public_id, now=now, changed=changed)
        if is_sent:
            settle_open_link(send, now=now)
        is_wider = after.is_open and not before.is_open
        if not is_sent or (was_live and not is_wider):
            return SendResult(_fresh(send), 0, credit_queries.meter(send.team_id, now=now).available)
        return _charge_live(actor, send, now=now)


def cancel(actor: Actor, send_id: str, *, now: datetime) -> SendResult:
    """Call a send back for good, within 15 minutes of its going out; access ends, and the pairs of it that nobody opened and no
    other live send rests on are given back (`returned`). A draft is given up. Raises `TooLate` after; again: nothing."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = _locked_with_wallet(queries.get_send(actor, send_id), now=now)
        available = credit_queries.meter(send.team_id, now=now).available
        if send.state == SendState.CANCELLED:
            return SendResult(send, 0, available)
        returned = 0
        if send.sent_at is not None:
            if not rules.may_cancel(send.sent_at, now=now):
                raise TooLate(until=(send.sent_at + rules.CANCEL_WITHIN).isoformat())
            access.revoke_policy(send.policy, now=now)
            oldest = now - rules.CANCEL_WITHIN
            given = give_back(
                send, list(send.recipients.all()), actor=actor, reason="cancel", oldest=oldest, with_link=True, now=now
            )
            returned, available = given.restored, given.balance
        send.recipients.update(mail_due=MailKind.NONE)
        Send.objects.filter(pk=send.pk).update(
            state=SendState.CANCELLED, cancelled_at=now, updated_at=now, confirmed_at=None, held_reason=""
        )
        audit.record(actor.who, Verb.SEND_CANCELLED, "send", send.public_id, now=now, returned=returned)
        return SendResult(_fresh(send), 0, available, returned=returned)


def _restore_item(send: Send, item: SendDocument, *, now: datetime) -> None:
    if item.document.deleted_at is not None:
        raise NotFound(kind="document", id=item.document.public_id)
    SendDocument.objects.filter(pk=item.pk).update(revoked_at=None)
    access.restore_document(send.policy, item.document, now=now)
    # Recipients who came while the document was revoked have no grant on it yet.
    links = access_queries.links_without_grant(send.policy, item.document)
    access.grant_documents(links, [item.document], now=now, first_position=item.position)


def _charge_live(actor: Actor, send: Send, *, now: datetime) -> SendResult:
    """Pay for whatever of the send is live and unpaid. Nothing, in the ordinary case."""
    fresh = _fresh(send)
    Send.objects.filter(pk=send.pk).update(revision=F("revision") + 1, updated_at=now)
    if rules.state_of(fresh.facts, now=now) not in rules.LIVE:
        return SendResult(fresh, 0, credit_queries.meter(send.team_id, now=now).available)
    units = queries.units_of(send, queries.live_items(send))
    addresses = send.recipients.filter(removed_at=None, link__revoked_at=None).values_list("address", flat=True)
    link = queries.living_open_link(fresh)
    open_link = link.public_id if link is not None else ""
    receipt = charge(
        actor,
        rules.price(units, addresses, sender=send.sender.email, open_link=open_link),
        key=f"restore:{send.public_id}:{send.revision}",
        request_digest=digest_of("restore", [send.public_id, send.revision]),
        about=send.public_id,
        note=queries.title_of_send(send)[:200],
        now=now,
    )
    Send.objects.filter(pk=send.pk).update(charged=F("charged") + receipt.charged)
    return SendResult(_fresh(send), receipt.charged, receipt.balance)


def _locked_with_wallet(found: Send, *, now: datetime) -> Send:
    lock_wallet(found.team_id, now=now)
    return lock_send(found)


def _sent(send: Send) -> Send:
    if send.state != SendState.SENT:
        raise NotLive(state=send.state)
    return send


def _recipients(send: Send, ids: Sequence[str]) -> list[Recipient]:
    """The recipients named, each of which must be in the send and not removed."""
    rows = send.recipients.select_related("link").filter(public_id__in=ids, removed_at=None) if ids else Recipient.objects.none()
    found = {row.public_id: row for row in rows if row.link is not None}
    missing = [one for one in ids if one not in found]
    if missing:
        raise NotFound(kind="recipient", id=missing[0])
    return list(found.values())


def _items(send: Send, ids: Sequence[str]) -> list[SendDocument]:
    rows = (
        send.send_documents.select_related("document").filter(document__public_id__in=ids) if ids else SendDocument.objects.none()
    )
    found = {row.document.public_id: row for row in rows}
    missing = [one for one in ids if one not in found]
    if missing:
        raise NotFound(kind="document", id=missing[0])
    return list(found.values())


def _trail(actor: Actor, verb: Verb, send: Send, recipient: Recipient, *, now: datetime) -> None:
    audit.record(actor.who, verb, "recipient", recipient.public_id, now=now, label=recipient.address, send=send.public_id)


def _trail_file(actor: Actor, verb: Verb, send: Send, item: SendDocument, *, now: datetime) -> None:
    audit.record(actor.who, verb, "document", item.document.public_id, now=now, label=item.document.name, send=send.public_id)


def _fresh(send: Send) -> Send:
    return Send.objects.select_related("policy__terms", "team", "sender", "open_link", "preset").get(pk=send.pk)
