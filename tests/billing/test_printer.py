# SPDX-License-Identifier: Apache-2.0
"""The printer, read back with another library: every line of text, every page, the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest

from sealroom.billing.adapters.printer import ReportlabPrinter
from sealroom.billing.models import InvoiceStatus
from sealroom.billing.ports import Paper, PaperLine, get_printer
from sealroom.billing.queries.papers import paper_of
from sealroom.core import typeface
from sealroom.core.typeface import PLAIN, Typeface, clean
from tests.factories.accounts import Persona
from tests.factories.billing import make_invoice

WORDS = {
    "number": "Number", "from": "From", "to": "Billed to", "description": "Description", "quantity": "Quantity",
    "unit_price": "Unit price", "amount": "Amount", "subtotal": "Subtotal", "total": "Total",
    "balance_used": "Taken from your balance", "currency": "Amounts in US dollars", "due": "To pay",
    "page": "Page {page} of {pages}",
}  # fmt: skip
PAPER = Paper(
    language="en",
    title="Invoice",
    number="SR-000123",
    currency="USD",
    seller=("Example Seals Ltd", "1 Harbour Street"),
    customer=("Northwind", "12 rue de l’Exemple"),
    facts=(("Date", "26\xa0Nov\xa02026"),),
    lines=(PaperLine("500 credits", "18 of 30 days of $25.00", 1, 2500, 1500),),
    subtotal=1500,
    taxes=(("VAT 20%", 300),),
    total=1800,
    balance_used=0,
    due=1800,
    notes=(),
    words=WORDS,
)


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    document = pdfium.PdfDocument(data)
    try:
        yield document
    finally:
        document.close()


def pages_of(paper: Paper) -> list[list[str]]:
    """The lines of text of every page. ReportLab writes the wide no-break space as a plain one."""
    found = []
    with opened(ReportlabPrinter().print(paper)) as document:
        for number in range(len(document)):
            page = document[number]
            text = page.get_textpage()
            found.append([" ".join(line.split(" ")).strip() for line in text.get_text_range().splitlines()])
            text.close()
            page.close()
    return found


def test_an_english_invoice_line_by_line(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    assert pages_of(paper_of(make_invoice(owner.team, balance_used=400))) == [
        [
            "Invoice",
            "SR-000123",
            "Date 26 Nov 2026",
            "To be paid by 10 Dec 2026",
            "Status Open",
            "Seller’s VAT number IE1234567X",
            "Customer’s VAT number FR12345678901",
            "From",
            "Example Seals Ltd",
            "1 Harbour Street",
            "Dublin",
            "Billed to",
            "Northwind",
            "12 rue de l’Exemple",
            "75002 Paris",
            "France",
            "Description Quantity Unit price Amount",
            "500 credits 1 $25.00 $15.00",
            "18 of 30 days of $25.00",
            "1 data room 1 $50.00 $30.00",
            "18 of 30 days of $50.00",
            "Subtotal $45.00",
            "VAT 20% $9.00",
            "Total $54.00",
            "Taken from your balance −$4.00",
            "To pay $50.00",
            "Amounts in US dollars",
            "Please transfer $50.00 to this account and give SR-000123 as the reference:",
            "IBAN XX00 0000 0000 0000",
            "BIC EXAMPLEX",
            "Example Seals Ltd · SR-000123 Page 1 of 1",
        ]
    ]


def test_a_french_invoice_line_by_line(owner: Persona) -> None:
    paid = datetime(2026, 11, 27, tzinfo=UTC)
    invoice = make_invoice(owner.team, language="fr", status=InvoiceStatus.PAID, paid_at=paid, tax=0, reverse_charge=True)
    assert pages_of(paper_of(invoice)) == [
        [
            "Facture",
            "SR-000123",
            "Date 26 nov. 2026",
            "État Payée le 27 nov. 2026",
            "N° de TVA de l’émetteur IE1234567X",
            "N° de TVA du client FR12345678901",
            "Émetteur",
            "Example Seals Ltd",
            "1 Harbour Street",
            "Dublin",
            "Facturé à",
            "Northwind",
            "12 rue de l’Exemple",
            "75002 Paris",
            "France",
            "Désignation Quantité Prix unitaire Montant",
            "500 crédits 1 25,00 $ 15,00 $",
            "18 jours sur 30, sur 25,00 $",
            "1 salle de données 1 50,00 $ 30,00 $",
            "18 jours sur 30, sur 50,00 $",
            "Sous-total 45,00 $",
            "Total 45,00 $",
            "Payé 45,00 $",
            "Montants en dollars US",
            "Autoliquidation\u202f: la TVA est due par le preneur.",
            "Example Seals Ltd · SR-000123 Page 1 sur 1",
        ]
    ]


def test_many_lines_take_pages_with_the_heads_of_the_columns() -> None:
    lines = tuple(PaperLine(f"Item {number}", "1\xa0Dec to 31\xa0Dec\xa02026", 1, 2500, 2500) for number in range(1, 41))
    pages = pages_of(replace(PAPER, lines=lines))
    assert len(pages) == 3
    heads = [[line for line in page if line == "Description Quantity Unit price Amount"] for page in pages]
    assert [len(one) for one in heads] == [1, 1, 1]
    assert [page[-1] for page in pages] == [f"Example Seals Ltd · SR-000123 Page {number} of 3" for number in (1, 2, 3)]
    shown = [line for page in pages for line in page if line.startswith("Item ")]
    assert shown == [f"Item {number} 1 $25.00 $25.00" for number in range(1, 41)]


def test_sums_and_notes_that_have_no_room_go_to_the_next_page() -> None:
    taxes = tuple((f"Tax {number}", 1) for number in range(30))
    pages = pages_of(replace(PAPER, taxes=taxes, notes=tuple(f"Note {number}" for number in range(60))))
    assert "Subtotal $15.00" in pages[1]
    shown = [line for page in pages for line in page if line.startswith("Note ")]
    assert shown == [f"Note {number}" for number in range(60)]


def test_the_same_paper_gives_the_same_bytes() -> None:
    first = ReportlabPrinter().print(PAPER)
    ReportlabPrinter().print(replace(PAPER, customer=("Ωμέγα Ж שלום 株式会社",)))
    assert ReportlabPrinter().print(PAPER) == first


def test_metadata_language_and_nothing_active() -> None:
    with pikepdf.open(io.BytesIO(ReportlabPrinter().print(replace(PAPER, language="fr")))) as document:
        root, info = document.Root, document.docinfo
        assert str(root.Lang) == "fr"
        assert (str(info.Title), str(info.Author), str(info.Creator)) == ("Invoice SR-000123", "Example Seals Ltd", "Sealroom")
        assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(root.keys())
        boxes = [[round(float(side)) for side in page.MediaBox] for page in document.pages]
    assert boxes == [[0, 0, 595, 842]]


def test_all_fonts_are_in_the_file() -> None:
    with pikepdf.open(io.BytesIO(ReportlabPrinter().print(PAPER))) as document:
        fonts = document.pages[0].Resources.Font
        names = sorted(re.sub("^.*[+]", "", str(font.BaseFont)) for font in fonts.values())
        embedded = [("/FontFile2" in font.FontDescriptor) for font in fonts.values()]
    assert (names, embedded) == (["Inter-Regular", "Inter-SemiBold", "Newsreader-Medium"], [True] * 3)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<b>Bold</b> & <script>alert(1)</script>", "<b>Bold</b> & <script>alert(1)</script>"),
        ("&lt;i&gt; <para> %s {0} \\n (a) (b", "&lt;i&gt; <para> %s {0} \\n (a) (b"),
        ("Łódź Ğüneş Ő ẞ", "Łódź Ğüneş Ő ẞ"),
        ("Ωμέγα Α.Ε.", "Ωμέγα Α.Ε."),
        ("Ёлка и Ко", "Ёлка и Ко"),
        ("abc\u202edef\u202c\u200b\x00\x1b\tx", "abcdefx"),
        ("Two\nlines\u2028here", "Two lines here"),
        ("Smile 😀\ufe0f", "Smile U+1F600"),
        ("Private \ue000", "Private U+E000"),
    ],
)
def test_names_stand_there_letter_by_letter(name: str, shown: str) -> None:
    text = pages_of(replace(PAPER, customer=(name,)))[0]
    assert text[text.index("Billed to") + 1] == shown


def test_names_from_right_to_left_are_put_in_order() -> None:
    assert "".join(typeface._in_order("abc שלום (א) ב x")) == "abc ב (א) םולש x"
    [line] = [line for line in pages_of(replace(PAPER, customer=("שלום",)))[0] if "ש" in line or "U+" in line]
    assert line in {"שלום", "U+05DDU+05D5U+05DCU+05E9"}  # the second where the machine has no font for it


def test_letters_of_east_asia_are_left_to_the_readers_fonts() -> None:
    assert [font for font, _ in typeface._runs("A株カ한", PLAIN)] == [PLAIN, "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"]


def test_very_long_names_are_broken_and_complete() -> None:
    name = "W" * 300
    text = pages_of(replace(PAPER, customer=(name,)))[0]
    assert "".join(line for line in text if set(line) == {"W"}) == name
    words = " ".join(["Northwind"] * 30)
    text = pages_of(replace(PAPER, customer=(words,)))[0]
    assert " ".join(line for line in text if line.startswith("Northwind")) == words


def test_an_address_in_very_many_lines_keeps_the_page() -> None:
    pages = pages_of(replace(PAPER, customer=tuple(f"Line{number}" for number in range(200))))
    text = " ".join(pages[0])
    assert all(re.search(rf"\bLine{number}\b", text) for number in range(200))
    assert pages[0][-1].endswith("Page 1 of 2")


def test_lines_are_no_wider_than_asked_and_never_none() -> None:
    face = Typeface()
    lines = face.wrap("A rather long description of an item " * 5 + "x" * 80, PLAIN, 9.5, 120)
    assert all(face.width(line, PLAIN, 9.5) <= 120 for line in lines)
    assert (face.wrap("", PLAIN, 9.5, 120), clean("a\r\nb")) == ([""], "a b")


def test_settings_name_this_printer() -> None:
    assert type(get_printer()).__name__ == "ReportlabPrinter"
