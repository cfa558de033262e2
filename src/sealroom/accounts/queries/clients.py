# SPDX-License-Identifier: Apache-2.0
"""Devices and app passwords of mail clients, and who waits to be let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from sealroom.accounts import rules
from sealroom.accounts.models import (
    AppPassword,
    Device,
    DeviceRequest,
)
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.ids import digest
from sealroom.core.secrets import keyring


def user_code_digest(code: str) -> str:
    """What is kept of a user code: it is short, so only under a key of this installation."""
    return digest(keyring().derive("device-user-code").hex() + code)


@dataclass(frozen=True)
class DeviceRequestView:
    """A client that waits to be let in, as the member who is to answer sees it."""

    user_code: str
    client: str
    version: str
    label: str
    ip: str
    made_at: datetime


def waiting_device(user_code: str, *, now: datetime) -> DeviceRequestView | None:
    """The client that waits under a user code. For `accounts.flows.find_request`, which counts the tries."""
    code = rules.clean_user_code(user_code)
    rows = DeviceRequest.objects.filter(user_code_digest=user_code_digest(code), state="pending", expires_at__gt=now)
    row = rows.first() if code else None
    if row is None:
        return None
    return DeviceRequestView(rules.shown_user_code(code), row.client, row.version, row.label, row.ip, row.made_at)


@dataclass(frozen=True)
class DeviceView:
    """A device or an app password as its owner sees it; `client` is "smtp" for the latter."""

    id: str
    client: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    last_ip: str


def list_devices(actor: Actor) -> list[DeviceView]:
    """The actor's own devices that were not ended, newest first."""
    rows = Device.objects.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, revoked_at=None)
    fields = ("public_id", "client", "label", "created_at", "last_used_at", "last_ip")
    return [DeviceView(*row) for row in rows.order_by("-created_at", "-id").values_list(*fields)]


def list_app_passwords(actor: Actor) -> list[DeviceView]:
    """The actor's own app passwords, as `list_devices`."""
    rows = AppPassword.objects.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, revoked_at=None)
    fields = ("public_id", "label", "created_at", "last_used_at", "last_ip")
    return [DeviceView(row[0], rules.SMTP_SCOPE, *row[1:]) for row in rows.order_by("-created_at", "-id").values_list(*fields)]


@dataclass(frozen=True)
class ClientUse:
    """How many devices of a kind of mail program a team has, and when one of them was used last."""

    devices: int
    last_used_at: datetime | None


def mail_clients_in_use(actor: Actor) -> dict[str, ClientUse]:
    """By client ("smtp" for app passwords), over all members of the team. Raises `Forbidden`."""
    actor.require(Capability.MANAGE_TEAM)
    living = Q(membership__team_id=actor.team_id, membership__removed_at=None, revoked_at=None)
    rows = Device.objects.filter(living).values("client").annotate(devices=Count("pk"), last=Max("last_used_at"))
    found = {row["client"]: ClientUse(row["devices"], row["last"]) for row in rows}
    passwords = AppPassword.objects.filter(living).aggregate(devices=Count("pk"), last=Max("last_used_at"))
    return found | ({rules.SMTP_SCOPE: ClientUse(passwords["devices"], passwords["last"])} if passwords["devices"] else {})
