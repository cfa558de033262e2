# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Who may open what, now."""

    name = "sealroom.access"
    label = "access"
