# SPDX-License-Identifier: Apache-2.0
"""From uploaded bytes to pages: what succeeds, fails, is cut off and is run again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import numpy as np
import pytest

from sealroom.core.errors import NotFound
from sealroom.core.jobs import worker
from sealroom.core.models import Job, JobState
from sealroom.documents import flows, pixels, ports, queries
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.documents.errors import NotReady, PageFailed, WorkshopBusy
from sealroom.documents.models import Page, Version, VersionState
from sealroom.documents.ports import get_blob_store
from sealroom.documents.signals import version_failed, version_ready
from tests.factories.documents import NOW, current, make_actor, make_pdf, upload, upload_ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]
# The package gives their functions under the same names.
pages_module = import_module("sealroom.documents.flows.pages")
prepare_module = import_module("sealroom.documents.flows.prepare")


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> FakeWorkshop:
    """The workshop for tests in the place of the sandbox."""
    fake = FakeWorkshop()
    for module in (pages_module, prepare_module):
        monkeypatch.setattr(module, "get_workshop", lambda: fake)
    return fake


@pytest.fixture
def news() -> Iterator[list[tuple[str, int]]]:
    """What the signals told."""
    told: list[tuple[str, int]] = []

    def ready(sender: object, version_id: int, **_: object) -> None:
        told.append(("ready", version_id))

    def failed(sender: object, version_id: int, **_: object) -> None:
        told.append(("failed", version_id))

    version_ready.connect(ready)
    version_failed.connect(failed)
    yield told
    version_ready.disconnect(ready)
    version_failed.disconnect(failed)


def test_prepared_version_has_sizes_and_page_one(news: list[tuple[str, int]]) -> None:
    document = upload_ready(make_actor(), make_pdf(("one", "two", "three"), size=(400.0, 600.0)))
    version = current(document)
    assert (version.state, version.pages, version.baked_pages, version.pdf_key) == (VersionState.READY, 3, 1, None)
    assert queries.page_sizes(version) == [(400.0, 600.0)] * 3
    assert [bool(page.base_key) for page in version.page_rows.order_by("number")] == [True, False, False]
    assert news == [("ready", version.pk)]
    raster = flows.base_page(version, 1)
    assert (raster.width, raster.height, raster.channels) == (1600, 2400, 1)


def test_text_becomes_a_pdf_of_its_own() -> None:
    version = current(upload_ready(make_actor(), "Grüße\n".encode() * 3, name="notes.txt"))
    assert (version.kind, version.state, version.pages) == ("text", VersionState.READY, 1)
    assert version.pdf_key is not None
    assert flows.base_page(version, 1).width == 1600


def test_unknown_kind_is_ready_without_pages(news: list[tuple[str, int]]) -> None:
    version = current(upload_ready(make_actor(), bytes(range(256)), name="model.bin"))
    assert (version.kind, version.state, version.pages, version.error_code) == ("other", VersionState.READY, 0, "")
    assert news == [("ready", version.pk)]
    with pytest.raises(NotFound):
        flows.base_page(version, 1)


def test_file_without_converter_can_still_be_sent(workshop: FakeWorkshop) -> None:
    document = upload_ready(make_actor(), b"II*\x00" + bytes(100), name="scan.tiff")
    view = queries.view_of(document)
    assert (view.state, view.pages, view.is_viewable) == ("ready", 0, False)
    assert view.error is not None
    assert view.error.code == "converter_missing"


def test_broken_file_fails_with_its_code(news: list[tuple[str, int]]) -> None:
    document = upload_ready(make_actor(), b"%PDF-1.7 nothing more")
    view = queries.view_of(document)
    assert (view.state, view.pages) == ("failed", None)
    assert view.error is not None
    assert view.error.code == "corrupt"
    assert news == [("failed", current(document).pk)]
    with pytest.raises(NotReady):
        flows.base_page(current(document), 1)


FIRST_PAGE_FAILS = [
    (("one",), "page_failed", ("failed", None, "corrupt")),
    (("one",), "limit_time", ("failed", None, "limit_time")),
    (("one", "two"), "limit_time", ("ready", 2, None)),
]


@pytest.mark.parametrize(("texts", "code", "expected"), FIRST_PAGE_FAILS)
def test_first_page_that_cannot_be_drawn(
    texts: tuple[str, ...], code: str, expected: tuple[str, int | None, str | None], workshop: FakeWorkshop
) -> None:
    workshop.failures[1] = code
    document = upload_ready(make_actor(), make_pdf(texts))
    view = queries.view_of(document)
    assert (view.state, view.pages, view.error.code if view.error else None) == expected


def test_broken_page_says_so_and_others_are_drawn(workshop: FakeWorkshop) -> None:
    version = current(upload_ready(make_actor(), make_pdf(("one", "two", "three"))))
    workshop.failures[2] = "limit_memory"
    flows.bake(version.pk, now=NOW)
    rows = version.page_rows.order_by("number").values_list("error_code", flat=True)
    assert list(rows) == ["", "limit_memory", ""]
    workshop.failures.clear()
    with pytest.raises(PageFailed) as caught:
        flows.base_page(version, 2)
    assert caught.value.facts == {"page": 2, "reason": "limit_memory"}
    assert flows.base_page(version, 3).width == 1600


def test_busy_workshop_is_no_verdict(workshop: FakeWorkshop, news: list[tuple[str, int]]) -> None:
    workshop.failures["paginate"] = "workshop_busy"
    version = current(upload(make_actor()))
    with pytest.raises(WorkshopBusy):
        flows.prepare(version.pk, now=NOW)
    version.refresh_from_db()
    assert (version.state, news) == (VersionState.CONVERTING, [])
    workshop.failures.clear()
    flows.prepare(version.pk, now=NOW)
    version.refresh_from_db()
    assert (version.state, news) == (VersionState.READY, [("ready", version.pk)])


def test_prepare_runs_twice_without_a_trace(workshop: FakeWorkshop, news: list[tuple[str, int]]) -> None:
    document = upload_ready(make_actor(), make_pdf(("one", "two")))
    before = set(get_blob_store().keys())
    rows = list(Page.objects.values())
    flows.prepare(current(document).pk, now=NOW)
    assert (set(get_blob_store().keys()), list(Page.objects.values())) == (before, rows)
    assert news == [("ready", current(document).pk)] * 2


def test_loser_of_a_race_removes_its_blobs(workshop: FakeWorkshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers prepare the same version (a lease lapsed): the rows are of one, the other's blobs are gone."""
    version = current(upload(make_actor(), b"words", name="a.txt"))
    paginate = workshop.paginate

    def overtaken(*args: object, **facts: object) -> ports.Paginated:
        monkeypatch.setattr(workshop, "paginate", paginate)
        flows.prepare(version.pk, now=NOW)
        return paginate(*args, **facts)  # type: ignore[arg-type]

    before = set(get_blob_store().keys())
    monkeypatch.setattr(workshop, "paginate", overtaken)
    flows.prepare(version.pk, now=NOW)
    version.refresh_from_db()
    page = version.page_rows.get()
    assert set(get_blob_store().keys()) - before == {version.pdf_key, page.base_key}


