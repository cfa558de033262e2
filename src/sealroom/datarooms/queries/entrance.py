# SPDX-License-Identifier: Apache-2.0
"""What a reader is told of the room he reads in, beside its documents. Only for a browser that passed the gates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sealroom.core.errors import NotFound
from sealroom.core.prepared import Prepared
from sealroom.datarooms.models import DataRoom, Item


@dataclass(frozen=True)
class Sign:
    """Whose room this is, and the item (public id) of the document he reads."""

    room: str
    owner: str  # address
    owner_name: str
    team: str
    item_id: str = ""


def sign_of(link_id: str, document_id: str = "") -> Sign:
    """The sign of the room a link (public id) belongs to. Raises `NotFound`."""
    room = _of_link.first(link=link_id)
    if room is None:
        raise NotFound(kind="link", id=link_id)
    item = _of_document.first(room=room.pk, document=document_id) if document_id else None
    owner = room.owner
    return Sign(room.name, owner.email, owner.name or owner.email, room.team.name, item.public_id if item else "")


def brought_by(room: DataRoom, address: str, item_ids: Collection[int]) -> set[int]:
    """Which of these items (primary keys) somebody with this address brought."""
    rows = Item.objects.filter(room=room, added_by=address, pk__in=item_ids)
    return set(rows.values_list("pk", flat=True))


def locked_among(item_ids: Collection[int]) -> set[int]:
    """Which of these files (primary keys) could not be opened for want of their password."""
    wanting = Item.objects.filter(pk__in=item_ids, document__current__error_code__in=("password_required", "password_wrong"))
    return set(wanting.values_list("pk", flat=True))


_of_link = Prepared(
    lambda link: DataRoom.objects.select_related("owner", "team").filter(policy__links__public_id=link, deleted_at=None),
    texts=("link",),
)
_of_document = Prepared(
    lambda room, document: Item.objects.filter(room=room, document__public_id=document, trashed_at=None),
    texts=("document",),
    numbers=("room",),
)
