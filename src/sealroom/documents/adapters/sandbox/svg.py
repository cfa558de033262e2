# SPDX-License-Identifier: Apache-2.0
"""SVG becomes a picture: rebuilt without anything that reaches outside, then drawn by resvg at a size we choose.

resvg runs no scripts and knows no network, but it would open a local file that an image names. So the drawing is first parsed
(expat fetches no entities and bounds their growth) and written anew: of all references only those to the drawing itself and to
pictures inside it are left. Its size is ours before anything is drawn, so no declared size costs memory.
"""

from __future__ import annotations

import io
import math
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast
from xml.etree import ElementTree

import resvg_py
from PIL import Image

from . import wire
from .images import add_page
from .pdfwriter import PdfWriter
from .refused import Refused

_SPACE = "{http://www.w3.org/2000/svg}"
_MOST_BYTES = 20 * 1024**2
_ELEMENTS, _DEPTH = 200_000, 200
_DROPPED = frozenset({"script", "foreignobject", "iframe", "handler", "animate", "set"})
_INSIDE = re.compile(r"\s*(?:#|data:image/(?:png|jpeg|jpg|gif|webp)[;,])", re.IGNORECASE)
_OUTSIDE = re.compile(r"(?:url|src|image)\(\s*['\"]?(?!\s*['\"]?#)[^)]*\)|@import[^;]*;?", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(px|pt|pc|mm|cm|in|em|ex|q)?\s*$", re.IGNORECASE)
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0, "ex": 8.0, "q": 96 / 101.6}
_DEFAULT = (300.0, 150.0)
_LONG_SIDE = 2_400
_PIXELS = 8_000_000
_DPI = 96.0
_STEEPEST = 200.0
_GZIP = 31


def to_pdf(source: int, limits: dict[str, int]) -> int:
    """A memory file with a PDF of one page. Refuses: corrupt, and limit_size past bytes, elements or depth."""
    with wire.reader(source) as file:
        tree = _read(_bytes(file))
    width, height = _prepare(tree)
    scale = min(_LONG_SIDE / max(width, height), math.sqrt(min(_PIXELS, limits["image_pixels"]) / (width * height)))
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    tree.set("width", str(columns))
    tree.set("height", str(rows))
    picture = _draw(ElementTree.tostring(tree, encoding="unicode"))
    picture.info["dpi"] = (columns * _DPI / width, rows * _DPI / height)
    answer = wire.memory_file("pdf")
    with open(answer, "wb", closefd=False) as out:
        writer = PdfWriter(out)
        add_page(writer, picture, lossy=False)
        writer.finish()
    return answer


def _bytes(file: BinaryIO) -> bytes:
    data = file.read(_MOST_BYTES + 1)
    if data.startswith(b"\x1f\x8b"):
        data = _unpack(data)
    if len(data) > _MOST_BYTES:
        raise Refused("limit_size", limit=_MOST_BYTES)
    return data


def _unpack(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        return unpacker.decompress(data, _MOST_BYTES + 1)
    except zlib.error as error:
        raise Refused("corrupt", reason="svgz") from error


def _read(data: bytes) -> ElementTree.Element:
    """The drawing, elements counted while they come. Raises `Refused`."""
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    count = depth = 0
    try:
        for start in range(0, len(data), 1 << 16):
            parser.feed(data[start : start + (1 << 16)])
            for event, element in _events(parser):
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                count += event == "start"
                if count > _ELEMENTS or depth > _DEPTH:
                    raise Refused("limit_size", elements=count, depth=depth)
        parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refused("corrupt", reason=f"xml: {error}"[:200]) from error
    if root is None or _local(root.tag) != "svg":
        raise Refused("corrupt", reason="no drawing")
    return root


def _events(parser: ElementTree.XMLPullParser[ElementTree.Element]) -> Iterator[tuple[str, ElementTree.Element]]:
    for found in parser.read_events():
        event, element = cast("tuple[str, ElementTree.Element]", found)
        yield event, element


def _prepare(root: ElementTree.Element) -> tuple[float, float]:
    """Take out what reaches outside; see to a view box; tell width and height in pixels of CSS."""
    if not str(root.tag).startswith("{"):  # older drawings name no namespace; resvg wants one
        for element in root.iter():
            if isinstance(element.tag, str) and not element.tag.startswith("{"):
                element.tag = _SPACE + element.tag
    for element in root.iter():
        for child in [child for child in element if not isinstance(child.tag, str) or _local(child.tag) in _DROPPED]:
            element.remove(child)
        _clean(element)
    width, height = _size(root)
    if _box(root) is None:
        root.set("viewBox", f"0 0 {width} {height}")
    return width, height


def _clean(element: ElementTree.Element) -> None:
    for name, value in list(element.attrib.items()):
        local = _local(name)
        is_reference = local in ("href", "src", "base")
        if local.startswith("on") or (is_reference and not _INSIDE.match(value)):
            del element.attrib[name]
        elif not is_reference and "(" in value:
            element.set(name, _OUTSIDE.sub("none", value))
    if _local(element.tag) == "style" and element.text:
        element.text = _OUTSIDE.sub("none", element.text)


def _size(root: ElementTree.Element) -> tuple[float, float]:
    box = _box(root)
    width, height = _length(root.get("width")), _length(root.get("height"))
    if box is not None:
        ratio = box[1] / box[0]
        width = width or (height / ratio if height else box[0])
        height = height or width * ratio
    width, height = width or _DEFAULT[0], height or _DEFAULT[1]
    longest = max(width, height)
    return max(width, longest / _STEEPEST), max(height, longest / _STEEPEST)


def _box(root: ElementTree.Element) -> tuple[float, float] | None:
    try:
        numbers = [float(word) for word in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or not all(1e-6 < side < 1e9 for side in numbers[2:]):
        root.attrib.pop("viewBox", None)
        return None
    return numbers[2], numbers[3]


def _length(value: str | None) -> float:
    """Pixels of CSS; 0 for none, a share of an unknown whole, or nonsense."""
    found = _LENGTH.match(value or "")
    if not found:
        return 0.0
    length = float(found.group(1)) * _UNITS[(found.group(2) or "px").lower()]
    return length if 1e-3 < length < 1e7 else 0.0


def _draw(text: str) -> Image.Image:
    try:
        data = bytes(resvg_py.svg_to_bytes(svg_string=text, background="white", skip_system_fonts="text" not in text))
    except BaseException as error:  # a panic of Rust is no Exception
        raise Refused("corrupt", reason=f"drawing: {error}"[:200]) from error
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    return image


def _local(name: object) -> str:
    return str(name).rpartition("}")[2].lower()
