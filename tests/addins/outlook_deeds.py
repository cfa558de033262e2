# SPDX-License-Identifier: Apache-2.0
"""What happens at a server while somebody writes a mail in Outlook (see `tests.journeys.backstage`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.core.models import RateBucket
from sealroom.credits import queries as credits
from sealroom.sends import flows as sends
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


def forget_limits() -> dict[str, Any]:
    """Everybody here comes from one address."""
    RateBucket.objects.all().delete()
    return {}


def _actor(email: str) -> Actor:
    actor = actor_for(User.objects.get(email=email), route=Route.WEB)
    assert actor is not None
    return actor


DEEDS: dict[str, Callable[..., Any]] = {"sender": sender, "charges": charges, "forget_limits": forget_limits}
