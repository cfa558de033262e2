# SPDX-License-Identifier: Apache-2.0
"""Invoices as PDF: A4, laid out here line by line and drawn with ReportLab.

Texts are drawn as they are and never parsed, so a name cannot be markup. What is set on a page is first collected, because the foot
of every page says how many there are.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from sealroom.billing.ports import Paper, PaperLine
from sealroom.core.typeface import BOLD, PLAIN, TITLE, Typeface, clean
from sealroom.core.wording import money_text, number_text

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 56.0, WIDTH - 56.0, HEIGHT - 60.0, 84.0
INK, SOFT, LINE, ACCENT = "#1B1C1A", "#55564F", "#E4E0D6", "#1E5C4B"
_MOST_PARTY_LINES = 8
# Right ends of the columns of numbers; the description has the room to the left of them.
_QUANTITY, _PRICE = RIGHT - 168.0, RIGHT - 84.0
_DESCRIPTION = _QUANTITY - 56.0 - LEFT
_SUMS = RIGHT - 230.0
_lock = threading.Lock()


class ReportlabPrinter:
    """Draws invoices. The same paper gives the same bytes on a machine with the same fonts."""

    @classmethod
    def from_settings(cls) -> ReportlabPrinter:
        """Needs no settings."""
        return cls()

    def print(self, paper: Paper) -> bytes:
        """The PDF. One at a time per process: ReportLab's fonts are shared."""
        with _lock:
            typeface = Typeface()
            sheet = _Sheet(paper, typeface)
            sheet.set_all()
            return _drawn(paper, typeface, sheet.pages)


@dataclass(frozen=True)
class _Text:
    x: float
    y: float
    text: str
    face: str = PLAIN
    size: float = 9.5
    colour: str = INK
    to_right: bool = False


@dataclass(frozen=True)
class _Rule:
    y: float
    start: float = LEFT
    colour: str = LINE
    width: float = 0.75


_Page = list[_Text | _Rule]


