# SPDX-License-Identifier: Apache-2.0
"""What a member of the team does elsewhere while his mail program works: deeds on the data of a server (see
`tests.journeys.backstage`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.credits import flows as credits
from sealroom.credits import queries as ledger
from sealroom.sends import flows as sends
from sealroom.sends.models import Send
from sealroom.sends.rules import MailPolicy
from tests.factories.accounts import make_persona


def make_member(*, email: str, name: str, left: int) -> dict[str, Any]:
    """A team with so many credits left; its admin has an app password."""
    now = timezone.now()
    owner = make_persona(email, team_name="Northwind", name=name, now=now)
    _made, secret = accounts.make_app_password(owner.actor, "Laptop", now=now)
    spend_down(email=email, left=left)
    return {"secret": secret}


def spend_down(*, email: str, left: int) -> None:
    """Leave so many credits."""
    now, actor = timezone.now(), _actor(email)
    pairs = [f"used:{left}:{number}" for number in range(ledger.meter(actor.team_id, now=now).available - left)]
    with transaction.atomic():
        credits.spend(actor.team_id, pairs, actor=actor, key=f"down to {left}", request_digest="", now=now)


def approve(*, email: str, code: str) -> None:
    """Let the mail program in that shows this code."""
    accounts.answer_device(_actor(email), code, approve=True, now=timezone.now())


def set_mode(*, email: str, mode: str) -> None:
    """What mail programs of the team do with attachments; mail to example.com is its own."""
    sends.set_mail_policy(_actor(email), MailPolicy(mode=mode, internal_domains=("example.com",)), now=timezone.now())


def charges(*, email: str) -> list[Any]:
    """The charges of the team with their routes, oldest first, and what is left."""
    actor, now = _actor(email), timezone.now()
    entries = [one for one in ledger.list_entries(actor).items if one.send_id]
    return [*([one.delta, one.route] for one in reversed(entries)), ledger.meter(actor.team_id, now=now).available]


def handed_over() -> int:
    """How many mails were said to have left."""
    return Send.objects.filter(handed_over_at__isnull=False).count()


def _actor(email: str) -> Actor:
    actor = actor_for(User.objects.get(email=email), route=Route.WEB)
    assert actor is not None
    return actor


DEEDS: dict[str, Callable[..., Any]] = {
    "make_member": make_member,
    "spend_down": spend_down,
    "approve": approve,
    "set_mode": set_mode,
    "charges": charges,
    "handed_over": handed_over,
}
