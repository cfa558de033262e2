# SPDX-License-Identifier: Apache-2.0
"""Images become PDF pages: decoded, turned upright, laid on white, and encoded anew, so that nothing but pixels goes on."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np
import pillow_heif
import simplejpeg
from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

from . import declared, wire
from .pdfwriter import PdfWriter
from .refused import Refused

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "HEIF", "AVIF", "BMP", "DIB", "ICO", "JPEG2000", "PSD")
"""What Pillow may try. Formats that start other programs (EPS) are not among them."""
_LOSSY = frozenset({"JPEG", "MPO", "WEBP", "HEIF", "AVIF", "JPEG2000"})
_LOSSLESS_PIXELS = 6_000_000
_QUALITY = 92
_SCREEN_DPI, _LOWEST_DPI, _HIGHEST_DPI = 96.0, 30.0, 2400.0
_SHORTEST, _LONGEST = 72.0, 2_880.0

Image.MAX_IMAGE_PIXELS = None  # our own limit is looked at before anything is decoded
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.register_heif_opener(thumbnails=False)
Image.preinit()
Image.init()


def to_pdf(source: int, limits: dict[str, int]) -> int:
    """A memory file with a PDF of one page per frame (TIFF) or of the first frame (everything else).

    Refuses: limit_pixels by the declared size before decoding, limit_pages, corrupt.
    """
    warnings.simplefilter("ignore")
    answer = wire.memory_file("pdf")
    with wire.reader(source) as file, open(answer, "wb", closefd=False) as out:
        image = _open(file, limits)
        writer = PdfWriter(out)
        for frame in _frames(image, limits):
            _check_pixels(frame.size, limits)
            add_page(writer, frame, lossy=image.format in _LOSSY)
        writer.finish()
    return answer


def _open(file: BinaryIO, limits: dict[str, int]) -> Image.Image:
    for size in declared.sizes(file):
        _check_pixels(size, limits)
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise Refused("corrupt", reason="not an image") from error
    _check_pixels(image.size, limits)
    return image


def _check_pixels(size: tuple[int, int], limits: dict[str, int]) -> None:
    pixels = size[0] * size[1]
    if pixels > limits["image_pixels"]:
        raise Refused("limit_pixels", pixels=pixels, limit=limits["image_pixels"])
    if pixels < 1:
        raise Refused("corrupt", reason="no pixels")


def _frames(image: Image.Image, limits: dict[str, int]) -> Iterator[Image.Image]:
    if image.format != "TIFF":
        yield image
        return
    frames = int(getattr(image, "n_frames", 1))
    if frames > limits["pages"]:
        raise Refused("limit_pages", pages=frames, limit=limits["pages"])
    yield from ImageSequence.Iterator(image)


def add_page(writer: PdfWriter, frame: Image.Image, *, lossy: bool) -> None:
    """One page with this picture, upright, flat on white, at its own resolution."""
    dpi = _resolution(frame)
    icc = frame.info.get("icc_profile")
    upright = ImageOps.exif_transpose(frame)
    if upright.size != frame.size:
        dpi = dpi[::-1]
    flat = _flatten(_to_srgb(upright, icc))
    size = _page_size(flat.size, dpi)
    picture = _embed(writer, flat, lossy=lossy)
    writer.add_page(size, b"q %.3f 0 0 %.3f 0 0 cm /I Do Q" % size, b"<< /XObject << /I %d 0 R >> >>" % picture)


def _resolution(image: Image.Image) -> tuple[float, float]:
    with contextlib.suppress(Exception):
        across, down = (float(value) for value in image.info["dpi"])
        if all(_LOWEST_DPI <= value <= _HIGHEST_DPI for value in (across, down)):
            return across, down
    return _SCREEN_DPI, _SCREEN_DPI


def _page_size(pixels: tuple[int, int], dpi: tuple[float, float]) -> tuple[float, float]:
    width, height = pixels[0] * 72 / dpi[0], pixels[1] * 72 / dpi[1]
    factor = min(_LONGEST / max(width, height), max(1.0, _SHORTEST / max(width, height)))
    return width * factor, height * factor


def _to_srgb(image: Image.Image, icc: object) -> Image.Image:
    """Colours as sRGB when the file carries a profile that can be used; a broken profile is no reason to refuse."""
    if not isinstance(icc, bytes) or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        made = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return made or image


def _flatten(image: Image.Image) -> Image.Image:
    """Any mode as 1 (black and white), L or RGB, without transparency."""
    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = float(values.min()), float(values.max())
        low, high = (0.0, 255.0) if low >= 0 and high <= 255 else (0.0, 65535.0) if low >= 0 and high <= 65535 else (low, high)
        return Image.fromarray(((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        colour = image.convert("RGBA")
        paper = Image.new("RGB", colour.size, "white")
        paper.paste(colour, mask=colour.getchannel("A"))
        return paper
    return image.convert("RGB")


def _embed(writer: PdfWriter, image: Image.Image, *, lossy: bool) -> int:
    colours = b"/DeviceRGB" if image.mode == "RGB" else b"/DeviceGray"
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s" % (*image.size, colours)
    bits = 1 if image.mode == "1" else 8
    if bits == 1 or (not lossy and image.width * image.height <= _LOSSLESS_PIXELS):
        channels = 3 if image.mode == "RGB" else 1
        rows = b"<< /Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d >>" % (channels, bits, image.width)
        entries += b" /BitsPerComponent %d /Filter /FlateDecode /DecodeParms %s" % (bits, rows)
        return writer.put_stream(entries, _png_data(image), packed=True)
    entries += b" /BitsPerComponent 8 /Filter /DCTDecode"
    return writer.put_stream(entries, _jpeg(image, fine=not lossy), packed=True)


def _jpeg(image: Image.Image, *, fine: bool) -> bytes:
    pixels = np.ascontiguousarray(np.asarray(image))
    if max(image.size) > 65_000:
        raise Refused("limit_pixels", reason="side", limit=65_000)
    if image.mode == "L":
        return bytes(simplejpeg.encode_jpeg(pixels[..., np.newaxis], _QUALITY, "GRAY", "Gray"))
    return bytes(simplejpeg.encode_jpeg(pixels, _QUALITY, "RGB", "444" if fine else "420"))


def _png_data(image: Image.Image) -> bytes:
    """The deflated rows of the image as PNG would store them: a PDF takes them as they are (predictor 15)."""
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    packed = io.BytesIO()
    clean.save(packed, "PNG")
    view = memoryview(packed.getvalue())
    pieces, at = [], 8
    while at < len(view):
        length, name = struct.unpack(">I4s", view[at : at + 8])
        if name == b"IDAT":
            pieces.append(bytes(cast("bytes", view[at + 8 : at + 8 + length])))
        at += 12 + length
    return b"".join(pieces)
