# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class DataroomsConfig(AppConfig):
    """Data rooms: their owners and guests."""

    name = "sealroom.datarooms"
    label = "datarooms"

    def ready(self) -> None:
        """Listen to the rooms below."""
        from sealroom.datarooms import receivers  # noqa: F401, PLC0415 -- app ready
