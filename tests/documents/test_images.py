# SPDX-License-Identifier: Apache-2.0
"""Every type of image that is promised becomes a page, and none that declares too many pixels is decoded."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind, Paginated
from sealroom.documents.rules import decide_kind

SIDE = 64
BLUE = (20, 40, 200)
FLOOD = 15_000  # squared: more than the limit, and within what each format can declare


def picture(encoding: str) -> bytes:
    """A small blue square."""
    out = io.BytesIO()
    image = Image.new("RGB", (SIDE, SIDE), BLUE)
    if encoding == "PSD":
        return psd(SIDE, SIDE, b"".join(bytes([value]) * SIDE * SIDE for value in BLUE))
    if encoding == "HEIF":
        pillow_heif.from_pillow(image).save(out, quality=90)
    elif encoding == "ICO":
        image.save(out, "ICO", sizes=[(SIDE, SIDE)], bitmap_format="bmp")
    else:
        image.save(out, encoding)
    return out.getvalue()


def psd(width: int, height: int, pixels: bytes) -> bytes:
    """Three channels of 8 bits, without layers and not packed."""
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, height, width, 8, 3) + bytes(12) + struct.pack(">H", 0) + pixels


def patched(data: bytes, mark: bytes, after: int, form: str, *, doubled: bool = False) -> bytes:
    """`data` with the flood's sides written so many bytes behind the first `mark`."""
    at = data.index(mark) + after
    number = struct.pack(form, FLOOD, FLOOD * 2 if doubled else FLOOD)
    return data[:at] + number + data[at + len(number) :]


def huge_png() -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", FLOOD, FLOOD, 8, 2, 0, 0, 0)
    rest = picture("PNG")[33:]
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + rest


def huge_tiff() -> bytes:
    data = bytearray(picture("TIFF"))
    (at,) = struct.unpack_from("<I", data, 4)
    for place in range(at + 2, at + 2 + 12 * struct.unpack_from("<H", data, at)[0], 12):
        if struct.unpack_from("<H", data, place)[0] in (256, 257):
            struct.pack_into("<HHII", data, place, struct.unpack_from("<H", data, place)[0], 4, 1, FLOOD)
    return bytes(data)


def huge_ico() -> bytes:
    """An icon that is a PNG of another size than its list says."""
    inner = huge_png()
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 24, len(inner), 22) + inner


def huge_webp(chunk: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


TYPES = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "HEIF", "AVIF", "BMP", "ICO", "JPEG2000", "PSD")
HUGE: dict[str, Callable[[], bytes]] = {
    "PNG": huge_png,
    "JPEG": lambda: patched(picture("JPEG"), b"\xff\xc0", 5, ">HH"),
    "GIF": lambda: patched(picture("GIF"), b"GIF8", 6, "<HH"),
    "WEBP": lambda: patched(picture("WEBP"), b"\x9d\x01\x2a", 3, "<HH"),
    "TIFF": huge_tiff,
    "HEIF": lambda: patched(picture("HEIF"), b"ispe", 8, ">II"),
    "AVIF": lambda: patched(picture("AVIF"), b"ispe", 8, ">II"),
    "BMP": lambda: patched(picture("BMP"), b"BM", 18, "<II"),
    "ICO": huge_ico,
    "ICO in bits": lambda: patched(picture("ICO"), struct.pack("<II", 40, SIDE), 4, "<II", doubled=True),
    "WEBP without loss": lambda: huge_webp(b"VP8L" + struct.pack("<IBI", 5, 0x2F, (FLOOD - 1) | (FLOOD - 1) << 14) + bytes(8)),
    "WEBP with a canvas": lambda: huge_webp(b"VP8X" + struct.pack("<II", 10, 0) + (FLOOD - 1).to_bytes(3, "little") * 2),
    "JPEG2000": lambda: patched(patched(picture("JPEG2000"), b"ihdr", 4, ">II"), b"\xff\x51", 6, ">II"),
    "PSD": lambda: psd(FLOOD, FLOOD, b""),
}


def paginate(workshop: SandboxWorkshop, data: bytes) -> Paginated:
    return workshop.paginate(io.BytesIO(data), kind=Kind.IMAGE, name="a", document="image")


@pytest.mark.parametrize("encoding", TYPES)
def test_every_type_becomes_a_page(workshop: SandboxWorkshop, encoding: str) -> None:
    data = picture(encoding)
    assert decide_kind("square", data[:4096]).kind is Kind.IMAGE, "even without a name"

    told = paginate(workshop, data)

    assert (len(told.pages), told.pdf is not None) == (1, True)
    raster = workshop.render(io.BytesIO(told.pdf or b""), page=1, width=SIDE, document=f"image:{encoding}")
    pixels = np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, raster.channels)
    red, _, blue = (int(value) for value in pixels[SIDE // 2, SIDE // 2])
    assert (raster.width, raster.height, red < 60, blue > 160) == (SIDE, SIDE, True, True)


@pytest.mark.parametrize("flood", HUGE)
def test_no_type_is_decoded_that_declares_too_many_pixels(workshop: SandboxWorkshop, flood: str) -> None:
    with pytest.raises(WorkshopFailure) as caught:
        paginate(workshop, HUGE[flood]())

    assert (caught.value.code, caught.value.facts) == ("limit_pixels", {"pixels": FLOOD**2, "limit": 100_000_000})
