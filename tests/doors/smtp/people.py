# SPDX-License-Identifier: Apache-2.0
"""What is done beside a running gateway: members with app passwords, and the states their teams get into.

Deeds of `tests.journeys.backstage`: a process of its own, because the server's process knows nothing of tests.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from tests.factories.access import make_document
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.billing import make_invoice
from tests.factories.sends import available

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor
from sealroom.audit.rules import SYSTEM
from sealroom.billing.models import InvoiceKind, InvoiceStatus
from sealroom.core import ratelimit
from sealroom.core.errors import RateLimited
from sealroom.credits import flows as credits
from sealroom.documents.models import Version
from sealroom.mail import queries as mail
from sealroom.sends import flows as sends
from sealroom.sends.rules import MailPolicy


def member(email: str, left: int) -> str:
    """The admin of a team of his own that has so many credits; his app password."""
    now = timezone.now()
    owner = make_persona(email, team_name="Gateway", name="Nadia Khan", now=now)
    _made, secret = accounts.make_app_password(owner.actor, "Laptop", now=now)
    pairs = [f"used:{number}" for number in range(available(owner, now) - left)]
    with transaction.atomic():
        credits.spend(owner.team.pk, pairs, actor=owner.actor, key="use up", request_digest="", now=now)
    return secret


def policy(email: str, **values: object) -> None:
    """What the team's admin decides about mail."""
    values["internal_domains"] = tuple(values.pop("internal_domains", ()))  # type: ignore[arg-type]
    sends.set_mail_policy(_actor(email), MailPolicy(**values), now=timezone.now())  # type: ignore[arg-type]


def presets_only(email: str) -> None:
    """Every send must follow a preset, and no preset is the team's default."""
    sends.set_presets_only(_actor(email), True, now=timezone.now())


def colleague(email: str, of: str) -> str:
    """A member of somebody's team; his app password."""
    now = timezone.now()
    _made, secret = accounts.make_app_password(make_member(_persona(of), email, name="Omar", now=now).actor, "Laptop", now=now)
    return secret


def leave(email: str, of: str) -> None:
    """The admin takes a member out of the team."""
    accounts.remove_member(_actor(of), _persona(email).membership.public_id, now=timezone.now())


def revoke_password(email: str) -> None:
    """The member ends his app passwords, on the page."""
    for one in queries.list_app_passwords(_actor(email)):
        accounts.revoke_app_password(_actor(email), one.id, now=timezone.now())


def owe(email: str) -> None:
    """A renewal was not paid in time."""
    opened = timezone.now() - timedelta(days=60)
    make_invoice(_persona(email).team, kind=InvoiceKind.RENEWAL, status=InvoiceStatus.OPEN, opened_at=opened)


def suspend(email: str, reason: str) -> None:
    """The operator stopped the team."""
    accounts.suspend_team(_persona(email).team, reason=reason, closes_links=False, who=SYSTEM, now=timezone.now())


def fill_storage(email: str) -> None:
    """A document took all the plan's storage."""
    document = make_document(_persona(email), "Archive.pdf", now=timezone.now())
    Version.objects.filter(document=document).update(size=2**62)


def send_too_fast(email: str) -> None:
    """As many mails went out in this minute as may."""
    limit, user = settings.SEALROOM_SUBMISSION_PER_MINUTE, _actor(email).user
    with suppress(RateLimited):
        while True:
            ratelimit.take("smtp.mails", user, limit=limit, per=timedelta(minutes=5), now=timezone.now())


def mistype_password(email: str) -> None:
    """Wrong passwords came, one less than are taken."""
    for _ in range(4):
        assert accounts.sign_in_by_app_password(email, "wrong", ip="192.0.2.7", now=timezone.now()) is None


def gateway() -> list[object]:
    """What the running gateway said of itself."""
    found = mail.gateway()
    assert found is not None
    assert found.certificate_until is not None
    return [found.takes_mail, found.takes_reports, found.certificate_until.isoformat()]


def _persona(email: str) -> Persona:
    user = User.objects.get(email=email)
    membership = user.memberships.get()
    return Persona(user, membership.team, membership)


def _actor(email: str) -> Actor:
    found = queries.actor_for(User.objects.get(email=email))
    assert found is not None
    return found


DEEDS: dict[str, Callable[..., object]] = {
    one.__name__: one
    for one in (
        *(member, policy, presets_only, colleague, leave, revoke_password),
        *(gateway, owe, suspend, fill_storage, send_too_fast, mistype_password),
    )
}
