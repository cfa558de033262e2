# SPDX-License-Identifier: Apache-2.0
import pytest

from sealroom.accounts import rules
from sealroom.accounts.models import Role
from sealroom.accounts.rules import CAPABILITIES, SCOPES, Capability
from sealroom.core.errors import Invalid

USER = {Capability.SEND, Capability.MANAGE_ROOMS, Capability.SEE_ROOMS, Capability.SEE_OWN_USAGE}
SENDING = {Capability.SEND, Capability.SEE_OWN_USAGE}


def test_table_names_every_role_and_admins_may_everything() -> None:
    assert set(CAPABILITIES) == set(Role.values) == set(rules.ROLES)
    assert CAPABILITIES["admin"] == set(Capability)
    assert CAPABILITIES["user"] == USER


@pytest.mark.parametrize(
    ("role", "scopes", "capabilities"),
    [
        ("user", None, USER),
        ("admin", None, set(Capability)),
        ("user", ["admin"], USER),
        ("user", ["read"], {Capability.SEE_OWN_USAGE, Capability.SEE_ROOMS}),
        ("user", ["rooms"], {Capability.MANAGE_ROOMS, Capability.SEE_ROOMS}),
        ("admin", ["send"], SENDING),
        ("admin", ["read", "send"], SENDING | SCOPES["read"]),
        ("admin", [], set()),
        ("admin", ["everything"], set()),
        ("owner", None, set()),
        ("owner", ["admin"], set()),
    ],
)
def test_capabilities_of(role: str, scopes: list[str] | None, capabilities: set[Capability]) -> None:
    assert rules.capabilities_of(role, scopes) == capabilities


def test_read_scope_holds_nothing_that_changes_anything() -> None:
    assert {capability for capability in SCOPES["read"] if not capability.value.startswith("see_")} == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [(" Northwind ", "Northwind"), ("Zoë  Ω", "Zoë  Ω"), ("x" * 120, "x" * 120), ("O’Neil & Söhne", "O’Neil & Söhne")],
)
def test_clean_name(text: str, name: str) -> None:
    assert rules.clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "required"),
        ("  ", "required"),
        ("x" * 121, "too_long"),
        ("a\nb", "control_character"),
        ("a\u2028b", "control_character"),
    ],
)
def test_clean_name_refuses(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.clean_name(text, field="team")
    assert refusal.value.errors == {"team": [reason]}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Asia/Tokyo"])
def test_clean_time_zone(zone: str) -> None:
    assert rules.clean_time_zone(zone) == zone


@pytest.mark.parametrize("zone", ["", "Paris", "europe/paris", "../../etc/passwd", "CET", "Europe/Nowhere"])
def test_clean_time_zone_refuses(zone: str) -> None:
    with pytest.raises(Invalid):
        rules.clean_time_zone(zone)


def test_clean_scopes() -> None:
    assert rules.clean_scopes(["send", "read", "send"]) == ["read", "send"]
    for bad in ([], ["everything"], ["read", ""]):
        with pytest.raises(Invalid):
            rules.clean_scopes(bad)
