# SPDX-License-Identifier: Apache-2.0
"""What access needs from outside: who knows in which country an address is, who prints the record of an acceptance, and what rights
a room above keeps itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from sealroom.access.rules import Permission
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


# -- Rights that are kept above --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """How somebody stands behind a link at this instant, as the room that keeps the rights knows. `permission` is on the document
    asked for: None means that for this person it does not exist. The instants bound his own access, besides the policy's."""

    permission: Permission | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    is_out: bool = False  # his place has ended


class RightsSource(Protocol):
    """Tells rights anew at each call; of what it said before nothing is kept."""

    def __call__(self, link_id: int, address: str, document_id: str) -> Standing:
        """Of the reader with this address ("" of nobody known) behind a link (primary key) on a document (public id, "" for none in
        particular)."""
        ...


@cache
def get_rights_sources() -> Mapping[str, RightsSource]:
    """Who answers for links of which kind (`Link.rights`). Named in settings, because access cannot know the rooms above it."""
    return {kind: import_string(name) for kind, name in settings.SEALROOM_RIGHTS_SOURCES.items()}
