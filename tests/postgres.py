# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server for tests and benchmarks, made and ended by whoever asks.

Its folder, socket and user are its own; it listens on no port and touches no other cluster of the machine. It runs with the
defaults of a production server (fsync too), because races and benchmarks are about what production does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import psycopg
from psycopg import sql

SUPERUSER = "sealroom"
MISSING = "no PostgreSQL server on this machine (Debian: apt-get install postgresql)"
_PATIENCE = 60.0


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Server:
    """A running server. `url(name)` is what SEALROOM_DATABASE_URL expects."""

    folder: Path

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self.folder), safe='')}"

    def create(self, name: str, *, template: str = "template0") -> str:
        """A new database, empty or a copy of another one that nobody is connected to; returns its url."""
        self._tell("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._tell("DROP DATABASE {} WITH (FORCE)", name)

    def dump(self, name: str, file: Path) -> None:
        """Write all of a database to a file."""
        self._run("pg_dump", "--file", file, self.url(name))

    def restore(self, name: str, file: Path) -> None:
        """Fill an empty database from such a file, which takes a tenth of the time of its migrations."""
        self._run("psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", file, self.url(name))

    def _run(self, program: str, *words: str | Path) -> None:
        binaries = programs()
        assert binaries is not None
        subprocess.run([binaries / program, *words], check=True, stdout=subprocess.DEVNULL)

    def _tell(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def programs() -> Path | None:
    """The folder of the newest server's programs; Debian keeps them off the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def running() -> Iterator[Server | None]:
    """A server of our own for the time of the block; None when this machine has none to start (see `MISSING`).

    It is stopped by its process id. Should this process die without a word (kill -9), the kernel stops it (`setpriv --pdeathsig`);
    only its folder is then left among the temporary files. Ctrl-C does not reach it, so that the tests can still end in order.
    """
    binaries = programs()
    if binaries is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sealroom-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = _account_for(folder)
        data, log = folder / "data", folder / "log"
        make: list[str | Path] = [
            binaries / "initdb",
            "--pgdata",
            data,
            "--username",
            SUPERUSER,
            "--auth",
            "trust",
            "--no-sync",
            "--no-instructions",
        ]
        make += ["--encoding", "UTF8", "--locale", "C"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder, **account)
        tether = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        run: list[str | Path] = [*tether, binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
        with log.open("wb") as output:
            process = subprocess.Popen(run, stdout=output, stderr=output, cwd=folder, start_new_session=True, **account)
        try:
            server = Server(folder)
            _wait_until_it_answers(server, process, log)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # end every session, then leave
            process.wait(_PATIENCE)


def _account_for(folder: Path) -> _Account:
    """The server refuses to run as root: give the folder to somebody without rights, and run as them."""
    if os.getuid() != 0:
        return {}
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = entries.get("postgres") or entries["nobody"]
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL does not answer: {log.read_text(errors='replace')[-2000:]}")
