# SPDX-License-Identifier: Apache-2.0
"""Who acts, who belongs to a team, what an invitation offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Q, QuerySet

from sealroom.accounts import rules
from sealroom.accounts.models import (
    ApiToken,
    AppPassword,
    Device,
    DeviceRequest,
    DeviceToken,
    Invitation,
    Membership,
    Role,
    SetupLink,
    Team,
    User,
)
from sealroom.accounts.rules import Actor, Capability, Route, SmtpSignIn
from sealroom.core.errors import NotFound
from sealroom.core.ids import digest
from sealroom.core.secrets import keyring


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


def admins_of(team_id: int) -> list[User]:
    """Admins who can be written to."""
    return list(
        User.objects.filter(
            is_active=True, memberships__team_id=team_id, memberships__removed_at=None, memberships__role=Role.ADMIN
        ).order_by("id")
    )


@dataclass(frozen=True)
class MemberView:
    """A member as the members page shows them."""

    id: str
    user: str
    email: str
    name: str
    role: str
    joined_at: datetime
    last_seen_at: datetime | None
    is_self: bool


def list_members(actor: Actor) -> list[MemberView]:
    """Active members of the actor's team, oldest first. Raises `Forbidden`."""
    actor.require(Capability.MANAGE_MEMBERS)
    rows = Membership.objects.filter(team_id=actor.team_id, removed_at=None).select_related("user").order_by("joined_at", "id")
    return [
        MemberView(
            id=row.public_id,
            user=row.user.public_id,
            email=row.user.email,
            name=row.user.name,
            role=row.role,
            joined_at=row.joined_at,
            last_seen_at=row.user.last_login,
            is_self=row.user_id == actor.user_id,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class PersonView:
    """Somebody who is or was a member, as lists of usage name them. `user` is the public id."""

    user: str
    name: str
    has_left: bool


def list_people(actor: Actor) -> list[PersonView]:
    """Everybody who is or was a member of the actor's team, present ones first, by name. Raises `Forbidden`."""
    actor.require(Capability.SEE_TEAM_USAGE)
    rows = Membership.objects.filter(team_id=actor.team_id).values_list(
        "user__public_id", "user__name", "user__email", "removed_at"
    )
    people: dict[str, PersonView] = {}
    for user, name, email, removed_at in rows:
        if user not in people or removed_at is None:
            people[user] = PersonView(user, name or email, removed_at is not None)
    return sorted(people.values(), key=lambda one: (one.has_left, one.name.casefold(), one.user))


@dataclass(frozen=True)
class InvitationView:
    """An open invitation as the members page shows it."""

    id: str
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    has_expired: bool


def list_invitations(actor: Actor, *, now: datetime) -> list[InvitationView]:
    """Invitations that were neither accepted nor withdrawn, newest first. Raises `Forbidden`."""
    actor.require(Capability.MANAGE_MEMBERS)
    rows = open_invitations(actor.team_id).select_related("invited_by").order_by("-created_at", "-id")
    return [
        InvitationView(
            id=row.public_id,
            email=row.email,
            role=row.role,
            invited_by=row.invited_by.name or row.invited_by.email,
            created_at=row.created_at,
            expires_at=row.expires_at,
            has_expired=row.expires_at <= now,
        )
        for row in rows
    ]


def open_invitations(team_id: int) -> QuerySet[Invitation]:
    """Invitations that hold a seat, also when they expired (withdrawing frees it)."""
    return Invitation.objects.filter(team_id=team_id, accepted_at=None, withdrawn_at=None)


def seats_taken(team_id: int) -> int:
    """Seats in use: active members and open invitations."""
    return Membership.objects.filter(team_id=team_id, removed_at=None).count() + open_invitations(team_id).count()


@dataclass(frozen=True)
class Offer:
    """What the invited person sees before accepting."""

    team_name: str
    invited_by: str
    role: str
    expires_at: datetime


def offer_of(token: str, user: User | AnonymousUser, *, now: datetime) -> Offer | None:
    """The invitation behind a link, for the one person it was made for: the signed-in user whose verified address it names. None
    for everybody else, whether the link is unknown, ended, or another's: a forwarded link tells a stranger nothing."""
    if not isinstance(user, User):
        return None
    row = acceptable_invitations(now).filter(token_digest=digest(token)).select_related("team", "invited_by").first()
    if row is None or not has_verified(user, row.email):
        return None
    return Offer(row.team.name, row.invited_by.name or row.invited_by.email, row.role, row.expires_at)


def acceptable_invitations(now: datetime) -> QuerySet[Invitation]:
    """Invitations that can still be accepted."""
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)


def has_verified(user: User, address: str) -> bool:
    """Whether the user has proved to read mail at a canonical address. Exact: allauth lower-cases letters beyond ASCII too, so an
    address whose local part has such capitals can never be proved by a member, rather than be taken for another mailbox."""
    return bool(EmailAddress.objects.filter(user_id=user.pk, email=address, verified=True).exists())


@dataclass(frozen=True)
class KeyView:
    """An API key as its owner sees it; the secret is not known any more."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def list_keys(actor: Actor) -> list[KeyView]:
    """The actor's own keys, newest first, revoked ones included."""
    rows = ApiToken.objects.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id)
    fields = rows.order_by("-created_at", "-id").values_list(
        "public_id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"
    )
    return [KeyView(*row) for row in fields]


