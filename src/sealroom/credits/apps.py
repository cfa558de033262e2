# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class CreditsConfig(AppConfig):
    """Credits: wallet, lots, entries."""

    name = "sealroom.credits"
    label = "credits"
