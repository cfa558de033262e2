# SPDX-License-Identifier: Apache-2.0
"""Films and sounds as a reader gets them: with the mark in a copy made for this reader alone, with the mark laid over by the
player, or clear where the sender wants none; streamed in ranges, counted by what was really sent."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.rules import MediaMark, Viewer, Watermark
from sealroom.billing import queries as billing
from sealroom.core import jobs
from sealroom.core.jobs.rules import IDLE
from sealroom.core.secrets import seal_text, unseal_text
from sealroom.credits import queries as credits
from sealroom.documents import flows as documents
from sealroom.documents.errors import NotReady, WorkshopFailure
from sealroom.documents.models import Version
from sealroom.documents.ports import Media, get_blob_store
from sealroom.viewing import rules
from sealroom.viewing.errors import MediaQuota
from sealroom.viewing.flows.marks import mark_for
from sealroom.viewing.flows.openings import record_page
from sealroom.viewing.models import MarkedCopy, MarkedCopyState, MediaUse
from sealroom.viewing.ports import get_stamper
from sealroom.viewing.queries import media_use

UNUSED_AFTER = timedelta(days=30)
"""A marked copy that nobody asked for in so long is removed; it can be made again."""

TRIED_AGAIN_AFTER = timedelta(hours=1)
"""A copy that failed is tried once more when it is asked for so much later."""

_PIECE = 256 * 1024
_METERED = 1024 * 1024
_TOUCH = timedelta(hours=1)
_SEAL = "viewer-of-film"
Clock = Callable[[], datetime]


class Form(enum.StrEnum):
    """How a film or sound is shown to a reader."""

    CLEAR = "clear"
    BURNED = "burned"
    LAID_OVER = "laid_over"
    SOUND = "sound"  # asked to be marked, which no sound can be


@dataclass(frozen=True)
class Showing:
    """What a player needs to know. `state` is one of `MarkedCopyState`; `lines` are the mark's words where the player draws it."""

    form: Form
    media: Media
    state: str = MarkedCopyState.READY
    percent: int = 100
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stream:
    """Bytes for one reader: open, seekable, to be closed by `play`."""

    file: BinaryIO
    size: int
    type: str


def showing(admission: Admission, *, now: datetime) -> Showing:
    """How the document is shown to this reader now; has the marked copy made when there is none. Raises `NotFound`, `NotReady`."""
    version = _version(admission)
    media = documents.media_of(version)
    wishes = admission.policy.watermark
    form = _form(wishes, media)
    if form is Form.BURNED and wishes is not None:
        copy = _copy(admission, wishes, now=now)
        return Showing(form, media, copy.state, copy.percent)
    if form is Form.LAID_OVER and wishes is not None:
        return Showing(form, media, lines=rules.watermark_lines(wishes, admission.viewer, now=now))
    return Showing(form, media)


def open_stream(admission: Admission, *, now: datetime) -> Stream:
    """The bytes this reader may have, to be played or only measured. Raises `NotReady` while the marked copy is being made, and
    `MediaQuota` when the team's readers have been sent all that its plan includes."""
    found = showing(admission, now=now)
    _require_quota(admission.link.team_id, now=now)
    version = _version(admission)
    if found.form is not Form.BURNED:
        file = documents.open_media(version)
    else:
        assert admission.policy.watermark is not None
        copy = _copy(admission, admission.policy.watermark, now=now)
        if copy.state != MarkedCopyState.READY or copy.key is None:
            raise NotReady(state=copy.state, error=copy.error_code)
        file = get_blob_store().open(copy.key)
    size = file.seek(0, 2)
    return Stream(file, size, found.media.type)


class Playing(Iterator[bytes]):
    """Pieces on their way to a reader. Closing it closes the film, also when nobody took the first piece."""

    def __init__(self, pieces: Generator[bytes, None, None], stream: Stream) -> None:
        self._pieces = pieces
        self._stream = stream

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """End it, and count what was taken."""
        self._pieces.close()
        self._stream.file.close()


def play(admission: Admission, stream: Stream, *, first: int, last: int, clock: Clock = timezone.now) -> Playing:
    """The bytes from `first` to `last`, both included, and the note that the reader had them. Access is asked again before every
    further piece, and what was taken from this iterator is counted to the team, at the latest when it is closed. Breaks off by
    raising `NotAdmitted`, `NotReady` (the sender changed the mark) or `MediaQuota`."""
    record_page(admission, 1, now=clock())
    return Playing(_pieces(admission, stream, first, last, clock), stream)


def _pieces(admission: Admission, stream: Stream, first: int, last: int, clock: Clock) -> Generator[bytes, None, None]:
    unmetered = 0
    team_id = admission.link.team_id
    try:
        stream.file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := stream.file.read(min(_PIECE, left))):
            yield piece
            unmetered += len(piece)
            left -= len(piece)
            if left > 0:
                if access.check_again(admission, now=clock()).watermark != admission.policy.watermark:
                    raise NotReady(reason="mark_changed")
                if unmetered >= _METERED:
                    _meter(team_id, unmetered, now=clock())
                    unmetered = 0
                    _require_quota(team_id, now=clock())
    finally:
        stream.file.close()
        if unmetered:
            _meter(team_id, unmetered, now=clock())


