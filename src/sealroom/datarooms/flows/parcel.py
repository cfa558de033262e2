# SPDX-License-Identifier: Apache-2.0
"""Many files of a room in one archive, for a guest who may take them along. Each file is asked for by itself at the instant its
bytes are written, so what is taken away meanwhile stays out; nothing is kept on a disk, and memory does not grow with the files."""

from __future__ import annotations

import enum
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Admission
from sealroom.access.rules import Permission, Verdict
from sealroom.core import ratelimit
from sealroom.core.errors import DomainError, Forbidden
from sealroom.datarooms import queries
from sealroom.datarooms.flows.hands import Hand, visit
from sealroom.datarooms.queries import SeenItem, Sight
from sealroom.datarooms.rules import Names, Right
from sealroom.documents.rules import extension_of
from sealroom.viewing import flows as viewing

MOST_PARCELS = (20, timedelta(hours=1))
"""Archives one guest may ask for in a time: each keeps a worker busy while it lasts."""
REPORT = "left-out.txt"
_PIECE = 256 * 1024
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # that the format can tell


class Reason(enum.StrEnum):
    """Why a file is not in an archive."""

    NOT_ALLOWED = "not_allowed"  # he may only look at it
    ENDED = "ended"  # the right or the whole access ended while the archive was written
    UNREADY = "unready"  # still being prepared, or there is nothing that could be given
    FAULT = "fault"  # its bytes could not be read


@dataclass(frozen=True)
class LeftOut:
    """A file that was asked for and is not in the archive."""

    number: str
    name: str
    reason: Reason


@dataclass(frozen=True)
class Request:
    """Who asks from where; `clock` tells the time while the archive is written."""

    cookie: str | None
    link_id: str
    ip: str
    clock: Callable[[], datetime] = timezone.now


Report = Callable[[Sequence[LeftOut]], str]


def pack(request: Request, item_ids: Sequence[str], *, report: Report) -> tuple[str, Iterator[bytes]]:
    """The room's name, and a ZIP archive of files and folders (by id; none named: of everything) as it is made: originals where the
    guest may have them, else PDFs with his mark. Each is counted as a download. What had to stay out is told by a last entry in
    the words of `report`; of everything, only what he may take is meant, so that what he may only look at is not told of.

    Raises, before the first byte, `NotAdmitted`, `NotFound` (an id he does not see), `Forbidden` (a preview; nothing of it may be
    taken), and `RateLimited`.
    """
    now = request.clock()
    hand = visit(request.cookie, request.link_id, ip=request.ip, now=now)
    if hand.is_preview or hand.guest is None:
        raise Forbidden(preview=True)
    sight = queries.sight_of(hand.guest)
    chosen = _chosen(sight, item_ids)
    taken = [item for item in chosen if may_take(item)]
    if not taken:
        raise Forbidden
    limit, per = MOST_PARCELS
    ratelimit.take("datarooms.parcel", f"{hand.guest.pk}", limit=limit, per=per, now=now)
    refused = [LeftOut(one.number, one.name, Reason.NOT_ALLOWED) for one in chosen if not may_take(one)] if item_ids else []
    return hand.room.name, _write(request, sight, taken, refused, report)


def may_take(item: SeenItem) -> bool:
    """Whether it is a file that he may take along by his right on it."""
    return not item.is_folder and item.right.rank >= Right.DOWNLOAD_PDF.rank


def can_take_something(hand: Hand, sight: Sight) -> bool:
    """Whether an archive of everything would hold anything."""
    return not hand.is_preview and sight.has_files_with(Right.DOWNLOAD_PDF)


def _chosen(sight: Sight, item_ids: Sequence[str]) -> list[SeenItem]:
    """The files meant, each once, in the order of the tree."""
    if not item_ids:
        return sight.files
    wanted: set[str] = set()
    for item_id in dict.fromkeys(item_ids):
        wanted.add(sight.find(item_id).id)
        wanted.update(one.id for one in sight.below(item_id))
    return [item for item in sight.files if item.id in wanted]


