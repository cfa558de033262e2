# SPDX-License-Identifier: Apache-2.0
"""What an export of a room is made of: files and rights as of one instant, and the lists that lie beside them. Lists come row by
row in small questions: no cursor stays open while the archive is written. Whose room it is, the caller has asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sealroom.core.tables import Row
from sealroom.datarooms.models import DataRoom, Item, Question, QuestionAttachment, QuestionPost, RoomExport
from sealroom.datarooms.queries.matrix import AllRights, all_rights_now
from sealroom.datarooms.queries.people import groups_of, guests_of
from sealroom.datarooms.queries.reading import steadily
from sealroom.datarooms.queries.sight import SeenItem, house_sight
from sealroom.datarooms.rules import ExportState, Named, Placed, Right, name_entries
from sealroom.documents.queries import lets_out

INDEX = ("number", "path", "name", "kind", "type", "pages", "size", "sha256", "added_by", "added_at", "changed_at", "file")
GUESTS = ("address", "name", "role", "state", "groups", "access_from", "access_until", "added_at", "told_at", "came_at", "seen_at")
RIGHTS = ("guest", "groups", "number", "path", "right")
QUESTIONS = (
    "number", "subject", "state", "audience", "group", "about", "asked_by", "asked_at", "assigned_to", "closed_at",
    "post", "by", "at", "is_answer", "text", "attachments",
)  # fmt: skip
_BATCH = 200


@dataclass(frozen=True)
class ExportView:
    """An export in a list. `progress` in percent; `size` in bytes and `sha256` of the archive once it is ready."""

    id: str
    state: ExportState
    error_code: str
    progress: int
    has_short_paths: bool
    size: int
    sha256: str
    requested_by: str  # address
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Original:
    """The bytes of a file's current version as they were uploaded. `is_withheld`: nobody gets them (a virus, or not scanned)."""

    key: str
    size: int
    sha256: str
    is_withheld: bool = False


@dataclass(frozen=True)
class ExportFile:
    """A folder or file with what the archive calls it; folders have no `original`."""

    item: SeenItem
    named: Named
    original: Original | None
    added_by: str


@dataclass(frozen=True)
class Snapshot:
    """A room's tree, files and rights as of one instant."""

    room: DataRoom
    rights: AllRights
    files: tuple[ExportFile, ...]

    @cached_property
    def paths(self) -> dict[int, str]:
        """Path by item's primary key."""
        return {one.item.pk: one.named.path for one in self.files}

    def index_rows(self) -> Iterator[Row]:
        """Every folder and file, in the order of the tree."""
        for item, named, original, added_by in ((one.item, one.named, one.original, one.added_by) for one in self.files):
            kind = "folder" if original is None else "file"
            facts = (item.kind, item.pages, original.size, original.sha256) if original is not None else ("", "", "", "")
            times = (added_by, told(item.added_at), told(item.changed_at))
            entry = "" if original is not None and original.is_withheld else named.entry
            yield (named.number, named.path, item.name, kind, *facts, *times, entry)

    def rights_rows(self) -> Iterator[Row]:
        """The right of every guest on every item; none of who was revoked. Co-owners may do everything and are left out."""
        for guest, rights in self.rights.rights():
            groups = ", ".join(guest.groups)
            for one, right in zip(self.files, rights, strict=True):
                held = Right.NONE if guest.is_revoked else right
                yield (guest.label, groups, one.named.number, one.named.path, held.value)


def snapshot(room: DataRoom, *, has_short_paths: bool) -> Snapshot:
    """The room as it is now, without what lies in its trash."""
    rights, originals, added = steadily(room.pk, _read)
    items = rights.items
    placed = (Placed(item.id, item.parent, item.name, item.is_folder, item.extension) for item in items)
    names = name_entries(placed, has_short_paths=has_short_paths)
    files = (ExportFile(item, names[item.id], originals.get(item.pk), added[item.pk]) for item in items)
    return Snapshot(room, rights, tuple(files))


def _read(room: DataRoom) -> tuple[AllRights, dict[int, Original], dict[int, str]]:
    current = [f"document__current__{name}" for name in ("original_key", "size", "sha256", "scan")]
    rows = list(Item.objects.filter(room=room, trashed_at=None).values_list("pk", "added_by", *current))
    originals = {pk: Original(key, size, sha256, not lets_out(scan)) for pk, _, key, size, sha256, scan in rows if key}
    return all_rights_now(room), originals, {row[0]: row[1] for row in rows}


