# SPDX-License-Identifier: Apache-2.0
"""Tables that only grow: the database itself refuses to change or remove a row. For migrations.

A later migration that alters such a table must put the triggers back: SQLite rebuilds an altered table and loses them.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython


def forbid_changes(table: str) -> RunPython:
    """The operation that refuses UPDATE and DELETE (PostgreSQL: TRUNCATE too) on `table`; reversible."""

    def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "sqlite":
            for deed in ("UPDATE", "DELETE"):
                schema_editor.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
                )
            return
        schema_editor.execute(
            f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} only grows' USING ERRCODE = 'restrict_violation'; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
        )

    def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "sqlite":
            for deed in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER {table}_no_{deed}")
            return
        schema_editor.execute(f"DROP TRIGGER {table}_no_change ON {table}")
        schema_editor.execute(f"DROP FUNCTION {table}_only_grows()")

    return RunPython(forbid, allow)


def freeze_columns(table: str, columns: Sequence[str], *, once: str) -> RunPython:
    """The operation that refuses to change `columns` of a row, or to remove it, once its column `once` is not null; reversible."""
    name = f"{table}_frozen"

    def freeze(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        postgres = schema_editor.connection.vendor == "postgresql"
        differ = "IS DISTINCT FROM" if postgres else "IS NOT"
        changed = " OR ".join(f"OLD.{column} {differ} NEW.{column}" for column in (*columns, once))
        if postgres:
            schema_editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{table} is frozen' USING ERRCODE = 'restrict_violation'; END $$"
            )
        for deed, condition in (("UPDATE", f"OLD.{once} IS NOT NULL AND ({changed})"), ("DELETE", f"OLD.{once} IS NOT NULL")):
            act = f"EXECUTE FUNCTION {name}()" if postgres else f"BEGIN SELECT RAISE(ABORT, '{table} is frozen'); END"
            schema_editor.execute(
                f"CREATE TRIGGER {name}_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW WHEN ({condition}) {act}"
            )

    def thaw(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        postgres = schema_editor.connection.vendor == "postgresql"
        for deed in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {name}_{deed}" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION {name}()")

    return RunPython(freeze, thaw)
