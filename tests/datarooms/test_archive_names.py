# SPDX-License-Identifier: Apache-2.0
"""Names in an archive: they lead nowhere, are told apart, and fit on any file system. And what a room says of itself, cleaned."""

from __future__ import annotations

import pytest

from sealroom.datarooms.rules import Names, about_html
from sealroom.datarooms.rules.archive import MOST_NAME


@pytest.mark.parametrize(
    ("number", "name", "ending", "expected"),
    [
        ("1.2", "Plan.docx", ".pdf", "1.2 Plan.pdf"),
        ("", "../../etc/passwd", "", "_.._etc_passwd"),
        ("", "..", ".txt", "document.txt"),
        ("", "C:\\evil.exe", ".exe", "C_evil.exe"),
        ("", "con.txt", ".txt", "_con.txt"),
        ("7", "con.txt", ".txt", "7 con.txt"),
        ("", "gpj\u202e.exe", ".exe", "gpj.exe"),
        ("", "Notes ", "", "Notes"),
        ("", "Version 2.10 final", ".pdf", "Version 2.10 final.pdf"),
    ],
)
def test_name_leads_nowhere(number: str, name: str, ending: str, expected: str) -> None:
    assert Names().file("", number, name, ending=ending) == expected


def test_names_beside_each_other_are_told_apart() -> None:
    names = Names()
    assert [names.file("", "", one, ending=".pdf") for one in ("Plan.docx", "plan.pdf", "PLAN.txt")] == [
        "Plan.pdf",
        "plan (2).pdf",
        "PLAN (3).pdf",
    ]
    first, second = names.folder("", "", "Legal"), names.folder("", "", "legal")
    assert (first, second) == ("Legal/", "legal (2)/")
    assert names.file(first, "", "Plan.docx", ending=".pdf") == "Legal/Plan.pdf"


def test_long_names_are_cut_between_characters() -> None:
    names = Names()
    for _ in range(3):
        name = names.file("", "1.10", "é" * 200 + ".pdf", ending=".pdf")
        assert len(name.encode()) <= MOST_NAME
        assert name.endswith(".pdf")
        name.encode().decode()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.com/x.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](http://example.com/)",
    ],
)
def test_about_shows_nothing_that_runs_or_calls_home(text: str) -> None:
    html = about_html(text)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert 'href="http:' not in html


def test_about_keeps_headings_lists_tables_and_safe_links() -> None:
    html = about_html("# A\n\n- b\n\n| c |\n|---|\n| d |\n\n[e](https://example.com/)")
    assert html == (
        "<h2>A</h2>\n<ul>\n<li>b</li>\n</ul>\n<table>\n<thead>\n<tr>\n<th>c</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>d</td>\n"
        '</tr>\n</tbody>\n</table>\n<p><a href="https://example.com/" rel="noopener noreferrer nofollow">e</a></p>'
    )
