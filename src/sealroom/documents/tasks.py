# SPDX-License-Identifier: Apache-2.0
"""Work that documents deferred."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.utils import timezone

from sealroom.core.jobs import Retry, every, task
from sealroom.documents import flows
from sealroom.documents.errors import ScannerDown, StorageFull, WorkshopBusy, WorkshopInterrupted

log = structlog.get_logger("sealroom.documents")
_SOON = timedelta(seconds=5)


def _wait_for_scanner(error: ScannerDown, job: str, version_id: int, secret: str = "") -> None:
    log.warning("virus scanner does not answer", reason=error.facts.get("reason"))
    flows.put_off(job, version_id, now=timezone.now(), secret=secret)


def _give_up(version_id: int) -> None:
    flows.give_up(version_id, now=timezone.now())


@task("documents.prepare", max_attempts=6, on_dead=_give_up)
def prepare(version_id: int) -> None:
    """Inspect, convert, draw page 1."""
    try:
        flows.prepare(version_id, now=timezone.now())
    except ScannerDown as error:
        _wait_for_scanner(error, "documents.prepare", version_id)
    except (WorkshopBusy, WorkshopInterrupted) as error:
        raise Retry(error.code, delay=_SOON) from error
    except StorageFull as error:
        raise Retry(error.code) from error


def _give_up_unlocking(version_id: int, secret: str) -> None:
    flows.give_up_unlocking(version_id, secret, now=timezone.now())


@task("documents.unlock", max_attempts=6, on_dead=_give_up_unlocking)
def unlock(version_id: int, secret: str) -> None:
    """Prepare a protected file with its password."""
    try:
        flows.prepare_unlocked(version_id, secret, now=timezone.now())
    except ScannerDown as error:
        _wait_for_scanner(error, "documents.unlock", version_id, secret=secret)
    except (WorkshopBusy, WorkshopInterrupted) as error:
        raise Retry(error.code, delay=_SOON) from error
    except StorageFull as error:
        raise Retry(error.code) from error


@task("documents.bake")
def bake(version_id: int) -> None:
    """Draw pages ahead of readers."""
    try:
        flows.bake(version_id, now=timezone.now())
    except (WorkshopBusy, WorkshopInterrupted, StorageFull) as error:
        raise Retry(error.code) from error


@task("documents.read")
def read(version_id: int) -> None:
    """Read words and structure ahead of readers."""
    try:
        flows.read(version_id, now=timezone.now())
    except (WorkshopBusy, WorkshopInterrupted, StorageFull) as error:
        raise Retry(error.code) from error


@task("documents.scan")
def scan(version_id: int) -> None:
    """Have a version scanned that is ready or failed."""
    try:
        flows.rescan(version_id, now=timezone.now())
    except ScannerDown as error:
        _wait_for_scanner(error, "documents.scan", version_id)


@every(timedelta(minutes=1), "documents.scan_rest")
def scan_rest() -> None:
    """Have scanned what came before there was a scanner."""
    flows.scan_rest()


@every(timedelta(hours=12), "documents.sweep")
def sweep() -> None:
    """Remove bytes that nothing names any more."""
    flows.sweep_blobs(now=timezone.now())


@every(timedelta(hours=1), "documents.remove_uploads")
def remove_uploads() -> None:
    """Remove what was uploaded in part and given up."""
    flows.remove_expired_uploads(now=timezone.now())
