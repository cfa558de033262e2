# SPDX-License-Identifier: Apache-2.0
"""Films and sounds in the real sandbox: playable, without a word of metadata, and broken ones are refused as such."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealroom.documents import flows
from sealroom.documents.adapters import bubblewrap, ffmpeg
from sealroom.documents.adapters.ffmpeg import FfmpegStudio
from sealroom.documents.adapters.probing import read_probe
from sealroom.documents.errors import FileCorrupt, LimitDuration, LimitPixels, LimitTime, WorkshopFailure
from sealroom.documents.ports import Media
from sealroom.documents.queries import view_of
from tests.factories.accounts import Persona
from tests.factories.documents import current, upload_ready
from tests.factories.films import make_film, need_ffmpeg


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[FfmpegStudio]:
    need_ffmpeg()
    yield FfmpegStudio(folder=str(tmp_path))
    assert list(tmp_path.iterdir()) == [], "nothing clear has a name"


def normal(studio: FfmpegStudio, data: bytes) -> tuple[Media, bytes]:
    film = studio.normalise(io.BytesIO(data))
    with film.file:
        return film.media, film.file.read()


def bare(data: bytes) -> bool:
    return not any(word in data for word in (b"SECRET", b"48.8584", b"Lavf"))


def test_a_film_that_browsers_play_is_copied_bare(studio: FfmpegStudio) -> None:
    given = make_film()
    assert b"SECRET" in given
    media, made = normal(studio, given)
    assert (media.width, media.height, media.has_video, media.has_audio, media.type) == (320, 240, True, True, "video/mp4")
    assert 1900 <= media.duration_ms <= 2200
    assert made[4:8] == b"ftyp"
    assert made.index(b"moov") < made.index(b"mdat"), "it plays before the whole has come"
    assert bare(made)


@pytest.mark.parametrize(("suffix", "codec"), [("webm", "libvpx"), ("mkv", "mpeg4"), ("avi", "mpeg4")])
def test_other_films_become_h264(studio: FfmpegStudio, suffix: str, codec: str) -> None:
    media, made = normal(studio, make_film(suffix=suffix, codec=codec))
    assert (media.width, media.height, media.type) == (320, 240, "video/mp4")
    assert b"avc1" in made
    assert bare(made)


@pytest.mark.parametrize(
    ("suffix", "kind"), [("mp3", "audio/mpeg"), ("m4a", "audio/mp4"), ("ogg", "audio/mp4"), ("wav", "audio/mp4")]
)
def test_sounds(studio: FfmpegStudio, suffix: str, kind: str) -> None:
    media, made = normal(studio, make_film(size="", suffix=suffix))
    assert (media.has_video, media.has_audio, media.width, media.type) == (False, True, 0, kind)
    assert b"SECRET" not in made


def test_a_large_picture_is_made_smaller(studio: FfmpegStudio) -> None:
    media, _ = normal(studio, make_film(size="2560x1440", seconds=1))
    assert (media.width, media.height) == (1920, 1080)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF....AVI nothing",
        make_film.__doc__.encode() if make_film.__doc__ else b"x",
        b"\x00\x00\x00\x18ftypmp42" + bytes(200),
    ],
)
def test_what_is_no_film_is_corrupt(studio: FfmpegStudio, data: bytes) -> None:
    with pytest.raises(FileCorrupt):
        normal(studio, data)


def test_a_film_cut_off_is_corrupt_or_plays(studio: FfmpegStudio) -> None:
    data = make_film(suffix="mkv", codec="mpeg4")
    for part in (len(data) // 2, 300):
        try:
            media, _ = normal(studio, data[:part])
        except FileCorrupt:
            continue
        assert media.duration_ms > 0


def test_playlists_that_name_other_files_open_nothing(studio: FfmpegStudio, tmp_path: Path) -> None:
    for text in ("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(FileCorrupt):
            normal(studio, text.encode())


def test_limits(studio: FfmpegStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "LONGEST_SECONDS", 1)
    with pytest.raises(LimitDuration) as long:
        normal(studio, make_film())
    assert long.value.facts["seconds"] in (2, 3)
    monkeypatch.setattr(ffmpeg, "LONGEST_SECONDS", 60)
    monkeypatch.setattr(ffmpeg, "MOST_PIXELS", 320 * 240 - 1)
    with pytest.raises(LimitPixels):
        normal(studio, make_film())
    monkeypatch.setattr(ffmpeg, "_PROBE_SECONDS", 0)
    with pytest.raises(LimitTime):
        normal(studio, make_film())


@pytest.mark.parametrize("answer", [b"{", b"[]", b'{"streams": 5}', b'{"streams": [{"codec_type": "video", "side_data_list": 5}]}'])
def test_answers_of_another_shape_are_corrupt(answer: bytes) -> None:
    with pytest.raises(FileCorrupt):
        read_probe(answer)


def test_preparing_makes_it_viewable_and_tells_what_it_is(owner: Persona) -> None:
    need_ffmpeg()
    document = upload_ready(owner.actor, make_film(), name="Holiday.mp4")
    version = current(document)
    assert (version.state, version.pages, version.kind, version.is_viewable) == ("ready", 0, "media", True)
    assert version.media is not None
    assert set(version.media) == {"duration_ms", "width", "height", "has_video", "has_audio", "type"}
    assert view_of(document).is_viewable
    with flows.open_media(version) as source:
        assert bare(source.read())


def test_a_broken_film_fails_as_corrupt(owner: Persona) -> None:
    need_ffmpeg()
    version = current(upload_ready(owner.actor, b"\x00\x00\x00\x18ftypmp42" + bytes(200), name="Holiday.mp4"))
    assert (version.state, version.error_code) == ("failed", "corrupt")


def test_without_ffmpeg_it_can_be_sent_not_seen(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FfmpegStudio, "is_available", lambda self: False)
    version = current(upload_ready(owner.actor, b"\x00\x00\x00\x18ftypmp42" + bytes(200), name="Holiday.mp4"))
    assert (version.state, version.pages, version.error_code, version.is_viewable) == ("ready", 0, "converter_missing", False)


def test_without_walls_it_is_off_unless_the_operator_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_ffmpeg()
    data = make_film()
    monkeypatch.setattr(bubblewrap, "is_available", lambda: False)

    strict, weak = FfmpegStudio(folder=str(tmp_path)), FfmpegStudio(folder=str(tmp_path), weak=True)

    assert (strict.is_available(), weak.is_available()) == (False, True)
    with pytest.raises(WorkshopFailure) as caught:
        normal(strict, data)
    assert (caught.value.code, caught.value.facts) == ("converter_missing", {"needs": "bubblewrap"})
    media, made = normal(weak, data)
    assert (media.type, bare(made), list(tmp_path.iterdir())) == ("video/mp4", True, [])


def test_the_corpus_is_handled(studio: FfmpegStudio) -> None:
    corpus = os.environ.get("SEALROOM_CORPUS")
    if not corpus:
        pytest.skip("SEALROOM_CORPUS names no folder")
    codes = {}
    for file in sorted((Path(corpus) / "video").iterdir()):
        codes[file.name] = ""
        try:
            studio.normalise(io.BytesIO(file.read_bytes())).file.close()
        except WorkshopFailure as failure:
            codes[file.name] = failure.code
    assert set(codes.values()) <= {"", "corrupt"}, codes
