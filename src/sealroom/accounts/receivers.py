# SPDX-License-Identifier: Apache-2.0
"""News of Django and allauth, for the trail."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from allauth.account import signals as allauth
from django.contrib.auth import signals as django
from django.dispatch import receiver
from django.utils import timezone

from sealroom.accounts.flows.profile import drop_unproved_password, who_is
from sealroom.accounts.models import User
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core.addresses import BadAddress, canonical_address


@receiver(django.user_logged_in)
def note_sign_in(request: Any, user: User, **_: Any) -> None:
    """A session began."""
    _note(user, Verb.SIGNED_IN, request)


@receiver(django.user_logged_out)
def note_sign_out(request: Any, user: User | None, **_: Any) -> None:
    """A session ended by its owner."""
    if user is not None:
        _note(user, Verb.SIGNED_OUT, request)


@receiver(django.user_login_failed)
def note_failure(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    """A wrong password. The address is kept as a label that can be erased; the chain holds only its digest."""
    now = timezone.now()
    address = _known_spelling(str(credentials.get("email") or ""))
    user = User.objects.filter(email=address).first()
    who = Who(ActorKind.VISITOR, "anonymous", team=who_is(user).team if user else "", route="web", ip=_ip(request))
    subject = user.public_id if user else "adr_" + hashlib.sha256(address.encode()).hexdigest()[:32]
    audit.record(who, Verb.SIGN_IN_FAILED, "user" if user else "address", subject, now=now, label=address, method="password")


@receiver(allauth.login_code_rejected)
def note_wrong_code(request: Any, user: User, **_: Any) -> None:
    """A wrong sign-in code."""
    who = Who(ActorKind.VISITOR, "anonymous", team=who_is(user).team, route="web", ip=_ip(request))
    label = user.email
    audit.record(who, Verb.SIGN_IN_FAILED, "user", user.public_id, now=timezone.now(), label=label, method="code")


@receiver(allauth.authentication_step_completed)
def distrust_squatters(user: User, method: str, email: str | None = None, **_: Any) -> None:
    """Whoever proves an address by a code owns the account from here on: see the flow."""
    if method == "code" and email:
        drop_unproved_password(user, email, now=timezone.now())


@receiver(allauth.password_changed)
@receiver(allauth.password_reset)
@receiver(allauth.password_set)
def note_password(request: Any, user: User, **_: Any) -> None:
    """Another password; Django ends every other session by itself, because sessions carry a hash of it."""
    _note(user, Verb.PASSWORD_CHANGED, request)


@receiver(allauth.email_changed)
def note_address(request: Any, user: User, from_email_address: Any = None, **_: Any) -> None:
    """Another primary address (the first one of a new account is no change)."""
    if from_email_address is not None:
        _note(user, Verb.PROFILE_CHANGED, request, changed=["email"])


def _note(user: User, verb: Verb, request: Any, **facts: Any) -> None:
    now: datetime = timezone.now()
    audit.record(who_is(user, ip=_ip(request)), verb, "user", user.public_id, now=now, label=user.email, **facts)


def _ip(request: Any) -> str:
    return str(getattr(request, "client_address", "") or "")


def _known_spelling(text: str) -> str:
    try:
        return canonical_address(text)
    except BadAddress:
        return text[:254]
