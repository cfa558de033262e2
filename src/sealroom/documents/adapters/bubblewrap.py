# SPDX-License-Identifier: Apache-2.0
"""The walls: command lines of bubblewrap, and whether this machine lets us build them.

Inside there is no network, no environment, no /proc for the document children, nothing writable for them, and of the file
system only the interpreter, its libraries, our sandbox package and fonts, all read-only.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

PACKAGE = Path(__file__).parent / "sandbox"
NOBODY = "65534"
_LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
FONT_PLACES = ("/etc/fonts", "/var/cache/fontconfig", "/usr/share/fontconfig", "/usr/share/poppler")
"""What programs besides need that draw text."""
OFFICE_PLACES = ("/usr/share/libreoffice", "/etc/libreoffice", "/var/lib/libreoffice", *FONT_PLACES)
"""What LibreOffice needs besides."""
_ALTERNATIVES = "/etc/alternatives"  # Debian leads to some libraries through it
_SCRATCH_BYTES = 256 * 1024**2
_SCRATCH = "/tmp"  # noqa: S108 -- inside the walls, where it is empty and private
_OFFICE_HOMES = ("/usr/lib/libreoffice", "/usr/lib64/libreoffice", "/opt/libreoffice")
_CHECK_SECONDS = 20


def python_command(code: str) -> list[str]:
    """The interpreter without site, environment or byte code files, running `code`."""
    return [os.path.realpath(sys.executable), "-I", "-S", "-B", "-X", "utf8", "-c", code]


def import_paths(package_parent: str) -> list[str]:
    """Where the interpreter finds the engines and the package `sandbox`."""
    return [package_parent, *dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))]


def walls() -> list[str]:
    """The beginning of a bubblewrap command: a root in which nothing can be written."""
    return [*_walls(), "--remount-ro", "/"]


def program_walls(job_bytes: int, places: tuple[str, ...]) -> list[str]:
    """The same with what a large program needs besides, and a private, empty `/job` that takes `job_bytes`."""
    extras = [word for place in places for word in _bind(place)]
    scratch = ["--size", str(job_bytes), "--tmpfs", "/job", "--size", str(_SCRATCH_BYTES), "--tmpfs", _SCRATCH]
    return [*_walls(), *extras, "--proc", "/proc", *scratch, "--remount-ro", "/"]


def media_walls(programs: Sequence[str]) -> list[str]:
    """The same with these programs, and /proc so that they can name the files they are handed."""
    extras = [word for place in (_ALTERNATIVES, *programs) for word in _bind(os.path.realpath(place))]
    return [*_walls(), *extras, "--proc", "/proc", "--remount-ro", "/"]


def _walls() -> list[str]:
    command = [_bwrap(), "--unshare-all", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox", "--new-session", "--clearenv"]
    base = Path(sys.base_prefix)
    for place in dict.fromkeys((*_LIBRARIES, *_FONTS, str(base / "lib"), os.path.realpath(sys.executable))):
        command += _bind(place)
    for place in import_paths("/sandboxed")[1:]:
        command += _bind(place)
    command += ["--ro-bind", str(PACKAGE), "/sandboxed/sandbox"]
    command += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for device in ("null", "urandom", "random", "zero"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    return [*command, "--chdir", "/"]


def office_programs() -> str | None:
    """The folder of `soffice.bin`, or None when LibreOffice is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    places = [Path(os.path.realpath(found)).parent] if found else []
    places += [Path(home) / "program" for home in _OFFICE_HOMES]
    return next((str(place) for place in places if (place / "soffice.bin").is_file()), None)


@functools.cache
def is_available() -> bool:
    """Whether bubblewrap is here and may build walls (user namespaces are forbidden on some machines)."""
    if shutil.which("bwrap") is None:
        return False
    try:
        done = subprocess.run(
            [*walls(), *python_command("pass")], stdin=subprocess.DEVNULL, capture_output=True, timeout=_CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


def _bind(place: str) -> list[str]:
    """Bind a place read-only, or repeat it as the link it is (`/lib` on merged-usr systems)."""
    path = Path(place)
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), place]
    return ["--ro-bind", place, place] if path.exists() else []
