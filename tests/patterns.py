# SPDX-License-Identifier: Apache-2.0
"""What takes longer to make than most tests take to run, made once for a whole run by whoever needs it first, and copied: a
migrated SQLite file, what fills an empty PostgreSQL database like one, and the data folder of an installation that was prepared
but never started.

All test processes of a run share one place for them; each pattern is made under a lock and appears there whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from sealroom.cli.setup import locked
from tests.postgres import Server
from tests.processes import Database, do

_PLACE = "SEALROOM_TEST_PATTERNS"  # an environment variable, because servers are started by more than fixtures
_MIGRATED = "migrated.sqlite3"


def settle(factory: pytest.TempPathFactory) -> None:
    """Choose the place: beside the temporary folders of this run, which pytest removes in time."""
    base = factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "patterns"
    place.mkdir(exist_ok=True, mode=0o700)
    os.environ[_PLACE] = str(place)


def migrated() -> Path:
    """The SQLite file, for use by tests: copy it. The caller must have unblocked the database."""
    place = Path(os.environ[_PLACE])
    file = place / _MIGRATED
    with locked(place / "migrated.lock"):
        if not file.exists():
            draft = place / "draft.sqlite3"
            do(Database.of_file(draft), _migrate)
            draft.rename(file)
    return file


def migrate_on(server: Server, name: str) -> None:
    """Make a migrated database on a PostgreSQL server of this process. The caller must have unblocked the database."""
    place = Path(os.environ[_PLACE])
    file = place / "migrated.sql"
    url = server.create(name)
    with locked(place / "postgres.lock"):
        if not file.exists():
            do(Database(url), _migrate)
            draft = place / "draft.sql"
            server.dump(name, draft)
            draft.rename(file)
            return
    server.restore(name, file)


def lay_installation(data: Path) -> None:
    """Make `data` a prepared folder: database, catalogue and static files as `sealroom prepare` leaves them in an empty one,
    without the keys, which every installation makes for itself at its first start. Does nothing where nobody settled a place."""
    if _PLACE not in os.environ:
        return
    place = Path(os.environ[_PLACE])
    pattern = place / "installation"
    with locked(place / "installation.lock"):
        if not pattern.exists():
            draft = place / "draft"
            if (place / _MIGRATED).exists():  # most of the work is done
                draft.mkdir(mode=0o700)
                Path(shutil.copy(place / _MIGRATED, draft / "sealroom.sqlite3")).chmod(0o600)
            _prepare(draft)
            draft.rename(pattern)
    shutil.copytree(pattern, data)


def _prepare(data: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEALROOM_", "DJANGO_"))}
    subprocess.run(
        [sys.executable, "-m", "sealroom.cli.main", "prepare"],
        env=kept | {"SEALROOM_DATA": str(data), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        timeout=300,
        cwd=data.parent,
    )
    (data / "keys").unlink()


def _migrate() -> None:
    call_command("migrate", verbosity=0)
