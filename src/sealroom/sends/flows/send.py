# SPDX-License-Identifier: Apache-2.0
"""Sending: one transaction charges, gives the rights and puts the mails up, or does nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction

from sealroom.access import flows as access
from sealroom.accounts import queries as account_queries
from sealroom.accounts.errors import TeamSuspended
from sealroom.accounts.rules import Actor, Capability, Route
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing.errors import PaymentDue
from sealroom.billing.queries import require_standing
from sealroom.core import jobs
from sealroom.core.errors import Invalid
from sealroom.credits import queries as credit_queries
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import LimitScan
from sealroom.documents.models import Document, VersionScan, VersionState
from sealroom.sends import queries, rules
from sealroom.sends.errors import DocumentFailed, NotADraft, NotReady, StaleDraft
from sealroom.sends.flows import letters
from sealroom.sends.flows.contacts import note_contacts
from sealroom.sends.flows.deeds import charge, claim, digest_of, lock_send, lock_wallet, once
from sealroom.sends.flows.draft import check_content, find_documents, make_draft, put_documents, put_recipients
from sealroom.sends.flows.open_link import settle_open_link
from sealroom.sends.flows.settings import as_asked, hold_to, require_preset
from sealroom.sends.flows.values import SendResult
from sealroom.sends.models import Deed, DeedKind, MailKind, Recipient, Send, SendDocument, SendState
from sealroom.sends.rules import SendRequest
from sealroom.viewing.flows.conditions import checked, put_in_force

_BATCH = 500


def send_documents(actor: Actor, request: SendRequest, *, key: str, now: datetime) -> SendResult:
    """Deliver documents to recipients, each with an own link, and where Access is open through one link that names nobody.

    Charges one credit for each unpaid pair of document version and unique recipient or open link, all or nothing, once per `key`:
    the same request again answers with the first result, another one under the key raises `IdempotencyConflict`. Documents that
    are still being prepared make it wait as a confirmed draft, charged when it goes out. Raises `InsufficientCredits`,
    `PaymentDue`, `Invalid`, `FeatureMissing`, `NotFound`, `DocumentFailed`, `NotReady` (a file without pages needs the right to
    download the original).
    """
    actor.require(Capability.SEND)
    return once(partial(_send, actor, request, key=key, now=now))


def confirm(actor: Actor, draft_id: str, *, key: str, revision: int | None = None, now: datetime) -> SendResult:
    """Send a draft; promises and refusals as `send_documents`, and `NotADraft` when it went out under another key. A key whose word
    was taken back before anything was charged (the draft was changed, or held) confirms anew. With `revision`, raises `StaleDraft`
    for a draft that is another by now."""
    actor.require(Capability.SEND)
    return once(partial(_confirm_draft, actor, draft_id, key=key, revision=revision, now=now))


def try_dispatch(send_id: int, *, now: datetime) -> bool:
    """Let a waiting send go out if its documents are ready; hold it, with a mail to its sender, if one failed, credits are short,
    a payment is overdue or the team is suspended.
    True when it went out. Safe to call at any time and at once."""
    try:
        with transaction.atomic():
            return _dispatch(send_id, now=now)
    except InsufficientCredits as refusal:
        why, facts = refusal.code, {"needed": refusal.needed, "available": refusal.available}
    except (PaymentDue, TeamSuspended) as refusal:
        why, facts = refusal.code, {}
    with transaction.atomic():
        send = _waiting(send_id, now=now)
        if send is not None:
            hold(send, why, now=now, **facts)
    return False


def hold(send: Send, reason: str, *, now: datetime, **facts: object) -> None:
    """Turn a confirmed draft back into a draft that says why, and write to its sender. In the caller's transaction, send locked."""
    send.confirmed_at, send.held_reason, send.updated_at = None, reason, now
    send.revision += 1
    send.save()
    letters.tell_held(send, reason, now=now, **facts)
    who = replace(SYSTEM, team=send.team.public_id)
    audit.record(who, Verb.SEND_HELD, "send", send.public_id, now=now, reason=reason)


@transaction.atomic
def _send(actor: Actor, request: SendRequest, *, key: str, now: datetime) -> SendResult:
    deed, is_new = claim(actor, DeedKind.SEND, key=key, digest=digest_of("send", as_asked(actor, request)), now=now)
    if not is_new:
        return replayed(deed, now=now)
    check_content(request)
    unique = rules.unique_recipients(request.recipients)
    if unique.errors:
        lines = [{"line": one.line, "text": one.text, "reason": one.reason} for one in unique.errors]
        raise Invalid({"recipients": sorted({one.reason for one in unique.errors})}, lines=lines)
    if len(unique.accepted) > rules.MAX_RECIPIENTS:
        raise Invalid({"recipients": ["too_many"]})
    documents = find_documents(actor, request.documents)
    send = make_draft(actor, request, now=now)
    put_documents(send, documents)
    put_recipients(send, unique.accepted, now=now)
    return _confirm(actor, send, deed, now=now)


