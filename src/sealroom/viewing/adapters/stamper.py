# SPDX-License-Identifier: Apache-2.0
"""Burns marks into pixels with NumPy and encodes with libjpeg-turbo.

A mark is a *layer*: for every pixel how much it is darkened (letters) or lightened (a thin halo around them), so that it shows on
white, on black and on everything between. Letters and halo do not overlap, hence one formula serves both, with lower and upper
bounds chosen so that bytes cannot wrap around:

    out = clip(base, darken, 255 - lighten) + lighten - darken

A tiled layer is periodic, so only one period of rows is kept; it stays in the processor's cache while a page runs through it. The
lines are drawn upright once, turned once, and repeated; a canvas of the page's size is never turned.
"""

from __future__ import annotations

import io
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image, ImageFilter

from sealroom.documents.ports import Raster
from sealroom.viewing.adapters.letters import Letters, Mask
from sealroom.viewing.ports import Mark

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

QUALITY = 80
_DARKEN = 46  # of 255, where a black letter covers a pixel wholly
_LIGHTEN = 52
_ROW_GAP, _COLUMN_GAP = 4.2, 3.0  # of the em, between repeated marks
_LINE = 0.62  # of the page's width, the longest line of a tiled mark
_LINE_ACROSS = 0.9
_BAND_BYTES = 768 * 1024
_KEPT_BYTES = 96 * 1024 * 1024


@dataclass(frozen=True)
class _Layer:
    """What is done to a rectangle of the page whose upper left corner is (`top`, `left`). A periodic one repeats downwards."""

    top: int
    left: int
    low: Pixels
    high: Pixels
    change: Pixels
    is_periodic: bool

    @property
    def size(self) -> int:
        return 3 * self.low.nbytes


