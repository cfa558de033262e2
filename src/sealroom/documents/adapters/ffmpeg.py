# SPDX-License-Identifier: Apache-2.0
"""Films and sounds: ffprobe and ffmpeg in bubblewrap, a process per step; without it only where the operator said so (`weak`).

Bytes go in and out by descriptors of files that have no name: nothing clear is left behind when a process is killed. Only files can
be read (no network, no playlists that name other files), and only formats and codecs of the lists below.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

from sealroom.documents.adapters import bubblewrap, programs
from sealroom.documents.adapters.probing import Probe, read_probe
from sealroom.documents.errors import FileCorrupt, LimitDuration, LimitPixels, LimitSize, LimitTime, workshop_failure
from sealroom.documents.ports import Film, Media
from sealroom.documents.rules import Limits

LONGEST_SECONDS = 6 * 3600
MOST_PIXELS = 40_000_000  # of one picture: somewhat more than 8K
MOST_STREAMS = 64

_FORMATS = "mov,mp4,m4a,matroska,webm,mp3,aac,ogg,flac,wav,avi,mpeg,mpegvideo,mpegts,m4v,h264"
_CODECS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,msmpeg4v2,msmpeg4,mpeg1video,mpeg2video,mjpeg,theora,h263,prores,dvvideo,"
    "wmv1,wmv2,png,rawvideo,"
    "aac,mp3,mp3float,mp2,mp2float,vorbis,opus,libopus,flac,alac,ac3,eac3,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_u8,pcm_f32le,"
    "pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,wmav1,wmav2,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb"
)
_SHOWN = (
    "format=format_name,duration:stream=codec_type,codec_name,profile,pix_fmt,width,height,duration"
    ":stream_disposition=attached_pic:stream_side_data=rotation"
)
_CODE = (
    "import sys; sys.path[:0] = [{home!r}]; from sandbox import media;"
    " media.main({program!r}, {arguments!r}, seconds={seconds}, memory={memory}, file_bytes={file_bytes})"
)
_MEMORY = 3 * 1024**3
_PROBE_SECONDS = 60
_ANSWER_BYTES = 256 * 1024
_COPY_BYTES = 1 << 20
_LONG_SIDE, _SHORT_SIDE = 1920, 1080
_FIT = (
    f"scale=w='if(gte(iw,ih),min({_LONG_SIDE},iw),min({_SHORT_SIDE},iw))':h='if(gte(iw,ih),min({_SHORT_SIDE},ih),min({_LONG_SIDE},ih))'"
    ":force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
)
_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-maxrate", "8M", "-bufsize", "16M", "-pix_fmt", "yuv420p"]
_AAC = ["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"]
_BARE = ["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]
_BARE += ["-flags:v", "+bitexact", "-flags:a", "+bitexact"]
_MP4 = ["-movflags", "+faststart", "-f", "mp4"]
_NO_SEI = ["-bsf:v", "filter_units=remove_types=6"]  # words of cameras and encoders between the pictures


class FfmpegStudio:
    """The `Studio` that asks Debian's ffmpeg. `folder` is where files without a name lie while they are worked on; `weak` opens
    films and sounds even where no walls can be built."""

    def __init__(self, *, folder: str | None = None, limits: Limits | None = None, weak: bool = False) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        self._weak = weak

    @classmethod
    def from_settings(cls) -> FfmpegStudio:
        """With the operator's limits, where settings name any."""
        from django.conf import settings  # noqa: PLC0415 -- optional dependency: the studio works without Django

        limits = Limits(file_bytes=settings.SEALROOM_MAX_FILE_BYTES)
        return cls(folder=settings.FILE_UPLOAD_TEMP_DIR, limits=limits, weak=settings.SEALROOM_WEAK_SANDBOX)

    def is_available(self) -> bool:
        """Both programs, and walls or the operator's word to do without."""
        return _is_installed() and programs.may_run(weak=self._weak)

    def normalise(self, source: BinaryIO) -> Film:
        """See the port. Streams that browsers play are copied, others are encoded anew; metadata is dropped either way."""
        self._require()
        with self._copied(source) as given:
            found = self._probe(given)
            _check(found)
            arguments = ["-map", "0:V:0?", "-map", "0:a:0?", "-dn", "-sn", *_how(found), *_BARE]
            return self._made(given, [*arguments, *_container(found)], found.seconds, tell=_nobody)

    def burn(self, source: BinaryIO, media: Media, overlay: bytes, *, tell: Callable[[int], None]) -> Film:
        """See the port."""
        self._require()
        with self._copied(source) as given, self._scratch() as picture:
            picture.write(overlay)
            picture.flush()
            mark = ["-f", "png_pipe", *_protocols(), "-i", _name(picture)]
            lay = ["-filter_complex", "[0:V:0][1:v]overlay=0:0:format=auto[v]", "-map", "[v]", "-map", "0:a:0?"]
            arguments = [*mark, *lay, *_H264, "-c:a", "copy", *_BARE, *_MP4]
            return self._made(given, arguments, media.duration_ms / 1000, tell=tell, besides=(picture,))

    def _made(
        self,
        given: BinaryIO,
        arguments: list[str],
        seconds: float,
        *,
        tell: Callable[[int], None],
        besides: tuple[BinaryIO, ...] = (),
    ) -> Film:
        """Run ffmpeg from `given` into a new file, and look at what came out."""
        made = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 -- the caller closes it with the film
        try:
            first = ["-nostdin", "-v", "error", "-threads", "2", "-progress", "pipe:1", "-stats_period", "1", *_input(given)]
            command = [*first, *arguments, "-threads", "2", "-y", _name(made)]
            wall = 120 + round(4 * seconds)
            _run(
                "ffmpeg",
                command,
                (given, made, *besides),
                seconds=wall,
                most=2 * self._limits.file_bytes,
                hear=_meter(seconds, tell),
            )
            found = self._probe(made)
            media = _media(found)
            made.seek(0)
        except BaseException:
            made.close()
            raise
        return Film(media, cast("BinaryIO", made))

    def _probe(self, given: BinaryIO) -> Probe:
        answer = bytearray()

        def hear(line: bytes) -> None:
            if len(answer) + len(line) > _ANSWER_BYTES:
                raise FileCorrupt(reason="too many streams")
            answer.extend(line)

        arguments = ["-v", "error", "-print_format", "json=compact=1", "-show_entries", _SHOWN, *_input(given)]
        _run("ffprobe", arguments, (given,), seconds=_PROBE_SECONDS, most=1, hear=hear)
        return read_probe(bytes(answer))

    @contextlib.contextmanager
    def _copied(self, source: BinaryIO) -> Iterator[BinaryIO]:
        """The bytes in a file without a name: ffmpeg seeks in them, and two gigabytes do not belong into memory."""
        with self._scratch() as given:
            size = 0
            source.seek(0)
            while block := source.read(_COPY_BYTES):
                size += len(block)
                if size > 2 * self._limits.file_bytes:
                    raise LimitSize(limit=self._limits.file_bytes)
                given.write(block)
            given.flush()
            yield given

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile(dir=self._folder) as file:
            yield cast("BinaryIO", file)

    def _require(self) -> None:
        if not self.is_available():
            raise workshop_failure("converter_missing", needs="bubblewrap" if _is_installed() else "ffmpeg")


