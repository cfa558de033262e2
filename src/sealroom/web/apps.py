# SPDX-License-Identifier: Apache-2.0
"""Registers the door with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The members' pages."""

    name = "sealroom.web"
    label = "web"
