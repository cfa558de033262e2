# SPDX-License-Identifier: Apache-2.0
"""`sealroom restore FOLDER`: lay a backup into an empty data folder."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path


def run(argv: list[str]) -> int:
    """Copy and verify that the database opens; refused where data already are."""
    parser = argparse.ArgumentParser(prog="sealroom restore", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    source: Path = options.folder
    data = Path(os.environ.get("SEALROOM_DATA") or Path.cwd() / "data").absolute()
    if not (source / "sealroom.sqlite3").is_file():
        print(f"{source} holds no backup", file=sys.stderr)
        return 1
    if (data / "sealroom.sqlite3").exists() or (data / "blobs").exists():
        print(f"{data} already holds data; restore into an empty folder", file=sys.stderr)
        return 1
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(source / "blobs", data / "blobs")
    for name in ("extension.key", "gmail-selectors.json"):
        if (source / name).exists():
            shutil.copy2(source / name, data / name)
    if (source / "keys").exists() and not (data / "keys").exists():
        shutil.copy2(source / "keys", data / "keys")
    shutil.copy2(source / "sealroom.sqlite3", data / "sealroom.sqlite3")
    if (
        not (data / "keys").exists()
        and not os.environ.get("SEALROOM_MASTER_KEY")
        and not os.environ.get("SEALROOM_MASTER_KEY_FILE")
    ):
        print(f"restored; now put the master keys into {data / 'keys'} before you start", file=sys.stderr)
        return 1
    print(f"restored into {data}; run 'sealroom check' before you let people in")
    return 0
