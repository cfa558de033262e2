# SPDX-License-Identifier: Apache-2.0
"""Names of downloads."""

from __future__ import annotations

import pytest

from sealroom.portal.names import download_name, original_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Term sheet v3.pdf", "Term sheet v3.pdf"),
        ("Prices.xlsx", "Prices.pdf"),
        ("no ending", "no ending.pdf"),
        ("Version 3.2 of the contract", "Version 3.2 of the contract.pdf"),
        ("../../etc/passwd", "_.._etc_passwd.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("gpj\u202eexe.pdf", "gpjexe.pdf"),
        ('quo"te.pdf', "quo_te.pdf"),
        (".pdf", "pdf.pdf"),
        ("", "document.pdf"),
        ("é" * 300 + ".pdf", "é" * 150 + ".pdf"),
        ("合同.docx", "合同.pdf"),
    ],
)
def test_download_name_is_safe_and_recognisable(name: str, expected: str) -> None:
    assert download_name(name) == expected


@pytest.mark.parametrize(
    ("name", "uploaded", "expected"),
    [
        ("Prices, final", "prices-7.xlsx", "Prices, final.xlsx"),
        ("Prices.XLSX", "prices-7.xlsx", "Prices.xlsx"),
        ("photo.png", "setup.exe", "photo.png.exe"),
        ("report\u202efdp.exe", "report.exe", "reportfdp.exe"),
        ("../../etc/passwd", "passwd", "_.._etc_passwd"),
        ("é" * 300, "é.docx", "é" * 150 + ".docx"),
        ("", ".pdf", "document"),
        ('a"\r\nb', "x.odt", "a_b.odt"),
    ],
)
def test_original_keeps_its_real_ending(name: str, uploaded: str, expected: str) -> None:
    assert original_name(name, uploaded) == expected
