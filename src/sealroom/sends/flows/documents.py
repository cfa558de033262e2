# SPDX-License-Identifier: Apache-2.0
"""Documents that were sent: replaced by a new version, deleted."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.documents import flows as document_flows
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document, VersionState
from sealroom.sends import queries, rules
from sealroom.sends.errors import DocumentFailed, InUse, NotReady
from sealroom.sends.flows.deeds import charge, claim, digest_of, lock_send, lock_wallet, once
from sealroom.sends.flows.send import hold
from sealroom.sends.flows.values import ReplaceResult
from sealroom.sends.models import Deed, DeedKind, Send, SendDocument


def replace(actor: Actor, document_id: str, version_id: str, *, key: str, now: datetime) -> ReplaceResult:
    """Publish a prepared version of the actor's own document: charges one credit per current recipient of its live sends (unique,
    not removed, not revoked; a sender is free in his own send) and one per open link of them, and switches every link to it, both
    or neither, once per `key`.

    Raises `InsufficientCredits`, `PaymentDue`, `IdempotencyConflict`, `NotReady`, `DocumentFailed`, `NotFound`.
    """
    actor.require(Capability.SEND)
    return once(partial(_replace, actor, document_id, version_id, key=key, now=now))


def delete_document(actor: Actor, document_id: str, *, end_sends: bool = False, now: datetime) -> None:
    """Delete one of the actor's own documents for good. While live sends or waiting drafts have it, or it is the text of their own
    terms: raises `InUse(where)`, unless `end_sends`, which ends it in the former and revokes the latter, since nobody could read
    any more what he accepts; gives nothing back. While it is the organisation's terms in force: raises `InUse` in any case."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        document = document_queries.get_own_document(actor, document_id)
        lock_wallet(actor.team_id, now=now)
        terms = access_queries.organization_terms(actor.team_id)
        if terms is not None and terms.version is not None and terms.version.document_id == document.pk:
            raise InUse(where=[{"terms": "organization"}])
        items, asking = list(queries.uses_of(document, now=now)), list(queries.sends_asking(document, now=now))
        if (items or asking) and not end_sends:
            uses = [queries.use_for(actor, item.send) for item in items]
            raise InUse(where=uses + [queries.use_for(actor, send, terms="own") for send in asking])
        for item in items:
            _end(actor, item, now=now)
        for send in asking:
            _end_asking(actor, send, document, now=now)
        document_flows.delete_document(actor, document_id, now=now)


@transaction.atomic
def _replace(actor: Actor, document_id: str, version_id: str, *, key: str, now: datetime) -> ReplaceResult:
    digest = digest_of("replace", [document_id, version_id])
    deed, is_new = claim(actor, DeedKind.REPLACE, key=key, digest=digest, now=now)
    if not is_new:
        return ReplaceResult(deed.charged or 0, deed.available or 0, deed.reached, replayed=True)
    version = document_queries.get_version(actor, document_id, version_id)
    if version.state == VersionState.FAILED:
        raise DocumentFailed(document=document_id, error=version.error_code, **version.error_facts)
    if not document_queries.is_sendable(version):
        raise NotReady(document=document_id, reason="preparing")
    document = version.document
    lock_wallet(actor.team_id, now=now)
    sends = _lock_live_sends(document, now=now)
    if not version.is_viewable and any(send.policy.permission != "download_original" for send in sends):
        raise NotReady(document=document_id, reason="unviewable")
    reached = queries.charged_whom(sends)
    receipt = charge(
        actor,
        tuple(rules.pair_key(version.public_id, whom) for whom in reached),
        key=key,
        request_digest=digest,
        about=sends[0].public_id if len(sends) == 1 else "",
        note=version.name[:200],
        now=now,
    )
    document_flows.publish_version(document, version, who=actor.who, now=now)
    Deed.objects.filter(pk=deed.pk).update(charged=receipt.charged, available=receipt.balance, reached=len(reached))
    return ReplaceResult(receipt.charged, receipt.balance, len(reached))


def _lock_live_sends(document: Document, *, now: datetime) -> list[Send]:
    items = queries.live_uses_of(document, now=now).order_by("send_id")
    return [lock_send(item.send) for item in items.select_related("send")]


def _end(actor: Actor, item: SendDocument, *, now: datetime) -> None:
    send = lock_send(item.send)
    if send.is_waiting:
        hold(send, "document_deleted", now=now, document=item.document.name)
        return
    SendDocument.objects.filter(pk=item.pk).update(revoked_at=now)
    access.revoke_document(send.policy, item.document, now=now)
    audit.record(
        actor.who, Verb.FILE_REVOKED, "document", item.document.public_id, now=now, label=item.document.name, send=send.public_id
    )


def _end_asking(actor: Actor, found: Send, document: Document, *, now: datetime) -> None:
    send = lock_send(found)
    if send.is_waiting:
        hold(send, "document_deleted", now=now, document=document.name)
        return
    access.revoke_policy(send.policy, now=now)
    audit.record(actor.who, Verb.SEND_REVOKED, "send", send.public_id, now=now)
