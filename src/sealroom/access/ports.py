# SPDX-License-Identifier: Apache-2.0
"""What access needs from outside: who knows in which country an address is, and who prints the record of an acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from sealroom.access.rules.terms import Line


class CountryFinder(Protocol):
    """Tells countries by a database on this machine; never asks anybody over the network."""

    knows_any: bool  # False: there is no database, every answer is ""

    def country(self, ip: str) -> str:
        """The ISO 3166-1 code ("FR") of the country an address is in; "" when nobody knows, and for what is no address."""
        ...


@dataclass(frozen=True)
class Certificate:
    """A record of an acceptance in the words of one language: facts as (label, value), then the text itself. `page` is the
    pattern of the foot, with `{page}` and `{pages}`."""

    language: str
    title: str
    number: str
    facts: tuple[tuple[str, str], ...]
    heading: str
    text: tuple[Line, ...]
    page: str


class CertificatePrinter(Protocol):
    """Makes a PDF of a record. Texts are drawn as they are and never parsed."""

    def print(self, paper: Certificate) -> bytes:
        """The PDF; the same record gives the same bytes on the same machine."""
        ...


@cache
def get_country_finder() -> CountryFinder:
    """The finder SEALROOM_COUNTRY_FINDER names, made once per process."""
    finder: CountryFinder = import_string(settings.SEALROOM_COUNTRY_FINDER).from_settings()
    return finder


@cache
def get_certificate_printer() -> CertificatePrinter:
    """The printer SEALROOM_CERTIFICATE_PRINTER names, made once per process."""
    printer: CertificatePrinter = import_string(settings.SEALROOM_CERTIFICATE_PRINTER)()
    return printer
