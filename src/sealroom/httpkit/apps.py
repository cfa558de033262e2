# SPDX-License-Identifier: Apache-2.0
"""Registers the door with Django."""

from django.apps import AppConfig


class HttpKitConfig(AppConfig):
    """What doors share: security headers, language, client address, error pages, frame."""

    name = "sealroom.httpkit"
    label = "httpkit"
