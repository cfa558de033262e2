# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealroom.core.errors import Invalid
from sealroom.datarooms import rules
from sealroom.datarooms.errors import GuestQuota, RoomQuota


@pytest.mark.parametrize(
    ("texts", "addresses"),
    [
        (["g@example.org"], ("g@example.org",)),
        (["b@example.org", " G@Example.org ", "g@example.org.", "b@EXAMPLE.org"], ("b@example.org", "g@example.org")),
        (["g+a@example.org", "g@example.org", "g.a@example.org"], ("g+a@example.org", "g@example.org", "g.a@example.org")),
    ],
)
def test_unique_addresses(texts: list[str], addresses: tuple[str, ...]) -> None:
    assert rules.unique_addresses(texts) == addresses


def test_unique_addresses_name_every_line_that_is_wrong() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.unique_addresses(["g@example.org", "nobody", "g@"])
    assert refusal.value.facts == {
        "errors": {"addresses": ["bad_address"]},
        "lines": [
            {"line": 2, "text": "nobody", "reason": "bad_address"},
            {"line": 3, "text": "g@", "reason": "bad_address"},
        ],
    }


def test_unique_addresses_need_one() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.unique_addresses([])
    assert refusal.value.errors == {"addresses": ["required"]}


@pytest.mark.parametrize(
    ("invited", "members", "guests", "needed"),
    [
        ("", "", "", 0),
        ("abc", "", "", 3),
        ("abc", "b", "", 2),
        ("abc", "", "bx", 2),
        ("abc", "b", "c", 1),
        ("abc", "bc", "bc", 1),
        ("aab", "", "", 2),
        ("abc", "abcd", "", 0),
    ],
)
def test_places_needed(invited: str, members: str, guests: str, needed: int) -> None:
    assert rules.places_needed(invited, members=members, guests=guests) == needed


@pytest.mark.parametrize(("used", "limit", "fits"), [(0, 1, True), (1, 1, False), (2, 1, False), (0, 0, False), (2, 3, True)])
def test_require_room(used: int, limit: int, fits: bool) -> None:
    if fits:
        rules.require_room(used=used, limit=limit)
        return
    with pytest.raises(RoomQuota) as refusal:
        rules.require_room(used=used, limit=limit)
    assert refusal.value.facts == {"used": used, "limit": limit}


@pytest.mark.parametrize(
    ("needed", "used", "limit", "fits"),
    [(1, 24, 25, True), (2, 24, 25, False), (1, 25, 25, False), (0, 25, 25, True), (0, 30, 25, True), (1, 30, 25, False)],
)
def test_require_places(needed: int, used: int, limit: int, fits: bool) -> None:
    if fits:
        rules.require_places(needed, used=used, limit=limit)
        return
    with pytest.raises(GuestQuota) as refusal:
        rules.require_places(needed, used=used, limit=limit)
    assert refusal.value.facts == {"used": used, "limit": limit, "needed": needed}
