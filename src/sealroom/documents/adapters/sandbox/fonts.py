# SPDX-License-Identifier: Apache-2.0
"""Fonts: found on the machine, chosen per character by what they cover, embedded as subsets.

Without any installed font the Latin letters of the font that comes with ReportLab remain. A character that no font covers is
the caller's to spell out.
"""

from __future__ import annotations

import functools
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import uharfbuzz as hb

from .pdfwriter import PdfWriter

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", f"{sysconfig.get_path('purelib')}/reportlab/fonts")
_SANS = {
    (False, False): ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Vera.ttf"),
    (True, False): ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "VeraBd.ttf"),
    (False, True): ("NotoSans-Italic.ttf", "DejaVuSans-Oblique.ttf", "LiberationSans-Italic.ttf", "VeraIt.ttf"),
    (True, True): ("NotoSans-BoldItalic.ttf", "DejaVuSans-BoldOblique.ttf", "LiberationSans-BoldItalic.ttf", "VeraBI.ttf"),
}
_MONO = ("NotoSansMono-Regular.ttf", "DejaVuSansMono.ttf", "LiberationMono-Regular.ttf")
_MONO_BOLD = ("NotoSansMono-Bold.ttf", "DejaVuSansMono-Bold.ttf", "LiberationMono-Bold.ttf")
_EMOJI = "NotoColorEmoji.ttf"
_FALLBACKS = (
    "NotoSansArabic-",
    "NotoSansHebrew-",
    "NotoSansCJK-",
    "NotoSansDevanagari-",
    "NotoSansSymbols",
    "NotoSans",
    "DejaVuSans.",
    "Noto",
)
_UNWANTED = ("bold", "italic", "oblique", "black", "light", "thin", "medium", "condensed", "color", "mono", "ui-", "[")
_EMBED_ERROR = (hb.HarfBuzzError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Style:
    """How letters look."""

    bold: bool = False
    italic: bool = False
    mono: bool = False


PLAIN = Style()


@dataclass
class Face:
    """One font of a document: what it covers and which of its glyphs were used."""

    path: Path
    index: int = 0
    number: int = 0  # of its PDF object, reserved at first use
    used: dict[int, str] = field(default_factory=dict)  # glyph -> the text it stands for

    @functools.cached_property
    def face(self) -> hb.Face:
        """The font file, mapped."""
        return hb.Face(hb.Blob.from_file_path(str(self.path)), self.index)

    @functools.cached_property
    def font(self) -> hb.Font:
        """The face at its own scale."""
        return hb.Font(self.face)

    @functools.cached_property
    def covers(self) -> hb.Set:
        """The code points it has glyphs for."""
        return self.face.unicodes

    @functools.cached_property
    def is_cff(self) -> bool:
        """Whether its outlines are PostScript's."""
        return "CFF " in self.face.table_tags

    @functools.cached_property
    def is_colour(self) -> bool:
        """Whether its glyphs are pictures."""
        return bool(self.face.has_color_png)

    @functools.cached_property
    def scale(self) -> float:
        """Thousandths of the font size per font unit."""
        return 1000.0 / float(self.face.upem or 1000)

    @functools.cached_property
    def simple(self) -> dict[str, tuple[int, float, str]]:
        """Glyph, advance (thousandths) and hexadecimal code of characters that need no shaping, filled as they come."""
        return {}

    def glyph(self, character: str) -> tuple[int, float, str]:
        """The plain glyph of one character."""
        found = self.simple.get(character)
        if found is None:
            glyph = int(self.font.get_nominal_glyph(ord(character)) or 0)
            found = self.simple[character] = (glyph, self.advance(glyph), f"{glyph:04x}")
            self.used.setdefault(glyph, character)
        return found

    def advance(self, glyph: int) -> float:
        """Width of a glyph in thousandths of the size."""
        return float(self.font.get_glyph_h_advance(glyph)) * self.scale


@functools.cache
def font_files() -> dict[str, Path]:
    """Every font file on the machine by its name; the first folder wins."""
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
                found.setdefault(path.name, path)
    return found


class Fonts:
    """The fonts of one document."""

    def __init__(self, sample: str) -> None:
        self._cjk_index = (
            0 if any("\u3040" <= c <= "\u30ff" for c in sample) else 1 if any("\uac00" <= c <= "\ud7a3" for c in sample) else 2
        )
        self._faces: dict[tuple[Path, int], Face] = {}
        self._primary: dict[Style, Face] = {}
        self._chosen: dict[str, Face | None] = {}
        self._fallbacks = self._fallback_order()

    def primary(self, style: Style) -> Face:
        """The face that writes Latin in this style."""
        if style not in self._primary:
            names = (
                ((_MONO_BOLD if style.bold else _MONO) if style.mono else ())
                + _SANS[style.bold, style.italic]
                + _SANS[False, False]
            )
            files = font_files()
            path = next((files[name] for name in names if name in files), None) or next(iter(files.values()))
            self._primary[style] = self._face(path, 0)
        return self._primary[style]

    def fallback(self, character: str) -> Face | None:
        """Some face that covers a character the primary one does not, or None."""
        if character not in self._chosen:
            self._chosen[character] = next((face for face in self._fallbacks if ord(character) in face.covers), None)
        return self._chosen[character]

    @functools.cached_property
    def emoji(self) -> Face | None:
        """The colour emoji, when installed."""
        path = font_files().get(_EMOJI)
        return self._face(path, 0) if path else None

    def used(self) -> list[Face]:
        """The faces that have a PDF object to be written."""
        return [face for face in self._faces.values() if face.number]

    def _face(self, path: Path, index: int) -> Face:
        return self._faces.setdefault((path, index), Face(path, index))

    def _fallback_order(self) -> list[Face]:
        def rank(name: str) -> tuple[int, str]:
            return next((place for place, start in enumerate(_FALLBACKS) if name.startswith(start)), len(_FALLBACKS)), name

        names = [name for name in font_files() if not any(word in name.lower() for word in _UNWANTED)]
        ordered = sorted(names, key=rank)
        return [
            self._face(font_files()[name], self._cjk_index if name.endswith(".ttc") and "CJK" in name else 0) for name in ordered
        ]


def embed(writer: PdfWriter, face: Face) -> None:
    """Write a face as a subset with only its used glyphs, under their own numbers, with the text they stand for."""
    glyphs = sorted(face.used)
    kind, entries = (b"CIDFontType0", b"/Subtype /OpenType") if face.is_cff else (b"CIDFontType2", b"")
    file = writer.put_stream(entries, _subset(face, glyphs))
    name = b"AAAAAA+F%d" % face.number
    key = b"FontFile3" if face.is_cff else b"FontFile2"
    extents = face.font.get_font_extents("ltr")
    ascent, descent = int(extents.ascender * face.scale), int(extents.descender * face.scale)
    descriptor = writer.put(
        b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [-1000 %d 2000 %d] /ItalicAngle 0 /Ascent %d /Descent %d"
        b" /CapHeight %d /StemV 80 /%s %d 0 R >>" % (name, descent, ascent, ascent, descent, ascent, key, file)
    )
    widths = b" ".join(b"%d [%.1f]" % (glyph, face.advance(glyph)) for glyph in glyphs)
    mapping = b"" if face.is_cff else b"/CIDToGIDMap /Identity"
    descendant = writer.put(
        b"<< /Type /Font /Subtype /%s /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /FontDescriptor %d 0 R /DW 0 /W [%s] %s >>" % (kind, name, descriptor, widths, mapping)
    )
    unicode = writer.put_stream(b"", _to_unicode(face))
    writer.put(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>"
        % (name, descendant, unicode),
        face.number,
    )


def _subset(face: Face, glyphs: list[int]) -> bytes:
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NO_HINTING
    wanted.sets(hb.SubsetInputSets.GLYPH_INDEX).update({0, *glyphs})
    wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(
        {int.from_bytes(tag, "big") for tag in (b"GSUB", b"GPOS", b"GDEF", b"BASE", b"VORG", b"vhea", b"vmtx", b"DSIG", b"kern")}
    )
    try:
        made = hb.subset(face.face, wanted)
    except _EMBED_ERROR:
        return bytes(face.face.blob.data)
    return bytes(made.blob.data)


def _to_unicode(face: Face) -> bytes:
    lines = [f"<{glyph:04x}> <{text.encode('utf-16-be', 'ignore').hex()}>" for glyph, text in sorted(face.used.items()) if text]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        + body
        + "\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode()
