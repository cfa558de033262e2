# SPDX-License-Identifier: Apache-2.0
"""Words, outline, links and search: what PDFium tells, what is kept, what is believed."""

from __future__ import annotations

import io
from importlib import import_module

import pytest
from reportlab.pdfgen import canvas

from sealroom.core.errors import NotFound
from sealroom.documents import flows, queries, words
from sealroom.documents.adapters import answers
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import NotReady, WorkshopBusy, WorkshopFailure
from sealroom.documents.models import Document, Version
from sealroom.documents.ports import BlobStore, OutlineItem, PageText, Structure, Word, get_blob_store
from tests.documents.conftest import pdf_of
from tests.factories.documents import NOW, current, make_actor, make_pdf, upload, upload_ready

reading_module = import_module("sealroom.documents.flows.reading")


def linked_pdf() -> bytes:
    """Two pages with an outline of two levels, a link to page 2, one to a site, and one that runs a script."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=(400, 300))
    paper.drawString(50, 250, "Hello wide world")
    paper.bookmarkPage("one")
    paper.addOutlineEntry("First", "one", level=0)
    paper.linkRect("", "two", Rect=(50, 200, 150, 220))
    paper.linkURL("https://example.com/a", (200, 200, 300, 220))
    paper.linkURL("javascript:alert(1)", (200, 100, 300, 120))
    paper.linkURL("file:///etc/passwd", (200, 50, 300, 70))
    paper.showPage()
    paper.setPageRotation(90)
    paper.drawString(50, 250, "Turned")
    paper.bookmarkPage("two")
    paper.addOutlineEntry("Second", "two", level=1)
    paper.showPage()
    paper.save()
    return out.getvalue()


class TestSandbox:
    def test_words_stand_where_they_are_shown(self, workshop: SandboxWorkshop) -> None:
        pages = workshop.texts(io.BytesIO(linked_pdf()), first=1, count=9, document="read1")

        assert [[word.text for word in page.words] for page in pages] == [["Hello", "wide", "world"], ["Turned"]]
        hello, turned = pages[0].words[0], pages[1].words[0]
        assert (round(hello.x), hello.y < 50 < hello.y + hello.height) == (50, True)
        # Turned by a quarter, the page is 300 wide; what stood at the top left stands at the top right.
        assert (turned.height > turned.width, round(turned.y), turned.x <= 250 <= turned.x + turned.width) == (True, 50, True)

    def test_words_beyond_the_shown_part_are_not_told(self, workshop: SandboxWorkshop) -> None:
        out = io.BytesIO()
        paper = canvas.Canvas(out, pagesize=(400, 300), cropBox=(0, 150, 400, 300))
        paper.drawString(50, 250, "seen")
        paper.drawString(50, 50, "hidden")
        paper.save()

        pages = workshop.texts(io.BytesIO(out.getvalue()), first=1, count=1, document="read2")

        assert [word.text for word in pages[0].words] == ["seen"]

    def test_outline_and_links_are_told(self, workshop: SandboxWorkshop) -> None:
        told = workshop.structure(io.BytesIO(linked_pdf()), document="read3")

        assert told.outline == (OutlineItem("First", 1, 0), OutlineItem("Second", 2, 1))
        assert [(link.page, round(link.x), round(link.y), link.target_page, link.uri) for link in told.links] == [
            (1, 50, 80, 2, ""),
            (1, 200, 80, 0, "https://example.com/a"),
        ]
        assert told.sheets == ()

    def test_pages_past_the_end_are_none(self, workshop: SandboxWorkshop) -> None:
        assert workshop.texts(io.BytesIO(linked_pdf()), first=3, count=5, document="read4") == ()

    def test_child_stays_warm_between_pixels_and_words(self, workshop: SandboxWorkshop) -> None:
        workshop.render(io.BytesIO(pdf_of((200, 200))), page=1, width=100, document="read5")

        assert [w.text for w in workshop.texts(io.BytesIO(b"not read"), first=1, count=1, document="read5")[0].words] == [
            "Page",
            "1",
        ]


LIES: list[object] = [
    None,
    {"outline": [["t", 1]], "links": []},
    {"outline": [["t" * 301, 1, 0]], "links": []},
    {"outline": [["t", -1, 0]], "links": []},
    {"outline": [["t", True, 0]], "links": []},
    {"outline": [["t", 1, 0]] * 2_001, "links": []},
    {"outline": [], "links": [[1, 0, 0, 1, 1, 0, "javascript:x"]]},
    {"outline": [], "links": [[1, 0, 0, 1, float("inf"), 0, "https://x"]]},
    {"outline": [], "links": [[1, 0, 0, 1, 1, 2, ""]] * 201},
]


@pytest.mark.parametrize("lie", LIES)
def test_answers_of_a_child_are_checked(lie: object) -> None:
    with pytest.raises(WorkshopFailure):
        answers.structure(lie)


@pytest.mark.parametrize(
    "lie", [{}, [[["a", 1, 2, 3]]], [[["a", 1, 2, 3, "4"]]], [[[5, 1, 2, 3, 4]]], [[]] * 3, [[["a" * 200_001, 1, 2, 3, 4]]]]
)
def test_words_of_a_child_are_checked(lie: object) -> None:
    with pytest.raises(WorkshopFailure):
        answers.page_texts(lie, 2)


def page(*texts: str) -> PageText:
    return PageText(tuple(Word(text, 10.0 * place, 5.0, 8.0, 2.0) for place, text in enumerate(texts)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ÉTÉ", [(1, 1)]),
        ("ete", [(1, 1)]),
        ("ﬁn", [(2, 1)]),
        ("l'été   fin", []),
        ("fin de", [(2, 1)]),
        ("strasse", [(2, 1)]),
        ("a", [(1, 2), (2, 1)]),
        ("", []),
        (" \t", []),
        ("\u0301", []),
    ],
)
def test_search_minds_neither_case_nor_accents(query: str, found: list[tuple[int, int]]) -> None:
    pages = [(1, page("Été", "la", "Ça")), (2, page("fin", "de", "Straße"))]

    assert [(hit.page, hit.count) for hit in words.find(pages, query, limit=10)] == found


def test_boxes_cover_the_letters_that_were_found() -> None:
    hit = words.find([(7, page("abcd", "efgh"))], "cd ef", limit=1)[0]

    assert hit.boxes == ((4.0, 5.0, 4.0, 2.0), (10.0, 5.0, 4.0, 2.0))


def test_search_stops_at_its_limit() -> None:
    assert [hit.page for hit in words.find([(n, page("x")) for n in range(1, 9)], "x", limit=3)] == [1, 2, 3]


def test_kept_words_are_read_one_page_at_a_time() -> None:
    pages = [page("one", "two"), page(), page("drei")]
    kept = io.BytesIO(b"".join(words.keep_texts(pages)))

    assert [words.read_page(kept, number) for number in (3, 1, 2)] == [pages[2], pages[0], pages[1]]
    with pytest.raises(words.NotKept):
        words.read_page(kept, 4)
    with pytest.raises(words.NotKept):
        words.count_pages(io.BytesIO(b"rubbish"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeWorkshop:
    made = FakeWorkshop()
    monkeypatch.setattr(reading_module, "get_workshop", lambda: made)
    return made


@pytest.mark.django_db
@pytest.mark.usefixtures("own_blobs")
class TestFlows:
    def test_structure_and_words_are_kept(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf(("a", "b"))))

        flows.read(version.pk, now=NOW)

        version.refresh_from_db()
        assert version.structure_key is not None
        assert version.text_key is not None
        fake.failures |= {"structure": "corrupt", "texts": "corrupt"}  # from here on the cache must do
        assert flows.structure_of(version).outline == (OutlineItem("Page 1", 1, 0), OutlineItem("Page 2", 2, 0))
        assert [word.text for word in flows.text_of(version, 2).words] == ["Page", "2"]
        assert [(hit.page, hit.count) for hit in flows.search_text(version, "page 2", limit=5)] == [(2, 1)]

    def test_words_are_there_before_they_are_kept(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf(("a", "b"))))

        assert [word.text for word in flows.text_of(version, 2).words] == ["Page", "2"]
        assert [hit.page for hit in flows.search_text(version, "PAGE", limit=5)] == [1, 2]
        assert version.text_key is not None

    def test_loser_of_a_race_leaves_no_blob(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf()))
        late = Version.objects.select_related("document").get(pk=version.pk)
        flows.structure_of(version)
        before = set(get_blob_store().keys())

        assert flows.structure_of(late) == flows.structure_of(version)

        assert set(get_blob_store().keys()) == before
        assert list(queries.unused_keys(before)) == []

    def test_damaged_cache_is_made_anew(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf()))
        flows.read(version.pk, now=NOW)
        version.refresh_from_db()
        for key in (version.structure_key, version.text_key):
            get_blob_store().delete(key or "")

        assert len(flows.structure_of(version).outline) == 1
        assert len(flows.search_text(version, "page", limit=1)) == 1
        assert list(queries.blob_faults()) == []

    def test_what_cannot_be_read_is_empty(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf()))
        fake.failures |= {"structure": "corrupt", "texts": "corrupt"}

        assert flows.structure_of(version) == Structure()
        assert flows.text_of(version, 1) == PageText(())

    def test_busy_machine_is_told(self, fake: FakeWorkshop) -> None:
        version = current(upload_ready(make_actor(), make_pdf()))
        fake.failures |= {"structure": "workshop_busy", "texts": "workshop_busy"}

        with pytest.raises(WorkshopBusy):
            flows.structure_of(version)
        with pytest.raises(WorkshopBusy):
            flows.search_text(version, "x", limit=1)

    def test_deleted_and_unready_documents_tell_nothing(self, own_blobs: BlobStore) -> None:
        actor = make_actor()
        waiting = current(upload(actor, make_pdf()))
        with pytest.raises(NotReady):
            flows.text_of(waiting, 1)
        gone = current(upload_ready(actor, make_pdf()))
        flows.read(gone.pk, now=NOW)
        gone.refresh_from_db()
        flows.delete_document(actor, gone.document.public_id, now=NOW)
        gone = Version.objects.select_related("document").get(pk=gone.pk)

        with pytest.raises(NotFound):
            flows.structure_of(gone)
        assert Document.objects.get(pk=gone.document_id).deleted_at == NOW
        assert {gone.structure_key, gone.text_key} <= set(queries.unused_keys(own_blobs.keys()))

    def test_file_without_pages_has_no_words(self) -> None:
        version = current(upload_ready(make_actor(), bytes(range(256)), name="model.bin"))

        assert flows.structure_of(version) == Structure()
        assert flows.search_text(version, "x", limit=1) == ()
        with pytest.raises(NotFound):
            flows.text_of(version, 1)
