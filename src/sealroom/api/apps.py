# SPDX-License-Identifier: Apache-2.0
"""Registers the door with Django."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API, version 1."""

    name = "sealroom.api"
    label = "api"
