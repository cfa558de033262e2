# SPDX-License-Identifier: Apache-2.0
"""What the mark does to pixels."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from sealroom.core import bidi
from sealroom.documents.ports import Raster
from sealroom.viewing.adapters.letters import FOLDERS, Letters
from sealroom.viewing.adapters.stamper import NumpyStamper, encode
from sealroom.viewing.ports import Mark

STAMPER = NumpyStamper()
WIDTH, HEIGHT = 800, 1131


def mark(line: str = "nadia@example.com · 2026-11-22 14:03 UTC · 203.0.113.7", **look: object) -> Mark:
    return Mark(**{"lines": (line,), "em": 14, "color": (0, 0, 0), "angle": 30, "layout": "tile", **look})  # type: ignore[arg-type]


def sheet(value: int, channels: int = 1) -> Raster:
    return Raster(WIDTH, HEIGHT, channels, np.full((HEIGHT, WIDTH, channels), value, np.uint8).tobytes())


def pixels(jpeg: bytes, channels: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    found: np.ndarray[tuple[int, ...], np.dtype[np.int16]]
    found = simplejpeg.decode_jpeg(jpeg, "GRAY" if channels == 1 else "RGB").astype(np.int16)
    return found


def test_no_mark_is_the_clean_page() -> None:
    page = sheet(200, 3)
    assert STAMPER.stamp(page, None) == encode(np.full((HEIGHT, WIDTH, 3), 200, np.uint8))


@pytest.mark.parametrize("layout", ["tile", "center", "edges"])
@pytest.mark.parametrize("value", [255, 200, 128, 60, 0])
@pytest.mark.parametrize("channels", [1, 3])
def test_mark_shows_on_every_ground(layout: str, value: int, channels: int) -> None:
    """Enough pixels differ by enough to be read: also on black, where nothing can be made darker."""
    clean = pixels(STAMPER.stamp(sheet(value, channels), None), channels)
    marked = pixels(STAMPER.stamp(sheet(value, channels), mark(layout=layout)), channels)
    differing = np.abs(marked - clean).max(axis=2) >= 25
    assert differing.sum() > 600


def test_tiled_mark_leaves_no_large_part_free() -> None:
    page = pixels(STAMPER.stamp(sheet(255), mark()))[..., 0]
    block = 267
    parts = [page[y : y + block, x : x + block] for y in range(0, HEIGHT - block, block) for x in range(0, WIDTH - block, block)]
    assert all((part < 225).sum() > 60 for part in parts)


def test_two_readers_get_two_pictures() -> None:
    one, two = (STAMPER.stamp(sheet(255), mark(f"{name}@example.com · 2026-11-22 14:03 UTC")) for name in ("nadia", "omar"))
    assert (np.abs(pixels(one) - pixels(two)) >= 25).sum() > 500
    later = STAMPER.stamp(sheet(255), mark("nadia@example.com · 2026-11-22 14:04 UTC"))
    assert later != one


def test_same_reader_and_minute_is_the_same_picture() -> None:
    assert STAMPER.stamp(sheet(255), mark()) == NumpyStamper().stamp(sheet(255), mark())


def test_letters_below_stay_legible() -> None:
    """Black on white keeps most of its contrast under the mark."""
    page = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    page[::40, :] = 0
    marked = pixels(STAMPER.stamp(Raster(WIDTH, HEIGHT, 1, page.tobytes()), mark()))[..., 0]
    assert marked[40::40].max() < 110
    assert marked[20::40].min() > 150


def test_every_value_survives_without_wrapping() -> None:
    """No byte may run over from black to white or back."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 4)[None, :, None]
    page = np.ascontiguousarray(np.repeat(ramp, 600, axis=0))
    clean = page.astype(np.int16)
    marked = pixels(STAMPER.stamp(Raster(1024, 600, 1, page.tobytes()), mark(em=18)))
    assert np.abs(marked - clean).max() <= 90


def test_coloured_mark_on_a_grey_page_is_coloured() -> None:
    page = pixels(STAMPER.stamp(sheet(255), mark(color=(200, 0, 0))), 3)
    dark = page[page.min(axis=2) < 215]
    assert (dark[:, 0] - dark[:, 1]).mean() > 10


@pytest.mark.parametrize("angle", [-90, -45, 0, 7, 90])
@pytest.mark.parametrize("size", [(40, 40), (1600, 90), (90, 1600), (1, 1)])
def test_odd_sizes_and_angles_are_stamped(angle: int, size: tuple[int, int]) -> None:
    raster = Raster(*size, 1, b"\xff" * (size[0] * size[1]))
    for layout in ("tile", "center", "edges"):
        jpeg = STAMPER.stamp(raster, mark(angle=angle, layout=layout))
        assert pixels(jpeg).shape == (size[1], size[0], 1)


