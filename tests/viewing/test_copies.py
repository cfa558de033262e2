# SPDX-License-Identifier: Apache-2.0
"""Copies: the mark survives whatever is taken out of the file, and a protected one opens with its password alone."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest

from sealroom.access.flows import Admission
from sealroom.access.rules import Permission, Policy
from sealroom.documents import flows as documents
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.mail.models import OutgoingMail
from sealroom.viewing import flows, queries
from sealroom.viewing.pdf import ImagePage, write_pdf
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, make_pdf, upload_ready
from tests.factories.viewing import admit, make_link

pytestmark = pytest.mark.django_db
PLAIN = Policy(permission=Permission.DOWNLOAD_PDF)
PROTECTED = replace(PLAIN, protect_pdf=True)


@pytest.fixture(autouse=True)
def _workshop(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWorkshop()
    for name in ("pages", "prepare"):
        monkeypatch.setattr(import_module(f"sealroom.documents.flows.{name}"), "get_workshop", lambda: fake)


def reader_of(owner: Persona, policy: Policy) -> Admission:
    document = upload_ready(owner.actor, make_pdf(("one", "two")))
    return admit(make_link(document, policy=policy), document, policy=policy)


def copy_for(admission: Admission) -> bytes:
    return b"".join(flows.download_pdf(admission, now=NOW, clock=lambda: NOW))


def drawn(data: bytes, password: str = "") -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """The first page as a viewer draws it."""
    with pypdfium2.PdfDocument(data, password=password or None) as file:
        picture = file[0].render(scale=1600 / file[0].get_width(), grayscale=True).to_numpy()
    return np.asarray(picture).squeeze().astype(np.int16)


def test_mark_survives_the_removal_of_everything_that_can_be_removed(owner: Persona) -> None:
    admission = reader_of(owner, PLAIN)
    stripped = io.BytesIO()
    with pikepdf.open(io.BytesIO(copy_for(admission))) as file:
        for page in file.pages:
            for name in {"/Annots", "/AA", "/Group", "/Metadata"} & set(page.obj.keys()):
                del page.obj[name]
            streams = page.Contents
            if isinstance(streams, pikepdf.Array) and len(streams) > 1:
                page.Contents = pikepdf.Array(list(streams)[:-1])
        for name in {"/OCProperties", "/AcroForm", "/Names", "/OpenAction", "/Metadata"} & set(file.Root.keys()):
            del file.Root[name]
        file.save(stripped)
    clear = documents.base_page(admission.version, 1)
    base = np.frombuffer(clear.pixels, np.uint8).reshape(clear.height, clear.width).astype(np.int16)
    copy = drawn(stripped.getvalue())
    rows = min(copy.shape[0], base.shape[0])
    assert (np.abs(copy[:rows, :1600] - base[:rows, :1600]) > 20).mean() > 0.002


def test_copy_has_nothing_of_the_original_but_pictures(owner: Persona) -> None:
    data = copy_for(reader_of(owner, PLAIN))
    assert data.count(b"%%EOF") == data.count(b"startxref") == 1, "no older revision"
    with pikepdf.open(io.BytesIO(data)) as file:
        assert set(file.Root.keys()) == {"/Type", "/Pages", "/ViewerPreferences"}
        assert set(file.docinfo.keys()) == {"/Title"}
        assert len(file.attachments) == 0
        for page in file.pages:
            assert set(page.obj.keys()) == {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents"}
            assert [image.Filter for image in page.get_images().values()] == ["/DCTDecode"]
            assert page.Contents.read_bytes().endswith(b"/I Do Q")
    for word in (b"/JavaScript", b"/JS", b"/EmbeddedFile", b"/OCG", b"/Font", b"/Annots"):
        assert word not in data


def test_protected_copy_opens_with_its_password_alone(owner: Persona) -> None:
    admission = reader_of(owner, PROTECTED)
    data, password = copy_for(admission), queries.pdf_password(admission.link, admission.document)
    for wrong in ("", "no", password.upper()):
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(data), password=wrong)
    with pikepdf.open(io.BytesIO(data), password=password) as file:
        lock = file.encryption
        assert (lock.R, lock.V, lock.bits, lock.stream_method.name) == (6, 5, 256, "aesv3")
        assert (file.allow.print_highres, file.allow.modify_other, file.allow.extract) == (True, False, False)
        assert str(file.docinfo["/Title"]) == admission.document.name
        assert not file.check_pdf_syntax()
    assert b"JFIF" not in data
    assert admission.document.name.encode("utf-16-be") not in data
    plain = copy_for(replace(admission, policy=PLAIN))
    assert np.array_equal(drawn(data, password), drawn(plain))


def test_two_copies_have_different_keys() -> None:
    page = ImagePage(10, 10, b"\xff\xd8 picture", 1, 1, True)
    one, two = (b"".join(write_pdf("A title", 1, [page], password="abcd-efgh")) for _copy in range(2))
    assert re.findall(rb"/UE <\w+>", one) != re.findall(rb"/UE <\w+>", two)


def test_password_is_readable_and_of_one_link_and_document(owner: Persona) -> None:
    admission = reader_of(owner, PROTECTED)
    other = upload_ready(owner.actor, make_pdf(("three",)))
    password = queries.pdf_password(admission.link, admission.document)
    assert re.fullmatch(r"([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}", password)
    assert password == queries.pdf_password(admission.link, admission.document)
    assert password != queries.pdf_password(admission.link, other)
    assert password != queries.pdf_password(make_link(admission.document, address="omar@example.com"), admission.document)


def test_password_is_mailed_apart_at_most_once_an_hour(owner: Persona) -> None:
    admission = reader_of(owner, PROTECTED)
    password = queries.pdf_password(admission.link, admission.document)
    for minutes in (0, 10, 59, 61):
        flows.download_pdf(admission, now=NOW + timedelta(minutes=minutes))
    mails = list(OutgoingMail.objects.filter(to_address="nadia@example.com").order_by("pk"))
    assert len(mails) == 2
    assert password in mails[0].text
    assert password in mails[0].html
    assert password not in mails[0].subject


def test_who_reads_without_an_address_gets_no_mail(owner: Persona) -> None:
    admission = reader_of(owner, PROTECTED)
    admission.reader.address = ""
    flows.download_pdf(admission, now=NOW)
    flows.download_pdf(replace(admission, policy=PLAIN), now=NOW)
    assert OutgoingMail.objects.count() == 0


def test_protected_file_never_lies_anywhere(owner: Persona, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is encrypted piece by piece as it leaves: nothing is written to a disk on the way."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    chunks = flows.download_pdf(reader_of(owner, PROTECTED), now=NOW, clock=lambda: NOW)
    assert next(chunks)[:8] == b"%PDF-2.0"
    assert list(tmp_path.iterdir()) == []
