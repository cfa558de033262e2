# SPDX-License-Identifier: Apache-2.0
"""Statements written out, for the deeds that hold a team's lock while everybody waits for it.

There, having the ORM make the same statement anew costs ten times what running it does (docs/decisions/0081). What a table keeps
stays in its model: names, types and conversions of columns are read from it. All other deeds use the ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

_MOST_VALUES = 900  # below the least number SQLite takes in one statement (999)


def execute(statement: str, *values: int | str) -> int:
    """Run a statement; how many rows it touched. Times and the like are for `insert` and `Columns`, which know an engine's ways."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, values)
        return cast("int", cursor.rowcount)


def insert(row: Model) -> None:
    """Add a new row and give it its primary key. Sends no signals, fills in no defaults of the database."""
    db = connections[DEFAULT_DB_ALIAS]
    shape = _shape_of(type(row))
    with db.cursor() as cursor:
        cursor.execute(f'{shape.insertion} {shape.places} RETURNING "{shape.key}"', shape.written(row, db))
        (row.pk,) = cursor.fetchone()


def insert_many(rows: Sequence[Model]) -> None:
    """Add new rows of one model, in as few statements as SQLite allows; they learn no primary keys."""
    if not rows:
        return
    db = connections[DEFAULT_DB_ALIAS]
    shape = _shape_of(type(rows[0]))
    size = _MOST_VALUES // len(shape.fields)
    with db.cursor() as cursor:
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            statement = f"{shape.insertion} {', '.join([shape.places] * len(part))}"
            cursor.execute(statement, [value for row in part for value in shape.written(row, db)])


class Columns:
    """Columns of a model, to read rows by. Names are those of attributes; a foreign key is `team_id`."""

    def __init__(self, model: type[Model], *names: str) -> None:
        told = model._meta  # noqa: SLF001 -- how Django names what a model says of itself
        fields = {field.attname: field for field in told.concrete_fields}
        self.names = names
        self._fields: list[Field[Any, Any]] = [fields[name] for name in names]
        self._table = told.db_table
        self._list = _list(self._fields)
        self._converters: dict[str, list[tuple[int, Any, list[Callable[..., Any]]]]] = {}

    def select(self, rest: str, *values: int | str) -> list[tuple[Any, ...]]:
        """The rows that `rest` (WHERE, ORDER BY) chooses."""
        db = connections[DEFAULT_DB_ALIAS]
        with db.cursor() as cursor:
            cursor.execute(f"SELECT {self._list} FROM {self._table} {rest}", values)  # noqa: S608 -- our own names
            return [self._read(row, db) for row in cursor.fetchall()]

    def lock(self, rest: str, *values: int | str) -> list[tuple[Any, ...]]:
        """The same, with the rows held until the transaction ends. On SQLite the transaction itself is the lock."""
        db = connections[DEFAULT_DB_ALIAS]
        hold = db.ops.for_update_sql(no_key=True) if db.features.has_select_for_update else ""
        return self.select(f"{rest} {hold}", *values)

    def _read(self, row: tuple[Any, ...], db: BaseDatabaseWrapper) -> tuple[Any, ...]:
        if db.vendor not in self._converters:
            self._converters[db.vendor] = list(self._conversions(db))
        values = list(row)
        for place, column, converters in self._converters[db.vendor]:
            for convert in converters:
                values[place] = convert(values[place], column, db)
        return tuple(values)

    def _conversions(self, db: BaseDatabaseWrapper) -> Iterator[tuple[int, Any, list[Callable[..., Any]]]]:
        """What the ORM does to values that come from the engine, by column."""
        for place, field in enumerate(self._fields):
            column = field.get_col(self._table)
            converters = [*db.ops.get_db_converters(column), *column.get_db_converters(db)]
            if converters:
                yield place, column, converters


class _Shape:
    """How rows of a model are written: all columns but the primary key, which the database gives."""

    def __init__(self, model: type[Model]) -> None:
        told = model._meta  # noqa: SLF001 -- as above
        self.fields: list[Field[Any, Any]] = [field for field in told.concrete_fields if not field.primary_key]
        self.key = told.pk.column
        self.insertion = f"INSERT INTO {told.db_table} ({_list(self.fields)}) VALUES"
        self.places = f"({', '.join(['%s'] * len(self.fields))})"

    def written(self, row: Model, db: BaseDatabaseWrapper) -> list[Any]:
        return [field.get_db_prep_save(getattr(row, field.attname), db) for field in self.fields]


@cache
def _shape_of(model: type[Model]) -> _Shape:
    return _Shape(model)


def _list(fields: Sequence[Field[Any, Any]]) -> str:
    return ", ".join(f'"{field.column}"' for field in fields)
