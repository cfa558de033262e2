# SPDX-License-Identifier: Apache-2.0
"""Analytics of a data room as tables to look at: columns that sort, rows of words, and cells of heat. Sorting happens before a page
is cut, words are found only for the rows of that page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from sealroom.datarooms.queries import Analytics, GroupUse, GuestUse, Heat, ItemUse, Use
from sealroom.httpkit.templatetags.kit import duration, local_time, number, percent
from sealroom.web import rooms

HOT_FILES, HOT_GUESTS, LEVELS = 20, 12, 5
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    """A column by which the list can be sorted: its value in a row to sort by, and in words. Figures start with the greatest."""

    key: str
    label: str
    value: Callable[[Any], Any]
    words: Callable[[Any], str]
    is_figure: bool = True


@dataclass(frozen=True)
class ShownRow:
    """A row: what it is about with its page, and its cells as (label, words, whether a figure)."""

    name: str
    sub: str
    url: str
    icon: str
    cells: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class Listing:
    """A list: its columns without the first, the first one's name and order, its rows, and how a row is named."""

    first: Column
    columns: tuple[Column, ...]
    rows: Sequence[Any]
    name: Callable[[Any], tuple[str, str, str, str]]

    def ordered(self, sort: str) -> tuple[list[Any], str]:
        """The rows by a column ("time", "-time"), equal ones as they came; and the order that was taken. The most time first where
        none is known."""
        every = {column.key: column for column in (self.first, *self.columns)}
        key = sort.removeprefix("-")
        if key not in every:
            sort, key = ("-time", "time") if "time" in every else (self.first.key, self.first.key)
        return sorted(self.rows, key=every[key].value, reverse=sort.startswith("-")), sort

    def shown(self, row: Any) -> ShownRow:
        """A row in words."""
        cells = tuple((column.label, column.words(row), column.is_figure) for column in self.columns)
        return ShownRow(*self.name(row), cells)


def guests(found: Analytics, room_id: str) -> Listing:
    """Every guest with what he did."""
    last = Column("last", _("Last here"), lambda one: one.last_at or _LONG_AGO, _last)
    files = Column("files", _("Files"), lambda one: one.files, lambda one: number(one.files))
    return Listing(_who(), (last, files, *_figures()), found.guests, _guest_names(room_id))


def missing(found: Analytics, room_id: str) -> Listing:
    """The guests who may come and have not yet."""
    words = rooms.guest_words()
    columns = (
        Column("state", _("State"), lambda one: one.guest.state.value, lambda one: words[one.guest.state][0], is_figure=False),
        Column("added", _("Added"), lambda one: one.guest.added_at, lambda one: local_time(one.guest.added_at)),
        Column("told", _("Written to last"), lambda one: one.guest.told_at or _LONG_AGO, _told),
    )
    return Listing(_who(), columns, found.missing, _guest_names(room_id))


def groups(found: Analytics, room_id: str) -> Listing:
    """Every group with what its guests did."""

    def name(one: GroupUse) -> tuple[str, str, str, str]:
        heads = ngettext("%(n)s guest", "%(n)s guests", one.group.guests) % {"n": number(one.group.guests)}
        return one.group.name, heads, reverse("web:room_group", args=[room_id, one.group.id]), "users"

    first = Column("name", _("Group"), lambda one: one.group.name.casefold(), lambda one: one.group.name, is_figure=False)
    came = Column("came", _("Have come"), lambda one: one.came, lambda one: number(one.came))
    return Listing(first, (came, *_figures()), found.groups, name)


def items(found: Analytics, room_id: str) -> Listing:
    """Every folder and file with what was done with it."""
    place = {one.item.id: position for position, one in enumerate(found.items)}

    def name(one: ItemUse) -> tuple[str, str, str, str]:
        above = one.path.rpartition("/")[0]
        return rooms.called(one.item), above, _item_url(room_id, one), "folder" if one.item.is_folder else "file"

    first = Column("place", _("File or folder"), lambda one: place[one.item.id], lambda one: one.path, is_figure=False)
    readers = Column("readers", _("Readers"), lambda one: one.readers, lambda one: number(one.readers))
    return Listing(first, (readers, *_figures()), found.items, name)


