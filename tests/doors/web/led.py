# SPDX-License-Identifier: Apache-2.0
"""A data room in use, made beside a running server on its data; see `tests.journeys.backstage`."""

from __future__ import annotations

from django.utils import timezone
from tests.datarooms.test_analytics import read
from tests.doors.portal.hall import make_hall
from tests.factories.accounts import PASSWORD, make_persona

from sealroom.core.ids import new_id
from sealroom.datarooms import flows

FILES = ("Share purchase agreement, draft of 12 March, with comments.pdf", "Balance sheet.pdf", "Licences.pdf", "Leases.pdf")


def led_room(*, language: str = "en", guests: int = 14) -> dict[str, str]:
    """A room whose owner is not signed in yet: files in folders, guests of whom every third has not come, a file in the trash."""
    now = timezone.now()
    owner = make_persona(
        f"{new_id('o').lower()}@example.com", team_name="Northwind", name="Olive Owner", language=language, now=now
    )
    hall = make_hall(owner)
    hall.folder("Corporate")
    items = [hall.file(name, "Corporate", words=f"{name}: the quince clause") for name in FILES]
    trashed = hall.file("Old.pdf")
    flows.throw_away(hall.lead, [trashed.public_id], now=now)
    group = flows.create_group(owner.actor, hall.room.public_id, "Bidders", now=now)
    for number in range(guests):
        guest = hall.guest(f"first.last.{number}@bidder-number-{number % 5}.example")
        if number % 3:
            assert guest.link is not None
            for place, item in enumerate(items[: 1 + number % len(items)]):
                read(guest.link, item, {1: 9_000 * (number + 1) // (place + 1)}, at=now)
    flows.ask_question(hall.lead, flows.Asking("How long does the lease run?", "=1+1, and from when on?"), now=now)
    return {
        "email": owner.user.email,
        "password": PASSWORD,
        "room": hall.room.public_id,
        "file": items[0].public_id,
        "folder": hall.items["Corporate"].public_id,
        "group": group.public_id,
    }


DEEDS = {"led_room": led_room}
