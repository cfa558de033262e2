# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class ViewingConfig(AppConfig):
    """What a reader sees, and what was seen."""

    name = "sealroom.viewing"
    label = "viewing"
