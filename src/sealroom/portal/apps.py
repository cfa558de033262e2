# SPDX-License-Identifier: Apache-2.0
"""Registers the door with Django."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The recipients' pages."""

    name = "sealroom.portal"
    label = "portal"
