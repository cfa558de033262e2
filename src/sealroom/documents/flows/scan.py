# SPDX-License-Identifier: Apache-2.0
"""Where bytes of strangers meet the virus scanner: before anything else is done with them (docs/decisions/0200)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.db.models import QuerySet

from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.core import jobs
from sealroom.core.jobs.rules import IDLE, NORMAL
from sealroom.documents import queries
from sealroom.documents.errors import Infected, LimitScan, NotReady, ScannerDown
from sealroom.documents.models import Version, VersionScan, VersionState
from sealroom.documents.ports import ScanVerdict, get_blob_store, get_scanner
from sealroom.documents.signals import version_failed, version_ready

SCANNER_PAUSE = timedelta(seconds=15)
"""How long work waits for a scanner that does not answer, as often as it takes."""

_PIECE = 1 << 18
_AT_ONCE = 200
_SETTLED = (VersionState.READY, VersionState.FAILED)


def require_scanned(version: Version, *, now: datetime) -> None:
    """Have the bytes of a version looked at, unless that was done or nothing is scanned here. Raises `Infected`, `LimitScan`,
    `ScannerDown`, `BlobMissing`, `BlobCorrupt`."""
    if queries.is_cleared(version):
        return
    if not version.is_infected:  # else an earlier attempt found it, and died before it could say so
        verdict = _look(version)
        version.scan, version.scanned_at, version.error_facts = _scan_of(verdict), now, _facts_of(verdict)
        version.save(update_fields=["scan", "scanned_at", "error_facts"])
    if version.is_infected:
        raise Infected(**version.error_facts)
    if not queries.is_cleared(version):
        raise LimitScan


def require_clean(chunks: Iterable[bytes]) -> None:
    """As `require_scanned`, of bytes that are kept nowhere here. Raises `Infected`, `LimitScan`, `ScannerDown`."""
    if not get_scanner().is_on:
        return
    verdict = get_scanner().scan(chunks)
    if verdict.signature:
        raise Infected(signature=verdict.signature)
    if verdict.is_too_large and not queries.lets_large_through():
        raise LimitScan


class ScannerState(enum.StrEnum):
    """What `check_scanner` finds."""

    OFF = "off"
    DOWN = "down"
    BLIND = "blind"  # it answers, and does not know the file that every scanner knows
    GOOD = "good"


def check_scanner() -> tuple[ScannerState, str]:
    """Whether the scanner answers and finds something, and what it says of itself (why it does not answer)."""
    scanner = get_scanner()
    if not scanner.is_on:
        return ScannerState.OFF, ""
    try:
        version, verdict = scanner.version(), scanner.scan([eicar()])
    except ScannerDown as error:
        return ScannerState.DOWN, str(error.facts.get("reason", ""))
    return (ScannerState.GOOD if verdict.signature else ScannerState.BLIND), version


def eicar() -> bytes:
    """The harmless file that every scanner finds (eicar.org); in parts, so that none finds it here."""
    return b"".join((b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$", b"EICAR-STANDARD-ANTIVIRUS", b"-TEST-FILE!$H+H*"))


def refuse_withheld(version: Version) -> None:
    """Raise `Infected` for what nobody may have, `NotReady` for what the scanner has not cleared."""
    if version.is_infected:
        raise Infected(**version.error_facts)
    if not queries.is_cleared(version):
        raise NotReady(state=version.state, error=version.error_code)


def put_off(job: str, version_id: int, *, now: datetime, secret: str = "") -> None:
    """Do a job of a version's later: the scanner does not answer. Costs no attempt, since it is no fault of the file."""
    lane = str(Version.objects.values_list("document__team_id", flat=True).get(pk=version_id))
    arguments = {"secret": secret} if secret else {}
    jobs.defer(job, key=f"{version_id}", lane=lane, priority=NORMAL, due_at=now + SCANNER_PAUSE, version_id=version_id, **arguments)


