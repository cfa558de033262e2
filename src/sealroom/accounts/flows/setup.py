# SPDX-License-Identifier: Apache-2.0
"""The first steps of an installation: the set-up link, its first user, operators."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from sealroom.accounts import queries, rules
from sealroom.accounts.models import SetupLink, User
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, ActorKind, Verb
from sealroom.core import ids
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid, NotFound


@transaction.atomic
def make_setup_link(*, now: datetime) -> str | None:
    """The token of a new one-time link for `/setup/<token>/`; links made before die. None when a team exists already."""
    if not queries.needs_setup():
        return None
    SetupLink.objects.filter(used_at=None).delete()
    token = ids.new_secret()
    SetupLink.objects.create(token_digest=ids.digest(token), created_at=now, expires_at=now + rules.SETUP_LINK_LIFETIME)
    return token


@transaction.atomic
def use_setup_link(
    token: str,
    *,
    email: str,
    name: str,
    password: str | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    now: datetime,
) -> User:
    """Use the link up and make the first user, an operator with a verified address (whoever holds the link controls the machine).
    Found the team in the same transaction (`billing`), so that a failure leaves the link usable.

    Raises `NotFound` (used, unknown, or a team exists) and `Invalid`.
    """
    link = (
        SetupLink.objects.select_for_update(no_key=True)
        .filter(token_digest=ids.digest(token), used_at=None, expires_at__gt=now)
        .first()
    )
    if link is None or not queries.needs_setup():
        raise NotFound
    link.used_at = now
    link.save(update_fields=["used_at"])
    user = make_user(email, name=name, password=password, language=language, time_zone=time_zone)
    user.is_operator = True
    user.save(update_fields=["is_operator"])
    return user


@transaction.atomic
def make_user(email: str, *, name: str = "", password: str | None = None, language: str = "en", time_zone: str = "UTC") -> User:
    """A user whose address counts as verified because the operator vouches for it (set-up, demo, command line); an existing one is
    given these values. Without a password they sign in by code. Raises `Invalid`."""
    address = _clean_address(email)
    user = User.objects.filter(email=address).first() or User(email=address)
    user.name = rules.clean_name(name, required=False)
    user.language = rules.clean_choice(language, rules.LANGUAGES, field="language")
    user.time_zone = rules.clean_time_zone(time_zone)
    if password:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid({"password": [str(problem.code) for problem in error.error_list]}) from error
        user.set_password(password)
    elif not user.password:
        user.set_unusable_password()
    user.save()
    EmailAddress.objects.update_or_create(user=user, email=address, defaults={"verified": True, "primary": True})
    return user


@transaction.atomic
def add_operator(email: str, *, now: datetime) -> User:
    """Give the operator flag to an address, making its user (who then signs in by code) when there is none. For the command line.
    Raises `Invalid`."""
    address = _clean_address(email)
    user = User.objects.filter(email=address).first() or make_user(address)
    if not user.is_operator:
        user.is_operator = True
        user.save(update_fields=["is_operator"])
        who = replace(SYSTEM, kind=ActorKind.OPERATOR, route="cli")
        audit.record(who, Verb.PROFILE_CHANGED, "user", user.public_id, now=now, label=address, changed=["is_operator"])
    return user


def _clean_address(email: str) -> str:
    try:
        address = canonical_address(email)
    except BadAddress as error:
        raise Invalid({"email": ["bad_address"]}) from error
    if address != address.lower():  # allauth could not tell it from another mailbox
        raise Invalid({"email": ["bad_address"]})
    return address
