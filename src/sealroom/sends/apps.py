# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class SendsConfig(AppConfig):
    """Sends: delivering documents to recipients."""

    name = "sealroom.sends"
    label = "sends"

    def ready(self) -> None:
        """Listen to the rooms below."""
        from sealroom.sends import receivers  # noqa: F401, PLC0415 -- app ready
