# SPDX-License-Identifier: Apache-2.0
"""Sharing a document in the team's library, deleting it, and removing bytes that nothing names any more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.documents import queries
from sealroom.documents.models import Document, LooseBlob
from sealroom.documents.ports import get_blob_store
from sealroom.documents.queries import LOOSE_FOR


@transaction.atomic
def share_in_library(actor: Actor, document_id: str, *, now: datetime) -> Document:
    """Let every member of the team send this document; only the owner can change it. `NotFound` unless it is the actor's own."""
    return _set_library(actor, document_id, shared=True, now=now)


@transaction.atomic
def take_from_library(actor: Actor, document_id: str, *, now: datetime) -> Document:
    """Make the document its owner's alone again. What others sent of it goes on. `NotFound` unless it is the actor's own."""
    return _set_library(actor, document_id, shared=False, now=now)


@transaction.atomic
def delete_document(actor: Actor, document_id: str, *, now: datetime) -> None:
    """Delete one of the actor's own documents for good: served no more at once, its bytes removed by the sweep a day later.

    Whether a send still uses it is asked in `sends.flows.delete_document`, which doors call. Deleting twice is `NotFound`.
    """
    actor.require(Capability.SEND)
    _delete(queries.get_own_document(actor, document_id), actor.who, now=now)


@transaction.atomic
def delete_kept_document(document: Document, *, who: Who, now: datetime) -> None:
    """As `delete_document`, of a document that a room above keeps; that room has decided that it may be done."""
    _delete(document, who, now=now)


def rename_kept_document(document: Document, name: str) -> None:
    """Call a document that a room above keeps as that room does; what was uploaded keeps its name."""
    Document.objects.filter(pk=document.pk).update(name=name)
    document.name = name


def sweep_blobs(*, now: datetime) -> int:
    """Remove blobs that no row has named for `LOOSE_FOR`; returns how many.

    A blob is stored before its row is written, so one look cannot tell a leftover from an upload under way: the first look
    only writes down what is loose, a later one removes what still is. Deleted documents lose their bytes by the same way,
    late enough that a backup's database never names a blob its files lack.
    """
    store = get_blob_store()
    loose = set(queries.unused_keys(store.keys()))
    known = dict(LooseBlob.objects.values_list("key", "seen_at"))
    LooseBlob.objects.filter(key__in=[key for key in known if key not in loose]).delete()
    LooseBlob.objects.bulk_create(
        [LooseBlob(key=key, seen_at=now) for key in loose if key not in known], ignore_conflicts=True, batch_size=500
    )
    ripe = list(queries.unused_keys(key for key in loose if key in known and known[key] <= now - LOOSE_FOR))
    for key in ripe:
        store.delete(key)
        LooseBlob.objects.filter(key=key).delete()
    return len(ripe)


def _delete(document: Document, who: Who, *, now: datetime) -> None:
    Document.objects.filter(pk=document.pk).update(deleted_at=now, in_library=False)
    team = document.team.public_id
    audit.record(who, Verb.DOCUMENT_DELETED, "document", document.public_id, now=now, label=document.name, team=team)


def _set_library(actor: Actor, document_id: str, *, shared: bool, now: datetime) -> Document:
    actor.require(Capability.SEND)
    document = queries.get_own_document(actor, document_id)
    if document.in_library != shared:
        document.in_library = shared
        document.save(update_fields=["in_library"])
        verb = Verb.DOCUMENT_SHARED if shared else Verb.DOCUMENT_UNSHARED
        audit.record(actor.who, verb, "document", document.public_id, now=now, label=document.name)
    return document