def _is_installed() -> bool:
    return all(shutil.which(name) for name in ("ffmpeg", "ffprobe"))


def _nobody(percent: int) -> None:
    """Hears of progress and does nothing."""


def _protocols() -> list[str]:
    return ["-protocol_whitelist", "file"]


def _input(given: BinaryIO) -> list[str]:
    return [*_protocols(), "-format_whitelist", _FORMATS, "-codec_whitelist", _CODECS, "-i", _name(given)]


def _name(file: BinaryIO) -> str:
    return f"file:/proc/self/fd/{file.fileno()}"


def _check(found: Probe) -> None:
    if found.streams > MOST_STREAMS or not (found.video or found.audio):
        raise FileCorrupt(reason="streams")
    if found.seconds > LONGEST_SECONDS:
        raise LimitDuration(limit=LONGEST_SECONDS // 3600, seconds=math.ceil(found.seconds))
    if found.width * found.height > MOST_PIXELS:
        raise LimitPixels(limit=MOST_PIXELS, pixels=found.width * found.height)


def _how(found: Probe) -> list[str]:
    """Copied or encoded, each stream for itself."""
    fits = max(found.width, found.height) <= _LONG_SIDE and min(found.width, found.height) <= _SHORT_SIDE
    plays = found.video == "h264" and found.pixels == "yuv420p" and fits and not found.is_turned
    video = ["-c:v", "copy", *_NO_SEI] if plays else ["-vf", _FIT, *_H264]
    audio = ["-c:a", "copy"] if found.audio == "aac" or (found.audio == "mp3" and not found.video) else _AAC
    return [*(video if found.video else []), *(audio if found.audio else [])]


def _container(found: Probe) -> list[str]:
    if found.audio == "mp3" and not found.video:
        return ["-id3v2_version", "0", "-write_id3v1", "0", "-f", "mp3"]
    return _MP4


def _media(made: Probe) -> Media:
    """What came out; nothing playable is a broken file, whatever the exit code said."""
    duration = round(made.seconds * 1000)
    if duration <= 0 or duration > (LONGEST_SECONDS + 60) * 1000 or not (made.video or made.audio):
        raise FileCorrupt(reason="nothing to play")
    kind = "video/mp4" if made.video else "audio/mpeg" if made.audio == "mp3" else "audio/mp4"
    return Media(duration, made.width, made.height, bool(made.video), bool(made.audio), kind)


def _meter(seconds: float, tell: Callable[[int], None]) -> Callable[[bytes], None]:
    """Hears ffmpeg's progress (lines `name=value`)."""
    told = 0

    def hear(line: bytes) -> None:
        nonlocal told
        name, _, value = line.strip().partition(b"=")
        if name == b"out_time_us" and value.isdigit() and seconds > 0:
            percent = min(99, int(int(value) / 10_000 / seconds))
            if percent > told:
                told = percent
                tell(percent)

    return hear


def _run(
    program: str, arguments: Sequence[str], files: Sequence[BinaryIO], *, seconds: int, most: int, hear: Callable[[bytes], None]
) -> None:
    """Run a program behind the walls until it ends; its output goes line by line to `hear`."""
    path = os.path.realpath(shutil.which(program) or program)
    walled = bubblewrap.is_available()
    home = "/sandboxed" if walled else str(bubblewrap.PACKAGE.parent)
    code = _CODE.format(home=home, program=path, arguments=list(arguments), seconds=seconds * 2, memory=_MEMORY, file_bytes=most)
    # --die-with-parent is right here: the thread that starts it waits for it.
    walls = [*bubblewrap.media_walls([path]), "--die-with-parent"] if walled else []
    command = [*walls, *bubblewrap.python_command(code)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        pass_fds=[file.fileno() for file in files],
        start_new_session=True,
    )
    started = time.monotonic()
    watch = threading.Timer(seconds, _end, (process,))
    watch.start()
    try:
        assert process.stdout is not None
        while line := process.stdout.readline(_ANSWER_BYTES):
            hear(line)
        status = process.wait()
    finally:
        watch.cancel()
        _end(process)  # bubblewrap's first process; with it goes the whole process namespace
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if status != 0:
        if time.monotonic() - started >= seconds:
            raise LimitTime(seconds=seconds)
        raise FileCorrupt(reason=f"{program} {status}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
