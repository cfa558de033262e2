# SPDX-License-Identifier: Apache-2.0
"""API keys of a member."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from sealroom.accounts import rules
from sealroom.accounts.models import ApiToken, Membership
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import ids
from sealroom.core.errors import Forbidden, Invalid, NotFound


@transaction.atomic
def create_key(
    actor: Actor, name: str, scopes: Collection[str], expires_at: datetime | None, *, now: datetime
) -> tuple[ApiToken, str]:
    """Make a key for the actor; its secret is in the answer and never known again. A key can never do more than whoever makes it
    may do at that moment (a key made through a key included). Raises `Invalid`, `Forbidden`."""
    name = rules.clean_name(name)[:80]
    kept = rules.clean_scopes(scopes)
    if expires_at is not None and expires_at <= now:
        raise Invalid({"expires_at": ["in_the_past"]})
    membership = Membership.objects.get(team_id=actor.team_id, user_id=actor.user_id, removed_at=None)
    if not rules.capabilities_of(membership.role, kept) <= actor.capabilities:
        raise Forbidden(scopes=kept)
    secret = rules.KEY_PREFIX + ids.new_secret()
    token = ApiToken.objects.create(
        membership=membership,
        name=name,
        prefix=secret[:12],
        digest=ids.digest(secret),
        scopes=kept,
        created_at=now,
        expires_at=expires_at,
    )
    audit.record(actor.who, Verb.KEY_CREATED, "key", token.public_id, now=now, scopes=kept, expires_at=expires_at)
    return token, secret


@transaction.atomic
def revoke_key(actor: Actor, key_id: str, *, now: datetime) -> None:
    """End a key at once: one's own, or as an admin any of the team's. Revoking twice is harmless. Raises `NotFound`."""
    keys = ApiToken.objects.select_for_update(of=("self",), no_key=True).filter(membership__team_id=actor.team_id, public_id=key_id)
    if not actor.may(Capability.MANAGE_MEMBERS):
        keys = keys.filter(membership__user_id=actor.user_id)
    token = keys.first()
    if token is None:
        raise NotFound
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        audit.record(actor.who, Verb.KEY_REVOKED, "key", token.public_id, now=now)
