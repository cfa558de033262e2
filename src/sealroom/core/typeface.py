# SPDX-License-Identifier: Apache-2.0
"""Text in any script for ReportLab: the product's own fonts, then those of the machine, letter by letter.

Inter and Newsreader come with this package, cut for print (`fonts/README.md`); Hebrew, Arabic, symbols and whatever else the
machine has TrueType fonts for follow; Chinese, Japanese and Korean are left to the reader's own fonts, as PDF provides. What nobody
has a shape for is written as U+XXXX. Arabic letters are put in order, but not joined.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import uharfbuzz as hb
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from sealroom.core import bidi

PLAIN, BOLD, TITLE = "sealroom-inter-400", "sealroom-inter-600", "sealroom-newsreader-500"
_OWN = Path(__file__).parent / "fonts"
_FILES = {PLAIN: "inter-400.ttf", BOLD: "inter-600.ttf", TITLE: "newsreader-500.ttf"}
_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_PREFERRED = ("NotoSans-", "NotoSans", "DejaVuSans", "Noto", "")
_UNWANTED = ("bold", "italic", "oblique", "black", "light", "thin", "medium", "condensed", "color", "mono", "display", "[")
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_UNSEEN = ("Cc", "Cf")
_VARIANTS = range(0xFE00, 0xFE10)
_MOST_CODE = 0xFFFF  # beyond it ReportLab writes down the wrong text for a letter, and searching or copying would find another


def clean(text: str) -> str:
    """One line of what can be seen: no control characters, none that turn the direction, no line breaks."""
    text = unicodedata.normalize("NFC", " ".join(text.splitlines()))
    return "".join(one for one in text if unicodedata.category(one) not in _UNSEEN and ord(one) not in _VARIANTS)


class Typeface:
    """Measures, breaks and draws lines. All texts pass `clean` first."""

    def __init__(self) -> None:
        for name in _FILES:
            _register(name)

    def width(self, text: str, face: str, size: float) -> float:
        """Points a line takes."""
        return sum(float(pdfmetrics.stringWidth(run, font, size)) for font, run in _runs(text, face))

    def wrap(self, text: str, face: str, size: float, width: float) -> list[str]:
        """Lines of at most `width` points, broken at spaces, within a word only when it is longer than a line. Never empty."""
        lines = [""]
        for word in clean(text).split(" "):
            joined = f"{lines[-1]} {word}" if lines[-1] else word
            if self.width(joined, face, size) <= width:
                lines[-1] = joined
                continue
            *full, rest = self._chop(word, face, size, width)
            lines += [*full, rest]
        return lines[1:] if not lines[0] and len(lines) > 1 else lines

    def draw(self, canvas: Canvas, text: str, face: str, size: float, at: tuple[float, float]) -> None:
        """Draw a line from its left end on."""
        x, y = at
        for font, run in _runs(text, face):
            canvas.setFont(font, size)
            canvas.drawString(x, y, run)
            x += float(pdfmetrics.stringWidth(run, font, size))

    def _chop(self, word: str, face: str, size: float, width: float) -> list[str]:
        pieces = [""]
        for letter in _letters(word):
            if pieces[-1] and self.width(pieces[-1] + letter, face, size) > width:
                pieces.append("")
            pieces[-1] += letter
        return pieces


def _runs(text: str, face: str) -> Iterator[tuple[str, str]]:
    """The line from left to right, in stretches of one font."""
    font, run = "", ""
    for letter in _in_order(text):
        name = _font_of(letter, face)
        shown = letter if name else "".join(f"U+{ord(character):04X}" for character in letter)
        name = name or PLAIN
        if name != font and run:
            yield font, run
            run = ""
        font, run = name, run + shown
    if run:
        yield font, run


def _in_order(text: str) -> list[str]:
    """Letters as they stand from left to right."""
    letters = list(_letters(text))
    if not any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return letters
    level_of = bidi.levels(text, bidi.base_level(text))
    levels, at = [], 0
    for letter in letters:
        levels.append(level_of[at])
        at += len(letter)
    return [letters[place].translate(_MIRRORED) if levels[place] % 2 else letters[place] for place in bidi.visual_order(levels)]


def _letters(text: str) -> Iterator[str]:
    """Characters, each with the marks that stand on it."""
    letter = ""
    for character in text:
        if letter and not unicodedata.combining(character):
            yield letter
            letter = ""
        letter += character
    if letter:
        yield letter


@cache
def _font_of(letter: str, face: str) -> str:
    """The font that has a letter with all its marks; "" when there is none."""
    codes = [ord(character) for character in letter]
    if max(codes) > _MOST_CODE:
        return ""
    for name in dict.fromkeys((face, PLAIN)):
        if all(code in _register(name).face.charToGlyph or code == 0xA0 for code in codes):
            return name
    asian = _asian(codes[0])
    if asian:
        return asian
    for path, face_codes in _machine():
        if all(code in face_codes for code in codes):
            name = f"sealroom-{path.stem}"
            if _registered_from(name, path):
                return name
    return ""


def _register(name: str) -> TTFont:
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, str(_OWN / _FILES[name])))
    return pdfmetrics.getFont(name)


def _registered_from(name: str, path: Path) -> bool:
    if name not in pdfmetrics.getRegisteredFontNames():
        try:
            pdfmetrics.registerFont(TTFont(name, str(path)))
        except (TTFError, OSError):
            return False  # a font ReportLab cannot embed
    return True


def _asian(code: int) -> str:
    if 0x3040 <= code <= 0x30FF:
        name = "HeiseiKakuGo-W5"
    elif 0x1100 <= code <= 0x11FF or 0xAC00 <= code <= 0xD7A3:
        name = "HYGothic-Medium"
    elif 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF:
        name = "STSong-Light"
    else:
        return ""
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


@cache
def _machine() -> list[tuple[Path, hb.Set]]:
    """The machine's upright TrueType fonts with what they cover, the most wanted first."""
    files = {
        path for folder in _FOLDERS for path in folder.rglob("*.ttf") if not any(word in path.stem.lower() for word in _UNWANTED)
    }

    def rank(path: Path) -> tuple[int, str]:
        return next(place for place, start in enumerate(_PREFERRED) if path.stem.startswith(start)), path.stem

    found = []
    for path in sorted(files, key=rank):
        try:
            face = hb.Face(hb.Blob.from_file_path(str(path)))
        except (hb.HarfBuzzError, OSError):
            continue
        if face.glyph_count and "glyf" in face.table_tags:
            found.append((path, face.unicodes))
    return found
