# SPDX-License-Identifier: Apache-2.0
"""Lists to choose from that several forms share: time zones, languages, roles, scopes."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LANGUAGES = [("en", "English"), ("fr", "Français")]  # each in its own words
ROLES: list[tuple[str, str | Promise]] = [("user", _("User")), ("admin", _("Admin"))]
SCOPES: list[tuple[str, str | Promise]] = [
    ("read", _("Read: credits, activity, plan")),
    ("send", _("Send: upload, send and control own sends")),
    ("admin", _("Admin: everything its owner may do")),
]
THEMES: list[tuple[str, str | Promise]] = [("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
_REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, str]]:
    """Every zone people live in, UTC first, named by its place."""
    names = sorted(name for name in available_timezones() if name.split("/")[0] in _REGIONS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ").replace("/", " / ")) for name in names)]
