# SPDX-License-Identifier: Apache-2.0
"""What is looked at or done behind the installation while the browser is in Gmail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import Device, DeviceToken, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.core.secrets import unseal_text
from sealroom.credits.models import Entry
from sealroom.sends import flows
from sealroom.sends.models import Send
from sealroom.sends.rules import MailPolicy
from tests.factories.accounts import make_persona


def _actor(email: str) -> Actor:
    actor = actor_for(User.objects.get(email=email), route=Route.WEB, ip="127.0.0.1")
    assert actor is not None
    return actor


def member(email: str) -> None:
    """A member with 1,500 credits, who signs in with the password of all tests."""
    make_persona(email, team_name="Olive", name="Olive Owner", now=timezone.now())


def moves(email: str) -> list[list[Any]]:
    """Charges and reversals of a team's ledger, oldest first: what moved, and by which route."""
    found = Entry.objects.filter(team__memberships__user__email=email, kind__in=["charge", "reversal"]).order_by("pk")
    return [[entry.delta, entry.route] for entry in found]


def sends(email: str) -> list[list[Any]]:
    """Mails that went out, oldest first: subject, recipients by kind, and whether the client said that it left."""
    found = Send.objects.filter(sender__email=email).exclude(committed_revision=None).order_by("pk")
    return [
        [
            one.subject,
            sorted([recipient.kind, recipient.address] for recipient in one.recipients.filter(removed_at=None)),
            one.handed_over_at is not None,
        ]
        for one in found
    ]


def words(email: str) -> list[Any]:
    """The protected words of the last mail that went out, and how many pictures are kept for them."""
    send = Send.objects.filter(sender__email=email).exclude(committed_revision=None).latest("pk")
    return [unseal_text(bytes(send.words.sealed), purpose="message"), send.words.pictures.count()]


def policy(email: str, **rule: Any) -> None:
    """What the team decided about mail programs."""
    flows.set_mail_policy(_actor(email), MailPolicy(**rule), now=timezone.now())


def age_tokens(email: str) -> None:
    """Let the hour of every access token be over."""
    tokens = DeviceToken.objects.filter(device__membership__user__email=email, is_refresh=False)
    tokens.update(expires_at=timezone.now() - timedelta(seconds=1))


def end_devices(email: str) -> None:
    """End every device of a member, as he can under My Settings."""
    for device in Device.objects.filter(membership__user__email=email, revoked_at=None):
        accounts.revoke_device(_actor(email), device.public_id, now=timezone.now())


DEEDS = {
    "member": member,
    "moves": moves,
    "sends": sends,
    "words": words,
    "policy": policy,
    "age_tokens": age_tokens,
    "end_devices": end_devices,
}
