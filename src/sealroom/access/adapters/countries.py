# SPDX-License-Identifier: Apache-2.0
"""Countries from a file in MaxMind's DB format, which the operator provides (GeoLite2, DB-IP and others come in it)."""

from __future__ import annotations

import ipaddress

import maxminddb
from django.conf import settings


class MaxMindCountries:
    """Reads the file SEALROOM_GEOIP_FILE, kept open; knows nothing without one. A new file counts from the next start on."""

    def __init__(self, file: str) -> None:
        self._reader = maxminddb.open_database(file) if file else None
        self.knows_any = self._reader is not None

    @classmethod
    def from_settings(cls) -> MaxMindCountries:
        """The operator's file, if there is one."""
        return cls(settings.SEALROOM_GEOIP_FILE)

    def country(self, ip: str) -> str:
        """By the country of the address, else by the one its network is registered in."""
        if self._reader is None:
            return ""
        try:
            found = self._reader.get(ipaddress.ip_address(ip))
        except ValueError:  # no address, or one of a kind the file has no tree for
            return ""
        if not isinstance(found, dict):
            return ""
        for place in ("country", "registered_country"):
            entry = found.get(place)
            code = entry.get("iso_code") if isinstance(entry, dict) else None
            if isinstance(code, str):
                return code.upper()
        return ""