def test_prepare_that_is_cut_off_leaves_nothing_half(workshop: FakeWorkshop, monkeypatch: pytest.MonkeyPatch) -> None:
    version = current(upload(make_actor(), make_pdf(("one", "two"))))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare_module, "_finish", killed)
    before = set(get_blob_store().keys())
    with pytest.raises(KeyboardInterrupt):
        flows.prepare(version.pk, now=NOW)
    version.refresh_from_db()
    assert (version.state, version.page_rows.count(), set(get_blob_store().keys())) == ("converting", 0, before)
    monkeypatch.undo()
    flows.prepare(version.pk, now=NOW)
    version.refresh_from_db()
    assert (version.state, version.page_rows.count()) == ("ready", 2)


def test_rest_is_drawn_in_turns(workshop: FakeWorkshop) -> None:
    document = upload(make_actor(), make_pdf([str(number) for number in range(45)]))
    version = current(document)
    flows.prepare(version.pk, now=NOW)
    baked = []
    while job := Job.objects.filter(name="documents.bake", state=JobState.WAITING).first():
        assert (job.priority, job.lane) == (9, str(document.team_id))
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
        flows.bake(version.pk, now=NOW)
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
        version.refresh_from_db()
        baked.append(version.baked_pages)
    assert baked == [21, 41, 45]
    assert sorted(page for _, page, _ in workshop.drawn) == list(range(1, 46))


def test_worker_does_it_all() -> None:
    document = upload(make_actor(), make_pdf(("one", "two", "three")))
    worker.drain()
    version = current(document)
    assert (version.state, version.baked_pages) == (VersionState.READY, 3)


def test_worn_out_preparation_fails_the_version(workshop: FakeWorkshop, news: list[tuple[str, int]]) -> None:
    workshop.failures["paginate"] = "workshop_busy"
    version = current(upload(make_actor()))
    for _ in range(6):
        Job.objects.filter(name="documents.prepare").update(due_at=NOW - timedelta(days=1))
        worker.drain(limit=1)
    version.refresh_from_db()
    assert (version.state, version.error_code) == (VersionState.FAILED, "workshop_failed")
    assert news == [("failed", version.pk)]


def test_page_nobody_baked_is_drawn_once_and_kept(workshop: FakeWorkshop) -> None:
    version = current(upload_ready(make_actor(), make_pdf(("one", "two"))))
    first, again = flows.base_page(version, 2), flows.base_page(version, 2)
    assert first == again
    assert [page for _, page, _ in workshop.drawn] == [1, 2]