def heat_rows(heat: Heat, room_id: str) -> list[dict[str, object]]:
    """The most read files, each with a bar of all its time and a cell for each guest: (level of heat, whose and how long)."""
    longest = max((one.use.active_ms for one in heat.files), default=0)
    return [
        {
            "name": rooms.called(one.item),
            "url": _item_url(room_id, one),
            "time": _time(one.use),
            "length": round(100 * one.use.active_ms / longest, 1) if longest else 0,
            "cells": [
                (level(cell, heat.most), f"{who.guest.address}: {duration(cell // 1000) if cell else _('not read')}")
                for cell, who in zip(cells, heat.guests, strict=True)
            ],
        }
        for one, cells in zip(heat.files, heat.rows, strict=True)
        if one.use.opens
    ]


def level(value: int, most: int) -> int:
    """How hot a cell is drawn: 0 for nothing, else 1 to `LEVELS` by its share of the hottest.

    >>> [level(value, 100) for value in (0, 1, 20, 21, 100)]
    [0, 1, 1, 2, 5]
    """
    return -(-value * LEVELS // most) if value and most else 0


def totals(found: Analytics) -> list[tuple[str, str, str]]:
    """The figures above the lists: label, value, what it is of."""
    guests, files = found.guests, [one for one in found.items if not one.item.is_folder]
    came, read = sum(one.last_at is not None for one in guests), sum(one.use.opens > 0 for one in files)
    taken = [sum(getattr(one.use, name) for one in guests) for name in ("downloads", "prints")]
    words = {"came": number(came), "guests": number(len(guests)), "read": number(read), "files": number(len(files))}
    printed = ngettext("and %(n)s print", "and %(n)s prints", taken[1]) % {"n": number(taken[1])}
    return [
        (_("Guests who have come"), _("%(came)s of %(guests)s") % words, ""),
        (_("Files that were read"), _("%(read)s of %(files)s") % words, ""),
        (_("Time on pages"), duration(sum(one.use.active_ms for one in guests) // 1000), _("only while a page is on screen")),
        (_("Downloads"), number(taken[0]), printed),
    ]


def _figures() -> tuple[Column, ...]:
    return (
        Column("opens", _("Openings"), lambda one: one.use.opens, lambda one: number(one.use.opens)),
        Column("time", _("Time on pages"), lambda one: one.use.active_ms, lambda one: _time(one.use)),
        Column("read", _("Read on average"), lambda one: one.use.completion, lambda one: _read(one.use)),
        Column("downloads", _("Downloads"), lambda one: one.use.downloads, lambda one: number(one.use.downloads)),
        Column("prints", _("Prints"), lambda one: one.use.prints, lambda one: number(one.use.prints)),
    )


def _who() -> Column:
    return Column(
        "name", pgettext("analytics", "Guest"), lambda one: one.guest.address, lambda one: one.guest.address, is_figure=False
    )


def _guest_names(room_id: str) -> Callable[[GuestUse], tuple[str, str, str, str]]:
    def name(one: GuestUse) -> tuple[str, str, str, str]:
        return one.guest.address, one.guest.name, reverse("web:room_guest", args=[room_id, one.guest.id]), "user"

    return name


def _item_url(room_id: str, one: ItemUse) -> str:
    if one.item.is_folder:
        return f"{reverse('web:room', args=[room_id])}?folder={one.item.id}"
    return reverse("web:room_item", args=[room_id, one.item.id])


def _last(one: GuestUse) -> str:
    return local_time(one.last_at) if one.last_at else _("not yet")


def _told(one: GuestUse) -> str:
    return local_time(one.guest.told_at) if one.guest.told_at else _("never")


def _time(use: Use) -> str:
    return duration(use.active_ms // 1000) if use.opens else "–"


def _read(use: Use) -> str:
    return percent(use.completion) if use.opens else "–"
