# SPDX-License-Identifier: Apache-2.0
"""The product's settings over a database in memory, and documents that need neither disk nor sandbox. `stage` sets the environment
they read before it names this module."""

from sealroom.project.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA foreign_keys=ON;"},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SEALROOM_BLOB_STORE = "sealroom.cli.simulation.props.MemoryBlobs"
SEALROOM_WORKSHOP = "sealroom.cli.simulation.props.PaperWorkshop"
SEALROOM_PAYMENT_GATEWAY = "stripe"  # one that asks for money and saves ways to pay
SEALROOM_GATEWAYS = {"stripe": "sealroom.cli.simulation.till.ScriptedTill"}


class _NoMigrations:
    """Tables are made from the models: a third of the time. `stage` adds what only migrations know (triggers)."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


MIGRATION_MODULES = _NoMigrations()
