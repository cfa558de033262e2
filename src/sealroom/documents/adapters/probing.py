# SPDX-License-Identifier: Apache-2.0
"""What ffprobe says of a file, brought to plain numbers. Its words come from a stranger's file: nothing is believed about their
shape."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from sealroom.documents.errors import FileCorrupt


@dataclass(frozen=True)
class Probe:
    """The first picture stream that is no cover, the first sound stream ("": none), and the length in seconds (0: unknown)."""

    streams: int
    seconds: float
    video: str = ""
    audio: str = ""
    pixels: str = ""
    width: int = 0
    height: int = 0
    is_turned: bool = False


def read_probe(answer: bytes) -> Probe:
    """Raises `FileCorrupt` for anything of another shape."""
    try:
        told = json.loads(answer or b"{}")
        streams = [stream for stream in told.get("streams", []) if isinstance(stream, dict)]
        pictures = [one for one in streams if one.get("codec_type") == "video" and not _is_cover(one)]
        sounds = [one for one in streams if one.get("codec_type") == "audio"]
        video, audio = (pictures or [{}])[0], (sounds or [{}])[0]
        lengths = [_seconds(one.get("duration")) for one in (told.get("format", {}), video, audio)]
        return Probe(
            streams=len(streams),
            seconds=max(lengths),
            video=str(video.get("codec_name", "unknown")) if video else "",
            audio=str(audio.get("codec_name", "unknown")) if audio else "",
            pixels=str(video.get("pix_fmt", "")),
            width=_whole(video.get("width")),
            height=_whole(video.get("height")),
            is_turned=any(side.get("rotation") for side in video.get("side_data_list", [])),
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FileCorrupt(reason="bad answer") from error


def _is_cover(stream: dict[str, object]) -> bool:
    disposition = stream.get("disposition")
    return isinstance(disposition, dict) and disposition.get("attached_pic") == 1


def _seconds(value: object) -> float:
    seconds = float(value) if isinstance(value, str) else 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 1 << 16 else 0
