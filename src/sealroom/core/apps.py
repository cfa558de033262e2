# SPDX-License-Identifier: Apache-2.0
"""The floor all rooms stand on."""

from django.apps import AppConfig

from sealroom.core import logs


class CoreConfig(AppConfig):
    """Jobs and rate buckets; no nouns of the trade."""

    name = "sealroom.core"
    label = "core"

    def ready(self) -> None:
        """Set up logging."""
        logs.configure()
