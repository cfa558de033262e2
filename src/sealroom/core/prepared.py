# SPDX-License-Identifier: Apache-2.0
"""Questions that are asked at every request: Django writes their SQL once, later only the values change.

Turning a queryset over several joined tables into SQL costs more than the database needs to answer it (docs/decisions/0158). Only
the text of the statement is kept, never an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
_LARGEST = 2**63 - 1  # what a column of a database can hold
_FIRST_NUMBER = 2_147_000_000  # stands for a number while the SQL is written; fits every column, and no constant of a query is it


@dataclass(frozen=True)
class _Statement:
    """A question as one connection asks it, and how its rows become objects."""

    compiler: Any
    sql: str
    params: tuple[object, ...]
    converters: dict[int, Any]
    names: list[str]
    columns: slice
    populators: list[Any]


class Prepared(Generic[M]):
    """A queryset whose SQL is written once for each connection.

    `build` gets one argument for each name of `texts` (str) and `numbers` (int), and may only put them into conditions as they are.
    Related objects chosen by `select_related` come along; annotations and prefetches do not.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = ()) -> None:
        self._build = build
        self._stand_ins: dict[str, str | int] = {name: f"\x1b{name}" for name in texts}
        self._stand_ins |= {name: _FIRST_NUMBER + place for place, name in enumerate(numbers)}
        self._statements: WeakKeyDictionary[Any, _Statement] = WeakKeyDictionary()

    def first(self, **values: str | int) -> M | None:
        """The first object, if any; asked anew at each call."""
        return next(self._rows(values), None)

    def all(self, **values: str | int) -> list[M]:
        """All objects; asked anew at each call."""
        return list(self._rows(values))

    def _rows(self, values: dict[str, str | int]) -> Iterator[M]:
        if any(isinstance(value, int) and abs(value) > _LARGEST for value in values.values()):
            return iter(())  # as Django answers: there is no such row, and no database is asked
        connection = connections[DEFAULT_DB_ALIAS]
        asked = self._statements.get(connection)
        if asked is None:
            asked = self._statements[connection] = self._write(connection)
        filled: dict[object, object] = {self._stand_ins[name]: value for name, value in values.items()}
        with connection.cursor() as cursor:
            params: list[Any] = [filled.get(param, param) for param in asked.params]
            cursor.execute(asked.sql, params)
            rows = cursor.fetchall()
        return self._objects(asked, rows, connection.alias)

    def _write(self, connection: Any) -> _Statement:
        query = self._build(**self._stand_ins).query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        assert set(self._stand_ins.values()) <= set(params), "each value must stand in a condition as it is"
        chosen = compiler.klass_info["select_fields"]
        columns = slice(chosen[0], chosen[-1] + 1)
        return _Statement(
            compiler=compiler,
            sql=sql,
            params=tuple(params),
            converters=compiler.get_converters([column[0] for column in compiler.select]),
            names=[column[0].target.attname for column in compiler.select[columns]],
            columns=columns,
            populators=get_related_populators(compiler.klass_info, compiler.select, connection.alias),  # type: ignore[call-arg]
        )

    def _objects(self, asked: _Statement, rows: list[Any], alias: str) -> Iterator[M]:
        model = asked.compiler.klass_info["model"]
        for row in asked.compiler.apply_converters(rows, asked.converters):
            found: M = model.from_db(alias, asked.names, row[asked.columns])
            for populator in asked.populators:
                populator.populate(row, found)
            yield found
