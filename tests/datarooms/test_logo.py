# SPDX-License-Identifier: Apache-2.0
"""The logo of a data room: drawn anew, kept as long as a room names it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sealroom.accounts.rules import Actor
from sealroom.core.errors import Forbidden, NotFound
from sealroom.datarooms import flows
from sealroom.datarooms.flows import logo
from sealroom.datarooms.models import DataRoom
from sealroom.documents import queries as documents
from sealroom.documents.errors import TooLarge, TypeRefused, WorkshopFailure
from sealroom.documents.ports import BlobStore
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf
from tests.factories.rooms import NOW, make_room

SECRET = b"drawn by Quince"


def _picture(width: int, height: int) -> bytes:
    """Red, with a word about its maker in it."""
    data, about = io.BytesIO(), PngInfo()
    about.add_text("Author", SECRET.decode())
    Image.new("RGB", (width, height), (200, 30, 30)).save(data, "PNG", pnginfo=about)
    return data.getvalue()


def _set(actor: Actor, room: DataRoom, data: bytes, name: str = "Logo.png") -> None:
    flows.set_logo(actor, room.public_id, [data[:1000], data[1000:]], name=name, now=NOW)


def _shown(room: DataRoom) -> Image.Image:
    room.refresh_from_db()
    return Image.open(io.BytesIO(flows.logo_of(room)))


@pytest.mark.parametrize(("size", "drawn"), [((900, 300), (480, 160)), ((200, 800), (40, 160)), ((2000, 100), (480, 24))])
def test_picture_is_drawn_anew_and_fits(owner: Persona, size: tuple[int, int], drawn: tuple[int, int]) -> None:
    room, data = make_room(owner), _picture(*size)
    assert SECRET in data
    _set(owner.actor, room, data)
    shown = _shown(room)
    assert (shown.format, shown.size) == ("JPEG", drawn)
    red, green, blue = shown.convert("RGB").getpixel((drawn[0] // 2, drawn[1] // 2))  # type: ignore[misc]
    assert max(abs(red - 200), abs(green - 30), abs(blue - 30)) <= 6
    assert SECRET not in flows.logo_of(room)


def test_what_is_no_picture_is_refused_and_changes_nothing(owner: Persona) -> None:
    room = make_room(owner)
    _set(owner.actor, room, _picture(90, 30))
    before = DataRoom.objects.get(pk=room.pk).logo_key
    for data, name, refusal in (
        (make_pdf(["A page"]), "Logo.pdf", TypeRefused),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Logo.svg", TypeRefused),
        (make_pdf(["A page"]), "Logo.png", TypeRefused),
        (_picture(90, 30)[:60], "Logo.png", WorkshopFailure),
        (_picture(9, 9) + b"\0" * logo.MOST_BYTES, "Logo.png", TooLarge),
    ):
        with pytest.raises(refusal):
            _set(owner.actor, room, data, name)
    assert DataRoom.objects.get(pk=room.pk).logo_key == before


def test_only_who_leads_the_room_changes_it(owner: Persona, member: Persona, stranger: Persona) -> None:
    room = make_room(owner)
    for other in (member, stranger):
        with pytest.raises((NotFound, Forbidden)):
            _set(other.actor, room, _picture(90, 30))
        with pytest.raises((NotFound, Forbidden)):
            flows.remove_logo(other.actor, room.public_id, now=NOW)


def test_it_is_kept_as_long_as_a_room_names_it(owner: Persona, own_blobs: BlobStore) -> None:
    room = make_room(owner)
    _set(owner.actor, room, _picture(90, 30))
    first = DataRoom.objects.get(pk=room.pk).logo_key
    assert first in set(documents.referenced_keys())
    assert set(documents.unused_keys([str(first)])) == set()
    _set(owner.actor, room, _picture(30, 90))
    second = DataRoom.objects.get(pk=room.pk).logo_key
    assert {first, second} & set(documents.referenced_keys()) == {second}
    flows.delete_room(owner.actor, room.public_id, now=NOW + timedelta(days=1))
    assert second not in set(documents.referenced_keys())
    with pytest.raises(NotFound):
        flows.logo_of(DataRoom.objects.get(pk=room.pk))


def test_removed_it_is_gone(owner: Persona) -> None:
    room = make_room(owner)
    _set(owner.actor, room, _picture(90, 30))
    flows.remove_logo(owner.actor, room.public_id, now=NOW)
    room.refresh_from_db()
    with pytest.raises(NotFound):
        flows.logo_of(room)
