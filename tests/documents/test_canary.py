# SPDX-License-Identifier: Apache-2.0
"""What a file names is never fetched, from the network or from this machine, whichever engine opens it; and what it says of its
author and place goes no further than the original."""

from __future__ import annotations

import io
import os
import secrets
import zipfile
from pathlib import Path

import pikepdf
import pillow_heif
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from PIL import Image

from sealroom.documents.adapters import programs
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.ports import Kind
from sealroom.documents.rules import Limits

from .conftest import pdf_of
from .test_office import PICTURE, RELATIONS, converts, docx
from .test_programs import needs_poppler

A4 = (595.0, 842.0)
Calls = tuple[int, list[object]]
CORE = (
    '<?xml version="1.0"?><cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">'
    "<dc:creator>SECRETAUTHOR</dc:creator><cp:lastModifiedBy>SECRETAUTHOR</cp:lastModifiedBy></cp:coreProperties>"
)


@pytest.fixture
def targets(listener: Calls, tmp_path: Path) -> tuple[str, str, str]:
    """An address that hears who calls, a file of this machine, and the word in it."""
    word = f"canary{secrets.token_hex(8)}"
    (tmp_path / "canary.html").write_text(word, "utf-8")
    return f"http://127.0.0.1:{listener[0]}/x.html", f"file://{tmp_path}/canary.html", word


def given(workshop: SandboxWorkshop, data: bytes, kind: Kind, name: str, password: str | None = None) -> str:
    """All that readers could get: the words of the pages, outline and links, and the bytes the pages are drawn from, unpacked."""
    document = f"canary{secrets.token_hex(4)}"
    told = workshop.paginate(io.BytesIO(data), kind=kind, name=name, document=document, password=password)
    assert told.pdf is not None
    pages = workshop.texts(io.BytesIO(told.pdf), first=1, count=5, document=f"{document}:made")
    structure = workshop.structure(io.BytesIO(told.pdf), document=f"{document}:made")
    return " ".join(word.text for page in pages for word in page.words) + str(structure) + unpacked(told.pdf)


def unpacked(pdf: bytes) -> str:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.generalized, compress_streams=False)
    return pdf.decode("latin-1") + out.getvalue().decode("latin-1")


def test_mail_fetches_nothing(workshop: SandboxWorkshop, listener: Calls, targets: tuple[str, str, str]) -> None:
    far, near, word = targets
    html = "".join(
        f'<img src="{place}"><iframe src="{place}"></iframe><link rel="stylesheet" href="{place}"><object data="{place}"></object>'
        f'<style>@import "{place}"; p {{ background: url({place}) }}</style><p>shown</p><base href="{place}">'
        for place in (far, near)
    )
    outside = f'Content-Type: message/external-body; access-type=URL; URL="{near}"\n\n\n'
    mail = f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n{html}\n--b\n{outside}\n--b--\n"

    said = given(workshop, mail.encode(), Kind.EMAIL, "a.eml")

    assert ("shown" in said, word in said, listener[1]) == (True, False, [])


@needs_poppler
def test_second_engine_fetches_nothing(listener: Calls, targets: tuple[str, str, str]) -> None:
    far, near, word = targets
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(A4))) as pdf:
        page = pdf.pages[0]
        outer = [pdf.make_stream(b"", F=pikepdf.String(place), FFilter=pikepdf.Array()) for place in (far, near)]
        page.obj.Contents = pikepdf.Array([page.obj.Contents, *outer])
        form = pdf.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 9, 9])
        form.Ref = pikepdf.Dictionary(F=pikepdf.String(near), Page=0)
        page.obj.Resources.XObject = pikepdf.Dictionary(F=form)
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String(far))
        pdf.save(out)
    source = wire.memory_file("source")
    os.write(source, out.getvalue())

    made = programs.rewrite_pdf(source, Limits(), weak=False)

    assert made is not None
    with wire.reader(made) as file:
        said = unpacked(file.read())
    os.close(made)
    os.close(source)
    assert (word in said, listener[1]) == (False, [])


@converts
def test_unlocked_office_file_fetches_nothing(workshop: SandboxWorkshop, listener: Calls, targets: tuple[str, str, str]) -> None:
    far, near, word = targets
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = f'<Relationship Id="x1" TargetMode="External" Type="{kind}/image" Target="{far}"/>'
    field = f'<w:p><w:fldSimple w:instr=" INCLUDETEXT &quot;{near}&quot; "><w:r><w:t>old</w:t></w:r></w:fldSimple></w:p>'
    clear, out = io.BytesIO(docx(PICTURE + field, document=RELATIONS.format(links))), io.BytesIO()
    with zipfile.ZipFile(clear, "a") as file:
        file.writestr("word/filler.xml", f"<x>{secrets.token_hex(8192)}</x>")
    OOXMLFile(clear).encrypt("pass word", out)

    said = given(workshop, out.getvalue(), Kind.OFFICE, "a.docx", "pass word")

    assert (word in said, listener[1]) == (False, [])


@converts
def test_author_of_an_office_file_goes_no_further(workshop: SandboxWorkshop) -> None:
    clear = io.BytesIO(docx("<w:p><w:r><w:t>shown</w:t></w:r></w:p>"))
    with zipfile.ZipFile(clear, "a") as file:
        file.writestr("docProps/core.xml", CORE)

    assert "SECRETAUTHOR" not in given(workshop, clear.getvalue(), Kind.OFFICE, "a.docx")


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_place_and_author_of_a_photo_go_no_further(workshop: SandboxWorkshop, encoding: str) -> None:
    exif = Image.Exif()
    exif[0x013B] = "SECRETAUTHOR"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.24), 3: "E", 4: (2.0, 17.0, 40.2), 29: "SECRETDAY"})
    image, out = Image.new("RGB", (64, 64), "white"), io.BytesIO()
    if encoding == "HEIF":
        pillow_heif.from_pillow(image).save(out, exif=exif.tobytes())
    else:
        image.save(out, encoding, exif=exif)
    assert b"SECRETAUTHOR" in out.getvalue()

    said = given(workshop, out.getvalue(), Kind.IMAGE, "a")

    assert ("SECRET" in said, "GPS" in said, "Exif" in said) == (False, False, False)