def test_long_lines_are_broken_and_whole() -> None:
    """All of a long mark fits onto the page: its last words are drawn as well as its first."""
    words = "x" * 200
    assert len(STAMPER._broken(words, 14, 400)) > 3
    assert "".join(STAMPER._broken(words, 14, 400)) == words
    assert [STAMPER._letters.width(part, 14) <= 400 for part in STAMPER._broken("a b c " * 60, 14, 400)].count(False) == 0


def test_notice_is_marked_too() -> None:
    plain, marked = STAMPER.notice(800, 1000, "Page 7 cannot be shown.", None), STAMPER.notice(800, 1000, "Page 7", mark())
    assert (pixels(plain) < 128).sum() > 300
    assert (pixels(marked) < 225).sum() > 3000


def test_threads_get_what_one_gets() -> None:
    """Forty pages by eight threads, in the end byte for byte what a single thread makes."""
    stamper = NumpyStamper()
    jobs = [
        (sheet(255 - number % 3 * 60, 1 + number % 2 * 2), mark(f"reader{number % 5}@example.com · 山田 · محمد"))
        for number in range(40)
    ]
    results: dict[int, bytes] = {}

    def work(start: int) -> None:
        for number in range(start, len(jobs), 8):
            results[number] = stamper.stamp(*jobs[number])

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = NumpyStamper()
    assert [results[number] for number in range(40)] == [alone.stamp(*job) for job in jobs]


def test_layers_kept_are_bounded() -> None:
    stamper = NumpyStamper()
    for number in range(60):
        stamper.stamp(sheet(255, 3), mark(f"reader{number}@example.com", em=40, angle=90))
    kept = sum(layer.size for layers in stamper._layers._kept.values() for layer in layers)
    assert kept == stamper._layers._bytes
    assert kept <= 97 * 1024 * 1024


SCRIPTS = {
    "latin": "Zoë Łukasz Nguyễn",
    "greek": "Αλέξανδρος",
    "cyrillic": "Пётр Ильич",
    "han": "山田太郎 王小明",
    "hangul": "김철수",
    "arabic": "محمد عبد الله",
    "hebrew": "דוד בן גוריון",
    "devanagari": "नरेन्द्र कुमार",
    "thai": "สมชาย ใจดี",
    "emoji": "😀 👨\u200d👩\u200d👧 🇫🇷 ❤\ufe0f 👍🏽",
}
has_noto = pytest.mark.skipif(not Path("/usr/share/fonts/truetype/noto").is_dir(), reason="fonts-noto is not installed")


@has_noto
@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_every_script_has_its_letters(text: str) -> None:
    letters = Letters()
    assert letters.missing(text) == frozenset()
    ink = letters.draw(text, 40)
    box = letters.draw("\ue000" * len(text), 40)
    assert (ink > 100).sum() > 150
    assert ink.shape != box.shape


@has_noto
def test_arabic_letters_are_joined_and_run_to_the_left() -> None:
    letters = Letters()
    joined, apart = letters.draw("محمد", 40), letters.draw("م\u200cح\u200cم\u200cد", 40)
    assert joined.shape != apart.shape
    name, reversed_name = letters.draw("אבג", 40), letters.draw("גבא", 40)
    assert name.shape == reversed_name.shape
    assert (name != reversed_name).any()


def test_what_no_font_has_is_written_as_its_number() -> None:
    letters = Letters()
    assert letters.missing("a\ue000b\U0010fffd") == {"\ue000", "\U0010fffd"}
    assert (letters.draw("a\ue000b", 30) == letters.draw("aU+E000b", 30)).all()


def test_without_fonts_of_the_machine_latin_is_written() -> None:
    letters = Letters(folders=())
    assert letters.missing("Nadia Noor <nadia@example.com> · 14:03") == frozenset()
    assert (letters.draw("Nadia", 30) > 100).sum() > 100
    assert (letters.draw("山", 30) == letters.draw("U+5C71", 30)).all()
    assert FOLDERS


ORDER = [
    ("abc", 0, [0, 0, 0]),
    ("אב", 1, [1, 1]),
    ("a אב b", 0, [0, 0, 1, 1, 0, 0]),
    ("אב 12 גד", 1, [1, 1, 1, 2, 2, 1, 1, 1]),
    ("אב (a)", 1, [1, 1, 1, 1, 2, 1]),
    ("1,5", 0, [0, 0, 0]),
    ("مر 1/2", 1, [1, 1, 1, 2, 2, 2]),
]


@pytest.mark.parametrize(("text", "base", "expected"), ORDER)
def test_bidi_levels(text: str, base: int, expected: list[int]) -> None:
    assert (bidi.base_level(text), bidi.levels(text, base)) == (base, expected)


VISUAL = [([0], [0]), ([0, 1, 0], [0, 1, 2]), ([1, 1], [1, 0]), ([1, 2, 1], [2, 1, 0]), ([1, 2, 2, 1], [3, 1, 2, 0])]


@pytest.mark.parametrize(("levels", "expected"), VISUAL)
def test_visual_order(levels: list[int], expected: list[int]) -> None:
    assert bidi.visual_order(levels) == expected
