# SPDX-License-Identifier: Apache-2.0
"""A team and who belongs to it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.accounts import rules
from sealroom.accounts.errors import AlreadyInTeam, LastAdmin
from sealroom.accounts.models import ApiToken, Membership, Role, Team, User
from sealroom.accounts.rules import Actor, Capability
from sealroom.accounts.signals import member_removed
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core.errors import Invalid, NotFound

MOST_REASON = 300  # characters


@transaction.atomic
def create_team(user: User, *, name: str, time_zone: str, language: str, now: datetime, is_demo: bool = False) -> Team:
    """Make a team with `user` as its first admin. Knows no plans and no credits: call it through `billing.flows.found_team`.

    Raises `Invalid` (name, time_zone, language) and `AlreadyInTeam`.
    """
    name = rules.clean_name(name)
    time_zone = rules.clean_time_zone(time_zone)
    language = rules.clean_choice(language, rules.LANGUAGES, field="language")
    require_no_team(user)
    team = Team.objects.create(name=name, time_zone=time_zone, language=language, created_at=now, is_demo=is_demo)
    Membership.objects.create(team=team, user=user, role=Role.ADMIN, joined_at=now)
    who = Who(ActorKind.MEMBER, user.public_id, team=team.public_id, label=user.email, route="web")
    audit.record(who, Verb.TEAM_CREATED, "team", team.public_id, now=now, time_zone=time_zone, language=language)
    return team


@transaction.atomic
def update_team(
    actor: Actor,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    language: str | None = None,
    now: datetime,
) -> Team:
    """Change what is given. Raises `Forbidden`, `Invalid`."""
    actor.require(Capability.MANAGE_TEAM)
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    changed = []
    for field, value in (
        ("name", None if name is None else rules.clean_name(name)),
        ("time_zone", None if time_zone is None else rules.clean_time_zone(time_zone)),
        ("language", None if language is None else rules.clean_choice(language, rules.LANGUAGES, field="language")),
    ):
        if value is not None and value != getattr(team, field):
            setattr(team, field, value)
            changed.append(field)
    if changed:
        team.save(update_fields=changed)
        audit.record(actor.who, Verb.TEAM_CHANGED, "team", team.public_id, now=now, changed=changed)
    return team


@transaction.atomic
def suspend_team(team: Team, *, reason: str, closes_links: bool, who: Who, now: datetime) -> None:
    """Stop a team: its members may look, end access, export and pay, and send or let in nothing. With `closes_links` its readers
    are told that nothing is available. Suspending again changes reason and links. For operators; `who` is written into the team's
    trail. Raises `Invalid` (reason)."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_REASON:
        raise Invalid({"reason": ["required" if not reason else "too_long"]})
    locked = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    locked.suspended_at, locked.suspension, locked.closes_links = locked.suspended_at or now, reason, closes_links
    locked.save(update_fields=["suspended_at", "suspension", "closes_links"])
    audit.record(
        who,
        Verb.TEAM_SUSPENDED,
        "team",
        team.public_id,
        team=team.public_id,
        now=now,
        reason=reason,
        closes_links=closes_links,
    )


@transaction.atomic
def resume_team(team: Team, *, who: Who, now: datetime) -> None:
    """End a suspension; of a team that is not suspended: nothing."""
    ended = Team.objects.filter(pk=team.pk).exclude(suspended_at=None)
    if ended.update(suspended_at=None, suspension="", closes_links=False):
        audit.record(who, Verb.TEAM_RESUMED, "team", team.public_id, team=team.public_id, now=now)


@transaction.atomic
def change_role(actor: Actor, membership_id: str, role: str, *, now: datetime) -> Membership:
    """Make a member User or Admin. Raises `Forbidden`, `NotFound`, `Invalid`, and `LastAdmin` if nobody would be left."""
    actor.require(Capability.MANAGE_MEMBERS)
    role = rules.clean_choice(role, rules.ROLES, field="role")
    membership = _lock_member(actor, membership_id)
    if membership.role == role:
        return membership
    if role != Role.ADMIN:
        _require_other_admin(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    facts = {"before": before, "after": role}
    user = membership.user
    audit.record(actor.who, Verb.MEMBER_ROLE_CHANGED, "user", user.public_id, now=now, label=user.email, **facts)
    return membership


@transaction.atomic
def remove_member(actor: Actor, membership_id: str, *, now: datetime) -> None:
    """End a member's place: their keys die, their sessions have no team from the next request on. Raises `Forbidden`, `NotFound`,
    `LastAdmin`. Fires `member_removed` in the transaction."""
    actor.require(Capability.MANAGE_MEMBERS)
    membership = _lock_member(actor, membership_id)
    if membership.role == Role.ADMIN:
        _require_other_admin(membership)
    membership.removed_at = now
    membership.save(update_fields=["removed_at"])
    keys = ApiToken.objects.filter(membership=membership, revoked_at=None).update(revoked_at=now)
    user = membership.user
    member_removed.send(Membership, team_id=membership.team_id, user_id=user.pk, now=now)
    audit.record(actor.who, Verb.MEMBER_REMOVED, "user", user.public_id, now=now, label=user.email, keys_revoked=keys)


@transaction.atomic
def add_member(team: Team, user: User, *, role: str, who: Who, now: datetime) -> Membership:
    """Give a user a place without an invitation: for what the operator makes himself (demo, simulation). Checks no seat. Raises
    `Invalid` (role) and `AlreadyInTeam`."""
    role = rules.clean_choice(role, rules.ROLES, field="role")
    require_no_team(user)
    membership = Membership.objects.create(team=team, user=user, role=role, joined_at=now)
    audit.record(who, Verb.MEMBER_JOINED, "user", user.public_id, now=now, label=user.email, team=team.public_id, role=role)
    return membership


def require_no_team(user: User) -> None:
    """Serialise on the user and refuse a second place. Raises `AlreadyInTeam`."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Membership.objects.filter(user=user, removed_at=None).exists():
        raise AlreadyInTeam


def _lock_member(actor: Actor, membership_id: str) -> Membership:
    """All changes of a team's members are serialised on the team's row: two admins cannot demote each other at once."""
    Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    found = (
        Membership.objects.filter(team_id=actor.team_id, public_id=membership_id, removed_at=None).select_related("user").first()
    )
    if found is None:
        raise NotFound
    return found


def _require_other_admin(membership: Membership) -> None:
    others = Membership.objects.filter(team_id=membership.team_id, role=Role.ADMIN, removed_at=None, user__is_active=True).exclude(
        pk=membership.pk
    )
    if not others.exists():
        raise LastAdmin
