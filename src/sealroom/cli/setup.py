# SPDX-License-Identifier: Apache-2.0
"""Makes the installation ready: folders, keys, database, catalogue, static files. Safe to run at every start, by many at once."""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def load() -> None:
    """Read the settings and load every room."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
    django.setup()


def prepare() -> None:
    """Migrate, fill in the plan catalogue and collect static files, under a lock held for all of it."""
    load()
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready

    with _locked(settings.SEALROOM_DATA / "prepare.lock"):
        call_command("migrate", interactive=False, verbosity=0)
        billing.ensure_catalogue()
        _collect_static(settings.STATIC_ROOT)


def _collect_static(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
