# SPDX-License-Identifier: Apache-2.0
"""The product on a throw-away stage: settings, a database in memory, no folder of anybody's, no network."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path

# The migrations that do more than make tables: they have the database refuse what may never happen.
GUARDS = (
    "sealroom.access.migrations.0004_acceptances_only_grow",
    "sealroom.audit.migrations.0002_append_only",
    "sealroom.billing.migrations.0003_only_grows",
    "sealroom.credits.migrations.0002_only_grows",
)


@contextmanager
def stage(catalogue: Path | None = None) -> Iterator[None]:
    """Set the product up for one run of this process, selling what `catalogue` says; its output goes to stderr, stdout stays the
    answer's."""
    with tempfile.TemporaryDirectory(prefix="sealroom-simulate-") as folder, redirect_stdout(sys.stderr):
        for name in [name for name in os.environ if name.startswith("SEALROOM_")]:
            del os.environ[name]  # the installation's own settings have no part in a scenario
        os.environ["SEALROOM_DATA"] = folder
        os.environ["SEALROOM_MASTER_KEY"] = f"sim {secrets.token_hex(32)}"
        if catalogue is not None:
            os.environ["SEALROOM_CATALOGUE"] = str(catalogue.absolute())
        os.environ["DJANGO_SETTINGS_MODULE"] = "sealroom.cli.simulation.settings"
        _set_up()
        yield


def _set_up() -> None:
    import django  # noqa: PLC0415 -- slow import, and only now are there settings
    import structlog  # noqa: PLC0415 -- slow import
    from django.core.management import call_command  # noqa: PLC0415 -- app ready
    from django.db import connection  # noqa: PLC0415 -- app ready
    from django.db.migrations import RunPython  # noqa: PLC0415 -- app ready
    from django.db.migrations.state import StateApps  # noqa: PLC0415 -- app ready

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        for name in GUARDS:
            for operation in import_module(name).Migration.operations:
                if isinstance(operation, RunPython):
                    operation.code(StateApps([], {}), editor)
