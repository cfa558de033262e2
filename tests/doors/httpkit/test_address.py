# SPDX-License-Identifier: Apache-2.0
"""Whose address counts: the peer's, or what the configured number of proxies vouches for."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from sealroom.httpkit.address import client_address


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "expected"),
    [
        (0, "203.0.113.7", None, "203.0.113.7"),
        (0, "203.0.113.7", "198.51.100.1", "203.0.113.7"),  # nobody vouches for it
        (0, "::ffff:203.0.113.7", None, "203.0.113.7"),
        (0, "2001:DB8:0::1", None, "2001:db8::1"),
        (0, "", None, ""),
        (0, "unix:", None, ""),
        (1, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the client wrote the first
        (1, "10.0.0.1", " 1.2.3.4 ,, 198.51.100.1 ", "198.51.100.1"),
        (1, "10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", None, "10.0.0.1"),  # somebody came past the proxy
        (1, "10.0.0.1", "<script>", ""),
        (1, "10.0.0.1", "198.51.100.1:4711", ""),
        (2, "10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "10.0.0.1", "198.51.100.1", "10.0.0.1"),  # fewer entries than proxies: one was left out
    ],
)
def test_client_address(settings: Settings, proxies: int, peer: str, forwarded: str | None, expected: str) -> None:
    settings.SEALROOM_TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)
    assert client_address(request) == expected


def test_other_headers_say_nothing(settings: Settings) -> None:
    settings.SEALROOM_TRUSTED_PROXIES = 1
    headers = {"X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4", "Client-IP": "1.2.3.4"}
    assert client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR="203.0.113.7")) == "203.0.113.7"
