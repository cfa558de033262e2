# SPDX-License-Identifier: Apache-2.0
"""What a member of the team does elsewhere while his mail program works: deeds on the data of a server (see
`tests.journeys.backstage`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import Device, DeviceToken, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.billing.models import Invoice, InvoiceStatus
from sealroom.credits import flows as credits
from sealroom.credits import queries as ledger
from sealroom.documents.models import Document
from sealroom.sends import flows as sends
from sealroom.sends.models import Picture, Send
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


def make_preset(*, email: str, title: str, permission: str) -> str:
    """A preset of the team; its id."""
    return sends.save_preset(_actor(email), "", title, {"permission": permission}, [], now=timezone.now()).public_id


def remove_preset(*, email: str, preset: str) -> None:
    """It is gone."""
    sends.remove_preset(_actor(email), preset, now=timezone.now())


def delete_file(*, email: str, file: str) -> None:
    """A file is deleted for good, on the page."""
    document = Document.objects.get(owner__email=email, name=file, deleted_at=None)
    sends.delete_document(_actor(email), document.public_id, now=timezone.now())


def pay(*, email: str) -> None:
    """What the team owes."""
    Invoice.objects.filter(team_id=_actor(email).team_id, status=InvoiceStatus.OPEN).update(status=InvoiceStatus.PAID)


def end_devices(*, email: str) -> None:
    """End every device of a member, as he can under My Settings."""
    for device in Device.objects.filter(membership__user__email=email, revoked_at=None):
        accounts.revoke_device(_actor(email), device.public_id, now=timezone.now())


def age_tokens(*, email: str) -> None:
    """Let 90 days pass without a use of the tokens."""
    tokens = DeviceToken.objects.filter(device__membership__user__email=email)
    tokens.update(expires_at=timezone.now() - timedelta(seconds=1))


def newest(*, email: str) -> dict[str, Any]:
    """The mail that was committed last: permission, names of its files and of the pictures of its words, whether it left."""
    send = Send.objects.filter(sender__email=email).exclude(committed_revision=None).latest("pk")
    items = send.send_documents.select_related("document", "sent_version")
    return {
        "permission": send.policy.permission,
        "files": sorted(one.document.name for one in items),
        "pages": sorted(one.sent_version.pages for one in items if one.sent_version),
        "pictures": Picture.objects.filter(message__send=send).count(),
        "state": send.state,
    }


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
    "make_preset": make_preset,
    "delete_file": delete_file,
    "remove_preset": remove_preset,
    "pay": pay,
    "end_devices": end_devices,
    "age_tokens": age_tokens,
    "newest": newest,
    "charges": charges,
    "handed_over": handed_over,
}
