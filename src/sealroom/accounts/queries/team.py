# SPDX-License-Identifier: Apache-2.0
"""Who belongs to a team, what an invitation or a key offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from sealroom.accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    Role,
    SetupLink,
    Team,
    User,
)
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import NotFound
from sealroom.core.ids import digest


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
