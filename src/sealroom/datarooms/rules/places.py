# SPDX-License-Identifier: Apache-2.0
"""Who takes a guest place, and when a quota refuses. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid
from sealroom.datarooms.errors import GuestQuota, RoomQuota


def unique_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Canonical addresses, each once, in the order of their first appearance. Raises `Invalid` when none is given or one cannot
    be written to (`lines` tells which, from 1): an invitation is made whole or not at all."""
    found: dict[str, None] = {}
    wrong = []
    for number, text in enumerate(texts, start=1):
        try:
            found[canonical_address(text)] = None
        except BadAddress:
            wrong.append({"line": number, "text": text, "reason": "bad_address"})
    if wrong:
        raise Invalid({"addresses": ["bad_address"]}, lines=wrong)
    if not found:
        raise Invalid({"addresses": ["required"]})
    return tuple(found)


def places_needed(invited: Iterable[str], *, members: Collection[str], guests: Collection[str]) -> int:
    """How many guest places an invitation takes: one for each address that is neither a member of the team (they are free) nor a
    guest of any of its data rooms already (one place serves them all). Addresses are canonical."""
    return len(set(invited) - set(members) - set(guests))


def require_room(*, used: int, limit: int) -> None:
    """Raise `RoomQuota` unless one more data room fits."""
    if used >= limit:
        raise RoomQuota(used=used, limit=limit)


def require_places(needed: int, *, used: int, limit: int) -> None:
    """Raise `GuestQuota` unless that many more guest places fit. An invitation that needs none is never refused, also where the
    quota was set below what is used."""
    if needed and used + needed > limit:
        raise GuestQuota(used=used, limit=limit, needed=needed)
