# SPDX-License-Identifier: Apache-2.0
"""Typed readers of environment variables. A bad value stops the start with a sentence naming the variable."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_ORIGIN = re.compile(r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]+")


class BadSetting(SystemExit):
    """Stops the process with a sentence; nothing is guessed."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


def word(name: str, default: str, *, secret: bool = False) -> str:
    """A text; a secret may also come from the file that NAME_FILE points to."""
    if secret and (path := os.environ.get(f"{name}_FILE")):
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{name}_FILE", f"cannot be read: {error}") from error
    return os.environ.get(name, default).strip()


def words(name: str, default: Iterable[str]) -> list[str]:
    """Texts separated by commas."""
    raw = os.environ.get(name)
    return list(default) if raw is None else [part.strip() for part in raw.split(",") if part.strip()]


def short_word(name: str, default: str, *, most: int) -> str:
    """A printable text of at most so many characters; one that is set to nothing is empty, not the default."""
    value = word(name, default)
    if len(value) > most or not value.isprintable():
        raise BadSetting(name, f"expects at most {most} printable characters, not {value!r}")
    return value


def lines(name: str) -> list[str]:
    """Lines of text separated by |, without the empty ones; at most eight."""
    found = [part.strip() for part in word(name, "").split("|") if part.strip()]
    if len(found) > 8 or not all(one.isprintable() for one in found):
        raise BadSetting(name, "expects at most eight lines of printable text, separated by |")
    return found


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within bounds."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not _WHOLE.fullmatch(raw) or not least <= int(raw) <= most:
        raise BadSetting(name, f"expects a whole number from {least} to {most}, not {raw!r}")
    return int(raw)


def flag(name: str, *, default: bool) -> bool:
    """1 or 0, true or false, yes or no."""
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw not in {"1", "0", "true", "false", "yes", "no"}:
        raise BadSetting(name, f"expects 1 or 0, not {raw!r}")
    return raw in {"1", "true", "yes"}


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """One of several words."""
    value = word(name, default)
    if value not in allowed:
        raise BadSetting(name, f"expects one of {', '.join(sorted(allowed))}, not {value!r}")
    return value


def path(name: str, default: Path) -> Path:
    """An absolute path."""
    return Path(os.environ.get(name) or default).expanduser().absolute()


def file(name: str) -> str:
    """The absolute path of a file that must exist; "" when none is named."""
    value = word(name, "")
    if value and not Path(value).expanduser().is_file():
        raise BadSetting(name, f"names no file: {value!r}")
    return str(Path(value).expanduser().absolute()) if value else ""


def existing_folder(name: str) -> str:
    """The absolute path of a folder that must exist; "" when none is named."""
    value = word(name, "")
    if value and not Path(value).expanduser().is_dir():
        raise BadSetting(name, f"names no folder: {value!r}")
    return str(Path(value).expanduser().absolute()) if value else ""


def folder(place: Path) -> Path:
    """A folder of the installation's own, made when it is missing, readable by its user only."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def place(name: str) -> tuple[str, int] | None:
    """Where to listen, as host:port or [host]:port; None when nothing is set."""
    value = word(name, "")
    if not value:
        return None
    host, _colon, port = value.rpartition(":")
    host = host.strip("[]")
    if not _HOST.fullmatch(host) or not _WHOLE.fullmatch(port) or not 0 < int(port) < 65536:
        raise BadSetting(name, f"expects host:port, not {value!r}")
    return host, int(port)


def daemon(name: str) -> str:
    """Where a program of the operator's listens: `unix:/path` or `tcp:host:port`; "" when nothing is set."""
    value = word(name, "")
    if not value:
        return ""
    way, _colon, where = value.partition(":")
    host, _colon, port = where.rpartition(":")
    is_port = bool(_HOST.fullmatch(host.strip("[]")) and _WHOLE.fullmatch(port)) and 0 < int(port) < 65536
    if not (way == "unix" and where.startswith("/")) and not (way == "tcp" and is_port):
        raise BadSetting(name, f"expects unix:/path or tcp:host:port, not {value!r}")
    return value


def base_url(name: str, default: str) -> str:
    """Scheme and host of the installation, no path. Plain http beyond loopback needs SEALROOM_ALLOW_HTTP=1."""
    value = word(name, default).rstrip("/")
    parts = _parts(value)
    strange = parts is None or parts.path or parts.query or parts.fragment or parts.username is not None
    if parts is None or strange or parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or ""):
        raise BadSetting(name, f"expects https://host[:port], not {value!r}")
    loopback = parts.hostname in LOOPBACK
    if parts.scheme == "http" and not loopback and not flag("SEALROOM_ALLOW_HTTP", default=False):
        raise BadSetting(
            name, "plain http would show documents and cookies to the network; use https, or set SEALROOM_ALLOW_HTTP=1"
        )
    return value


def https_origin(name: str) -> str:
    """A further https address of the installation, scheme and host without a path; "" when none is set."""
    value = word(name, "").rstrip("/")
    if value and not _ORIGIN.fullmatch(value):
        raise BadSetting(name, f"expects https://host[:port], not {value!r}")
    return value


def frame_hosts(name: str, default: Iterable[str]) -> list[str]:
    """Pages that may show ours in a frame: https origins separated by commas, the first label may be *."""
    found = words(name, default)
    for one in found:
        if not _ORIGIN.fullmatch(one.replace("://*.", "://", 1)):
            raise BadSetting(name, f"expects https://host or https://*.host, not {one!r}")
    return found


def service_url(name: str, default: str) -> str:
    """Scheme and host of somebody else's service, no path: https, or a stand-in on this machine. No switch loosens it, because a
    secret key goes there."""
    value = word(name, default).rstrip("/")
    parts = _parts(value)
    strange = parts is None or parts.path or parts.query or parts.fragment or parts.username is not None
    if parts is None or strange or not _HOST.fullmatch(parts.hostname or ""):
        raise BadSetting(name, f"expects https://host[:port], not {value!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise BadSetting(name, f"expects https (plain http only on this machine), not {value!r}")
    return value


def prefixed(name: str, value: str, prefixes: tuple[str, ...]) -> str:
    """A secret in the form its issuer gives it; the sentence never shows it."""
    if not value:
        raise BadSetting(name, "is missing")
    if not value.startswith(prefixes) or not value.isascii() or not value.isprintable() or " " in value:
        raise BadSetting(name, f"begins with {' or '.join(prefixes)} and has no spaces; what is set does not")
    return value


def _parts(url: str) -> SplitResult | None:
    """An address in its parts; None when it has none, or a port that is no port."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- raises for what is no port
    except ValueError:
        return None
    return parts


def database(name: str, default: Path) -> dict[str, Any]:
    """SQLite in the data folder, or postgresql://user:password@host:port/name."""
    url = word(name, "", secret=True)
    return database_at(name, url) if url else sqlite(default)


def database_at(name: str, url: str) -> dict[str, Any]:
    """The database a url names; `name` is the variable to complain about."""
    parts = _parts(url)
    if parts is not None and parts.scheme == "sqlite" and parts.path.strip("/"):
        return sqlite(Path(unquote(parts.path)))
    if parts is None or parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise BadSetting(name, "expects postgresql://user:password@host:port/name or sqlite:///path")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def sqlite(file: Path) -> dict[str, Any]:
    """Write transactions take the lock at their start (a later upgrade would fail at once, whatever the busy timeout);
    WAL lets readers go on; FULL makes a commit outlive a power cut."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;",
        },
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": None},
    }
