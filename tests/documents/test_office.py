# SPDX-License-Identifier: Apache-2.0
"""Office files: what they are is looked at first; LibreOffice then works without network, files or macros."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind, Paginated
from sealroom.documents.rules import Limits

from .conftest import MAKE_SMALL, family_of, own_pid

needs_office = pytest.mark.skipif(
    not (bubblewrap.is_available() and bubblewrap.office_programs()), reason="LibreOffice or bubblewrap is missing"
)


def converts(test: Callable[..., None]) -> Callable[..., None]:
    """A test in which LibreOffice works: some seconds, and only where it is."""
    marked: Callable[..., None] = pytest.mark.slow(needs_office(test))
    return marked


TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
ROOT = RELATIONS.format(
    '<Relationship Id="r1" Target="word/document.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
)
DOCUMENT = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>{}</w:body></w:document>'
)
BREAK = '<w:p><w:r><w:t>{}</w:t><w:br w:type="page"/></w:r></w:p>'
PICTURE = (
    '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="900000" cy="900000"/><wp:docPr id="1" name="p"/><a:graphic>'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
    '<pic:cNvPr id="1" name="p"/><pic:cNvPicPr/></pic:nvPicPr>'
    '<pic:blipFill><a:blip r:link="x1"/></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="900000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData>'
    "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
)


def package(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def docx(body: str, **more: str) -> bytes:
    parts: dict[str, str | bytes] = {"[Content_Types].xml": TYPES, "_rels/.rels": ROOT, "word/document.xml": DOCUMENT.format(body)}
    return package({**parts, **{f"word/_rels/{name}.xml.rels": content for name, content in more.items()}})


def compound(*names: str) -> bytes:
    """A compound file that is all directory: enough to tell what it would be."""
    entries = []
    for place, name in enumerate(("Root Entry", *names)):
        encoded = name.encode("utf-16-le")
        kind = 5 if place == 0 else 2
        entry = encoded.ljust(64, b"\x00") + struct.pack("<HB", len(encoded) + 2, kind)
        entries.append(entry.ljust(116, b"\x00") + struct.pack("<II", 0xFFFFFFFE, 0) + bytes(4))
    directory = b"".join(entries).ljust(512, b"\x00")[:512]
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIII", head, 44, 1, 1, 0, 4096)
    struct.pack_into("<IIII", head, 60, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", head, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    return bytes(head) + table + directory


def paginate(workshop: SandboxWorkshop, data: bytes, name: str = "a.docx") -> Paginated:
    return workshop.paginate(io.BytesIO(data), kind=Kind.OFFICE, name=name, document="office")


def code_of(workshop: SandboxWorkshop, data: bytes, name: str = "a.docx") -> str:
    with pytest.raises(WorkshopFailure) as caught:
        paginate(workshop, data, name)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "type_refused"),
        (b"\x00\x01\x02\x03" * 100, "corrupt"),
        (b"only words", "type_refused"),
        (docx("")[:-30], "corrupt"),
        (package({"a.txt": "x"}), "type_refused"),
        (package({"[Content_Types].xml": "<Types/>"}), "type_refused"),
        (package({"mimetype": "application/epub+zip"}), "type_refused"),
        (
            package({"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": "<m:encryption-data/>"}),
            "password_required",
        ),
        (compound("EncryptedPackage"), "password_required"),
        (compound("EncryptionInfo", "EncryptedPackage"), "password_required"),
        (compound("EncryptedSummary", "PowerPoint Document"), "password_required"),
        (compound("__properties_version1.0"), "type_refused"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 3000, "corrupt"),
    ],
)
def test_container_is_looked_at_before_anything_opens_it(workshop: SandboxWorkshop, data: bytes, code: str) -> None:
    assert code_of(workshop, data) == code


def test_compound_file_with_endless_chain_ends(workshop: SandboxWorkshop) -> None:
    looped = bytearray(compound("Other"))
    struct.pack_into("<I", looped, 512 + 4, 1)  # the directory's sector follows itself

    assert code_of(workshop, bytes(looped)) == "type_refused"


def test_bomb_is_refused_by_what_it_would_unpack_to(workshop: SandboxWorkshop) -> None:
    bomb = package({"[Content_Types].xml": TYPES, "word/document.xml": b"\x00" * (128 * 1024**2)})

    assert len(bomb) < 1024**2
    assert code_of(workshop, bomb) == "limit_size"


def test_too_many_entries_are_refused() -> None:
    small = SandboxWorkshop(Limits(archive_entries=5))
    try:
        assert code_of(small, package({f"{number}.xml": "" for number in range(6)})) == "limit_size"
    finally:
        small.close()


@converts
def test_document_becomes_pages_and_nothing_stays(workshop: SandboxWorkshop) -> None:
    workshop.attempt("look")
    before = family_of(own_pid())

    told = paginate(workshop, docx(BREAK.format("One") + BREAK.format("Two") + "<w:p/>"))

    assert len(told.pages) == 3
    assert told.pdf is not None
    assert told.pdf.startswith(b"%PDF-")
    assert family_of(own_pid()) <= before


@converts
def test_content_decides_not_the_name(workshop: SandboxWorkshop) -> None:
    assert len(paginate(workshop, docx("<w:p/>"), "really-a-docx.xls").pages) == 1


@converts
@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/x.png", "file:///etc/passwd"])
def test_external_picture_is_never_fetched(workshop: SandboxWorkshop, listener: tuple[int, list[object]], target: str) -> None:
    port, calls = listener
    link = (
        '<Relationship Id="x1" TargetMode="External" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"'
        f' Target="{target.format(port=port)}"/>'
    )

    told = paginate(workshop, docx(PICTURE, document=RELATIONS.format(link)))

    assert (len(told.pages), calls) == (1, [])
    assert b"root:" not in (told.pdf or b"")


@converts
def test_conversion_that_takes_too_long_is_ended() -> None:
    hasty = SandboxWorkshop(Limits(convert_seconds=0))
    before = family_of(own_pid())
    try:
        assert code_of(hasty, docx("<w:p/>")) == "limit_time"
    finally:
        hasty.close()

    assert family_of(own_pid()) <= before


@converts
def test_limits_apply_to_what_came_out(workshop: SandboxWorkshop) -> None:
    small = SandboxWorkshop(Limits(pages=1, memory_bytes=MAKE_SMALL.memory_bytes))
    try:
        assert code_of(small, docx(BREAK.format("One") + "<w:p/>")) == "limit_pages"
    finally:
        small.close()
