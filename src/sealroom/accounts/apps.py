# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, teams, sign-in."""

    name = "sealroom.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Listen."""
        import_module("sealroom.accounts.receivers")
