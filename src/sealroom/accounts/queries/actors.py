# SPDX-License-Identifier: Apache-2.0
"""Who acts: a member, by the way he came in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from sealroom.accounts import rules
from sealroom.accounts.models import (
    ApiToken,
    AppPassword,
    Device,
    DeviceToken,
    Membership,
    User,
)
from sealroom.accounts.rules import Actor, Route, SmtpSignIn
from sealroom.core.ids import digest


def actor_for(user: User | AnonymousUser, *, route: Route = Route.WEB, ip: str = "") -> Actor | None:
    """The member a signed-in user is, read afresh: None without an active place in a team, or for a closed account."""
    if not isinstance(user, User):
        return None
    membership = _active_memberships().filter(user_id=user.pk).first()
    return _actor(membership, None, route=route, ip=ip) if membership else None


def actor_for_key(secret: str, *, now: datetime, ip: str = "", route: Route = Route.API) -> Actor | None:
    """The member behind an API key, with at most the rights of its scopes; None for a key that is unknown, revoked, expired, or
    whose member left. Notes the use at most once a minute: the one thing a read writes, because it is about the reading."""
    token = (
        ApiToken.objects.filter(
            digest=digest(secret), revoked_at=None, membership__removed_at=None, membership__user__is_active=True
        )
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .select_related("membership__user", "membership__team")
        .first()
    )
    if token is None:
        return None
    stale = now - rules.KEY_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at < stale:
        ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=stale), pk=token.pk).update(last_used_at=now)
    return _actor(token.membership, token.scopes, route=route, ip=ip)


def actor_of_membership(membership_id: int, *, route: Route = Route.SYSTEM) -> Actor | None:
    """The member a deferred deed is done for (a send that waited for its documents); None when the place ended meanwhile."""
    membership = _active_memberships().filter(pk=membership_id).first()
    return _actor(membership, None, route=route, ip="") if membership else None


def actor_of_user(user_id: int, team_id: int, *, route: Route = Route.SYSTEM) -> Actor | None:
    """As `actor_of_membership`, by user and team."""
    membership = _active_memberships().filter(user_id=user_id, team_id=team_id).first()
    return _actor(membership, None, route=route, ip="") if membership else None


def actor_for_device(secret: str, *, now: datetime, ip: str = "") -> Actor | None:
    """The member behind a device's access token, by the route of its client and with the rights of its scope; None when it is
    unknown, over, or the device or the member's place was ended. Notes the use as `actor_for_key`."""
    token = (
        DeviceToken.objects.filter(digest=digest(secret), is_refresh=False, expires_at__gt=now, device__revoked_at=None)
        .filter(device__membership__removed_at=None, device__membership__user__is_active=True)
        .select_related("device__membership__user", "device__membership__team")
        .first()
    )
    if token is None:
        return None
    device = token.device
    _note_use(Device.objects.filter(pk=device.pk), device.last_used_at, ip=ip, now=now)
    route = rules.CLIENTS.get(device.client, Route.API)
    return _actor(device.membership, [rules.DEVICE_SCOPE], route=route, ip=ip)


def find_app_password(email: str, secret: str, *, now: datetime, ip: str = "") -> SmtpSignIn | None:
    """The member with this address and app password. For `accounts.flows.sign_in_by_app_password`, which counts the tries."""
    found = _living_app_passwords().filter(digest=digest(secret), membership__user__email=email).first()
    if found is None:
        return None
    _note_use(AppPassword.objects.filter(pk=found.pk), found.last_used_at, ip=ip, now=now)
    return _signed_in(found, ip=ip)


def still_signed_in(signed: SmtpSignIn) -> SmtpSignIn | None:
    """The same sign-in read afresh; None since the password was revoked, the member removed or his account closed."""
    found = _living_app_passwords().filter(public_id=signed.app_password).first()
    return _signed_in(found, ip=signed.actor.ip) if found else None


def _living_app_passwords() -> QuerySet[AppPassword]:
    living = Q(revoked_at=None, membership__removed_at=None, membership__user__is_active=True)
    return AppPassword.objects.filter(living).select_related("membership__user", "membership__team")


def _signed_in(found: AppPassword, *, ip: str) -> SmtpSignIn:
    return SmtpSignIn(_actor(found.membership, [rules.DEVICE_SCOPE], route=Route.SMTP, ip=ip), found.public_id)


def _note_use(row: QuerySet[Device] | QuerySet[AppPassword], last_used_at: datetime | None, *, ip: str, now: datetime) -> None:
    if last_used_at is None or last_used_at < now - rules.KEY_NOTED_EVERY:
        row.update(last_used_at=now, last_ip=ip)


def _active_memberships() -> QuerySet[Membership]:
    return Membership.objects.filter(removed_at=None, user__is_active=True).select_related("user", "team")


def _actor(membership: Membership, scopes: list[str] | None, *, route: Route, ip: str) -> Actor:
    user, team = membership.user, membership.team
    return Actor(
        user_id=user.pk,
        user=user.public_id,
        email=user.email,
        name=user.name,
        team_id=team.pk,
        team=team.public_id,
        role=membership.role,
        language=user.language,
        time_zone=user.time_zone,
        capabilities=rules.capabilities_of(membership.role, scopes),
        route=route,
        ip=ip,
        suspension=team.suspension if team.suspended_at is not None else None,
    )