def make_copy(copy_id: int, sealed: str, *, now: datetime) -> None:
    """Burn a reader's mark into a film, for the viewer the job was handed `sealed`. A copy whose mark is not wanted any more is
    dropped; a failure of the film is kept."""
    rows = MarkedCopy.objects.select_related("version__document", "reader__link__policy__terms")
    copy = rows.filter(pk=copy_id, state=MarkedCopyState.WAITING).first()
    if copy is None:
        return
    wishes, viewer = copy.reader.link.policy.value.watermark, _unsealed(sealed)
    if (
        wishes is None
        or copy.version.document.deleted_at
        or copy.mark_digest != _digest(copy.version, copy.reader_id, wishes, viewer)
    ):
        copy.delete()
        return
    row = MarkedCopy.objects.filter(pk=copy.pk, state=MarkedCopyState.WAITING)
    media = documents.media_of(copy.version)
    mark = mark_for(wishes, viewer, width=media.width, now=now)
    assert mark is not None
    mark = replace(mark, lines=rules.without_minute(mark.lines, now=now))
    try:
        overlay = get_stamper().overlay(media.width, media.height, mark)
        blob = documents.burn_mark(copy.version, overlay, tell=lambda percent: _tell(copy.pk, percent))
    except WorkshopFailure as failure:
        row.update(state=MarkedCopyState.FAILED, error_code=failure.code)
        return
    if not row.update(state=MarkedCopyState.READY, key=blob.key, size=blob.size, percent=100):
        get_blob_store().delete(blob.key)


def give_up_copy(copy_id: int) -> None:
    """Mark a copy failed that was tried to the end of its attempts."""
    MarkedCopy.objects.filter(pk=copy_id, state=MarkedCopyState.WAITING).update(state=MarkedCopyState.FAILED, error_code="error")


def remove_unused_copies(*, now: datetime) -> int:
    """Remove marked copies that nobody asked for in a while, failed ones too, and those of deleted documents; returns how many."""
    old = MarkedCopy.objects.filter(used_at__lte=now - UNUSED_AFTER) | MarkedCopy.objects.exclude(
        version__document__deleted_at=None
    )
    found = list(old)
    for copy in found:
        copy.delete()
        if copy.key:
            get_blob_store().delete(copy.key)
    return len(found)


def _form(wishes: Watermark | None, media: Media) -> Form:
    if wishes is None:
        return Form.CLEAR
    if not media.has_video:
        return Form.SOUND
    return Form.LAID_OVER if wishes.media == MediaMark.LAID_OVER else Form.BURNED


def _copy(admission: Admission, wishes: Watermark, *, now: datetime) -> MarkedCopy:
    """This reader's copy; the first who asks has it made."""
    version, viewer = _version(admission), admission.viewer
    digest = _digest(version, admission.reader.pk, wishes, viewer)
    with transaction.atomic():
        copy, made = MarkedCopy.objects.get_or_create(
            mark_digest=digest, defaults={"version": version, "reader": admission.reader, "made_at": now, "used_at": now}
        )
        again = copy.state == MarkedCopyState.FAILED and now - copy.made_at >= TRIED_AGAIN_AFTER
        if again:
            copy.state, copy.percent, copy.error_code, copy.made_at = MarkedCopyState.WAITING, 0, "", now
            copy.save(update_fields=["state", "percent", "error_code", "made_at"])
        if made or again:
            jobs.defer(
                "viewing.mark_film",
                key=f"{copy.pk}",
                lane=str(admission.link.team_id),
                priority=IDLE,
                copy_id=copy.pk,
                sealed=_sealed(viewer),
            )
    if now - copy.used_at >= _TOUCH:
        MarkedCopy.objects.filter(pk=copy.pk, used_at__lt=now).update(used_at=now)
    return copy


def _sealed(viewer: Viewer) -> str:
    return seal_text(json.dumps(asdict(viewer)), purpose=_SEAL).hex()


def _unsealed(sealed: str) -> Viewer:
    return Viewer(**json.loads(unseal_text(bytes.fromhex(sealed), purpose=_SEAL)))


def _digest(version: Version, reader_id: int, wishes: Watermark, viewer: Viewer) -> str:
    """Names a copy. Where and when somebody reads is not part of it: a film is not coded anew for each change of network."""
    who = (viewer.address, viewer.name if rules.Field.NAME in wishes.fields else "")
    told = json.dumps([version.public_id, reader_id, who, asdict(wishes)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _tell(copy_id: int, percent: int) -> None:
    MarkedCopy.objects.filter(pk=copy_id, percent__lt=percent).update(percent=percent)


def _require_quota(team_id: int, *, now: datetime) -> None:
    limit = billing.limits_of(team_id, now=now).media_bytes
    used = media_use(team_id, now=now)
    if used >= limit:
        raise MediaQuota(used=used, limit=limit, resets_at=credits.meter(team_id, now=now).period_end)


def _meter(team_id: int, sent: int, *, now: datetime) -> None:
    start = credits.meter(team_id, now=now).period_start
    MediaUse.objects.bulk_create([MediaUse(team_id=team_id, period_start=start)], ignore_conflicts=True)
    MediaUse.objects.filter(team_id=team_id, period_start=start).update(sent_bytes=F("sent_bytes") + sent)


def _version(admission: Admission) -> Version:
    version = admission.version
    version.document = admission.document
    return version
