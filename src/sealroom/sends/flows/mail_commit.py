# SPDX-License-Identifier: Apache-2.0
"""The commit of a mail client: the one step that charges. Committed again, it makes the send follow the mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from sealroom.access import flows as access
from sealroom.accounts.rules import Actor, Capability, Route
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Invalid
from sealroom.sends import queries, rules
from sealroom.sends.errors import NotADraft, NotLive, StaleDraft
from sealroom.sends.flows import letters
from sealroom.sends.flows.contacts import note_contacts
from sealroom.sends.flows.deeds import charge, claim, digest_of, lock_send, lock_wallet, once
from sealroom.sends.flows.give_back import give_back
from sealroom.sends.flows.mail_out import checked_recipients, go_out
from sealroom.sends.flows.send import check_settings_again, link_recipients, replayed
from sealroom.sends.flows.values import SendResult
from sealroom.sends.models import Deed, DeedKind, MailKind, Recipient, Send, SendState
from sealroom.sends.rules import Addressee, MailCommit


def commit_mail(actor: Actor, draft_id: str, commit: MailCommit, *, key: str, revision: int, now: datetime) -> SendResult:
    """Send a mail client's draft to these recipients; after it went out, with a higher `revision`, make them its recipients: new
    pairs are charged, whoever was dropped loses access, and what he never opened and was charged within 15 minutes is given back.

    All or nothing, once per `key`: the same commit again answers with the first result. Raises `InsufficientCredits`, `PaymentDue`,
    `StaleDraft`, `IdempotencyConflict`, `NotReady` (files still inspected: `retry_after`), `DocumentFailed`, `NothingToProtect`,
    `NoRecipients`, `InvalidRecipient`, `TooManyRecipients`, `TooManyFiles`, `TooLarge`, `ExternalBlocked`, `NotLive`, `NotADraft`.
    """
    actor.require(Capability.SEND)
    if commit.delivery not in rules.DELIVERIES:
        raise Invalid({"delivery": ["unknown"]})
    return once(partial(_commit, actor, draft_id, commit, key=key, revision=revision, now=now))


def note_handed_over(actor: Actor, send_id: str, *, now: datetime) -> None:
    """A client's mail has left; shown to the sender. Twice is harmless. Raises `NotLive` before the commit."""
    actor.require(Capability.SEND)
    send = queries.get_send(actor, send_id)
    if not send.is_mail or send.state != SendState.SENT:
        raise NotLive(state=send.state)
    Send.objects.filter(pk=send.pk, handed_over_at=None).update(handed_over_at=now)


@transaction.atomic
def _commit(actor: Actor, draft_id: str, commit: MailCommit, *, key: str, revision: int, now: datetime) -> SendResult:
    draft = queries.get_send(actor, draft_id)
    who = replace(actor, route=Route(draft.route))
    content = [draft.public_id, commit.delivery, [[one.email, one.name, one.kind] for one in commit.recipients]]
    digest = digest_of("commit", content)
    deed, is_new = claim(who, DeedKind.SEND, key=key, digest=digest, now=now)
    if not is_new:
        return replayed(deed, now=now)
    wanted = checked_recipients(queries.policy_of_team(actor.team_id), commit.recipients)
    lock_wallet(actor.team_id, now=now)
    send = lock_send(draft)
    Deed.objects.filter(pk=deed.pk).update(send=send)
    deed.send = send
    if send.state == SendState.SENT:
        result = _again(who, send, deed, commit, wanted, revision=revision, now=now)
    elif send.state == SendState.DRAFT:
        result = _first(who, send, deed, commit, wanted, revision=revision, now=now)
    else:
        raise NotADraft(send=send.public_id)
    Send.objects.filter(pk=send.pk).update(committed_revision=revision)
    return result


def _first(
    actor: Actor, send: Send, deed: Deed, commit: MailCommit, wanted: Sequence[Addressee], *, revision: int, now: datetime
) -> SendResult:
    if revision != send.revision:
        raise StaleDraft(revision=send.revision)
    check_settings_again(actor, send, now=now)
    result = go_out(actor, send, deed, wanted, delivery=commit.delivery, notify=commit.delivery == "server", now=now)
    if commit.delivery == "client" and send.open_link is None:
        link = access.create_shared_link(team_id=send.team_id, policy=send.policy, language=send.language, now=now)
        Send.objects.filter(pk=send.pk).update(shared_link=link)
        send.shared_link = link
    return result


def _again(
    actor: Actor, send: Send, deed: Deed, commit: MailCommit, wanted: Sequence[Addressee], *, revision: int, now: datetime
) -> SendResult:
    if not send.is_mail or send.committed_revision is None:
        raise NotADraft(send=send.public_id)
    if revision <= send.committed_revision:
        raise StaleDraft(revision=send.committed_revision)
    state = rules.state_of(send.facts, now=now)
    if state not in rules.LIVE:
        raise NotLive(state=state.value)
    if commit.delivery != send.delivery:
        raise Invalid({"delivery": ["fixed"]})
    present = {one.address: one for one in send.recipients.select_related("link").filter(removed_at=None)}
    asked = {one.email: one for one in wanted}
    returned = _drop(actor, send, [one for address, one in present.items() if address not in asked], now=now)
    _move(present, asked)
    new = [one for address, one in asked.items() if address not in present]
    items = queries.live_items(send)
    receipt = charge(
        actor,
        rules.price(queries.units_of(send, items), [one.email for one in new], sender=send.sender.email),
        key=deed.key,
        request_digest=deed.request_digest,
        about=send.public_id,
        note=queries.title_of_send(send)[:200],
        now=now,
    )
    rows = [Recipient(send=send, address=one.email, name=one.name, kind=one.kind, added_at=now) for one in new]
    link_recipients(send, rows, [item.document for item in items], notify=send.notify, now=now)
    note_contacts(send, rows, now=now)
    letters.write_due(send, now=now)
    Deed.objects.filter(pk=deed.pk).update(
        charged=receipt.charged, available=receipt.balance, added=[one.public_id for one in rows]
    )
    Send.objects.filter(pk=send.pk).update(charged=F("charged") + receipt.charged, updated_at=now)
    audit.record(actor.who, Verb.RECIPIENT_ADDED, "send", send.public_id, now=now, recipients=len(rows), charged=receipt.charged)
    return SendResult(send, receipt.charged, receipt.balance, returned=returned)


def _drop(actor: Actor, send: Send, dropped: Sequence[Recipient], *, now: datetime) -> int:
    """End access first: from then on nothing of it can become opened."""
    for one in dropped:
        if one.link is not None:
            access.revoke_link(one.link, now=now)
        facts = {"label": one.address, "send": send.public_id}
        audit.record(actor.who, Verb.RECIPIENT_REMOVED, "recipient", one.public_id, now=now, **facts)
    if not dropped:
        return 0
    Recipient.objects.filter(pk__in=[one.pk for one in dropped]).update(removed_at=now, mail_due=MailKind.NONE)
    given = give_back(send, dropped, actor=actor, reason="undo", oldest=now - rules.CANCEL_WITHIN, now=now)
    return given.restored


def _move(present: dict[str, Recipient], asked: dict[str, Addressee]) -> None:
    """Whoever stands elsewhere in the mail now (To, Cc, Bcc)."""
    for address, row in present.items():
        if address in asked and row.kind != asked[address].kind:
            Recipient.objects.filter(pk=row.pk).update(kind=asked[address].kind)
