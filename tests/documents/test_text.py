# SPDX-License-Identifier: Apache-2.0
"""Text, Markdown and CSV become pages that say the same."""

from __future__ import annotations

import io
import unicodedata

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.documents.adapters.sandbox.bidi import is_rtl, levels, visual_runs
from sealroom.documents.adapters.sandbox.decoding import decode
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind
from sealroom.documents.rules import Limits

LATIN, ARABIC, HEBREW, JAPANESE = "Größe", "مرحبا", "שלום", "日本語のテキスト"


def words_of(workshop: SandboxWorkshop, data: bytes, kind: Kind) -> list[str]:
    """The words on each page, as a reader of our own PDF finds them."""
    told = workshop.paginate(io.BytesIO(data), kind=kind, name="a", document="text")
    pdf = pypdfium2.PdfDocument(told.pdf)
    texts = [pdf[number].get_textpage().get_text_bounded() for number in range(len(pdf))]
    pdf.close()
    assert len(texts) == len(told.pages)
    return [unicodedata.normalize("NFKC", text) for text in texts]


def test_lines_and_pages_of_a_text_are_kept(workshop: SandboxWorkshop) -> None:
    one, two = words_of(workshop, b"first line\nsecond line\n\fnew page\n", Kind.TEXT)

    assert (one.split(), two.split()) == (["first", "line", "second", "line"], ["new", "page"])


def test_long_text_flows_over_pages(workshop: SandboxWorkshop) -> None:
    pages = words_of(workshop, "\n".join(f"line {number}" for number in range(300)).encode(), Kind.TEXT)

    assert " ".join(pages).split() == [word for number in range(300) for word in ("line", str(number))]
    assert len(pages) > 3


def test_long_line_is_broken_not_cut(workshop: SandboxWorkshop) -> None:
    (page,) = words_of(workshop, b"x" * 700, Kind.TEXT)

    assert page.count("x") == 700


@pytest.mark.parametrize("word", [LATIN, JAPANESE, "한국어", "Ελληνικά", "русский", "→ ≤ €"])
def test_script_is_written(workshop: SandboxWorkshop, word: str) -> None:
    (page,) = words_of(workshop, word.encode(), Kind.TEXT)

    assert page.split() == unicodedata.normalize("NFKC", word).split()


def test_unknown_character_is_spelt_out(workshop: SandboxWorkshop) -> None:
    (page,) = words_of(workshop, "a \U0003fff0 b".encode(), Kind.TEXT)

    assert "U+3FFF0" in page


def test_deceiving_marks_are_dropped(workshop: SandboxWorkshop) -> None:
    (page,) = words_of(workshop, "pay \u202e001\u202c now\x00\x1b".encode(), Kind.TEXT)

    assert page.split() == ["pay", "001", "now"]


def test_markdown_is_laid_out_and_html_is_text(workshop: SandboxWorkshop) -> None:
    source = (
        "# Title\n\nSome **bold** [link](https://example.com/) <script>alert(1)</script>\n\n- one\n- two\n\n1. first\n\n"
        "> quoted\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n| c | d |\n\n![picture](http://example.com/x.png)\n"
    )

    (page,) = words_of(workshop, source.encode(), Kind.MARKDOWN)

    assert " ".join(page.split()) == (
        "Title Some bold link (https://example.com/) <script>alert(1)</script> • one • two 1. first quoted code a b c d [picture]"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_table_finds_its_delimiter(workshop: SandboxWorkshop, delimiter: str) -> None:
    rows = [["name", "town"], ["Anna, B.", "Köln"], ["C; D", "x|y"]]
    source = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)

    (page,) = words_of(workshop, source.encode(), Kind.CSV)

    assert page.split() == " ".join(cell for row in rows for cell in row).split()


def test_wide_table_shows_every_column(workshop: SandboxWorkshop) -> None:
    head, row = [f"h{number}" for number in range(60)], [f"value{number}" for number in range(60)]

    words = " ".join(words_of(workshop, f"{','.join(head)}\n{','.join(row)}\n".encode(), Kind.CSV)).split()

    assert set(words) >= {*head, *row}


def test_head_is_repeated_on_every_page(workshop: SandboxWorkshop) -> None:
    pages = words_of(workshop, b"number,square\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(200)), Kind.CSV)

    assert len(pages) > 2
    assert [page.split()[:2] for page in pages] == [["number", "square"]] * len(pages)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.MARKDOWN, Kind.CSV])
@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xff\xfe", b"\xff" * 50, b'"', b",,,\n\n,", b"[](" * 500, b"> " * 300, b"|a|\n|-|\n" * 20]
)
def test_odd_input_still_makes_a_page(workshop: SandboxWorkshop, kind: Kind, data: bytes) -> None:
    assert len(words_of(workshop, data, kind)) >= 1


def test_too_much_text_is_refused() -> None:
    small = SandboxWorkshop(Limits(text_bytes=100, pages=2))
    try:
        for data, code in ((b"x" * 101, "limit_size"), (b"\f\f\f\f", "limit_pages")):
            with pytest.raises(WorkshopFailure) as caught:
                small.paginate(io.BytesIO(data), kind=Kind.TEXT, name="a.txt", document="a")
            assert caught.value.code == code
    finally:
        small.close()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (LATIN, "utf-8"),
        (LATIN, "utf-8-sig"),
        (LATIN, "utf-16"),
        ("Größe – “quoted” €", "cp1252"),
        ("déjà vu, été, où ça", "cp1252"),
        ("名前,住所\n山田,東京\n", "cp932"),
        ("これは日本語の文章です。", "cp932"),
        ("これは日本語の文章です。", "euc_jp"),
        ("안녕하세요 세계", "cp949"),
        ("这是一个中文文本，用来测试", "gb18030"),
        ("Привет, как дела сегодня", "cp1251"),
    ],
)
def test_encoding_is_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@given(st.binary(max_size=300))
def test_any_bytes_decode(data: bytes) -> None:
    assert isinstance(decode(data), str)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc", "abc"),
        ("שלום", "םולש"),
        ("abc שלום def", "abc םולש def"),
        ("שלום abc", "abc םולש"),
        ("שלום 123", "123 םולש"),
        ("abc שלום 123 def", "abc 123 םולש def"),
        ("مرحبا 1,5", "1,5 ابحرم"),
        ("price: 5€ שלום", "price: 5€ םולש"),
    ],
)
def test_line_is_shown_in_the_order_of_uax_9(text: str, shown: str) -> None:
    runs = visual_runs(levels(text, rtl=is_rtl(text)))

    assert "".join(text[start:end][::-1] if rtl else text[start:end] for start, end, rtl in runs) == shown


@given(st.text(alphabet="ab1 ,.-(שםم٣\u0301€", max_size=24), st.booleans())
def test_reordering_loses_nothing(text: str, rtl: bool) -> None:
    runs = visual_runs(levels(text, rtl=rtl))

    assert sorted(place for start, end, _ in runs for place in range(start, end)) == list(range(len(text)))


def test_arabic_letters_are_joined(workshop: SandboxWorkshop) -> None:
    """A joined word is narrower than its letters apart."""

    def ink(text: str) -> int:
        told = workshop.paginate(io.BytesIO(text.encode()), kind=Kind.TEXT, name="a", document="ink")
        assert told.pdf is not None
        raster = workshop.render(io.BytesIO(told.pdf), page=1, width=800, document=f"ink{text}")
        columns = {place % raster.width for place, value in enumerate(raster.pixels) if value < 128}
        return max(columns) - min(columns)

    assert ink("سلسلس") < ink("س ل س ل س".replace(" ", "\u200c"))
