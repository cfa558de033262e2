# SPDX-License-Identifier: Apache-2.0
"""The parts of the renderer that can be looked at alone, with our own files only."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.documents.adapters.sandbox import pdf, wire
from sealroom.documents.adapters.sandbox.refused import Refused

from .conftest import pdf_of

LIMITS = {"raster_side": 2400, "raster_pixels": 8_000_000, "pages": 10}


def memory_file(data: bytes) -> int:
    descriptor = wire.memory_file("test")
    os.write(descriptor, data)
    wire.seal(descriptor)
    return descriptor


@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 40),
    spot=st.one_of(st.none(), st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 2), st.integers(1, 255))),
    seed=st.integers(0, 99),
)
def test_grey_is_told_to_the_last_byte(rows: int, columns: int, spot: tuple[float, int, int] | None, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (rows, columns, 1), np.uint8)
    drawn = np.repeat(grey, 3, axis=2)
    if spot:
        place, channel, change = spot
        drawn.reshape(-1, 3)[int(place * rows * columns), channel] ^= change

    assert pdf.is_grey(drawn) == (spot is None)


def test_spot_of_colour_is_found_in_a_large_page() -> None:
    drawn = np.full((500, 700, 3), 255, np.uint8)
    assert pdf.is_grey(drawn)
    drawn[-1, -1, 2] = 254
    assert not pdf.is_grey(drawn)


@given(width=st.integers(-5, 100_000), size=st.tuples(st.floats(1, 14400), st.floats(1, 14400)))
def test_raster_size_keeps_its_caps(width: int, size: tuple[float, float]) -> None:
    columns, rows = pdf.raster_size(size, width, LIMITS)

    assert 1 <= columns <= 2400
    assert 1 <= rows <= 2400
    assert columns * rows <= 8_000_000


@pytest.mark.parametrize("size", [(float("nan"), 1.0), (float("inf"), 1.0), (0.0, 5.0), (-1.0, 5.0), (2.0**31, 1.0), (1e-9, 1e-9)])
def test_size_is_always_drawable(size: tuple[float, float]) -> None:
    width, height = pdf.drawable(*size)

    assert 1.0 <= width <= 14400.0
    assert 1.0 <= height <= 14400.0


def test_huge_file_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_MAPPED_BYTES", 100)
    descriptor = memory_file(pdf_of((200.0, 300.0), (300.0, 200.0)))

    told = pdf.sizes(descriptor, LIMITS)
    drawn = pdf.Renderer(descriptor).render(2, 150, LIMITS)

    with wire.reader(told) as file:
        assert json.loads(file.read()) == [[200.0, 300.0], [300.0, 200.0]]
    assert (drawn.width, drawn.height, drawn.channels) == (150, 100, 1)
    with wire.reader(drawn.pixels) as file:
        assert len(file.read()) == 150 * 100
    for open_file in (descriptor, told, drawn.pixels):
        os.close(open_file)


def test_empty_file_is_corrupt() -> None:
    descriptor = memory_file(b"")
    with pytest.raises(Refused) as caught:
        pdf.Document(descriptor)
    os.close(descriptor)

    assert caught.value.code == "corrupt"
