# SPDX-License-Identifier: Apache-2.0
"""`sealroom backup FOLDER`: a consistent copy of database and blobs while the product runs.

The database is copied first, the blobs after it: blobs are only ever added before the rows that name them and deleted long after,
so the copy never holds a row whose blob is missing. Keys stay out unless asked for: whoever holds both can read everything.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
from pathlib import Path

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """Write into an empty or new folder; 1 with a sentence when that is not possible."""
    parser = argparse.ArgumentParser(prog="sealroom backup", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--with-keys", action="store_true", help="copy the master keys too; guard that copy like the originals")
    options = parser.parse_args(argv)
    setup.load()
    from django.conf import settings  # noqa: PLC0415 -- app ready

    target: Path = options.folder
    if target.exists() and any(target.iterdir()):
        print(f"{target} is not empty; name a new folder", file=sys.stderr)
        return 1
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        print("this installation uses PostgreSQL: copy the database with pg_dump, then the folder 'blobs'", file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    _copy_database(Path(settings.DATABASES["default"]["NAME"]), target / "sealroom.sqlite3")
    shutil.copytree(settings.SEALROOM_DATA / "blobs", target / "blobs", dirs_exist_ok=True)
    for name in ("extension.key", "gmail-selectors.json"):  # the first is sealed with the master keys, like the database
        if (settings.SEALROOM_DATA / name).exists():
            shutil.copy2(settings.SEALROOM_DATA / name, target / name)
    keys = settings.SEALROOM_DATA / "keys"
    if options.with_keys and keys.exists():
        shutil.copy2(keys, target / "keys")
        print("copied with the master keys: whoever has this folder can read every document")
    else:
        print("copied without the master keys: keep them elsewhere, nothing can be read without them")
    return 0


def _copy_database(source: Path, target: Path) -> None:
    connection = sqlite3.connect(source)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()