def defer_rescans(*, everything: bool = False, documents: Iterable[str] = ()) -> int:
    """Have versions scanned that were not yet; with `everything` all, those in which a virus was found included; with `documents`
    all of these. Returns how many jobs were put up."""
    rows = Version.objects.filter(document__deleted_at=None, state__in=_SETTLED)
    wanted = tuple(documents)
    if wanted:
        rows = rows.filter(document__public_id__in=wanted)
    elif not everything:
        rows = rows.filter(scan="")
    return _defer(rows)


def scan_rest() -> int:
    """The next of those that came before there was a scanner. Returns how many."""
    if not get_scanner().is_on:
        return 0
    rows = Version.objects.filter(scan="", document__deleted_at=None, state__in=_SETTLED)
    return _defer(rows.order_by("-pk")[:_AT_ONCE])


def rescan(version_id: int, *, now: datetime) -> None:
    """Look at a version that is ready or failed, whatever was said of it before. One that has a virus ends for good; one that has
    none any more, because the signatures were mended, is prepared anew. Raises `ScannerDown`."""
    version = Version.objects.select_related("document__team").get(pk=version_id)
    if not get_scanner().is_on or version.document.deleted_at is not None or version.state not in _SETTLED:
        return
    verdict = _look(version)
    if verdict.signature:
        condemn(version, verdict, now=now)
    elif version.is_infected:
        _acquit(version, verdict, now=now)
    else:
        Version.objects.filter(pk=version.pk).update(scan=_scan_of(verdict), scanned_at=now)
    version.refresh_from_db(fields=["state"])
    if version.state not in _SETTLED:
        return
    signal = version_ready if version.state == VersionState.READY else version_failed
    signal.send(sender=Version, version_id=version.pk)


def condemn(version: Version, verdict: ScanVerdict, *, now: datetime) -> None:
    """End a version in which a virus was found, for good. Again: nothing."""
    facts = _facts_of(verdict)
    with transaction.atomic():
        ended = (
            Version.objects.filter(pk=version.pk)
            .exclude(error_code=Infected.code)
            .update(
                state=VersionState.FAILED, error_code=Infected.code, error_facts=facts, scan=VersionScan.INFECTED, scanned_at=now
            )
        )
        if ended:
            leave_system_trail(Verb.DOCUMENT_FAILED, version, now=now, code=Infected.code, **facts)


def leave_system_trail(verb: Verb, version: Version, *, now: datetime, **facts: str) -> None:
    """Write down what we found out about a version."""
    document = version.document
    who = replace(SYSTEM, team=document.team.public_id)
    audit.record(who, verb, "document", document.public_id, now=now, version=version.public_id, **facts)


def _acquit(version: Version, verdict: ScanVerdict, *, now: datetime) -> None:
    """As it was before it was condemned; what was never ready is prepared."""
    was_ready = version.ready_at is not None
    state = VersionState.READY if was_ready else VersionState.RECEIVED
    with transaction.atomic():
        Version.objects.filter(pk=version.pk, scan=VersionScan.INFECTED).update(
            state=state, error_code="", error_facts={}, scan=_scan_of(verdict), scanned_at=now
        )
        leave_system_trail(Verb.DOCUMENT_CLEARED, version, now=now)
        if not was_ready:
            jobs.defer("documents.prepare", key=f"{version.pk}", lane=str(version.document.team_id), version_id=version.pk)


def _look(version: Version) -> ScanVerdict:
    with closing(get_blob_store().open(version.original_key)) as blob:
        return get_scanner().scan(_pieces(blob))


def _pieces(blob: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: blob.read(_PIECE), b"")


def _scan_of(verdict: ScanVerdict) -> str:
    if verdict.signature:
        return VersionScan.INFECTED
    return VersionScan.TOO_LARGE if verdict.is_too_large else VersionScan.CLEAN


def _facts_of(verdict: ScanVerdict) -> dict[str, str]:
    return {"signature": verdict.signature} if verdict.signature else {}


def _defer(rows: QuerySet[Version]) -> int:
    found = list(rows.values_list("pk", "document__team_id"))
    for pk, team in found:
        jobs.defer("documents.scan", key=f"{pk}", lane=str(team), priority=IDLE, version_id=pk)
    return len(found)
