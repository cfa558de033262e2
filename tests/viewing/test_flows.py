# SPDX-License-Identifier: Apache-2.0
"""Pages, openings and copies, with the real stamper and a workshop for tests."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import numpy as np
import pikepdf
import pypdfium2
import pytest
import simplejpeg

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Admission
from sealroom.access.models import Grant, Link, PolicyRow
from sealroom.access.rules import Permission, Policy, Watermark
from sealroom.access.signals import admission_refused
from sealroom.audit.models import Event
from sealroom.core.errors import Forbidden, NotFound
from sealroom.documents import flows as documents
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.documents.errors import PageFailed
from sealroom.viewing import flows
from sealroom.viewing.models import Denial, Opening, PageView
from sealroom.viewing.signals import first_opened
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, current, make_pdf, upload_ready
from tests.factories.viewing import admit, make_link

pytestmark = pytest.mark.django_db
DOWNLOAD = Policy(permission=Permission.DOWNLOAD_PDF)
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


@pytest.fixture(autouse=True)
def workshop(monkeypatch: pytest.MonkeyPatch) -> FakeWorkshop:
    """The workshop for tests in the place of the sandbox."""
    fake = FakeWorkshop()
    for name in ("pages", "prepare"):
        monkeypatch.setattr(import_module(f"sealroom.documents.flows.{name}"), "get_workshop", lambda: fake)
    return fake


@pytest.fixture
def admission(owner: Persona) -> Admission:
    """Nadia before a document of three pages."""
    document = upload_ready(owner.actor, make_pdf(("one", "two", "three")))
    return admit(make_link(document, policy=DOWNLOAD), document)


@pytest.fixture
def news() -> Iterator[list[int]]:
    """Grants that were opened for the first time."""
    told: list[int] = []

    def hear(sender: object, grant_id: int, **_: object) -> None:
        told.append(grant_id)

    first_opened.connect(hear)
    yield told
    first_opened.disconnect(hear)


def pixels(jpeg: bytes) -> Pixels:
    found: Pixels = simplejpeg.decode_jpeg(jpeg, "GRAY").astype(np.int16)
    return found


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_page_is_marked_for_its_reader(admission: Admission) -> None:
    image = flows.render_page(admission, 1, width=1600, now=NOW)
    assert (image.content_type, image.width, image.height, image.is_grey) == ("image/jpeg", 1600, 2264, True)
    other = replace(admission, viewer=replace(admission.viewer, address="omar@example.com"))
    assert (np.abs(pixels(image.data) - pixels(flows.render_page(other, 1, width=1600, now=NOW).data)) >= 25).sum() > 1000
    assert flows.render_page(admission, 1, width=1600, now=NOW + seconds(20)).data == image.data
    assert flows.render_page(admission, 1, width=1600, now=NOW + seconds(60)).data != image.data


def test_mark_that_is_off_leaves_the_clean_page(admission: Admission) -> None:
    plain = replace(admission, policy=Policy(watermark=None))
    clean = documents.base_page(admission.version, 1)
    image = flows.render_page(plain, 1, width=1600, now=NOW)
    sheet = np.frombuffer(clean.pixels, np.uint8).reshape(clean.height, clean.width, 1)
    assert image.data == simplejpeg.encode_jpeg(sheet, 80, "GRAY", "Gray", fastdct=True)


@pytest.mark.parametrize(("asked", "given"), [(100, 160), (800, 800), (1500, 1600), (2400, 1695), (10**6, 1695)])
def test_width_is_capped(asked: int, given: int, admission: Admission) -> None:
    image = flows.render_page(admission, 1, width=asked, now=NOW)
    assert image.width == given
    assert max(image.width, image.height) <= 2400


@pytest.mark.parametrize("page", [0, -1, 4])
def test_pages_outside_are_not_found_and_not_recorded(page: int, admission: Admission) -> None:
    with pytest.raises(NotFound):
        flows.render_page(admission, page, width=800, now=NOW)
    assert Opening.objects.count() == 0


def test_broken_page_is_told(admission: Admission, workshop: FakeWorkshop) -> None:
    workshop.failures[2] = "limit_time"
    with pytest.raises(PageFailed):
        flows.render_page(admission, 2, width=800, now=NOW)


def test_opening_is_written_once(admission: Admission, news: list[int]) -> None:
    flows.render_page(admission, 1, width=800, now=NOW)
    flows.render_page(admission, 2, width=800, now=NOW + seconds(10))
    flows.render_page(admission, 1, width=1600, now=NOW + seconds(20))
    opening = Opening.objects.get()
    assert (opening.address, opening.ip, opening.device) == ("nadia@example.com", "203.0.113.7", "Firefox")
    assert (opening.started_at, opening.last_seen_at) == (NOW, NOW + seconds(20))
    views = PageView.objects.order_by("page").values_list("page", "first_at", "last_at", "active_ms")
    assert list(views) == [(1, NOW, NOW + seconds(20), 0), (2, NOW + seconds(10), NOW + seconds(10), 0)]
    assert news == [admission.grant.pk]
    assert Event.objects.filter(verb="document.opened").count() == 1
    assert Grant.objects.get().first_opened_at == NOW
    assert Link.objects.get().first_opened_at == NOW


def test_thumbnails_are_no_page_views(admission: Admission) -> None:
    flows.render_page(admission, 3, width=200, now=NOW)
    assert (Opening.objects.count(), PageView.objects.count()) == (1, 0)


def test_reader_who_was_away_opens_anew(admission: Admission, news: list[int]) -> None:
    for minutes in (0, 29, 58, 90):
        flows.render_page(admission, 1, width=800, now=NOW + timedelta(minutes=minutes))
    assert list(Opening.objects.order_by("pk").values_list("started_at", flat=True)) == [NOW, NOW + timedelta(minutes=90)]
    assert news == [admission.grant.pk]


def test_other_browser_and_other_version_are_other_openings(owner: Persona, admission: Admission, news: list[int]) -> None:
    flows.render_page(admission, 1, width=800, now=NOW)
    flows.render_page(admit(admission.link, admission.document, device="Safari"), 1, width=800, now=NOW)
    version = documents.add_version(owner.actor, admission.document.public_id, [make_pdf()], name="b.pdf", size=None, now=NOW)
    documents.prepare(version.pk, now=NOW)
    documents.publish_version(admission.document, version, who=owner.actor.who, now=NOW)
    flows.render_page(replace(admission, version=current(admission.document)), 1, width=800, now=NOW)
    assert Opening.objects.count() == 3
    assert news == [admission.grant.pk]


def test_heartbeat_adds_what_can_be_true(admission: Admission) -> None:
    flows.render_page(admission, 1, width=800, now=NOW)
    flows.render_page(admission, 2, width=800, now=NOW)
    assert flows.heartbeat(admission, {1: 4000, 2: 3000}, now=NOW + seconds(10)) == 7000
    assert flows.heartbeat(admission, {1: 60_000, 3: 5000}, now=NOW + seconds(15)) == 5000
    assert flows.heartbeat(admission, {1: 60_000}, now=NOW + seconds(15)) == 0
    assert dict(PageView.objects.values_list("page", "active_ms")) == {1: 9000, 2: 3000}
    assert Opening.objects.get().last_seen_at == NOW + seconds(15)


def test_heartbeat_without_an_opening_counts_nothing(admission: Admission) -> None:
    assert flows.heartbeat(admission, {1: 4000}, now=NOW) == 0
    flows.render_page(admission, 1, width=800, now=NOW)
    assert flows.heartbeat(admission, {1: 4000}, now=NOW + timedelta(minutes=31)) == 0
    assert PageView.objects.get().active_ms == 0


def test_refusals_of_a_grant_are_kept(admission: Admission) -> None:
    told = {"link_id": admission.link.pk, "reason": "expired", "address": "", "ip": "203.0.113.8", "now": NOW}
    admission_refused.send(Link, grant_id=admission.grant.pk, **told)
    admission_refused.send(Link, grant_id=None, **told)
    assert list(Denial.objects.values_list("grant", "reason", "ip", "at")) == [(admission.grant.pk, "expired", "203.0.113.8", NOW)]


@pytest.mark.parametrize("permission", [Permission.VIEW, Permission.PRINT])
def test_download_needs_the_right(permission: Permission, admission: Admission) -> None:
    refused = replace(admission, policy=Policy(permission=permission))
    with pytest.raises(Forbidden):
        flows.download_pdf(refused, now=NOW)
    with pytest.raises(Forbidden):
        flows.download_original(replace(admission, policy=DOWNLOAD), now=NOW, clock=lambda: NOW)
    assert Opening.objects.count() == 0


def test_download_is_a_pdf_of_marked_pictures(owner: Persona) -> None:
    document = upload_ready(owner.actor, make_pdf(("one", "two"), size=(420.0, 297.5)), name="Angebot (1) ✓.pdf")
    admission = replace(admit(make_link(document, policy=DOWNLOAD), document), policy=DOWNLOAD)
    data = b"".join(flows.download_pdf(admission, now=NOW, clock=lambda: NOW))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [[float(side) for side in page.mediabox] for page in pdf.pages] == [[0, 0, 420, 297.5]] * 2
        assert dict(pdf.docinfo) == {"/Title": "Angebot (1) ✓.pdf"}
        assert set(pdf.Root.keys()) == {"/Type", "/Pages", "/ViewerPreferences"}
        assert [list(page.Resources.XObject.keys()) for page in pdf.pages] == [["/I"], ["/I"]]
        assert pdf.check_pdf_syntax() == []
    drawn = pypdfium2.PdfDocument(data)
    page = drawn[1].render(scale=3, grayscale=True).to_numpy().astype(np.int16)
    assert drawn[0].get_textpage().get_text_range() == ""
    drawn.close()
    shown = pixels(flows.render_page(admission, 2, width=1600, now=NOW).data)
    assert np.abs(page[::9, ::9].astype(float).mean() - shown.mean()) < 3
    assert (page < 225).sum() > 2000
    opening = Opening.objects.get()
    assert opening.downloaded_at == NOW
    assert Event.objects.filter(verb="document.downloaded").count() == 1


def test_download_without_a_mark(admission: Admission) -> None:
    free = replace(admission, policy=replace(DOWNLOAD, watermark=None))
    marked = replace(admission, policy=DOWNLOAD)
    sizes = [sum(len(piece) for piece in flows.download_pdf(one, now=NOW, clock=lambda: NOW)) for one in (free, marked)]
    assert sizes[0] < sizes[1] / 2


def test_download_says_which_page_cannot_be_shown(admission: Admission, workshop: FakeWorkshop) -> None:
    workshop.failures[2] = "limit_time"
    data = b"".join(flows.download_pdf(replace(admission, policy=DOWNLOAD), now=NOW, clock=lambda: NOW))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [int(page.Resources.XObject["/I"].Width) for page in pdf.pages] == [1600, 800, 1600]


def downloader(admission: Admission, permission: Permission) -> Admission:
    """The same reader under a policy that lets him take copies along."""
    PolicyRow.objects.update(permission=permission.value)
    return replace(admission, policy=Policy(permission=permission))


def test_download_breaks_off_when_access_ends(admission: Admission) -> None:
    reader = downloader(admission, Permission.DOWNLOAD_PDF)
    got: list[bytes] = []

    def take() -> None:
        for piece in flows.download_pdf(reader, now=NOW, clock=lambda: NOW):
            got.append(piece)
            if b"".join(got).count(b"/Subtype /Image") == 2:
                access.revoke_link(admission.link, now=NOW)

    with pytest.raises(NotAdmitted) as caught:
        take()
    assert caught.value.reason == "revoked"
    assert b"".join(got).count(b"/Subtype /Image") == 2
    assert b"%%EOF" not in b"".join(got)
    access.restore_link(admission.link, now=NOW)
    assert b"".join(flows.download_pdf(reader, now=NOW, clock=lambda: NOW)).endswith(b"%%EOF\n")


def test_download_breaks_off_when_the_right_is_taken(admission: Admission) -> None:
    PolicyRow.objects.update(permission="view")
    pieces = flows.download_pdf(replace(admission, policy=DOWNLOAD), now=NOW, clock=lambda: NOW)
    with pytest.raises(Forbidden):
        list(pieces)


def test_original_breaks_off_when_access_expires(admission: Admission) -> None:
    reader = downloader(admission, Permission.DOWNLOAD_ORIGINAL)
    PolicyRow.objects.update(expires_at=NOW + seconds(1))
    assert len(b"".join(flows.download_original(reader, now=NOW, clock=lambda: NOW))) == admission.version.size
    with pytest.raises(NotAdmitted):
        list(flows.download_original(reader, now=NOW, clock=lambda: NOW + seconds(1)))


def test_download_does_not_gather_pages(admission: Admission, workshop: FakeWorkshop) -> None:
    pieces = flows.download_pdf(replace(admission, policy=DOWNLOAD), now=NOW, clock=lambda: NOW)
    drawn = [len(workshop.drawn) for _ in pieces]
    assert drawn == sorted(drawn)
    assert drawn[0] == 1
    assert drawn[-1] == 3


def test_document_without_pages_has_no_pdf(owner: Persona) -> None:
    document = upload_ready(owner.actor, bytes(range(256)), name="model.bin")
    policy = Policy(permission=Permission.DOWNLOAD_ORIGINAL)
    admission = admit(make_link(document, policy=policy), document, policy=policy)
    with pytest.raises(NotFound):
        flows.download_pdf(admission, now=NOW, clock=lambda: NOW)
    assert b"".join(flows.download_original(admission, now=NOW, clock=lambda: NOW)) == bytes(range(256))
    assert Opening.objects.get().downloaded_at == NOW


def test_preview_is_marked_with_the_senders_own_address(owner: Persona, stranger: Persona) -> None:
    document = upload_ready(owner.actor)
    image = flows.preview_page(owner.actor, document.public_id, 1, width=800, now=NOW)
    clean = documents.base_page(current(document), 1, width=800)
    assert (np.abs(pixels(image.data)[..., 0] - np.frombuffer(clean.pixels, np.uint8).reshape(clean.height, -1)) > 25).sum() > 300
    assert Opening.objects.count() == 0
    with pytest.raises(NotFound):
        flows.preview_page(stranger.actor, document.public_id, 1, width=800, now=NOW)


def test_preview_of_a_version_that_waits(owner: Persona) -> None:
    document = upload_ready(owner.actor)
    version = documents.add_version(owner.actor, document.public_id, [make_pdf("ab")], name="b.pdf", size=None, now=NOW)
    documents.prepare(version.pk, now=NOW)
    image = flows.preview_page(owner.actor, document.public_id, 2, width=800, now=NOW, version_id=version.public_id)
    assert image.width == 800


def test_mark_may_have_any_look(admission: Admission) -> None:
    wishes = Watermark(fields=("name",), text="机密", size="large", color="#aa0000", angle=0, layout="center")
    image = flows.render_page(replace(admission, policy=Policy(watermark=wishes)), 1, width=800, now=NOW)
    assert not image.is_grey
    assert simplejpeg.decode_jpeg_header(image.data)[2] == "YCbCr"


def test_page_rendering_is_safe_for_threads(admission: Admission) -> None:
    """The pixels of one version, marked for many readers at once."""
    base = documents.base_page(admission.version, 1)
    pages = import_module("sealroom.viewing.flows.marks")
    stamper = import_module("sealroom.viewing.ports").get_stamper()
    results: dict[int, bytes] = {}

    def one(number: int) -> None:
        viewer = replace(admission.viewer, address=f"reader{number % 3}@example.com")
        results[number] = stamper.stamp(base, pages.mark_for(Watermark(), viewer, width=base.width, now=NOW))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results.values())) == 3
    assert [results[number] for number in range(3)] == [results[number + 6] for number in range(3)]