def _write(
    request: Request, sight: Sight, items: Sequence[SeenItem], refused: Sequence[LeftOut], report: Report
) -> Iterator[bytes]:
    sink, left, places = _Sink(), list(refused), _Places(sight)
    is_over = False  # his access as a whole has ended: nobody need ask for each file
    with zipfile.ZipFile(sink, "w") as archive:
        for item in items:
            reason: Reason | None = Reason.ENDED if is_over else None
            if reason is None:
                try:
                    yield from _add(archive, sink, places, item, request)
                except NotAdmitted as error:
                    is_over = error.reason not in {Verdict.NOT_FOUND, Verdict.WITHHELD}
                    reason = Reason.UNREADY if error.reason == Verdict.WITHHELD else Reason.ENDED
                except DomainError as error:
                    reason = _reason(error)
            if reason is not None:
                left.append(LeftOut(item.number, item.name, reason))
        if left:
            archive.writestr(places.report(request.clock()), report(left))
    yield sink.drain()


def _add(archive: zipfile.ZipFile, sink: _Sink, places: _Places, item: SeenItem, request: Request) -> Iterator[bytes]:
    """One file. When it cannot be finished it is not in the archive's table: no program unpacks the half of it."""
    now = request.clock()
    admission = access.check_pass(request.cookie, request.link_id, item.document_id, ip=request.ip, now=now)
    ending, chunks = _copy(admission, request.clock, now=now)
    info = places.entry(item, ending)
    is_whole = False
    with archive.open(info, "w", force_zip64=True) as entry:
        try:
            for chunk in chunks:
                entry.write(chunk)
                if sink.held >= _PIECE:
                    yield sink.drain()
            is_whole = True
        finally:
            if not is_whole:
                entry.close()
                archive.filelist.remove(info)
                del archive.NameToInfo[info.filename]
    yield sink.drain()


def _copy(admission: Admission, clock: Callable[[], datetime], *, now: datetime) -> tuple[str, Iterator[bytes]]:
    """What he may take of a document, and how its name ends. Raises `Forbidden` when that is nothing."""
    if admission.policy.allows(Permission.DOWNLOAD_ORIGINAL):
        extension = extension_of(admission.version.name)
        return f".{extension}" if extension else "", viewing.download_original(admission, now=now, clock=clock)
    return ".pdf", viewing.download_pdf(admission, now=now, clock=clock)


def _reason(error: DomainError) -> Reason:
    if isinstance(error, Forbidden):
        return Reason.ENDED
    return Reason.UNREADY if error.code in {"not_found", "not_ready", "infected"} else Reason.FAULT


class _Sink:
    """Takes what the archive writes until it is sent on. It cannot be wound back, so sizes follow each file's bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.held = 0

    def write(self, data: bytes) -> int:
        """Take a piece."""
        self._pieces.append(bytes(data))
        self.held += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing lies in between."""

    def close(self) -> None:
        """It ends with the archive."""

    def drain(self) -> bytes:
        """All that came since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.held = 0
        return data


class _Places:
    """Where each file lies in the archive: in folders as the guest sees them."""

    def __init__(self, sight: Sight) -> None:
        self._sight, self._names, self._folders = sight, Names(), {"": ""}
        self._names.file("", "", REPORT, ending=".txt")

    def entry(self, item: SeenItem, ending: str) -> zipfile.ZipInfo:
        """The entry of a file."""
        path = self._names.file(self._folder(item.parent), item.number, item.name, ending=ending)
        return _info(path, item.changed_at)

    def report(self, now: datetime) -> zipfile.ZipInfo:
        """The entry that tells what is missing."""
        return _info(REPORT, now)

    def _folder(self, folder_id: str) -> str:
        if folder_id not in self._folders:
            folder = self._sight.find(folder_id)
            self._folders[folder_id] = self._names.folder(self._folder(folder.parent), folder.number, folder.name)
        return self._folders[folder_id]


def _info(path: str, moment: datetime) -> zipfile.ZipInfo:
    year = min(max(moment.year, _FIRST_YEAR), _LAST_YEAR)
    info = zipfile.ZipInfo(path, (year, moment.month, moment.day, moment.hour, moment.minute, moment.second))
    info.external_attr = 0o644 << 16
    return info
