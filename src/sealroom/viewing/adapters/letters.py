# SPDX-License-Identifier: Apache-2.0
"""Lines of text in any script as coverage masks: fonts chosen letter by letter, shaped and rasterised by HarfBuzz.

Fonts are those of the machine (Noto for preference), and at the last the one that comes with ReportLab, so that Latin text can
be written anywhere. What no font has a shape for is written as U+XXXX. Fonts are files of the machine, texts are plain: nothing of
an uploaded file comes here.
"""

from __future__ import annotations

import io
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import reportlab
import uharfbuzz as hb
from PIL import Image

from sealroom.core import bidi

Mask = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_PACKAGED = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
_SUB = 64  # font units per pixel
_ASCENT, _DESCENT = 1.05, 0.35  # of the em; scripts that need more are given less room, not cut
_IGNORABLE = {0x200C, 0x200D, 0xFE0E, 0xFE0F}
_SKIPPED = ("Bold", "Italic", "Oblique", "Display", "Condensed", "ExtraLight", "Mono", "Unjoined", "SignWriting")


class Letters:
    """Draws lines. Safe for many threads: HarfBuzz objects are used under one lock, and what is drawn is kept by the caller."""

    def __init__(self, folders: Sequence[Path] = FOLDERS) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._fonts: dict[tuple[int, int], hb.Font] = {}
        self._found = lru_cache(maxsize=4096)(self._find)

    def draw(self, line: str, em: int) -> Mask:
        """The line's coverage (0 to 255), one row of text high, cut to its width."""
        with self._lock:
            glyphs, advance = self._lay_out(self._writable(line), em)
            ascent, descent = round(em * _ASCENT), round(em * _DESCENT)
            margin = max(2, em // 4)
            width = max(1, round(advance) + 2 * margin)
            mask = np.zeros((ascent + descent + 2 * margin, width), np.uint8)
            origin = (margin, descent + margin)  # from the lower left
            _draw_outlines([glyph for glyph in glyphs if not glyph.is_picture], mask, origin)
            for glyph in glyphs:
                if glyph.is_picture:
                    _draw_picture(glyph, mask, origin)
            return mask

    def width(self, line: str, em: int) -> int:
        """How wide the line will be, in pixels."""
        with self._lock:
            return round(self._lay_out(self._writable(line), em)[1])

    def missing(self, text: str) -> frozenset[str]:
        """The characters no font has a shape for."""
        with self._lock:
            return frozenset(
                character
                for cluster in _clusters(text)
                if self._found(cluster) is None
                for character in cluster
                if self._found(character) is None and not _is_blank(character)
            )

    @cached_property
    def _shelf(self) -> list[hb.Face]:
        """Every upright face of the machine, the most wanted first. Files are mapped, not read."""
        files = {path for folder in self._folders for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc")}
        upright = sorted((path for path in files if not any(word in path.stem for word in _SKIPPED)), key=_preference)
        faces = [_face(path) for path in [*upright, _PACKAGED]]
        return [face for face in faces if face is not None]

    def _find(self, cluster: str) -> int | None:
        """The shelf's first face with a shape for every character that needs one."""
        if any(unicodedata.category(character) == "Co" for character in cluster):
            return None  # a font's private shape says nothing to anybody else
        needed = [ord(character) for character in cluster if ord(character) not in _IGNORABLE]
        shelf = self._shelf
        order: Iterable[int] = range(len(shelf))
        if _asks_for_picture(cluster):
            order = sorted(order, key=lambda at: not shelf[at].has_color_png)
        return next((at for at in order if all(code in shelf[at].unicodes for code in needed)), None)

    def _writable(self, line: str) -> str:
        """The line with what cannot be drawn spelt as code points."""
        written = []
        for cluster in _clusters(line):
            if self._found(cluster) is not None:
                written.append(cluster)
                continue
            written += [c if self._found(c) is not None or _is_blank(c) else f"U+{ord(c):04X}" for c in cluster]
        return "".join(written)

    def _lay_out(self, line: str, em: int) -> tuple[list[_Glyph], float]:
        """Glyphs with their places, in pixels from the left end of the base line, and the whole advance."""
        glyphs: list[_Glyph] = []
        x = 0.0
        for run in _runs(line, self._found):
            font = self._font(run.face, em)
            buffer = hb.Buffer()
            buffer.add_str(run.text)
            buffer.direction = "rtl" if run.level % 2 else "ltr"
            buffer.guess_segment_properties()
            hb.shape(font, buffer)
            is_picture = self._shelf[run.face].has_color_png
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
                glyphs.append(_Glyph(font, info.codepoint, x + place.x_offset / _SUB, place.y_offset / _SUB, is_picture))
                x += place.x_advance / _SUB
        return glyphs, x

    def _font(self, face: int, em: int) -> hb.Font:
        if (face, em) not in self._fonts:
            if len(self._fonts) > 256:
                self._fonts.clear()
            font = hb.Font(self._shelf[face])
            font.scale = (em * _SUB, em * _SUB)
            self._fonts[face, em] = font
        return self._fonts[face, em]


@dataclass(frozen=True)
class _Glyph:
    font: hb.Font
    number: int
    x: float
    y: float
    is_picture: bool


@dataclass(frozen=True)
class _Run:
    """A stretch of one face and one direction, in the order of reading."""

    text: str
    face: int
    level: int


def _runs(line: str, find: object) -> Iterator[_Run]:
    """The runs of a line from left to right. Parts between dots are ordered each for itself, so that a name written from right
    to left does not pull the time and the address around it to other places."""
    assert callable(find)
    parts = line.split(" · ")
    for index, part in enumerate(parts):
        logical: list[_Run] = []
        level_of = bidi.levels(part, bidi.base_level(part))
        at = 0
        for cluster in _clusters(part):
            face = find(cluster)
            if face is None:
                face = 0 if not logical else logical[-1].face  # blanks that no face needs to have
            level = level_of[at]
            at += len(cluster)
            if logical and (logical[-1].face, logical[-1].level) == (face, level):
                logical[-1] = _Run(logical[-1].text + cluster, face, level)
            else:
                logical.append(_Run(cluster, face, level))
        yield from (logical[at] for at in bidi.visual_order([run.level for run in logical]))
        if index < len(parts) - 1:
            yield _Run(" · ", find(" ·") or 0, 0)


def _clusters(text: str) -> Iterator[str]:
    """What is written as one letter: a base with its marks, joined emoji, flags. Near UAX #29, enough to choose a font."""
    cluster = ""
    for character in text:
        if cluster and _joins(cluster, character):
            cluster += character
            continue
        if cluster:
            yield cluster
        cluster = character
    if cluster:
        yield cluster


def _joins(cluster: str, character: str) -> bool:
    code = ord(character)
    if unicodedata.category(character)[0] == "M" or code in _IGNORABLE or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    if cluster[-1] == "\u200d" and code > 0x2000:
        return True
    return _is_flag_letter(code) and len(cluster) == 1 and _is_flag_letter(ord(cluster))


def _is_flag_letter(code: int) -> bool:
    return 0x1F1E6 <= code <= 0x1F1FF


def _asks_for_picture(cluster: str) -> bool:
    return "\ufe0f" in cluster or ord(cluster[0]) >= 0x1F000


def _is_blank(character: str) -> bool:
    return character.isspace() or ord(character) in _IGNORABLE


def _face(path: Path) -> hb.Face | None:
    try:
        face = hb.Face(hb.Blob.from_file_path(str(path)))
    except (hb.HarfBuzzError, OSError):
        return None
    return face if face.glyph_count else None


def _preference(path: Path) -> tuple[int, str]:
    """Plain Noto first, then Noto for single scripts, CJK, pictures, Noto with serifs, and whatever else there is."""
    name = path.stem
    order = ("NotoSans-Regular", "DejaVuSans", "NotoSans", "NotoNaskh", "NotoSansCJK", "NotoSansSymbols", "NotoColorEmoji", "Noto")
    exact = {"NotoSans-Regular": 0, "DejaVuSans": 5}
    if name in exact:
        return exact[name], name
    for rank, prefix in ((2, "NotoSansCJK"), (3, "NotoSansSymbols"), (4, "NotoColorEmoji"), (1, "NotoSans"), (6, "Noto")):
        if name.startswith(prefix):
            return rank, name
    return len(order), name


def _draw_outlines(glyphs: Sequence[_Glyph], mask: Mask, origin: tuple[int, int]) -> None:
    if not glyphs:
        return
    pen = hb.RasterDraw()
    height, width = mask.shape
    pen.extents = hb.RasterExtents(x_origin=0, y_origin=0, width=width, height=height, stride=0)
    scale = 1 / _SUB
    for glyph in glyphs:
        pen.transform = (scale, 0.0, 0.0, scale, origin[0] + glyph.x, origin[1] + glyph.y)
        pen.draw_glyph(glyph.font, glyph.number)
    image = pen.render()
    if image is None:
        return
    rows = np.frombuffer(image.buffer, np.uint8).reshape(-1, image.extents.stride)[:height, :width]
    np.maximum(mask, rows[::-1], out=mask)  # its rows go upwards


def _draw_picture(glyph: _Glyph, mask: Mask, origin: tuple[int, int]) -> None:
    """A colour bitmap as a grey shape: dark where the picture is dark, faint where it is light."""
    blob = glyph.font.get_glyph_color_png(glyph.number)
    box = glyph.font.get_glyph_extents(glyph.number)
    if blob is None or not len(blob) or box is None or not box.width:
        return
    size = max(1, round(abs(box.width) / _SUB)), max(1, round(abs(box.height) / _SUB))
    with Image.open(io.BytesIO(blob.data), formats=["PNG"]) as picture:
        small = np.asarray(picture.convert("RGBA").resize(size, Image.Resampling.HAMMING), np.uint16)
    light = small[..., :3].sum(axis=2) // 3
    shape = (small[..., 3] * (255 - light * 3 // 4) // 255).astype(np.uint8)
    left = round(origin[0] + glyph.x + box.x_bearing / _SUB)
    top = round(mask.shape[0] - origin[1] - glyph.y - box.y_bearing / _SUB)
    _paste(mask, shape, left, top)


def _paste(mask: Mask, shape: Mask, left: int, top: int) -> None:
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(mask.shape[1], left + shape.shape[1]), min(mask.shape[0], top + shape.shape[0])
    if x0 < x1 and y0 < y1:
        target = mask[y0:y1, x0:x1]
        np.maximum(target, shape[y0 - top : y1 - top, x0 - left : x1 - left], out=target)