def test_damaged_page_is_drawn_again(workshop: FakeWorkshop) -> None:
    version = current(upload_ready(make_actor()))
    clean, key = flows.base_page(version, 1), version.page_rows.get().base_key
    assert key is not None
    get_blob_store().delete(key)
    assert flows.base_page(version, 1) == clean  # this process remembers it
    pages_module.forget_hot_pages()
    assert flows.base_page(version, 1) == clean
    assert version.page_rows.get().base_key not in (None, key)
    assert flows.base_page(version, 1) == clean


WIDTHS = [(1, 160), (160, 160), (161, 320), (1000, 1200), (1600, 1600)]


@pytest.mark.parametrize(("asked", "given"), WIDTHS)
def test_smaller_pages_come_from_the_kept_one(asked: int, given: int, workshop: FakeWorkshop) -> None:
    version = current(upload_ready(make_actor()))
    raster = flows.base_page(version, 1, width=asked)
    assert (raster.width, len(raster.pixels)) == (given, raster.width * raster.height)
    assert len(workshop.drawn) == 1


def test_wider_pages_are_drawn_and_not_kept(workshop: FakeWorkshop) -> None:
    version = current(upload_ready(make_actor(), make_pdf(size=(800.0, 400.0))))
    before = set(get_blob_store().keys())
    assert flows.base_page(version, 1, width=99_999).width == 2400
    assert set(get_blob_store().keys()) == before


@pytest.mark.parametrize("number", [-1, 0, 2, 10**9])
def test_pages_outside_the_document_are_not_found(number: int, workshop: FakeWorkshop) -> None:
    with pytest.raises(NotFound):
        flows.base_page(current(upload_ready(make_actor())), number)


def test_deleted_document_is_served_no_more(workshop: FakeWorkshop) -> None:
    actor = make_actor()
    document = upload_ready(actor)
    flows.delete_document(actor, document.public_id, now=NOW)
    version = current(document)
    with pytest.raises(NotFound):
        flows.base_page(version, 1)
    with pytest.raises(NotFound):
        flows.open_original(version)
    with pytest.raises(NotFound):
        queries.get_document(actor, document.public_id)
    with pytest.raises(NotFound):
        flows.delete_document(actor, document.public_id, now=NOW)
    assert queries.storage_of(actor.team_id) == queries.Storage(0, 0)


def test_sweep_removes_only_what_stays_loose(workshop: FakeWorkshop) -> None:
    actor = make_actor()
    kept, gone = upload_ready(actor), upload_ready(actor)
    leftover = get_blob_store().put([b"its row was never written"]).key
    flows.delete_document(actor, gone.public_id, now=NOW)
    version = current(gone)
    base = version.page_rows.get().base_key
    assert flows.sweep_blobs(now=NOW) == 0
    assert flows.sweep_blobs(now=NOW + timedelta(hours=23)) == 0
    late = get_blob_store().put([b"an upload under way"]).key
    assert flows.sweep_blobs(now=NOW + timedelta(hours=25)) == 3
    present = set(get_blob_store().keys())
    assert present.isdisjoint({leftover, version.original_key, base})
    assert late in present
    assert list(queries.unused_keys(set(queries.referenced_keys()))) == []
    assert flows.base_page(current(kept), 1).width == 1600


def test_check_names_what_is_missing_and_damaged() -> None:
    version = current(upload_ready(make_actor()))
    base = version.page_rows.get().base_key
    assert base is not None
    get_blob_store().delete(base)
    assert list(queries.blob_faults()) == [f"blob {base} is missing"]
    Version.objects.filter(pk=version.pk).update(sha256="0" * 64)
    assert list(queries.blob_faults(read=True))[1:] == [f"blob {version.original_key} does not have the checksum of its upload"]


def test_kept_pixels_come_back() -> None:
    rng = np.random.default_rng(7)
    text = np.full((300, 400, 1), 255, np.uint8)
    text[50:60, 30:300] = 0
    noise = rng.integers(0, 256, (300, 400, 3), np.uint8)
    for sheet, codec in ((text, 0), (noise, 1)):
        raster = ports.Raster(400, 300, sheet.shape[2], sheet.tobytes())
        kept = pixels.keep(raster)
        assert kept[4] == codec
        back = pixels.read(kept)
        assert (back.width, back.height, back.channels) == (400, 300, sheet.shape[2])
        assert codec == 1 or back == raster
    for broken in (b"", kept[:20], b"XXXX" + kept[4:]):
        with pytest.raises(pixels.NotKeptPixels):
            pixels.read(broken)


def test_pages_just_read_are_remembered_up_to_a_size() -> None:
    shelf = pixels.Shelf(1000)
    sheets = {key: ports.Raster(20, 20, 1, bytes(400)) for key in "abc"}
    shelf.put("a", sheets["a"])
    shelf.put("b", sheets["b"])
    assert shelf.get("a") is sheets["a"]
    shelf.put("c", sheets["c"])
    assert [shelf.get(key) is not None for key in "abc"] == [True, False, True]
    shelf.put("d", ports.Raster(40, 40, 1, bytes(1600)))
    assert [shelf.get(key) for key in "abcd"] == [None] * 4