class NumpyStamper:
    """The `Stamper` that works in the caller's thread."""

    def __init__(self, letters: Letters | None = None) -> None:
        self._letters = letters or Letters()
        self._layers = _LayerShelf()

    def stamp(self, page: Raster, mark: Mark | None) -> bytes:
        """See the port. A grey page stays one channel unless the mark is coloured."""
        pixels = np.frombuffer(page.pixels, np.uint8).reshape(page.height, page.width, page.channels)
        if mark is None:
            return encode(pixels)
        if page.channels == 1 and len(set(mark.color)) > 1:
            pixels = np.repeat(pixels, 3, axis=2)
        shape = (page.height, page.width, pixels.shape[2])
        layers = self._layers.get((shape, mark), lambda: self._build(shape, mark))
        return encode(_burn(pixels, layers))

    def notice(self, width: int, height: int, text: str, mark: Mark | None) -> bytes:
        """See the port."""
        sheet = np.full((height, width), 255, np.uint8)
        block = self._block((text,), max(8, width // 45), round(width * _LINE_ACROSS))
        top, left = max(0, (height - block.shape[0]) // 2), max(0, (width - block.shape[1]) // 2)
        part = sheet[top : top + block.shape[0], left : left + block.shape[1]]
        part -= block[: part.shape[0], : part.shape[1]] // 4 * 3
        return self.stamp(Raster(width, height, 1, sheet.tobytes()), mark)

    def overlay(self, width: int, height: int, mark: Mark) -> bytes:
        """See the port. A film is coded anew, which eats thin strokes: they are stronger than on paper."""
        shape = (height, width, 3)
        ink, halo = (np.zeros((height, width), np.uint8) for _ in range(2))
        for layer in self._layers.get((shape, mark), lambda: self._build(shape, mark)):
            rows = height if layer.is_periodic else layer.low.shape[0]
            repeats = -(-rows // layer.low.shape[0])
            darken, lighten = (np.tile(part.max(axis=2), (repeats, 1))[:rows] for part in (layer.low, 255 - layer.high))
            place = (slice(layer.top, layer.top + rows), slice(layer.left, layer.left + darken.shape[1]))
            ink[place], halo[place] = darken, lighten
        alpha = np.minimum(255, np.where(ink > 0, ink.astype(np.uint16) * 2, halo)).astype(np.uint8)
        pixels = np.full((height, width, 4), 255, np.uint8)
        pixels[ink > 0, :3] = mark.color
        pixels[..., 3] = alpha
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        return out.getvalue()

    def missing_glyphs(self, text: str) -> frozenset[str]:
        """See the port."""
        return self._letters.missing(text)

    def _build(self, shape: tuple[int, int, int], mark: Mark) -> tuple[_Layer, ...]:
        height, width, channels = shape
        if mark.layout == "tile":
            block = _turned(self._block(mark.lines, mark.em, round(width * _LINE)), mark.angle)
            return (_layer(_tiled(block, width, mark), channels, mark, at=(0, 0), is_periodic=True),)
        block = self._block(mark.lines, mark.em, round(width * _LINE_ACROSS))
        if mark.layout == "center":
            block = _fitted(_turned(block, mark.angle), height, width)
            at = ((height - block.shape[0]) // 2, (width - block.shape[1]) // 2)
            return (_layer(block, channels, mark, at=at),)
        block = _fitted(block, height // 3 or 1, width)
        left = (width - block.shape[1]) // 2
        below = height - block.shape[0]
        return tuple(_layer(block, channels, mark, at=(top, left)) for top in sorted({0, below}))

    def _block(self, lines: tuple[str, ...], em: int, widest: int) -> Mask:
        """The lines under each other, each centred, none wider than `widest` as far as it can be broken."""
        drawn = [self._letters.draw(part, em) for line in lines for part in self._broken(line, em, widest)]
        width = max(mask.shape[1] for mask in drawn)
        step = round(em * 1.45)
        block = np.zeros((step * (len(drawn) - 1) + drawn[0].shape[0], width), np.uint8)
        for row, mask in enumerate(drawn):
            left = (width - mask.shape[1]) // 2
            part = block[row * step : row * step + mask.shape[0], left : left + mask.shape[1]]
            np.maximum(part, mask, out=part)
        return block

    def _broken(self, line: str, em: int, widest: int) -> list[str]:
        """The line in parts that fit: broken at spaces, and within a word that alone is too long."""
        if self._letters.width(line, em) <= widest:
            return [line]
        parts: list[str] = []
        for word in line.split(" "):
            if parts and self._letters.width(f"{parts[-1]} {word}", em) <= widest:
                parts[-1] += f" {word}"
            else:
                parts += self._cut(word, em, widest)
        return [part.strip(" ·") or part for part in parts if part != "·"]

    def _cut(self, word: str, em: int, widest: int) -> list[str]:
        if len(word) < 2 or self._letters.width(word, em) <= widest:
            return [word]
        middle = len(word) // 2
        return [*self._cut(word[:middle], em, widest), *self._cut(word[middle:], em, widest)]


class _LayerShelf:
    """The layers used last, up to a number of bytes. A viewer's is made anew each minute and for each size of page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, tuple[_Layer, ...]] = OrderedDict()
        self._bytes = 0

    def get(self, key: object, build: object) -> tuple[_Layer, ...]:
        assert callable(build)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        layers: tuple[_Layer, ...] = build()  # two threads may build the same one; neither waits for the other
        with self._lock:
            if key not in self._kept:
                self._bytes += sum(layer.size for layer in layers)
            self._kept[key] = layers
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                self._bytes -= sum(layer.size for layer in old)
        return layers


def encode(pixels: Pixels) -> bytes:
    """A baseline JPEG of quality 80; colour at half resolution, grey as one channel."""
    is_grey = pixels.shape[2] == 1
    space, subsampling = ("GRAY", "Gray") if is_grey else ("RGB", "420")
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), QUALITY, space, subsampling, fastdct=True)
    return data


def _burn(pixels: Pixels, layers: tuple[_Layer, ...]) -> Pixels:
    """A new page with the layers in it."""
    whole = layers[0]
    if whole.is_periodic:
        out = np.empty_like(pixels)
        _run_through(pixels, out, whole)
        return out
    out = pixels.copy()
    for layer in layers:
        height, width = layer.low.shape[:2]
        part = out[layer.top : layer.top + height, layer.left : layer.left + width]
        _apply(part, part, layer, slice(None))
    return out


def _run_through(pixels: Pixels, out: Pixels, layer: _Layer) -> None:
    """In bands that fit the cache: three passes over memory would cost three times the one that is needed."""
    period = layer.low.shape[0]
    band = max(8, _BAND_BYTES // max(1, pixels[0].nbytes))
    row = 0
    while row < len(pixels):
        at = row % period
        rows = min(band, period - at, len(pixels) - row)
        _apply(pixels[row : row + rows], out[row : row + rows], layer, slice(at, at + rows))
        row += rows


def _apply(source: Pixels, target: Pixels, layer: _Layer, rows: slice) -> None:
    np.maximum(source, layer.low[rows], out=target)
    np.minimum(target, layer.high[rows], out=target)
    np.add(target, layer.change[rows], out=target)  # modulo 256, which the bounds make exact


def _layer(mask: Mask, channels: int, mark: Mark, *, at: tuple[int, int], is_periodic: bool = False) -> _Layer:
    """From coverage to what is done to each channel. The darker a channel of the colour, the more is taken from it."""
    halo = _halo(mask, max(1, mark.em // 12), wraps=is_periodic)
    strengths = [round(_DARKEN * (255 - value) / 255) for value in mark.color[:channels]]
    covered = mask.astype(np.uint16)
    darken = np.stack([(covered * strength // 255).astype(np.uint8) for strength in strengths], axis=2)
    lighten = np.repeat(((halo.astype(np.uint16) * _LIGHTEN) // 255).astype(np.uint8)[..., None], channels, axis=2)
    if max(strengths) - min(strengths) > _DARKEN // 3:
        # A coloured mark on black shows by its halo alone; give it its colour there.
        tint = np.array([value / 255 for value in mark.color[:channels]])
        lighten = (lighten * (0.4 + 0.6 * tint)).astype(np.uint8)
    lighten[darken > 0] = 0
    return _Layer(at[0], at[1], darken, 255 - lighten, lighten - darken, is_periodic)


def _halo(mask: Mask, reach: int, *, wraps: bool) -> Mask:
    """The surroundings of letters, without the letters."""
    pad = reach + 1
    padded = np.pad(mask, pad, mode="wrap" if wraps else "constant")
    grown = np.asarray(Image.fromarray(padded).filter(ImageFilter.MaxFilter(2 * reach + 1)))[pad:-pad, pad:-pad]
    around: Mask = np.where(mask > 0, 0, grown).astype(np.uint8)
    return around


def _turned(mask: Mask, angle: int) -> Mask:
    if angle == 0:
        return mask
    turned = Image.fromarray(mask).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    return np.asarray(turned)


def _fitted(mask: Mask, height: int, width: int) -> Mask:
    """Made smaller when the page is smaller than the mark: a mark cut off could be a mark without its name."""
    shrink = min(1.0, height / mask.shape[0], width / mask.shape[1])
    if shrink == 1.0:
        return mask
    size = max(1, int(mask.shape[1] * shrink)), max(1, int(mask.shape[0] * shrink))
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BOX))


def _tiled(block: Mask, width: int, mark: Mark) -> Mask:
    """One period of rows, as wide as the page, in which the turned block repeats like bricks.

    Rows follow as closely as the slanted lines let them: a block may reach into the next period as long as the letters do not
    meet. Neighbours in a row are shifted by half a period, so that no straight lane of the page stays free.
    """
    tall, wide = block.shape
    slant = math.cos(math.radians(mark.angle))
    text_height = len(mark.lines) * 1.45 * mark.em
    gap = _ROW_GAP * mark.em
    along = text_height / slant if slant > 0.05 else math.inf
    period = max(1, round(min(tall, along) + gap))
    column = max(1, round(wide + _COLUMN_GAP * mark.em))
    sheet = np.zeros((period, width), np.uint8)
    for index, left in enumerate(range(-column // 3, width, column)):
        _paste_wrapped(sheet, block, top=(index % 2) * (period // 2), left=left)
    return sheet


def _paste_wrapped(sheet: Mask, block: Mask, *, top: int, left: int) -> None:
    period, width = sheet.shape
    x0, x1 = max(0, left), min(width, left + block.shape[1])
    if x0 >= x1:
        return
    for start in range(0, block.shape[0], period):
        piece = block[start : start + period, x0 - left : x1 - left]
        rows = (np.arange(piece.shape[0]) + top) % period
        sheet[rows, x0:x1] = np.maximum(sheet[rows, x0:x1], piece)
