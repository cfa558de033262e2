# SPDX-License-Identifier: Apache-2.0
"""The data rooms of a ledger scenario, by the names its steps call them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sealroom.accounts.rules import Actor
from sealroom.cli.simulation.cast import Cast
from sealroom.cli.simulation.scenario import Fields, need, words
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows as datarooms
from sealroom.datarooms import queries


class Rooms:
    """Data rooms opened so far. A step that names no `user` is done by the data room's owner; one is opened by the first admin."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._opened: dict[str, tuple[str, Actor]] = {}

    @property
    def used(self) -> dict[str, Any]:
        """Both quotas in use."""
        usage = queries.usage_of(self._cast.team.pk)
        return {"rooms_used": usage.data_rooms, "guests_used": usage.guests}

    def create(self, step: Fields, where: str, *, now: datetime) -> None:
        """Open a data room; a name used before means the newer one from here on."""
        name = need(step, "room", str, where)
        owner = self._user(step) or self._cast.founder
        room = datarooms.create_room(owner, name, now=now)
        self._opened[name] = room.public_id, owner

    def delete(self, step: Fields, where: str, *, now: datetime) -> None:
        """Delete one for good."""
        room, owner = self._named(need(step, "room", str, where))
        datarooms.delete_room(self._user(step) or owner, room, now=now)

    def invite(self, step: Fields, where: str, *, now: datetime) -> None:
        """Invite guests into one."""
        room, owner = self._named(need(step, "room", str, where))
        datarooms.invite_guests(self._user(step) or owner, room, words(step, "guests", where), now=now)

    def remove(self, step: Fields, where: str, *, now: datetime) -> None:
        """Remove a guest from the data rooms named; from all when none is."""
        guest, user = need(step, "guest", str, where), self._user(step)
        if not step.get("rooms"):
            for owner in {one.user_id: one for _, one in self._opened.values()}.values() if user is None else [user]:
                datarooms.remove_guest(owner, guest, now=now)
            return
        by_owner: defaultdict[Actor, list[str]] = defaultdict(list)
        for name in words(step, "rooms", where):
            room, owner = self._named(name)
            by_owner[user or owner].append(room)
        for actor, rooms in by_owner.items():
            datarooms.remove_guest(actor, guest, rooms=rooms, now=now)

    def _named(self, name: str) -> tuple[str, Actor]:
        if name not in self._opened:
            raise NotFound(room=name)
        return self._opened[name]

    def _user(self, step: Fields) -> Actor | None:
        name = step.get("user")
        return self._cast.actor(str(name)) if name else None
