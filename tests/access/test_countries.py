# SPDX-License-Identifier: Apache-2.0
"""Countries out of a file in MaxMind's format, written here for the test."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealroom.access import ports, queries
from sealroom.project import environment

Value = str | dict[str, Any] | list[Any]
NODES = 24


def packed(value: Value) -> bytes:
    """A value as the format writes it (MaxMind DB, version 2.0): strings, maps, arrays; numbers as wide as their key asks for."""
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, dict):
        pairs = (packed(key) + (WIDTHS[key](one) if key in WIDTHS else packed(one)) for key, one in value.items())
        return bytes([7 << 5 | len(value)]) + b"".join(pairs)
    return bytes([len(value), 4]) + b"".join(map(packed, value))


def _short(value: int) -> bytes:
    return bytes([5 << 5 | 2]) + value.to_bytes(2, "big")


WIDTHS: dict[str, Callable[[int], bytes]] = {
    "binary_format_major_version": _short,
    "binary_format_minor_version": _short,
    "ip_version": _short,
    "record_size": _short,
    "node_count": lambda value: bytes([6 << 5 | 4]) + value.to_bytes(4, "big"),
    "build_epoch": lambda value: bytes([8, 2]) + value.to_bytes(8, "big"),
}


def database(network: str, entry: dict[str, Any]) -> bytes:
    """A database that knows one network of 24 bits."""
    number = int(ipaddress.ip_network(network).network_address)
    tree = b""
    for place in range(NODES):
        then = place + 1 if place + 1 < NODES else NODES + 16  # the last bit leads to the first entry
        branch = [NODES, NODES]  # nothing is known
        branch[number >> (31 - place) & 1] = then
        tree += b"".join(record.to_bytes(3, "big") for record in branch)
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_700_000_000,
        "database_type": "Test-Country",
        "description": {"en": "of a test"},
        "ip_version": 4,
        "languages": ["en"],
        "node_count": NODES,
        "record_size": 24,
    }
    return tree + bytes(16) + packed(entry) + b"\xab\xcd\xefMaxMind.com" + packed(about)


@pytest.fixture
def finder(settings: Any, tmp_path: Path) -> Iterator[ports.CountryFinder]:
    """A finder over such a file."""
    file = tmp_path / "countries.mmdb"
    file.write_bytes(database("203.0.113.0/24", {"country": {"iso_code": "fr"}}))
    settings.SEALROOM_GEOIP_FILE = str(file)
    ports.get_country_finder.cache_clear()
    yield ports.get_country_finder()
    ports.get_country_finder.cache_clear()


@pytest.mark.parametrize(
    ("ip", "country"),
    [("203.0.113.7", "FR"), ("203.0.114.7", ""), ("198.51.100.1", ""), ("2001:db8::1", ""), ("", ""), ("no address", "")],
)
def test_the_country_of_an_address_is_looked_up_in_the_file(finder: ports.CountryFinder, ip: str, country: str) -> None:
    assert queries.country_of(ip) == country
    assert queries.has_countries()


def test_the_country_a_network_is_registered_in_stands_in(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "countries.mmdb"
    file.write_bytes(database("203.0.113.0/24", {"registered_country": {"iso_code": "DE"}}))
    settings.SEALROOM_GEOIP_FILE = str(file)
    ports.get_country_finder.cache_clear()
    assert queries.country_of("203.0.113.7") == "DE"
    ports.get_country_finder.cache_clear()


def test_without_a_file_nobody_knows_countries() -> None:
    ports.get_country_finder.cache_clear()
    assert (queries.country_of("203.0.113.7"), queries.has_countries()) == ("", False)


def test_a_file_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEALROOM_GEOIP_FILE", str(tmp_path / "missing.mmdb"))
    with pytest.raises(environment.BadSetting):
        environment.file("SEALROOM_GEOIP_FILE")
    (tmp_path / "missing.mmdb").touch()
    assert environment.file("SEALROOM_GEOIP_FILE") == str(tmp_path / "missing.mmdb")