@transaction.atomic
def _confirm_draft(actor: Actor, draft_id: str, *, key: str, revision: int | None, now: datetime) -> SendResult:
    draft = queries.get_send(actor, draft_id)
    digest = digest_of("confirm", draft.public_id)
    deed, is_new = claim(actor, DeedKind.SEND, key=key, digest=digest, now=now)
    if not is_new and not _was_taken_back(draft, deed):
        return replayed(deed, now=now)
    lock_wallet(actor.team_id, now=now)
    send = lock_send(draft)
    if not is_new and not _was_taken_back(send, deed):  # an equal request was quicker
        deed.refresh_from_db()
        return replayed(deed, now=now)
    if send.state != SendState.DRAFT:
        raise NotADraft(send=send.public_id)
    if revision is not None and revision != send.revision:
        raise StaleDraft(revision=send.revision)
    check_settings_again(actor, send, now=now)
    for item in send.send_documents.select_related("document"):
        find_documents(actor, [item.document.public_id])  # a colleague may have taken it from the library since
    return _confirm(actor, send, deed, now=now)


def check_settings_again(actor: Actor, send: Send, *, now: datetime) -> None:
    """What a draft says may have become impossible since: an end that passed, a preset that was changed or removed, a smaller
    plan."""
    kept = queries.settings_of(send)
    if send.preset is not None and send.preset.removed_at is not None:
        raise Invalid({"preset": ["unknown"]})
    wished = kept if send.preset is None else hold_to(actor, send.preset, kept, now=now)
    put_in_force(actor, send.policy, checked(actor, wished, now=now), now=now)


def _was_taken_back(send: Send, deed: Deed) -> bool:
    """Confirmed under this key once, and a plain draft again since: a replay would promise what never happens."""
    return deed.charged is None and send.state == SendState.DRAFT and send.confirmed_at is None


def _confirm(actor: Actor, send: Send, deed: Deed, *, now: datetime) -> SendResult:
    items = items_of(send)
    recipients = list(send.recipients.order_by("pk"))
    _check_complete(send, items, recipients)
    require_preset(actor, send)
    Deed.objects.filter(pk=deed.pk).update(send=send)
    deed.send = send
    send.confirmed_at, send.held_reason, send.route = now, "", actor.route
    send.save()
    if all(_can_go_out(item) for item in items):
        return deliver(actor, send, deed, now=now)
    available = _check_price(actor, send, items, recipients, now=now)
    audit.record(actor.who, Verb.SEND_CONFIRMED, "send", send.public_id, now=now, documents=len(items), recipients=len(recipients))
    # A document may have become ready between our look and our commit; the job looks again after the commit.
    jobs.defer("sends.dispatch", key=f"{send.pk}:{deed.pk}", lane=actor.team, send_id=send.pk)
    return SendResult(send, 0, available, waiting=True)


def _check_complete(send: Send, items: Sequence[SendDocument], recipients: Sequence[Recipient]) -> None:
    errors = {}
    if not items:
        errors["documents"] = ["required"]
    if not recipients and not send.policy.value.access.is_open:
        errors["recipients"] = ["required"]
    elif len(recipients) > rules.MAX_RECIPIENTS:
        errors["recipients"] = ["too_many"]
    if errors:
        raise Invalid(errors)
    for item in items:
        problem = problem_of(item.document, send.policy.permission)
        if problem == "unviewable":
            raise NotReady(document=item.document.public_id, reason=problem)
        if problem:
            raise failure_of(item.document, problem)


def problem_of(document: Document, permission: str) -> str:
    """Why a document can never go out as it is (its error code, "unviewable" or "document_deleted"), or "". One that is still
    being prepared has no problem yet."""
    version = document.current
    if document.deleted_at is not None or version is None:
        return "document_deleted"
    if version.state == VersionState.FAILED:
        return version.error_code or "corrupt"
    if not document_queries.is_cleared(version) and version.scan == VersionScan.TOO_LARGE:
        return LimitScan.code
    if version.state == VersionState.READY and not version.is_viewable and permission != "download_original":
        return "unviewable"
    return ""


def failure_of(document: Document, problem: str) -> DocumentFailed:
    """The refusal of a document for a reason of its own."""
    return DocumentFailed(document=document.public_id, name=document.name, error=problem, **found_in(document))


def found_in(document: Document) -> dict[str, str]:
    """What the virus scanner found in a document, for a sentence or refusal; nothing where it found none."""
    version = document.current
    return {"signature": str(version.error_facts.get("signature", ""))} if version is not None and version.is_infected else {}


