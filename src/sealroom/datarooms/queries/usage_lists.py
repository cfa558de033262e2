# SPDX-License-Identifier: Apache-2.0
"""Analytics of a room as lists to take along: rows for `core.tables`, and workbooks with English heads. Times on screen in whole
seconds."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from sealroom.core.tables import Row, xlsx_parts
from sealroom.datarooms.queries.analytics import Analytics, GroupUse, GuestUse, ItemUse, Use
from sealroom.datarooms.queries.export import told

_USE = ("opens", "pages", "seconds", "downloads", "prints", "completion")


class UsageList(enum.StrEnum):
    """Which list of the analytics."""

    GUESTS = "guests"
    GROUPS = "groups"
    ITEMS = "items"
    HEAT = "heat"


class Table(NamedTuple):
    """A list with its head: stable English words, and addresses of guests in the heat map."""

    head: tuple[str, ...]
    rows: Iterator[Row]


def usage_table(found: Analytics, which: UsageList) -> Table:
    """One list."""
    return _TABLES[which](found)


def usage_workbook(found: Analytics, which: UsageList) -> Iterator[bytes]:
    """One list as an XLSX workbook in parts, as its rows come."""
    head, rows = usage_table(found, which)
    return xlsx_parts(head, rows, title=which.value)


def _guests(found: Analytics) -> Table:
    return Table(("address", "name", "state", "told_at", "last_seen_at", "files", *_USE), map(_guest, found.guests))


def _guest(one: GuestUse) -> Row:
    who = one.guest
    return (who.address, who.name, who.state.value, told(who.told_at), told(one.last_at), one.files, *_use(one.use))


def _groups(found: Analytics) -> Table:
    return Table(("group", "guests", "came", *_USE), map(_group, found.groups))


def _group(one: GroupUse) -> Row:
    return (one.group.name, one.group.guests, one.came, *_use(one.use))


def _items(found: Analytics) -> Table:
    return Table(("number", "path", "kind", "readers", *_USE), map(_item, found.items))


def _item(one: ItemUse) -> Row:
    kind = "folder" if one.item.is_folder else "file"
    return (one.item.number, one.path, kind, one.readers, *_use(one.use))


def _heat(found: Analytics) -> Table:
    heat = found.heat(files=len(found.items), guests=len(found.guests))
    return Table(("number", "path", *(one.guest.address for one in heat.guests)), map(_heated, heat.files, heat.rows))


def _heated(one: ItemUse, cells: tuple[int, ...]) -> Row:
    return (one.item.number, one.path, *(cell // 1000 for cell in cells))


def _use(one: Use) -> tuple[int, ...]:
    return (one.opens, one.pages, one.active_ms // 1000, one.downloads, one.prints, one.completion)


_TABLES = {UsageList.GUESTS: _guests, UsageList.GROUPS: _groups, UsageList.ITEMS: _items, UsageList.HEAT: _heat}