# -- Mail clients --------------------------------------------------------------------------------------------------------
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


def user_code_digest(code: str) -> str:
    """What is kept of a user code: it is short, so only under a key of this installation."""
    return digest(keyring().derive("device-user-code").hex() + code)


@dataclass(frozen=True)
class DeviceRequestView:
    """A client that waits to be let in, as the member who is to answer sees it."""

    user_code: str
    client: str
    version: str
    label: str
    ip: str
    made_at: datetime


def waiting_device(user_code: str, *, now: datetime) -> DeviceRequestView | None:
    """The client that waits under a user code. For `accounts.flows.find_request`, which counts the tries."""
    code = rules.clean_user_code(user_code)
    rows = DeviceRequest.objects.filter(user_code_digest=user_code_digest(code), state="pending", expires_at__gt=now)
    row = rows.first() if code else None
    if row is None:
        return None
    return DeviceRequestView(rules.shown_user_code(code), row.client, row.version, row.label, row.ip, row.made_at)


@dataclass(frozen=True)
class DeviceView:
    """A device or an app password as its owner sees it; `client` is "smtp" for the latter."""

    id: str
    client: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    last_ip: str


def list_devices(actor: Actor) -> list[DeviceView]:
    """The actor's own devices that were not ended, newest first."""
    rows = Device.objects.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, revoked_at=None)
    fields = ("public_id", "client", "label", "created_at", "last_used_at", "last_ip")
    return [DeviceView(*row) for row in rows.order_by("-created_at", "-id").values_list(*fields)]


def list_app_passwords(actor: Actor) -> list[DeviceView]:
    """The actor's own app passwords, as `list_devices`."""
    rows = AppPassword.objects.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, revoked_at=None)
    fields = ("public_id", "label", "created_at", "last_used_at", "last_ip")
    return [DeviceView(row[0], rules.SMTP_SCOPE, *row[1:]) for row in rows.order_by("-created_at", "-id").values_list(*fields)]


@dataclass(frozen=True)
class ClientUse:
    """How many devices of a kind of mail program a team has, and when one of them was used last."""

    devices: int
    last_used_at: datetime | None


def mail_clients_in_use(actor: Actor) -> dict[str, ClientUse]:
    """By client ("smtp" for app passwords), over all members of the team. Raises `Forbidden`."""
    actor.require(Capability.MANAGE_TEAM)
    living = Q(membership__team_id=actor.team_id, membership__removed_at=None, revoked_at=None)
    rows = Device.objects.filter(living).values("client").annotate(devices=Count("pk"), last=Max("last_used_at"))
    found = {row["client"]: ClientUse(row["devices"], row["last"]) for row in rows}
    passwords = AppPassword.objects.filter(living).aggregate(devices=Count("pk"), last=Max("last_used_at"))
    return found | ({rules.SMTP_SCOPE: ClientUse(passwords["devices"], passwords["last"])} if passwords["devices"] else {})


def senders_of(actor: Actor) -> list[str]:
    """The addresses the actor proved to be his, the one he signs in with first."""
    rows = EmailAddress.objects.filter(user_id=actor.user_id, verified=True).order_by("-primary", "pk")
    return list(rows.values_list("email", flat=True))


def team_of(actor: Actor) -> Team:
    """The actor's team."""
    return Team.objects.get(pk=actor.team_id)


def needs_setup() -> bool:
    """Whether no team was made yet."""
    return not Team.objects.exists()


def is_setup_link_open(token: str, *, now: datetime) -> bool:
    """Whether a set-up link can still be used."""
    return needs_setup() and SetupLink.objects.filter(token_digest=digest(token), used_at=None, expires_at__gt=now).exists()


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


def find_team_by_id(team_id: str) -> Team:
    """A team by its public id alone. For operators. Raises `NotFound`."""
    found = Team.objects.filter(public_id=team_id).first()
    if found is None:
        raise NotFound(kind="team", id=team_id)
    return found


def find_team(reference: str) -> Team:
    """A team by public id, or by its name when no other has it. For operators. Raises `NotFound`."""
    found = list(Team.objects.filter(public_id=reference)[:1]) or list(Team.objects.filter(name=reference)[:2])
    if len(found) != 1:
        raise NotFound(kind="team", id=reference)
    return found[0]
