# SPDX-License-Identifier: Apache-2.0
"""The add-ins for mail programs as this installation hands them out. They lie beside the sources (`addins/` of a checkout) or in
the package (a wheel carries them), are never run here and know the server only by its API."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import sealroom

_STAMP = (1980, 1, 1, 0, 0, 0)  # archives of the same content are the same bytes
_PACKAGE = Path(sealroom.__file__).parent


def folder(client: str) -> Path:
    """Where the files of an add-in lie: "gmail", "outlook" or "thunderbird"."""
    packed = _PACKAGE / "addins" / client
    return packed if packed.is_dir() else _PACKAGE.parents[1] / "addins" / client


def files_of(client: str) -> dict[str, bytes]:
    """Its files by their path inside the add-in, in order of the paths."""
    top = folder(client)
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


def file_of(client: str, name: str) -> bytes | None:
    """One of them by its path; None where there is none, and for whatever lies outside of the add-in."""
    top = folder(client).resolve()
    wanted = (top / name).resolve()
    is_there = wanted.is_relative_to(top) and wanted.relative_to(top).as_posix() == name and wanted.is_file()
    return wanted.read_bytes() if is_there else None


def version() -> str:
    """What every add-in that is handed out says it is: the version of the product, in the three numbers other programs compare.
    So a release brings new add-ins by itself, and nobody has to think of raising one."""
    numbers = [part for part in metadata.version("sealroom").split(".") if part.isdigit()]
    return ".".join([*numbers, "0", "0", "0"][:3])


def manifest_of(client: str) -> dict[str, Any]:
    """What an extension says of itself when it is handed out; as it lies here it has no version of its own (0.0.0)."""
    found: dict[str, Any] = json.loads((folder(client) / "manifest.json").read_bytes())
    return found | {"version": version()}


def archive(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of files by path: the same bytes for the same files."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as into:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            into.writestr(entry, content)
    return kept.getvalue()