def guest_rows(room: DataRoom, *, now: datetime) -> Iterator[Row]:
    """Everybody with a place in the room, by address."""
    names = {group.id: group.name for group in groups_of(room)}
    for one in guests_of(room, now=now):
        groups = ", ".join(names[group] for group in one.groups)
        times = (one.access_from, one.access_until, one.added_at, one.told_at, one.came_at, one.seen_at)
        yield (one.address, one.name, one.role.value, one.state.value, groups, *map(told, times))


def question_rows(room: DataRoom, paths: dict[int, str]) -> Iterator[Row]:
    """Every contribution to every question in the order they were made, each with its question. What a question is about is
    "(deleted)" where that is in the trash or gone."""
    numbers = list(Question.objects.filter(room=room).order_by("number").values_list("pk", flat=True))
    for start in range(0, len(numbers), _BATCH):
        batch = numbers[start : start + _BATCH]
        attached: dict[int, list[str]] = defaultdict(list)
        links = QuestionAttachment.objects.filter(post__question__in=batch).order_by("pk").values_list("post", "item")
        for link, item in links:
            attached[link].append(paths.get(item, _GONE))
        people = ("guest", "user", "question__group", "question__asked_by", "question__asked_by_user", "question__assigned_to")
        posts = QuestionPost.objects.filter(question__in=batch).select_related(*people)
        count = last = 0
        for post in posts.order_by("question__number", "created_at", "pk"):
            count, last = (count + 1 if post.question_id == last else 1), post.question_id
            yield (*_question(post.question, paths), count, *_post(post), "; ".join(attached[post.pk]))


_GONE = "(deleted)"


def _question(one: Question, paths: dict[int, str]) -> Row:
    about = paths.get(one.item_id or 0, _GONE) if one.is_about_item or one.item_id else ""
    group = one.group.name if one.group is not None else ""
    assigned = one.assigned_to.email if one.assigned_to is not None else ""
    asked = one.asked_by.address if one.asked_by is not None else one.asked_by_user.email if one.asked_by_user is not None else ""
    times = told(one.created_at), told(one.closed_at)
    return (one.number, one.subject, one.state, one.audience, group, about, asked, times[0], assigned, times[1])


def _post(one: QuestionPost) -> Row:
    by = one.guest.address if one.guest is not None else one.user.email if one.user is not None else ""
    return (by, told(one.created_at), "yes" if one.is_answer else "no", one.text)


def paths_of(room: DataRoom) -> dict[int, str]:
    """Path of every folder and file that is not in the trash, by primary key."""
    items = house_sight(room).items
    names = name_entries(
        (Placed(one.id, one.parent, one.name, one.is_folder, one.extension) for one in items), has_short_paths=True
    )
    return {one.pk: names[one.id].path for one in items}


def exports_of(room: DataRoom) -> list[ExportView]:
    """The exports of a room, the latest first."""
    return [
        ExportView(
            id=one.public_id,
            state=ExportState(one.state),
            error_code=one.error_code,
            progress=one.progress,
            has_short_paths=one.has_short_paths,
            size=one.size,
            sha256=one.sha256,
            requested_by=one.requested_by.email,
            created_at=one.created_at,
            ready_at=one.ready_at,
            expires_at=one.expires_at,
        )
        for one in RoomExport.objects.filter(room=room).select_related("requested_by").order_by("-created_at", "-pk")
    ]


def export_keys(among: Collection[str] | None) -> Iterable[str]:
    """Keys of blobs that exports name: a `documents.ports.Keeper`."""
    rows = RoomExport.objects.exclude(blob_key=None)
    if among is not None:
        rows = rows.filter(blob_key__in=among)
    return [key for key in rows.values_list("blob_key", flat=True) if key]


def logo_keys(among: Collection[str] | None) -> Iterable[str]:
    """Keys of blobs that are logos of rooms: a `documents.ports.Keeper`."""
    rows = DataRoom.objects.exclude(logo_key=None)
    if among is not None:
        rows = rows.filter(logo_key__in=among)
    return [key for key in rows.values_list("logo_key", flat=True) if key]


def told(at: datetime | None) -> str:
    """An instant as lists have it: RFC 3339 in UTC to the second, "" for none."""
    return f"{at.isoformat()[:19]}Z" if at is not None else ""
