# SPDX-License-Identifier: Apache-2.0
"""A version that failed, tried again: with the password of a protected file, or as it is, without a new upload."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.core import jobs, ratelimit
from sealroom.core.errors import Invalid
from sealroom.core.secrets import seal_text, unseal_text
from sealroom.documents import queries
from sealroom.documents.errors import BlobMissing, NotReady, PasswordRequired, PasswordWrong
from sealroom.documents.flows.prepare import give_up, prepare
from sealroom.documents.models import Document, Version, VersionState
from sealroom.documents.ports import get_blob_store

log = structlog.get_logger("sealroom.documents")

PASSWORD_CHARACTERS = 255
TRIES, PER = 10, timedelta(minutes=10)
_LOCKED = frozenset({PasswordRequired.code, PasswordWrong.code})
_PURPOSE = "document.password"


def unlock(actor: Actor, document_id: str, password: str, *, now: datetime) -> Document:
    """Prepare the newest version of one of the actor's own documents, which failed for want of its password, again with it.

    What readers see is kept without that password, encrypted as everything at rest. The password itself lies sealed in a blob that
    the job removes, whatever comes of it; jobs, logs and the trail never name it. A wrong one fails the version with
    `password_wrong`, and another may be tried. Raises `NotFound`, `Invalid`, `NotReady` (it does not wait for a password), and
    `RateLimited` beyond `TRIES` a document in `PER`.
    """
    actor.require(Capability.SEND)
    _check(password)
    _unlock(queries.get_own_document(actor, document_id), password, actor.who, now=now)
    return queries.get_own_document(actor, document_id)


def unlock_kept(document: Document, password: str, *, who: Who, now: datetime, **facts: str) -> None:
    """As `unlock`, of a document that a room above keeps; that room has decided that it may be done. `facts` go into the trail."""
    _check(password)
    _unlock(document, password, who, now=now, **facts)


def retry(actor: Actor, document_id: str, *, now: datetime) -> Document:
    """Prepare the newest version of one of the actor's own documents, which failed, again. Raises `NotFound`, `NotReady` (it did
    not fail, or for a virus), and `RateLimited` as `unlock`."""
    actor.require(Capability.SEND)
    retry_kept(queries.get_own_document(actor, document_id), now=now)
    return queries.get_own_document(actor, document_id)


def retry_kept(document: Document, *, now: datetime) -> None:
    """As `retry`, for a room above that has decided that it may be done."""
    _waiting(document, None)
    ratelimit.take("documents.retry", document.public_id, limit=TRIES, per=PER, now=now)
    with transaction.atomic():
        version = _take_up(_waiting(document, None))
        jobs.defer("documents.prepare", key=f"{version.pk}", lane=str(document.team_id), version_id=version.pk)


def prepare_unlocked(version_id: int, secret: str, *, now: datetime) -> None:
    """The deferred half of `unlock`. Raises only what another attempt may cure; after everything else the password is gone."""
    try:
        with closing(get_blob_store().open(secret)) as blob:
            password = unseal_text(blob.read(), purpose=_PURPOSE)
    except BlobMissing:  # an earlier attempt removed it and died before its job was finished
        prepare(version_id, now=now)
        return
    prepare(version_id, now=now, password=password)
    get_blob_store().delete(secret)


def give_up_unlocking(version_id: int, secret: str, *, now: datetime) -> None:
    """Mark the version failed and forget the password: the attempts are used up."""
    get_blob_store().delete(secret)
    give_up(version_id, now=now)


def _check(password: str) -> None:
    if not 0 < len(password) <= PASSWORD_CHARACTERS or "\x00" in password:
        raise Invalid({"password": ["required" if not password else "unknown"]})


def _unlock(document: Document, password: str, who: Who, *, now: datetime, **facts: str) -> None:
    _waiting(document, _LOCKED)
    ratelimit.take("documents.unlock", document.public_id, limit=TRIES, per=PER, now=now)
    blob = get_blob_store().put([seal_text(password, purpose=_PURPOSE)])
    try:
        with transaction.atomic():
            version = _take_up(_waiting(document, _LOCKED))
            lane = str(document.team_id)
            jobs.defer("documents.unlock", key=f"{version.pk}", lane=lane, version_id=version.pk, secret=blob.key)
            audit.record(
                who,
                Verb.DOCUMENT_UNLOCKED,
                "document",
                document.public_id,
                now=now,
                label=document.name,
                version=version.public_id,
                number=version.number,
                **facts,
            )
    except BaseException:
        get_blob_store().delete(blob.key)
        raise


def _waiting(document: Document, codes: frozenset[str] | None) -> Version:
    """The newest version, which failed for one of `codes` (None: for any reason). Raises `NotReady`."""
    version = document.versions.order_by("number").last()
    assert version is not None
    if version.state != VersionState.FAILED or version.is_infected or (codes is not None and version.error_code not in codes):
        raise NotReady(state=version.state, error=version.error_code)
    return version


def _take_up(version: Version) -> Version:
    """Set a failed version back to its beginning; of several who do, one wins."""
    taken = Version.objects.filter(pk=version.pk, state=VersionState.FAILED).update(
        state=VersionState.RECEIVED, error_code="", error_facts={}
    )
    if not taken:
        raise NotReady(state=VersionState.RECEIVED, error="")
    return version
