# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The trail of deeds."""

    name = "sealroom.audit"
    label = "audit"
