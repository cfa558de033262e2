# SPDX-License-Identifier: Apache-2.0
"""What happens at a server while somebody writes a mail in Outlook (see `tests.journeys.backstage`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for, list_devices
from sealroom.accounts.rules import Actor, Route
from sealroom.core.models import RateBucket
from sealroom.credits import queries as credits
from sealroom.sends import flows as sends
from sealroom.sends.models import Send
from sealroom.sends.rules import MailPolicy
from tests.factories.accounts import PASSWORD, make_persona


def sender(*, email: str) -> dict[str, Any]:
    """A member with 1,500 credits whose team insists on protection."""
    found = make_persona(email, team_name="Northwind", name="Olive Owner", now=timezone.now())
    sends.set_mail_policy(found.actor, MailPolicy(mode="force", internal_domains=("northwind.example",)), now=timezone.now())
    return {"email": email, "password": PASSWORD}


def charges(*, email: str) -> list[list[Any]]:
    """What was charged, oldest first: credits and route."""
    page = credits.list_entries(_actor(email), cursor=None, limit=50)
    return [[entry.delta, entry.route] for entry in reversed(page.items) if entry.kind == "charge"]


def end_devices(*, email: str) -> int:
    """The member ends his devices on another page; how many there were."""
    actor = _actor(email)
    devices = list_devices(actor)
    for one in devices:
        accounts.revoke_device(actor, one.id, now=timezone.now())
    return len(devices)


def preset(*, email: str, name: str, settings: dict[str, Any]) -> str:
    """A preset of the team's; its id."""
    return sends.save_preset(_actor(email), "", name, settings, (), now=timezone.now()).public_id


def presets_of_sends(*, email: str) -> list[str]:
    """What the member's sends follow, the oldest first; "" for none."""
    rows = Send.objects.filter(sender__email=email).order_by("pk").values_list("preset__name", flat=True)
    return [name or "" for name in rows]


def forget_limits() -> dict[str, Any]:
    """Everybody here comes from one address."""
    RateBucket.objects.all().delete()
    return {}


def _actor(email: str) -> Actor:
    actor = actor_for(User.objects.get(email=email), route=Route.WEB)
    assert actor is not None
    return actor


DEEDS: dict[str, Callable[..., Any]] = {
    "sender": sender,
    "charges": charges,
    "end_devices": end_devices,
    "preset": preset,
    "presets_of_sends": presets_of_sends,
    "forget_limits": forget_limits,
}
