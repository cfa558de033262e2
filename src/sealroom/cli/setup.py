# SPDX-License-Identifier: Apache-2.0
"""Makes the installation ready: folders, keys, database, catalogue, static files. Safe to run at every start, by many at once."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import checks
from django.core.management import call_command

from sealroom.audit.rules import ActorKind, Who

# Whoever works at the command line of this machine runs the installation.
OPERATOR = Who(ActorKind.OPERATOR, "shell", route="cli")
_MARK = "collected"  # lies among the collected static files: what they were made of, and what was made


def load() -> None:
    """Read the settings and load every room. Files made from here on are for their owner alone."""
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
    django.setup()


def prepare() -> None:
    """Migrate, fill in the plan catalogue and collect static files, under a lock held for all of it."""
    load()
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready
    from sealroom.billing.catalogue import BadCatalogue  # noqa: PLC0415 -- app ready

    _refuse_contradictions()
    with locked(settings.SEALROOM_DATA / "prepare.lock"):
        call_command("migrate", interactive=False, verbosity=0)
        try:
            billing.ensure_catalogue()
        except BadCatalogue as error:
            raise SystemExit(f"SEALROOM_CATALOGUE: {error}") from error
        _refuse_unknown_plan()
        _collect_static(settings.STATIC_ROOT)


def _refuse_contradictions() -> None:
    """Stop with the sentences of the system checks that are errors: a mail relay that cannot be, rooms that do not fit."""
    errors = [message for message in checks.run_checks() if message.level >= checks.ERROR]
    if errors:
        raise SystemExit("\n".join(f"{message.id}: {message.msg}" for message in errors))


def _refuse_unknown_plan() -> None:
    """Stop when no team could be founded: better now than when somebody signs up."""
    from sealroom.billing import queries  # noqa: PLC0415 -- app ready

    known = [plan.code for plan in queries.list_plans()]
    if settings.SEALROOM_DEFAULT_PLAN and settings.SEALROOM_DEFAULT_PLAN not in known:
        named = settings.SEALROOM_DEFAULT_PLAN
        raise SystemExit(f"SEALROOM_DEFAULT_PLAN: expects one of {', '.join(known)}, not {named!r}")


def _collect_static(target: Path) -> None:
    """Collect and compress the static files: seconds of work, left out when it is already done and nobody took anything away."""
    target.mkdir(parents=True, exist_ok=True)
    mark, sources = target / _MARK, _static_sources()
    if mark.is_file() and mark.read_text() == f"{sources} {_static_results(target)}":
        return
    mark.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
    mark.write_text(f"{sources} {_static_results(target)}")


def _static_sources() -> str:
    """A digest of all that goes into the collected files: the sources, byte for byte, and how they are treated."""
    treatment = (django.get_version(), metadata.version("whitenoise"), settings.STORAGES["staticfiles"], settings.STATIC_URL)
    digest = hashlib.sha256(repr(treatment).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            with storage.open(name) as file:
                digest.update(f"{name}\0{hashlib.sha256(file.read()).hexdigest()}\0".encode())
    return digest.hexdigest()


def _static_results(target: Path) -> str:
    """A digest of the names and sizes of the collected files."""
    found = sorted((str(path.relative_to(target)), path.stat().st_size) for path in target.rglob("*") if path.is_file())
    return hashlib.sha256(repr([one for one in found if one[0] != _MARK]).encode()).hexdigest()


def note_address() -> None:
    """Write down under which address the server of this data folder answers, for commands that run beside it."""
    (settings.SEALROOM_DATA / "address").write_text(settings.SEALROOM_BASE_URL)


def adopt_address() -> None:
    """Use the address of the server of this data folder unless SEALROOM_BASE_URL names one. Before `load`."""
    data = Path(os.environ.get("SEALROOM_DATA") or Path.cwd() / "data")
    if "SEALROOM_BASE_URL" not in os.environ and (data / "address").is_file():
        os.environ["SEALROOM_BASE_URL"] = (data / "address").read_text().strip()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock of the installation, across processes."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
