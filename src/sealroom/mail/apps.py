# SPDX-License-Identifier: Apache-2.0
"""Registers the room with Django."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from sealroom.mail.ports import get_signer, get_transport


class MailConfig(AppConfig):
    """Outgoing mail."""

    name = "sealroom.mail"
    label = "mail"

    def ready(self) -> None:
        """Have the settings checked at every start."""
        checks.register(check_transport)


def check_transport(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """A transport or signer that cannot be made stops the start, not the first mail."""
    try:
        get_transport()
        get_signer()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="mail.E001")]
    return []
