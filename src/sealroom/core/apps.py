# SPDX-License-Identifier: Apache-2.0
"""The floor all rooms stand on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Jobs and rate buckets; no nouns of the trade."""

    name = "sealroom.core"
    label = "core"