def _check_price(actor: Actor, send: Send, items: Sequence[SendDocument], recipients: Sequence[Recipient], *, now: datetime) -> int:
    """Refuse at once what cannot be paid today, instead of letting it wait for its documents first."""
    require_standing(actor, now=now)
    open_link = rules.LINK_TO_BE if send.policy.value.access.is_open else ""
    price = credit_queries.price(actor.team_id, _pairs(actor.email, send, items, recipients, open_link), now=now)
    if not price.enough:
        meter = credit_queries.meter(actor.team_id, now=now)
        raise InsufficientCredits(needed=price.cost, available=price.available, resets_at=meter.resets_at)
    return price.available


def deliver(actor: Actor, send: Send, deed: Deed, *, now: datetime) -> SendResult:
    """Charge for a draft whose documents are ready and let it go out, in the caller's transaction, send locked. Raises as
    `send_documents`."""
    lock_wallet(actor.team_id, now=now)
    items, recipients = items_of(send), list(send.recipients.order_by("pk"))
    link = settle_open_link(send, now=now)
    receipt = charge(
        actor,
        _pairs(actor.email, send, items, recipients, link.public_id if link is not None else ""),
        key=deed.key,
        request_digest=deed.request_digest,
        about=send.public_id,
        note=queries.title_of_send(send)[:200],
        now=now,
    )
    Deed.objects.filter(pk=deed.pk).update(charged=receipt.charged, available=receipt.balance)
    send.recipients.all().delete()  # written again with their links in one statement: far quicker than updating each
    link_recipients(send, recipients, [item.document for item in items], notify=send.notify, now=now)
    for item in items:
        item.sent_version = item.document.current
    SendDocument.objects.bulk_update(items, ["sent_version"])
    send.state, send.sent_at, send.updated_at, send.charged = SendState.SENT, now, now, receipt.charged
    send.save()
    note_contacts(send, recipients, now=now)
    letters.write_due(send, now=now)
    audit.record(
        actor.who,
        Verb.SEND_SENT,
        "send",
        send.public_id,
        now=now,
        documents=len(items),
        recipients=len(recipients),
        charged=receipt.charged,
        notify=send.notify,
    )
    return SendResult(send, receipt.charged, receipt.balance)


def link_recipients(
    send: Send, recipients: Sequence[Recipient], documents: Sequence[Document], *, notify: bool, now: datetime
) -> None:
    """Give each recipient a link to the documents and write him down, with the invitation due if `notify`."""
    specs = [access.LinkSpec(one.address, one.name) for one in recipients]
    links = access.create_links(
        specs, team_id=send.team_id, policy=send.policy, language=send.language, documents=documents, now=now
    )
    for recipient, link in zip(recipients, links, strict=True):
        recipient.pk, recipient.link, recipient.added_at = None, link, now
        recipient.mail_due = MailKind.INVITATION if notify else MailKind.NONE
        recipient.mails = int(notify)
    Recipient.objects.bulk_create(recipients, batch_size=_BATCH)


def _can_go_out(item: SendDocument) -> bool:
    return item.document.current is not None and document_queries.is_sendable(item.document.current)


def items_of(send: Send) -> list[SendDocument]:
    """The send's documents with their current versions, in order."""
    return list(send.send_documents.select_related("document__current", "send__policy").order_by("position", "pk"))


def _pairs(
    sender: str, send: Send, items: Sequence[SendDocument], recipients: Sequence[Recipient], open_link: str
) -> tuple[str, ...]:
    addresses = (one.address for one in recipients)
    return rules.price(queries.units_of(send, items), addresses, sender=sender, open_link=open_link)


def replayed(deed: Deed, *, now: datetime) -> SendResult:
    """What a deed that was done before answers with."""
    send = deed.send
    assert send is not None
    available = deed.available
    if available is None:
        available = credit_queries.meter(send.team_id, now=now).available
    return SendResult(send, deed.charged or 0, available, waiting=send.is_waiting, replayed=True)


def _waiting(send_id: int, *, now: datetime) -> Send | None:
    """The send under wallet and own lock, if it still waits."""
    found = Send.objects.filter(pk=send_id, state=SendState.DRAFT).first()
    if found is None:
        return None
    lock_wallet(found.team_id, now=now)
    send = lock_send(found)
    return send if send.is_waiting else None


def _dispatch(send_id: int, *, now: datetime) -> bool:
    send = _waiting(send_id, now=now)
    if send is None:
        return False
    items = items_of(send)
    for item in items:
        problem = problem_of(item.document, send.policy.permission)
        if problem:
            hold(send, problem, now=now, document=item.document.name, **found_in(item.document))
            return False
    if not all(_can_go_out(item) for item in items):
        return False
    actor = account_queries.actor_for(send.sender, route=Route(send.route))
    if actor is None or actor.team_id != send.team_id or not actor.may(Capability.SEND):
        hold(send, "forbidden", now=now)
        return False
    deliver(actor, send, send.deeds.filter(kind=DeedKind.SEND).latest("pk"), now=now)
    return True
