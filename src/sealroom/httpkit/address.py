# SPDX-License-Identifier: Apache-2.0
"""The client's address: the peer's, or the entry the configured number of trusted proxies vouches for."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address as canonical text. With n trusted proxies it is the n-th entry from the right of X-Forwarded-For; anything a
    client wrote in front of that is ignored."""
    peer = str(request.META.get("REMOTE_ADDR") or "")
    hops = settings.SEALROOM_TRUSTED_PROXIES
    if hops:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(forwarded) >= hops:
            peer = forwarded[-hops]
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
