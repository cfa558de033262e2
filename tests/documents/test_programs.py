# SPDX-License-Identifier: Apache-2.0
"""The large programs: poppler as second engine, sheets cut into pages, protected Office files, weak sandboxes, budgets."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
import zipfile
import zlib

import pikepdf
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msoffcrypto.format.ooxml import OOXMLFile

from sealroom.documents.adapters import bubblewrap, programs
from sealroom.documents.adapters.sandbox import jail
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import PageFailed, WorkshopFailure, workshop_failure
from sealroom.documents.ports import Kind, Paginated
from sealroom.documents.rules import Limits

from .conftest import MAKE_SMALL, family_of, own_pid, pdf_of
from .test_office import RELATIONS, converts, docx, package

needs_poppler = pytest.mark.skipif(
    not (bubblewrap.is_available() and programs.poppler_program()), reason="poppler or bubblewrap is missing"
)
A4 = (595.0, 842.0)
BOOK_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/worksheets/sheet2.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
KIND_OF_PART = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def sheet(rows: int, columns: int) -> str:
    cells = [
        f'<row r="{row}">' + "".join(f'<c t="inlineStr"><is><t>r{row}c{n}</t></is></c>' for n in range(columns)) + "</row>"
        for row in range(1, rows + 1)
    ]
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{''.join(cells)}</sheetData></worksheet>"
    )


def workbook(first: str, second: str) -> bytes:
    return package(
        {
            "[Content_Types].xml": BOOK_TYPES,
            "_rels/.rels": RELATIONS.format(
                f'<Relationship Id="r1" Target="xl/workbook.xml" Type="{KIND_OF_PART}/officeDocument"/>'
            ),
            "xl/workbook.xml": (
                '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
                f' xmlns:r="{KIND_OF_PART}"><sheets><sheet name="Été" sheetId="1" r:id="r1"/>'
                '<sheet name="Wide" sheetId="2" r:id="r2"/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": RELATIONS.format(
                f'<Relationship Id="r1" Target="worksheets/sheet1.xml" Type="{KIND_OF_PART}/worksheet"/>'
                f'<Relationship Id="r2" Target="worksheets/sheet2.xml" Type="{KIND_OF_PART}/worksheet"/>'
            ),
            "xl/worksheets/sheet1.xml": first,
            "xl/worksheets/sheet2.xml": second,
        }
    )


def office(workshop: SandboxWorkshop, data: bytes, name: str, password: str | None = None) -> Paginated:
    return workshop.paginate(io.BytesIO(data), kind=Kind.OFFICE, name=name, document="programs", password=password)


@converts
def test_sheets_keep_their_scale_and_names(workshop: SandboxWorkshop) -> None:
    told = office(workshop, workbook(sheet(200, 4), sheet(20, 40)), "a.xlsx")

    assert told.pdf is not None
    sheets = workshop.structure(io.BytesIO(told.pdf), document="sheets1").sheets
    assert [found.name for found in sheets] == ["Été", "Wide"]
    tall, wide = told.pages[: sheets[1].first_page - 1], told.pages[sheets[1].first_page - 1 :]
    assert (len(tall) > 1, len(wide) > 1) == (True, True)
    assert all(page.width <= 1_300 and page.height <= 1_000 for page in told.pages)
    pages = workshop.texts(io.BytesIO(told.pdf), first=1, count=50, document="sheets1")
    shown = {word.text for page in pages for word in page.words}
    assert {f"r{row}c0" for row in range(1, 201)} <= shown


@converts
def test_workbook_that_is_too_long_is_printed_as_on_paper(workshop: SandboxWorkshop) -> None:
    data = workbook(sheet(1_500, 2), sheet(1, 1))

    told = office(workshop, data, "a.xlsx")

    assert told.pdf is not None
    assert workshop.structure(io.BytesIO(told.pdf), document="long:made").sheets == ()
    assert all((round(page.width), round(page.height)) in ((595, 842), (612, 792)) for page in told.pages)
    assert len(told.pages) > 20


@needs_poppler
def test_second_engine_mends_what_the_first_refuses(workshop: SandboxWorkshop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = workshop._sizes
    asked: list[int] = []

    def refuse_once(given: int, document: str) -> object:
        asked.append(given)
        if len(asked) == 1:
            raise workshop_failure("corrupt")
        return real(given, document)

    monkeypatch.setattr(workshop, "_sizes", refuse_once)
    told = workshop.paginate(io.BytesIO(pdf_of(A4, A4)), kind=Kind.PDF, name="a.pdf", document="mend1")

    assert (len(told.pages), told.pdf is not None) == (2, True)


@needs_poppler
def test_page_that_cannot_be_drawn_is_asked_of_the_second_engine(
    workshop: SandboxWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workshop._render
    asked: list[str] = []

    def fail_once(pdf: object, job: dict[str, object], document: str) -> object:
        asked.append(document)
        if len(asked) == 1:
            raise PageFailed(page=2)
        return real(pdf, job, document)  # type: ignore[arg-type]

    monkeypatch.setattr(workshop, "_render", fail_once)
    raster = workshop.render(io.BytesIO(pdf_of((300, 300), (200, 400))), page=2, width=100, document="mend2")

    assert (raster.width, raster.height, asked) == (100, 200, ["mend2", "mend2:2"])


def test_refusal_of_the_first_engine_stands_when_the_second_is_missing(
    workshop: SandboxWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "poppler_program", lambda: None)
    with pytest.raises(WorkshopFailure) as caught:
        workshop.paginate(io.BytesIO(b"%PDF-1.4 rubbish"), kind=Kind.PDF, name="a.pdf", document="mend3")

    assert (caught.value.code, caught.value.facts) == ("corrupt", {"reason": "pdfium 3"})


@needs_poppler
def test_rubbish_is_refused_by_both_and_nothing_stays(workshop: SandboxWorkshop) -> None:
    workshop.attempt("look")
    before = family_of(own_pid())
    with pytest.raises(WorkshopFailure) as caught:
        workshop.paginate(io.BytesIO(b"%PDF-1.4 rubbish"), kind=Kind.PDF, name="a.pdf", document="mend4")

    assert caught.value.code == "corrupt"
    assert family_of(own_pid()) <= before


# -- protected files


def protected_odt(password: str, text: str = "sealed words") -> bytes:
    """A document as ODF 1.2 protects it: AES-256-CBC, PBKDF2, SHA-256."""
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:text>'
        f"<text:p>{text}</text:p></office:text></office:body></office:document-content>"
    ).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    salt, vector = b"s" * 16, b"v" * 16
    key = hashlib.pbkdf2_hmac("sha1", hashlib.sha256(password.encode()).digest(), salt, 1_000, 32)
    filler = 16 - len(packed) % 16
    machine = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    sealed = machine.update(packed + bytes([filler]) * filler) + machine.finalize()
    marks = {name: base64.b64encode(value).decode() for name, value in (("salt", salt), ("vector", vector))}
    checksum = base64.b64encode(hashlib.sha256(packed[:1024]).digest()).decode()
    manifest = (
        '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" m:version="1.2">'
        '<m:file-entry m:full-path="/" m:media-type="application/vnd.oasis.opendocument.text"/>'
        f'<m:file-entry m:full-path="content.xml" m:media-type="text/xml" m:size="{len(content)}">'
        '<m:encryption-data m:checksum-type="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k"'
        f' m:checksum="{checksum}"><m:algorithm m:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc"'
        f' m:initialisation-vector="{marks["vector"]}"/><m:key-derivation m:key-derivation-name="PBKDF2"'
        f' m:key-size="32" m:iteration-count="1000" m:salt="{marks["salt"]}"/><m:start-key-generation'
        ' m:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256" m:key-size="32"/></m:encryption-data>'
        "</m:file-entry></m:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        file.writestr("content.xml", sealed)
        file.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


@converts
def test_protected_open_document_opens(workshop: SandboxWorkshop) -> None:
    told = office(workshop, protected_odt("pass word"), "a.odt", "pass word")

    assert told.pdf is not None
    pages = workshop.texts(io.BytesIO(told.pdf), first=1, count=1, document="odt1")
    assert [word.text for word in pages[0].words] == ["sealed", "words"]


@converts
def test_protected_word_file_opens(workshop: SandboxWorkshop) -> None:
    clear = io.BytesIO(docx("<w:p><w:r><w:t>sealed</w:t></w:r></w:p>"))
    with zipfile.ZipFile(clear, "a") as file:
        file.writestr("word/filler.xml", f"<x>{secrets.token_hex(8192)}</x>")  # what is very small is protected in another way
    out = io.BytesIO()
    OOXMLFile(clear).encrypt("pass word", out)

    told = office(workshop, out.getvalue(), "a.docx", "pass word")

    assert told.pdf is not None
    assert [w.text for w in workshop.texts(io.BytesIO(told.pdf), first=1, count=1, document="docx1")[0].words] == ["sealed"]
    with pytest.raises(WorkshopFailure) as caught:
        office(workshop, out.getvalue(), "a.docx", "other")
    assert caught.value.code == "password_wrong"


@pytest.mark.parametrize("password", ["wrong", " "])
def test_wrong_password_of_an_open_document_is_told(workshop: SandboxWorkshop, password: str) -> None:
    with pytest.raises(WorkshopFailure) as caught:
        office(workshop, protected_odt("right"), "a.odt", password)

    assert caught.value.code == "password_wrong"


def test_protected_pdf_comes_without_protection(workshop: SandboxWorkshop) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(A4))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="pässword", R=6))
    told = workshop.paginate(io.BytesIO(out.getvalue()), kind=Kind.PDF, name="a.pdf", document="pdf1", password="pässword")

    assert told.pdf is not None
    with pikepdf.open(io.BytesIO(told.pdf)) as pdf:
        assert not pdf.is_encrypted


# -- walls and budgets


@pytest.mark.parametrize("kind", [Kind.OFFICE, Kind.SVG])
def test_without_walls_the_dangerous_kinds_are_off(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    monkeypatch.setattr(bubblewrap, "is_available", lambda: False)
    weaker = SandboxWorkshop(MAKE_SMALL, children=1)
    try:
        with pytest.raises(WorkshopFailure) as caught:
            weaker.paginate(io.BytesIO(docx("")), kind=kind, name="a.docx", document="weak1")
        assert (caught.value.code, caught.value.facts) == ("converter_missing", {"needs": "bubblewrap"})
        assert (weaker.converts_office(), weaker.mends_pdf()) == (False, False)
    finally:
        weaker.close()


@converts
def test_operator_may_do_without_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "is_available", lambda: False)
    weaker = SandboxWorkshop(MAKE_SMALL, children=1, weak=True)
    before = family_of(own_pid())
    try:
        assert len(office(weaker, docx("<w:p/>"), "a.docx").pages) == 1
    finally:
        weaker.close()

    assert family_of(own_pid()) <= before


@pytest.mark.parametrize(("megabytes", "seconds"), [(0, 60), (1, 66), (5, 90), (100, 120), (2_000, 120)])
def test_time_grows_with_the_file_up_to_the_limit(megabytes: int, seconds: int) -> None:
    assert programs.budget(megabytes * 1024**2, Limits()) == seconds


def test_complaints_are_kept_short_and_plain() -> None:
    assert programs._escaped(b"<b>\x1b[31m\xff\n" + "é".encode()) == "<b>\\x1b[31m\\\\xff\\n\\xe9"
    assert len(programs._escaped(b"\x00" * 4096)) == 4096


@converts
def test_failed_conversion_tells_its_complaint(workshop: SandboxWorkshop) -> None:
    with pytest.raises(WorkshopFailure) as caught:
        office(workshop, docx("<w:p>").replace(b"word/document.xml", b"word/documenT.xml"), "a.docx")

    assert caught.value.code == "corrupt"
    assert len(str(caught.value.facts.get("said", ""))) <= 4096


def test_calls_of_the_filter_are_known() -> None:
    assert jail._ALONE["socket"] == jail._SOCKET
