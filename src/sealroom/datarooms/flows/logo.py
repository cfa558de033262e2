# SPDX-License-Identifier: Apache-2.0
"""The logo of a data room: drawn anew in the sandbox from the picture somebody chose, so that no byte of his file reaches a browser
(docs/decisions/0185)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from io import BytesIO

from django.db import transaction

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import NotFound
from sealroom.core.ids import new_id
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import lock_room
from sealroom.datarooms.models import DataRoom
from sealroom.documents import rules as document_rules
from sealroom.documents.errors import TooLarge, TypeRefused
from sealroom.documents.kinds import Kind
from sealroom.documents.ports import get_blob_store, get_workshop
from sealroom.viewing.ports import get_stamper

MOST_BYTES = 5_000_000
MOST_WIDTH, MOST_HEIGHT = 480, 160  # pixels: twice what a page shows it at


def set_logo(actor: Actor, room_id: str, chunks: Iterable[bytes], *, name: str, now: datetime) -> None:
    """Put a picture in the place of the one there was. Raises `Forbidden`, `NotFound`, `TooLarge` beyond 5 MB, `TypeRefused` for
    what is no picture, and what a sandbox says of one it cannot open (`WorkshopFailure`); then nothing changes."""
    room = lead(actor, room_id).room
    data = _all_of(chunks)
    if document_rules.decide_kind(document_rules.clean_name(name), data[: document_rules.HEAD_BYTES]).kind != Kind.IMAGE:
        raise TypeRefused(reason="not_a_picture")
    blob = get_blob_store().put([_drawn(data, name)])
    _keep(actor, room, blob.key, now=now)


def remove_logo(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Show none any more. Raises `Forbidden`, `NotFound`."""
    _keep(actor, lead(actor, room_id).room, None, now=now)


def logo_of(room: DataRoom) -> bytes:
    """The picture, a JPEG. Raises `NotFound` where the room has none."""
    if room.logo_key is None:
        raise NotFound(kind="logo")
    with closing(get_blob_store().open(room.logo_key)) as blob:
        return blob.read()


def _all_of(chunks: Iterable[bytes]) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MOST_BYTES:
            raise TooLarge(limit=MOST_BYTES)
    return bytes(data)


def _drawn(data: bytes, name: str) -> bytes:
    workshop, drawing = get_workshop(), new_id("logo")
    found = workshop.paginate(BytesIO(data), kind=Kind.IMAGE, name=name, document=drawing)
    page = found.pages[0]
    width = min(MOST_WIDTH, round(MOST_HEIGHT * page.width / page.height))
    raster = workshop.render(BytesIO(found.pdf or data), page=1, width=max(width, 1), document=drawing)
    return get_stamper().stamp(raster, None)


@transaction.atomic
def _keep(actor: Actor, room: DataRoom, key: str | None, *, now: datetime) -> None:
    """The picture that is no longer named goes with the sweep of blobs."""
    locked = lock_room(room)
    if locked.logo_key == key:
        return
    DataRoom.objects.filter(pk=locked.pk).update(logo_key=key)
    audit.record(actor.who, Verb.DATA_ROOM_CHANGED, "data_room", locked.public_id, now=now, label=locked.name, changed=["logo"])
