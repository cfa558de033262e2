# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents and their pages."""

    name = "sealroom.documents"
    label = "documents"
