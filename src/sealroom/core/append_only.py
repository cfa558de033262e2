# SPDX-License-Identifier: Apache-2.0
"""Tables that only grow: the database itself refuses to change or remove a row. For migrations.

A later migration that alters such a table must put the triggers back: SQLite rebuilds an altered table and loses them.
"""

from __future__ import annotations

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
