# SPDX-License-Identifier: Apache-2.0
"""What people say of themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.accounts import queries, rules
from sealroom.accounts.models import User
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who


@transaction.atomic
def update_profile(
    user: User,
    *,
    name: str | None = None,
    language: str | None = None,
    time_zone: str | None = None,
    theme: str | None = None,
    now: datetime,
) -> User:
    """Change what is given, for oneself; needs no team. Raises `Invalid`."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    changed = []
    for field, value in (
        ("name", None if name is None else rules.clean_name(name, required=False)),
        ("language", None if language is None else rules.clean_choice(language, rules.LANGUAGES, field="language")),
        ("time_zone", None if time_zone is None else rules.clean_time_zone(time_zone)),
        ("theme", None if theme is None else rules.clean_choice(theme, rules.THEMES, field="theme")),
    ):
        if value is not None and value != getattr(user, field):
            setattr(user, field, value)
            changed.append(field)
    if changed:
        user.save(update_fields=changed)
        if changed != ["theme"]:
            audit.record(who_is(user), Verb.PROFILE_CHANGED, "user", user.public_id, now=now, changed=changed)
    return user


@transaction.atomic
def drop_unproved_password(user: User, address: str, *, now: datetime) -> bool:
    """Before `address` counts as verified by a sign-in code: forget a password that was set while nobody had proved to read it.

    Otherwise somebody could sign up with another's address and a password, wait until its reader signs in by code, and come in
    by that password. False when there was nothing to forget.
    """
    if not user.has_usable_password() or queries.has_verified(user, address):
        return False
    user.set_unusable_password()
    user.save(update_fields=["password"])
    audit.record(who_is(user), Verb.PASSWORD_CHANGED, "user", user.public_id, now=now, label=user.email, dropped=True)
    return True


def who_is(user: User, *, route: str = "web", ip: str = "") -> Who:
    """A user as the trail names them, in the chain of their team ("" without one)."""
    actor = queries.actor_for(user)
    return Who(ActorKind.MEMBER, user.public_id, team=actor.team if actor else "", label=user.email, route=route, ip=ip)
