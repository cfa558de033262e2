# SPDX-License-Identifier: Apache-2.0
"""Lines of text in any script: measured, broken, ordered, shaped (HarfBuzz) and written as PDF operators."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import uharfbuzz as hb
from fontTools.unicodedata import script as script_of
from PIL import Image

from .bidi import has_rtl, levels, visual_runs
from .fonts import PLAIN, Face, Fonts, Style, embed
from .pdfwriter import PdfWriter

_SIMPLE = re.compile(r"[\x20-\x7e\xa0-\u024f\u2010-\u2027\u2030-\u205e\u20ac]*")
_WORDS = re.compile(r"\s+|[^\s\-\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+-*|-+|.", re.DOTALL)
_CLUSTER = re.compile(r".[\u0300-\u036f\u200d\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d.)*", re.DOTALL)
_JOINERS = "\u200c\u200d"
_STICKY = frozenset("\u200c\u200d\ufe0e\ufe0f\u20e3")
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u2069\ufeff]")
_EMOJI_FROM = 0x1F000
_EMOJI_PIXELS = 96


@dataclass(frozen=True)
class Span:
    """Text of one look; `size` in points, `ink` a grey from 0 (black) to 1."""

    text: str
    style: Style = PLAIN
    size: float = 10.0
    ink: float = 0.0


@dataclass(frozen=True)
class Glyph:
    """A shaped glyph; lengths in thousandths of the size."""

    number: int
    advance: float
    across: float
    up: float


class Typesetter:
    """Measures and writes text with the fonts of one document."""

    def __init__(self, writer: PdfWriter, sample: str) -> None:
        self.fonts = Fonts(sample)
        self._writer = writer
        self._pictures: dict[int, int] = {}
        self._widths: dict[tuple[str, Style], float] = {}
        self._resources: dict[str, int] = {}
        self._images: dict[str, int] = {}

    def width(self, text: str, style: Style, size: float) -> float:
        """Points a piece of text takes."""
        known = self._widths.get((text, style))
        if known is None:
            if len(self._widths) > 200_000:
                self._widths.clear()
            known = self._widths[text, style] = sum(self._run_width(face, run) for face, run in self._runs(text, style))
        return known * size / 1000

    def lines(self, spans: list[Span], width: float) -> Iterator[list[Span]]:
        """Break spans into lines of at most `width` points, between words where that is possible."""
        line: list[Span] = []
        used = 0.0
        for span in spans:
            for word in _WORDS.findall(_DROPPED.sub("", span.text.expandtabs(4))):
                needed = self.width(word, span.style, span.size)
                if used + needed <= width or (word.isspace() and line):
                    line.append(Span(word, span.style, span.size, span.ink))
                    used += needed
                    continue
                if line:
                    yield line
                    line, used = [], 0.0
                if word.isspace():
                    continue
                *full, rest = self._chop(word, span, width) if needed > width else [word]
                for piece in full:
                    yield [Span(piece, span.style, span.size, span.ink)]
                line = [Span(rest, span.style, span.size, span.ink)]
                used = self.width(rest, span.style, span.size)
        yield line

    def write(self, line: list[Span], x: float, y: float, *, rtl: bool = False) -> str:
        """The operators that show a line with its left end at x."""
        text = "".join(span.text for span in line)
        if not rtl and not has_rtl(text):
            return "".join(self._write_spans(_merged(line), x, y))
        pieces = _reordered(line, text, rtl=rtl)
        return "".join(self._write_spans([span for span, _ in pieces], x, y, [way for _, way in pieces]))

    def line_width(self, line: list[Span]) -> float:
        """Points a line takes."""
        return sum(self.width(span.text, span.style, span.size) for span in line)

    def resources(self) -> bytes:
        """The resource dictionary of what was written since the last call."""
        fonts = " ".join(f"/{name} {number} 0 R" for name, number in self._resources.items())
        images = " ".join(f"/{name} {number} 0 R" for name, number in self._images.items())
        self._resources, self._images = {}, {}
        return f"<< /Font << {fonts} >> /XObject << {images} >> >>".encode()

    def finish(self) -> None:
        """Write the fonts."""
        for face in self.fonts.used():
            embed(self._writer, face)

    # -- runs of one face

    def _runs(self, text: str, style: Style) -> list[tuple[Face, str]]:
        primary = self.fonts.primary(style)
        if _SIMPLE.fullmatch(text) and all(ord(c) in primary.covers for c in set(text)):
            return [(primary, text)]
        runs: list[tuple[Face, str]] = []
        for at, character in enumerate(text):
            face, shown = self._choose(character, text[at + 1 : at + 2], primary, runs[-1][0] if runs else None)
            if not shown:
                continue
            if runs and runs[-1][0] is face and _same_script(runs[-1][1], shown):
                runs[-1] = (face, runs[-1][1] + shown)
            else:
                runs.append((face, shown))
        return runs

    def _choose(self, character: str, following: str, primary: Face, current: Face | None) -> tuple[Face, str]:
        """The face for a character and what it shows of it: nothing for a mark it cannot place, U+XXXX for the unknown."""
        code = ord(character)
        if character in _STICKY:
            return (current, character) if current and (current.is_colour or character in _JOINERS) else (primary, "")
        emoji = self.fonts.emoji if self.fonts.emoji and code in self.fonts.emoji.covers else None
        if emoji and (code >= _EMOJI_FROM or following == "\ufe0f"):
            return emoji, character
        goes_on = current and not current.is_colour and unicodedata.combining(character)
        for face in (current if goes_on else None, primary):
            if face and code in face.covers:
                return face, character
        found = self.fonts.fallback(character) or emoji
        if found:
            return found, character
        return primary, "" if unicodedata.category(character) in ("Cf", "Cc", "Mn") else f"U+{code:04X}"

    def _run_width(self, face: Face, run: str) -> float:
        if _SIMPLE.fullmatch(run):
            return sum(face.glyph(character)[1] for character in run)
        if face.is_colour:
            return 1000.0 * 1.17 * len(_shape(face, run, rtl=False))
        return sum(glyph.advance for glyph in _shape(face, run, rtl=has_rtl(run)))

    def _chop(self, word: str, span: Span, width: float) -> list[str]:
        pieces, piece = [], ""
        used = 0.0
        for cluster in _CLUSTER.findall(word):
            needed = self.width(cluster, span.style, span.size)
            if piece and used + needed > width:
                pieces.append(piece)
                piece, used = "", 0.0
            piece += cluster
            used += needed
        return [*pieces, piece]

    # -- operators

    def _write_spans(self, spans: list[Span], x: float, y: float, ways: list[bool] | None = None) -> Iterator[str]:
        for place, span in enumerate(spans):
            rtl = bool(ways and ways[place])
            runs = self._runs(span.text, span.style)
            for face, run in reversed(runs) if rtl else runs:
                if face.is_colour:
                    operators, advance = self._write_pictures(face, run, x, y, span.size)
                elif not rtl and _SIMPLE.fullmatch(run):
                    operators, advance = self._write_simple(face, run, x, y, span)
                else:
                    operators, advance = self._write_shaped(face, run, x, y, span, rtl=rtl)
                yield operators
                x += advance

    def _write_simple(self, face: Face, run: str, x: float, y: float, span: Span) -> tuple[str, float]:
        glyphs = [face.glyph(character) for character in run]
        advance = sum(glyph[1] for glyph in glyphs) * span.size / 1000
        if not run.strip():
            return "", advance
        codes = "".join(glyph[2] for glyph in glyphs)
        return f"{span.ink:g} g BT /{self._name(face)} {span.size:g} Tf {x:.2f} {y:.2f} Td <{codes}> Tj ET\n", advance

    def _write_shaped(self, face: Face, run: str, x: float, y: float, span: Span, *, rtl: bool) -> tuple[str, float]:
        out = [f"{span.ink:g} g BT /{self._name(face)} {span.size:g} Tf "]
        start = x
        for glyph in _shape(face, run, rtl=rtl):
            left, up = x + glyph.across * span.size / 1000, y + glyph.up * span.size / 1000
            out.append(f"1 0 0 1 {left:.2f} {up:.2f} Tm <{glyph.number:04x}> Tj ")
            x += glyph.advance * span.size / 1000
        return "".join(out) + "ET\n", x - start

    def _write_pictures(self, face: Face, run: str, x: float, y: float, size: float) -> tuple[str, float]:
        out, start = [], x
        for glyph in _shape(face, run, rtl=False):
            number = self._picture(face, glyph.number)
            if number:
                name = f"E{number}"
                self._images[name] = number
                out.append(f"q {size * 1.1:.2f} 0 0 {size * 1.1:.2f} {x:.2f} {y - size * 0.2:.2f} cm /{name} Do Q\n")
            x += size * 1.17
        return "".join(out), x - start

    def _picture(self, face: Face, glyph: int) -> int:
        if glyph not in self._pictures:
            data = bytes(face.font.get_glyph_color_png(glyph).data or b"")
            self._pictures[glyph] = self._embed_picture(data) if data else 0
        return self._pictures[glyph]

    def _embed_picture(self, data: bytes) -> int:
        image = Image.open(io.BytesIO(data), formats=("PNG",)).convert("RGBA").resize((_EMOJI_PIXELS, _EMOJI_PIXELS))
        entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8" % image.size
        mask = self._writer.put_stream(entries + b" /ColorSpace /DeviceGray", image.getchannel("A").tobytes())
        return self._writer.put_stream(entries + b" /ColorSpace /DeviceRGB /SMask %d 0 R" % mask, image.convert("RGB").tobytes())

    def _name(self, face: Face) -> str:
        if not face.number:
            face.number = self._writer.reserve()
        name = f"F{face.number}"
        self._resources[name] = face.number
        return name


def _shape(face: Face, run: str, *, rtl: bool) -> list[Glyph]:
    buffer = hb.Buffer()
    buffer.add_str(run)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    hb.shape(face.font, buffer)
    clusters = [*sorted({info.cluster for info in buffer.glyph_infos}), len(run)]
    ends = dict(pairwise(clusters))
    glyphs = []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        face.used.setdefault(info.codepoint, run[info.cluster : ends[info.cluster]])
        glyphs.append(Glyph(info.codepoint, place.x_advance * face.scale, place.x_offset * face.scale, place.y_offset * face.scale))
    return glyphs


def _same_script(run: str, character: str) -> bool:
    script = script_of(character[0])
    if script in ("Zyyy", "Zinh"):
        return True
    last = next((found for c in reversed(run[-16:]) if (found := script_of(c)) not in ("Zyyy", "Zinh")), script)
    return bool(last == script)


def _merged(line: list[Span]) -> list[Span]:
    """Neighbours of one look as one, so that a line is few operators and letters may join over the seams of breaking."""
    merged: list[Span] = []
    for span in line:
        last = merged[-1] if merged else None
        if last and (last.style, last.size, last.ink) == (span.style, span.size, span.ink):
            merged[-1] = Span(last.text + span.text, span.style, span.size, span.ink)
        else:
            merged.append(span)
    return merged


def _reordered(line: list[Span], text: str, *, rtl: bool) -> list[tuple[Span, bool]]:
    places: list[tuple[int, int, Span]] = []
    at = 0
    for span in _merged(line):
        places.append((at, at + len(span.text), span))
        at += len(span.text)
    found: list[tuple[Span, bool]] = []
    for start, end, way in visual_runs(levels(text, rtl=rtl)):
        cut = [
            (Span(text[max(start, first) : min(end, last)], span.style, span.size, span.ink), way)
            for first, last, span in places
            if first < end and last > start
        ]
        found += reversed(cut) if way else cut
    return found
