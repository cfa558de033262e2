# SPDX-License-Identifier: Apache-2.0
"""App passwords: what mail programs that speak only SMTP sign in with."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from sealroom.accounts import queries, rules
from sealroom.accounts.errors import TooManyDevices
from sealroom.accounts.models import AppPassword, Membership
from sealroom.accounts.rules import Actor, Capability, SmtpSignIn
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import ids, ratelimit
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import NotFound


@transaction.atomic
def make_app_password(actor: Actor, label: str, *, now: datetime) -> tuple[AppPassword, str]:
    """A password for one device; told once. Raises `Invalid` (label), `TooManyDevices`."""
    actor.require(Capability.SEND)
    label = rules.clean_label(label)
    membership = Membership.objects.select_for_update(no_key=True).get(
        team_id=actor.team_id, user_id=actor.user_id, removed_at=None
    )
    if AppPassword.objects.filter(membership=membership, revoked_at=None).count() >= rules.MOST_DEVICES:
        raise TooManyDevices(limit=rules.MOST_DEVICES)
    secret = ids.new_letters(rules.APP_PASSWORD_LENGTH)
    made = AppPassword.objects.create(membership=membership, label=label, digest=ids.digest(secret), created_at=now)
    audit.record(actor.who, Verb.APP_PASSWORD_CREATED, "app_password", made.public_id, now=now, label=label)
    return made, secret


@transaction.atomic
def revoke_app_password(actor: Actor, password_id: str, *, now: datetime) -> None:
    """End one of the actor's own app passwords at once. Twice is harmless. Raises `NotFound`."""
    actor.require(Capability.SEND)
    rows = AppPassword.objects.select_for_update(no_key=True, of=("self",))
    found = rows.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, public_id=password_id).first()
    if found is None:
        raise NotFound(kind="app_password", id=password_id)
    if found.revoked_at is None:
        AppPassword.objects.filter(pk=found.pk).update(revoked_at=now)
        audit.record(actor.who, Verb.APP_PASSWORD_REVOKED, "app_password", found.public_id, now=now)


def sign_in_by_app_password(address: str, secret: str, *, ip: str, now: datetime) -> SmtpSignIn | None:
    """The member who signs in over SMTP, or None; an unknown address is answered as a wrong password. The try is counted before it
    is judged, and given back when it was right or could not be judged: beyond 5 wrong ones in 5 minutes for an address, or 10 a
    minute from a source, raises `RateLimited`, for the right one too."""
    try:
        email = canonical_address(address[:320])
    except BadAddress:
        email = ""
    limits = _limits(email or address[:320], ip)
    with transaction.atomic():  # both or none
        for purpose, subject, limit, per in limits:
            ratelimit.take(purpose, subject, limit=limit, per=per, now=now)
    wrong = False
    try:
        found = queries.find_app_password(email, "".join(secret[:80].replace("-", " ").split()), ip=ip, now=now)
        wrong = found is None
    finally:
        if not wrong:
            for purpose, subject, _limit, _per in limits:
                ratelimit.give_back(purpose, subject, now=now)
    return found


def _limits(address: str, ip: str) -> tuple[tuple[str, str, int, timedelta], ...]:
    return (
        ("smtp.user", address, *rules.APP_SIGN_INS_PER_USER),
        ("smtp.ip", ratelimit.source_of(ip), *rules.APP_SIGN_INS_PER_IP),
    )
