# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class ViewingConfig(AppConfig):
    """What a reader sees, and what was seen."""

    name = "sealroom.viewing"
    label = "viewing"

    def ready(self) -> None:
        """Listen to the rooms below."""
        from sealroom.viewing import receivers  # noqa: F401, PLC0415 -- app ready
