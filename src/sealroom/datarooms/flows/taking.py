# SPDX-License-Identifier: Apache-2.0
"""A file of a room as it was uploaded, for those who lead the room (docs/decisions/0165)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sealroom.accounts.queries import actor_of_user
from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.hands import lead
from sealroom.documents import flows as documents

_PIECE = 1 << 20


@dataclass(frozen=True)
class TakenFile:
    """A file to take along: its name, its size in bytes, its SHA-256, and its bytes, which may be asked for once."""

    name: str
    size: int
    sha256: str
    chunks: Iterator[bytes]


def take_file(actor: Actor, room_id: str, item_id: str, *, now: datetime) -> TakenFile:
    """The version of a file that readers see, unmarked. Written down before the first byte; before each piece it is asked again
    whether he still leads the room and the file is there, else the stream breaks off. Raises `Forbidden`, `NotFound`, `Invalid`
    (a folder), `BlobMissing`."""
    room = lead(actor, room_id).room
    item = queries.get_item(room, item_id)
    if item.document is None or item.document.current is None:
        raise Invalid({"item": ["is_folder"]})
    version = item.document.current
    source = documents.open_original(version)
    facts = {"room": room.public_id, "version": version.public_id, "sha256": version.sha256}
    audit.record(actor.who, Verb.ITEMS_DOWNLOADED, "item", item.public_id, now=now, label=item.name, **facts)

    def pieces() -> Iterator[bytes]:
        with closing(source):
            while piece := source.read(_PIECE):
                _ask_again(actor, room_id, item_id)
                yield piece

    return TakenFile(rules.with_extension_of(item.name, version.name), version.size, version.sha256, pieces())


def _ask_again(actor: Actor, room_id: str, item_id: str) -> None:
    fresh = actor_of_user(actor.user_id, actor.team_id)
    if fresh is None:
        raise Forbidden
    queries.get_item(lead(fresh, room_id).room, item_id)
