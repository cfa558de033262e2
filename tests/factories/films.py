# SPDX-License-Identifier: Apache-2.0
"""Small films and sounds, made on the spot by ffmpeg; tests that need them are skipped where it is missing."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from sealroom.documents.adapters import bubblewrap

PICTURE = "color=c=gray"


def need_ffmpeg() -> None:
    """Skip the test with a reason unless this machine has ffmpeg and bubblewrap."""
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        pytest.skip("ffmpeg is not installed; 'make test-setup' does that")
    if not bubblewrap.is_available():
        pytest.skip("bubblewrap may not build walls on this machine")


@functools.cache
def make_film(
    *, seconds: int = 2, size: str = "320x240", picture: str = PICTURE, suffix: str = "mp4", sound: bool = True, codec: str = ""
) -> bytes:
    """A film of one test picture and a tone, whose metadata tells the word SECRET and a place."""
    inputs = ["-f", "lavfi", "-i", f"{picture}:s={size}:r=10:d={seconds}"] if size else []
    inputs += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"] if sound else []
    told = ["-metadata", "title=SECRET", "-metadata", "location=+48.8584+002.2945/", "-metadata", "artist=SECRET"]
    chosen = ["-c:v", codec] if codec else []
    pixels = ["-pix_fmt", "yuv420p"] if size else []
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"film.{suffix}"
        words = ["ffmpeg", "-v", "error", *inputs, *chosen, *pixels, *told, str(made)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=120)
        return made.read_bytes()


def gray_of(film: bytes, *, at: float = 0.5) -> list[int]:
    """The grey values of one picture, row by row."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "film.mp4"
        given.write_bytes(film)
        words = [
            "ffmpeg",
            "-v",
            "error",
            "-ss",
            str(at),
            "-i",
            str(given),
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "gray",
            "-",
        ]
        done = subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    return list(done.stdout)
