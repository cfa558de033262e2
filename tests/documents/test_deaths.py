# SPDX-License-Identifier: Apache-2.0
"""Sudden deaths and races of real processes: no version half ready, no page twice, no blob lost, none left for ever."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from sealroom.documents import flows, queries
from sealroom.documents.models import Page, Version
from sealroom.documents.ports import BlobStore, get_blob_store, get_workshop
from tests.factories.documents import NOW, make_actor, make_pdf, upload
from tests.processes import Database, do, note, race, start

MOMENTS = ("before", "inspected", "pdf stored", "base stored", "committed")
prepare_module = import_module("sealroom.documents.flows.prepare")


def _upload(log: Path) -> None:
    document = upload(make_actor(), b"some words\n" * 200, name="notes.txt")
    note(log, str(document.current_id))


def _prepare_and_die(version: int, moment: str) -> None:
    """Dies by kill -9 at a certain moment of the preparation."""
    store, workshop = get_blob_store(), get_workshop()
    stored = [0]

    def die_at(here: str) -> None:
        if here == moment:
            workshop.close()
            os.kill(os.getpid(), signal.SIGKILL)

    class DyingStore:
        def put(self, chunks: object, **facts: object) -> object:
            blob = store.put(chunks, **facts)  # type: ignore[arg-type]
            stored[0] += 1
            die_at(("pdf stored", "base stored")[stored[0] - 1])
            return blob

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

    class DyingWorkshop:
        def paginate(self, *args: object, **facts: object) -> object:
            told = workshop.paginate(*args, **facts)  # type: ignore[arg-type]
            die_at("inspected")
            return told

    prepare_module.get_blob_store = DyingStore  # type: ignore[attr-defined]
    prepare_module.get_workshop = DyingWorkshop  # type: ignore[attr-defined]
    prepare_module.version_ready.connect(lambda **_: die_at("committed"), weak=False)
    die_at("before")
    flows.prepare(version, now=NOW)


def _prepare(version: int, log: Path) -> None:
    prepare_module.version_ready.connect(lambda **_: note(log, "ready"), weak=False)
    flows.prepare(version, now=NOW)
    get_workshop().close()


def _is_whole(version: int) -> None:
    found = Version.objects.select_related("document").get(pk=version)
    assert (found.state, found.pages, found.page_rows.count()) == ("ready", found.pages, found.pages)
    assert list(queries.blob_faults(read=True)) == []
    assert flows.base_page(found, 1).width == 1600
    flows.sweep_blobs(now=NOW)
    flows.sweep_blobs(now=NOW + timedelta(days=2))
    assert set(get_blob_store().keys()) == set(queries.referenced_keys())


@pytest.mark.parametrize("moment", MOMENTS)
def test_preparation_killed_at_any_moment_is_done_once_more(
    moment: str, sqlite_database: Database, own_blobs: BlobStore, tmp_path: Path
) -> None:
    do(sqlite_database, _upload, tmp_path / "version")
    version = int((tmp_path / "version").read_text())
    victim = start(sqlite_database, _prepare_and_die, version, moment)
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    do(sqlite_database, _prepare, version, tmp_path / "news")
    assert (tmp_path / "news").read_text() == "ready\n"
    do(sqlite_database, _is_whole, version)


def _upload_many(log: Path) -> None:
    actor = make_actor()
    for number in range(1000):
        document = upload(actor, make_pdf([str(number)]), name=f"{number}.pdf")
        assert document.current is not None
        note(log, f"{document.public_id} {document.current.sha256}")


def _acknowledged_are_there(log: Path) -> None:
    acknowledged = dict(line.split() for line in log.read_text().splitlines())
    kept = dict(Version.objects.values_list("document__public_id", "sha256"))
    assert {name: kept.get(name) for name in acknowledged} == acknowledged
    assert list(queries.blob_faults(read=True)) == []
    assert len(kept) - len(acknowledged) in (0, 1)


@pytest.mark.parametrize("after", [0.31, 0.47, 0.83])
def test_uploads_that_were_acknowledged_survive(
    after: float, sqlite_database: Database, own_blobs: BlobStore, tmp_path: Path
) -> None:
    log = tmp_path / "acknowledged"
    victim = start(sqlite_database, _upload_many, log)
    deadline = time.monotonic() + 60
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(10)
    do(sqlite_database, _acknowledged_are_there, log)


def _prepared_pdf(log: Path) -> None:
    document = upload(make_actor(), make_pdf(("one", "two", "three")))
    assert document.current_id is not None
    flows.prepare(document.current_id, now=NOW)
    note(log, str(document.current_id))
    get_workshop().close()


def _read_page_two(version: int) -> None:
    raster = flows.base_page(Version.objects.select_related("document").get(pk=version), 2)
    assert raster.width == 1600
    get_workshop().close()


def _page_two_is_kept_once(version: int) -> None:
    page = Page.objects.get(version=version, number=2)
    first = Page.objects.get(version=version, number=1)
    original = Version.objects.get(pk=version).original_key
    assert set(get_blob_store().keys()) == {original, first.base_key, page.base_key}


def test_page_that_four_draw_at_once_is_kept_once(database: Database, own_blobs: BlobStore, tmp_path: Path) -> None:
    do(database, _prepared_pdf, tmp_path / "version")
    version = int((tmp_path / "version").read_text())
    race(database, _read_page_two, [(version,)] * 4)
    do(database, _page_two_is_kept_once, version)