@dataclass
class _Sheet:
    """The pages so far, and how far down the last one is set."""

    paper: Paper
    typeface: Typeface
    pages: list[_Page] = field(default_factory=lambda: [[]])
    y: float = TOP

    def set_all(self) -> None:
        """Set the whole paper."""
        self._head()
        self._parties()
        self._column_heads()
        for line in self.paper.lines:
            self._line(line)
        self._sums()
        self._notes()

    def _head(self) -> None:
        """Title and number to the left, the facts to the right, beside each other."""
        self._put(LEFT, self.paper.title, face=TITLE, size=26, down=26)
        self._put(LEFT, self.paper.number, face=BOLD, size=11, colour=ACCENT, down=46)
        y = self.y - 10
        for label, value in self.paper.facts:
            lines = self.typeface.wrap(value, PLAIN, 9.5, 150)
            self.pages[-1].append(_Text(RIGHT - 160, y, clean(label), colour=SOFT, to_right=True))
            for line in lines:
                self.pages[-1].append(_Text(RIGHT - 150, y, line))
                y -= 14.5
        self.y = min(self.y - 60, y) - 20

    def _parties(self) -> None:
        middle = (LEFT + RIGHT) / 2 + 10
        ends = [
            self._party(LEFT, self.paper.words["from"], self.paper.seller),
            self._party(middle, self.paper.words["to"], self.paper.customer),
        ]
        self.y = min(ends) - 26

    def _party(self, x: float, label: str, lines: Sequence[str]) -> float:
        """A party's name and address; of an address in very many lines the last ones share one."""
        y = self.y
        self.pages[-1].append(_Text(x, y, clean(label), size=8.5, colour=SOFT))
        y -= 15
        shown = list(lines[:_MOST_PARTY_LINES])
        if len(lines) > _MOST_PARTY_LINES:
            shown[-1] = ", ".join(lines[_MOST_PARTY_LINES - 1 :])
        for place, text in enumerate(shown):
            face = PLAIN if place else BOLD
            for line in self.typeface.wrap(text, face, 9.5, (RIGHT - LEFT) / 2 - 20):
                self.pages[-1].append(_Text(x, y, line, face))
                y -= 14
        return y

    def _column_heads(self) -> None:
        words = self.paper.words
        self._put(LEFT, words["description"], size=8.5, colour=SOFT)
        for x, name in ((_QUANTITY, "quantity"), (_PRICE, "unit_price"), (RIGHT, "amount")):
            self._put(x, words[name], size=8.5, colour=SOFT, to_right=True)
        self.pages[-1].append(_Rule(self.y - 8, colour=INK))
        self.y -= 26

    def _line(self, line: PaperLine) -> None:
        text = self.typeface.wrap(line.text, PLAIN, 9.5, _DESCRIPTION)
        detail = self.typeface.wrap(line.detail, PLAIN, 8.5, _DESCRIPTION) if line.detail else []
        height = 14 * len(text) + 12.5 * len(detail) + 14
        if self.y - height < BOTTOM:
            self._turn()
            self._column_heads()
        numbers = (
            (_QUANTITY, number_text(line.quantity, self.paper.language)),
            (_PRICE, self._money(line.unit_price)),
            (RIGHT, self._money(line.amount)),
        )
        for x, number in numbers:
            self._put(x, number, to_right=True)
        for place, words in enumerate(text):
            self._put(LEFT, words, down=14 * place)
        for place, words in enumerate(detail):
            self._put(LEFT, words, size=8.5, colour=SOFT, down=14 * len(text) - 0.5 + 12.5 * place)
        self.y -= height
        self.pages[-1].append(_Rule(self.y + 17))

    def _sums(self) -> None:
        paper, words = self.paper, self.paper.words
        rows = [(words["subtotal"], paper.subtotal), *paper.taxes, (words["total"], paper.total)]
        if paper.balance_used:
            rows.append((words["balance_used"], -paper.balance_used))
        if self.y - 17 * len(rows) - 60 < BOTTOM:
            self._turn()
        self.y -= 2
        for label, amount in rows:
            for line in self.typeface.wrap(label, PLAIN, 9.5, 140):
                self._put(_SUMS, line, colour=SOFT)
                self.y -= 14
            self.y += 14
            self._put(RIGHT, self._money(amount), to_right=True)
            self.y -= 17
        if "due" in words:
            self.pages[-1].append(_Rule(self.y + 5, start=_SUMS, colour=INK))
            self.y -= 12
            self._put(_SUMS, words["due"], face=BOLD, size=12)
            self._put(RIGHT, self._money(paper.due), face=BOLD, size=12, to_right=True)
            self.y -= 17
        self._put(RIGHT, words["currency"], size=8.5, colour=SOFT, to_right=True)
        self.y -= 34

    def _notes(self) -> None:
        for note in self.paper.notes:
            for line in self.typeface.wrap(note, PLAIN, 9.5, RIGHT - LEFT):
                if self.y - 14 < BOTTOM - 14:
                    self._turn()
                self._put(LEFT, line)
                self.y -= 14
            self.y -= 4

    def _put(
        self,
        x: float,
        text: str,
        *,
        face: str = PLAIN,
        size: float = 9.5,
        colour: str = INK,
        to_right: bool = False,
        down: float = 0,
    ) -> None:
        self.pages[-1].append(_Text(x, self.y - down, clean(text), face, size, colour, to_right))

    def _turn(self) -> None:
        self.pages.append([])
        self.y = TOP

    def _money(self, minor: int) -> str:
        return money_text(minor, self.paper.currency, self.paper.language)


def _drawn(paper: Paper, typeface: Typeface, pages: Sequence[_Page]) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, pageCompression=1, invariant=1, lang=paper.language, initialFontName=PLAIN)
    canvas.setTitle(f"{clean(paper.title)} {clean(paper.number)}")
    canvas.setAuthor(clean(paper.seller[0]) if paper.seller else "")
    canvas.setSubject(clean(paper.title))
    canvas.setCreator("Sealroom")
    canvas.setProducer("Sealroom")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for place, page in enumerate(pages, 1):
        for one in [*page, *_foot(paper, typeface, place, len(pages))]:
            if isinstance(one, _Rule):
                canvas.setStrokeColor(HexColor(one.colour))
                canvas.setLineWidth(one.width)
                canvas.line(one.start, one.y, RIGHT, one.y)
                continue
            canvas.setFillColor(HexColor(one.colour))
            x = one.x - typeface.width(one.text, one.face, one.size) if one.to_right else one.x
            typeface.draw(canvas, one.text, one.face, one.size, (x, one.y))
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _foot(paper: Paper, typeface: Typeface, place: int, pages: int) -> _Page:
    number = paper.words["page"].format(page=place, pages=pages)
    seller = typeface.wrap(paper.seller[0] if paper.seller else "", PLAIN, 8.5, 240)[0]
    return [
        _Rule(56),
        _Text(LEFT, 40, f"{seller} · {clean(paper.number)}" if seller else clean(paper.number), size=8.5, colour=SOFT),
        _Text(RIGHT, 40, number, size=8.5, colour=SOFT, to_right=True),
    ]
