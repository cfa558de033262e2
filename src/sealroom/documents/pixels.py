# SPDX-License-Identifier: Apache-2.0
"""How clear pixels are kept and made smaller. Only pixels we drew ourselves come here, never a file of a stranger.

A kept page is a small header and a body that is either the raw pixels under Zstandard level 1 (text and drawings: lossless and
the smaller one) or a JPEG (scans and photographs). Which one is guessed from a sample of rows, so that the loser is
not made in vain.
"""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict

import numpy as np
import simplejpeg
import zstandard
from PIL import Image

from sealroom.documents.ports import Raster

BASE_WIDTH = 1600
"""Pixels across a page in the cache."""

WIDTHS = (160, 320, 480, 800, 1200, 1600, 2000, 2400)
"""The widths a page is given out in: few, so that nobody makes the server draw one page in a thousand sizes."""

_HEADER = struct.Struct(">4sBBHH")  # magic | codec | channels | width | height
_MAGIC = b"SRB1"
_ZSTD, _JPEG = 0, 1
_JPEG_QUALITY = 80  # the quality, and so the quantisation grid, in which pages go out: coding twice costs almost nothing
_SAMPLED_BAND = 8  # rows in a sampled band
_SAMPLED_BANDS = 12
_JPEG_BYTES_PER_PIXEL = {1: 0.12, 3: 0.18}  # what JPEG takes where pixels are noisy; below it lossless wins
_per_thread = threading.local()


class Shelf:
    """The clear pages that were read last, up to a number of bytes: what many people open at once is decoded once. Safe for many
    threads. Holds nothing that a right depends on: whoever looks here asked the database before."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Raster] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Raster | None:
        """The page of this blob, if it is still here."""
        with self._lock:
            raster = self._kept.get(key)
            if raster is not None:
                self._kept.move_to_end(key)
            return raster

    def put(self, key: str, raster: Raster) -> None:
        """Remember a page; the longest unread ones make room."""
        with self._lock:
            if key not in self._kept:
                self._bytes += len(raster.pixels)
            self._kept[key] = raster
            while self._bytes > self._most:
                _, old = self._kept.popitem(last=False)
                self._bytes -= len(old.pixels)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


class NotKeptPixels(ValueError):
    """The bytes are not a page kept by `keep`."""


def step_width(wished: int) -> int:
    """The smallest of `WIDTHS` that is at least `wished` pixels; the largest when none is."""
    return next((width for width in WIDTHS if width >= wished), WIDTHS[-1])


def keep(raster: Raster) -> bytes:
    """A page as it is stored: header and the smaller of the two codings, as far as a sample of its rows can tell."""
    pixels = as_array(raster)
    if _looks_noisy(pixels):
        codec, body = _JPEG, _encode_jpeg(pixels)
    else:
        codec, body = _ZSTD, _compressor().compress(raster.pixels)
    return _HEADER.pack(_MAGIC, codec, raster.channels, raster.width, raster.height) + body


def read(kept: bytes) -> Raster:
    """The pixels `keep` was given (lossless, or as near as JPEG comes). Raises `NotKeptPixels`."""
    if len(kept) < _HEADER.size:
        raise NotKeptPixels("too short")
    magic, codec, channels, width, height = _HEADER.unpack_from(kept)
    if magic != _MAGIC or codec not in (_ZSTD, _JPEG) or channels not in (1, 3):
        raise NotKeptPixels("unknown form")
    body = memoryview(kept)[_HEADER.size :]
    size = width * height * channels
    try:
        pixels = _decode_jpeg(body, channels) if codec == _JPEG else _decompressor().decompress(body, max_output_size=size)
    except (ValueError, zstandard.ZstdError) as error:
        raise NotKeptPixels(str(error)) from error
    if len(pixels) != size:
        raise NotKeptPixels("cut short")
    return Raster(width, height, channels, pixels)


def shrink(raster: Raster, width: int) -> Raster:
    """The same page `width` pixels wide (area averaging); itself when it is not wider than that."""
    if raster.width <= width:
        return raster
    mode = "L" if raster.channels == 1 else "RGB"
    image = Image.frombuffer(mode, (raster.width, raster.height), raster.pixels, "raw", mode, 0, 1)
    if raster.width % width == 0:  # whole pixels: the same average, ten times as quick
        small = image.reduce(raster.width // width)
    else:
        height = max(1, round(raster.height * width / raster.width))
        small = image.resize((width, height), Image.Resampling.BOX if raster.width >= 3 * width else Image.Resampling.HAMMING)
    return Raster(small.width, small.height, raster.channels, small.tobytes())


def as_array(raster: Raster) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The pixels as rows x columns x channels, without a copy and not writable."""
    return np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, raster.channels)


def _looks_noisy(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bool:
    """Whether Zstandard would do worse than JPEG, by bands of rows from all over the page."""
    height, width, channels = pixels.shape
    tops = sorted({int(top) for top in np.linspace(0, max(0, height - _SAMPLED_BAND), _SAMPLED_BANDS)})
    sample = np.concatenate([pixels[top : top + _SAMPLED_BAND] for top in tops])
    packed = len(_compressor().compress(sample.tobytes()))
    return bool(packed > _JPEG_BYTES_PER_PIXEL[channels] * sample.shape[0] * width)


def _encode_jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    space = "GRAY" if pixels.shape[2] == 1 else "RGB"
    subsampling = "Gray" if space == "GRAY" else "420"
    encoded: bytes = simplejpeg.encode_jpeg(pixels, _JPEG_QUALITY, space, subsampling, fastdct=True)
    return encoded


def _decode_jpeg(body: memoryview, channels: int) -> bytes:
    space = "GRAY" if channels == 1 else "RGB"
    pixels: bytes = simplejpeg.decode_jpeg(body, space, fastdct=True, fastupsample=True).tobytes()
    return pixels


def _compressor() -> zstandard.ZstdCompressor:
    # Contexts of Zstandard are not safe to share between threads, and making one per page costs a millisecond.
    if not hasattr(_per_thread, "compressor"):
        _per_thread.compressor = zstandard.ZstdCompressor(level=1)
    compressor: zstandard.ZstdCompressor = _per_thread.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_per_thread, "decompressor"):
        _per_thread.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _per_thread.decompressor
    return decompressor
