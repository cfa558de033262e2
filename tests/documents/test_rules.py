# SPDX-License-Identifier: Apache-2.0
"""Which kind a file is by its first bytes and its name, and which name it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.documents.kinds import Kind
from sealroom.documents.rules import NAME_CHARACTERS, Refusal, TypeVerdict, clean_name, decide_kind, extension_of

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
ZIP = b"PK\x03\x04\x14\x00\x00\x00"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
MZ = b"MZ\x90\x00\x03\x00\x00\x00"
ELF = b"\x7fELF\x02\x01\x01" + bytes(9)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00"
WEBP = b"RIFF\x00\x10\x00\x00WEBPVP8 "
TAR = bytes(257) + b"ustar\x0000"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.pdf", PDF, Kind.PDF),
        ("A.PDF", PDF, Kind.PDF),
        ("a.pdf", b"\x00rubbish\x1f" + PDF, Kind.PDF),
        ("a.pdf", b"no mark at all", Kind.PDF),  # damaged, which PDFium shall say
        ("a", PDF, Kind.PDF),
        ("scan.png", PNG, Kind.IMAGE),
        ("scan.jpg", PNG, Kind.IMAGE),  # the wrong kind of picture harms nobody
        ("scan.jpeg", JPEG, Kind.IMAGE),
        ("scan.tiff", b"II*\x00\x08\x00\x00\x00", Kind.IMAGE),
        ("scan.heic", HEIC, Kind.IMAGE),
        ("scan.webp", WEBP, Kind.IMAGE),
        ("scan.gif", b"GIF89a\x01\x00", Kind.IMAGE),
        ("scan.bmp", b"BM\x36\x00\x00\x00\x00\x00", Kind.IMAGE),
        ("a.docx", ZIP, Kind.OFFICE),
        ("a.docx", OLE, Kind.OFFICE),  # an encrypted one
        ("a.doc", OLE, Kind.OFFICE),
        ("a.doc", b"{\\rtf1\\ansi", Kind.OFFICE),
        ("a.odp", ZIP, Kind.OFFICE),
        ("a.fods", b'<?xml version="1.0"?><office:document', Kind.OFFICE),
        ("a.rtf", b"{\\rtf1\\ansi", Kind.OFFICE),
        ("a.txt", b"Hello", Kind.TEXT),
        ("a.txt", b"\xff\xfeH\x00i\x00", Kind.TEXT),
        ("a.txt", "Größe".encode("cp1252"), Kind.TEXT),
        ("README", b"Hello", Kind.TEXT),
        ("a.md", b"# Hello", Kind.MARKDOWN),
        ("a.csv", b"a;b\n", Kind.CSV),
        ("a.csv", b"MZ;price\n", Kind.CSV),
        ("a.svg", SVG, Kind.SVG),
        ("a.eml", b"From: a@example.com\r\n", Kind.EMAIL),
        ("a.mp4", MP4, Kind.MEDIA),
        ("a.pages", ZIP, Kind.OTHER),
        ("a.xyz", b"\x00\x01\x02", Kind.OTHER),
        ("a.msg", OLE, Kind.OTHER),
        ("a.html", b"<!doctype html>", Kind.OTHER),
    ],
)
def test_kind_is_what_the_bytes_show(name: str, head: bytes, kind: Kind) -> None:
    assert decide_kind(name, head) == TypeVerdict(kind=kind)


@pytest.mark.parametrize(
    ("name", "head", "refusal"),
    [
        ("a.pdf", b"", Refusal.EMPTY),
        ("a.exe", MZ, Refusal.PROGRAM),
        ("a", ELF, Refusal.PROGRAM),
        ("a.bin", b"\xcf\xfa\xed\xfe\x07\x00", Refusal.PROGRAM),
        ("a.py", b"#!/usr/bin/env python3\n", Refusal.PROGRAM),
        ("a.ps1", b"Write-Host", Refusal.PROGRAM),
        ("setup.msi", OLE, Refusal.PROGRAM),
        ("a.jar", ZIP, Refusal.PROGRAM),
        ("a.zip", ZIP, Refusal.ARCHIVE),
        ("a", ZIP, Refusal.ARCHIVE),
        ("a.rar", b"Rar!\x1a\x07\x01\x00", Refusal.ARCHIVE),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\x00", Refusal.ARCHIVE),
        ("a.tar.gz", b"\x1f\x8b\x08\x00", Refusal.ARCHIVE),
        ("a.tar", TAR, Refusal.ARCHIVE),
        ("a.dat", TAR, Refusal.ARCHIVE),
        ("a.pdf", PNG, Refusal.MISMATCH),
        ("a.pdf", ZIP, Refusal.MISMATCH),
        ("a.pdf", ZIP + PDF, Refusal.MISMATCH),
        ("a.pdf", MZ, Refusal.MISMATCH),
        ("a.xlsx", MZ, Refusal.MISMATCH),
        ("a.docx", PDF, Refusal.MISMATCH),
        ("a.png", PDF, Refusal.MISMATCH),
        ("a.txt", PNG, Refusal.MISMATCH),
        ("a.txt", b"\x00\x01\x02\x03", Refusal.MISMATCH),
        ("a.txt", b"#!/bin/sh\nrm -rf /\n", Refusal.MISMATCH),
        ("a.csv", ZIP, Refusal.MISMATCH),
        ("a.svg", PNG, Refusal.MISMATCH),
        ("a.mp4", b"just words", Refusal.MISMATCH),
    ],
)
def test_file_is_refused_for_its_reason(name: str, head: bytes, refusal: Refusal) -> None:
    assert decide_kind(name, head) == TypeVerdict(refusal=refusal)


@given(name=st.text(max_size=30), head=st.binary(max_size=600))
def test_every_file_gets_one_verdict(name: str, head: bytes) -> None:
    verdict = decide_kind(name, head)

    assert (verdict.kind is None) != (verdict.refusal is None)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("  two   spaces\t.pdf ", "two spaces .pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("line\r\nbreak.pdf", "line break.pdf"),
        ("nul\x00l.pdf", "null.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        (".htaccess", "htaccess"),
        ("", "document"),
        ("...", "document"),
    ],
)
def test_name_is_made_safe(given: str, clean: str) -> None:
    assert clean_name(given) == clean


def test_long_name_keeps_its_extension() -> None:
    name = clean_name("x" * 500 + ".docx")

    assert (len(name) <= NAME_CHARACTERS, extension_of(name)) == (True, "docx")


@given(st.text(max_size=400))
def test_clean_name_is_stable_and_short(name: str) -> None:
    clean = clean_name(name)

    assert clean
    assert len(clean) <= NAME_CHARACTERS
    assert not set(clean) & set("/\\\r\n\x00\u202e")
