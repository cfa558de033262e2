# SPDX-License-Identifier: Apache-2.0
"""Inviting people into a team. The seat is checked by `billing.flows.invite_member`, which calls this."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sealroom.accounts import queries, rules
from sealroom.accounts.errors import AlreadyInvited, AlreadyMember
from sealroom.accounts.flows.team import require_no_team
from sealroom.accounts.models import Invitation, Membership, Team, User
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core import ids
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid, NotFound
from sealroom.mail import flows as mail


@transaction.atomic
def invite_member(actor: Actor, email: str, role: str, *, now: datetime) -> Invitation:
    """Offer a seat to an address and mail its own link, good for 14 days. An expired invitation to the same address is replaced.

    Raises `Forbidden`, `Invalid`, `AlreadyMember`, `AlreadyInvited`. Says nothing about the address beyond this team.
    """
    actor.require(Capability.MANAGE_MEMBERS)
    role = rules.clean_choice(role, rules.ROLES, field="role")
    try:
        address = canonical_address(email)
    except BadAddress as error:
        raise Invalid({"email": ["bad_address"]}) from error
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    if Membership.objects.filter(team=team, user__email=address, removed_at=None).exists():
        raise AlreadyMember
    earlier = queries.open_invitations(team.pk).filter(email=address)
    if earlier.filter(expires_at__gt=now).exists():
        raise AlreadyInvited
    earlier.update(withdrawn_at=now)
    token = ids.new_secret()
    invitation = Invitation.objects.create(
        team=team,
        email=address,
        role=role,
        token_digest=ids.digest(token),
        invited_by_id=actor.user_id,
        created_at=now,
        expires_at=now + rules.INVITATION_LIFETIME,
    )
    _mail_link(actor, team, invitation, token, now)
    audit.record(actor.who, Verb.MEMBER_INVITED, "invitation", invitation.public_id, now=now, label=address, role=role)
    return invitation


@transaction.atomic
def resend_invitation(actor: Actor, invitation_id: str, *, now: datetime) -> Invitation:
    """Mail a new link for another 14 days; the old link dies. Raises `Forbidden`, `NotFound`."""
    invitation = _lock_open(actor, invitation_id)
    token = ids.new_secret()
    invitation.token_digest = ids.digest(token)
    invitation.expires_at = now + rules.INVITATION_LIFETIME
    invitation.save(update_fields=["token_digest", "expires_at"])
    _mail_link(actor, invitation.team, invitation, token, now)
    audit.record(actor.who, Verb.MEMBER_INVITED, "invitation", invitation.public_id, now=now, label=invitation.email, again=True)
    return invitation


@transaction.atomic
def withdraw_invitation(actor: Actor, invitation_id: str, *, now: datetime) -> None:
    """End an open invitation and free its seat. Raises `Forbidden`, `NotFound`."""
    invitation = _lock_open(actor, invitation_id)
    invitation.withdrawn_at = now
    invitation.save(update_fields=["withdrawn_at"])
    audit.record(
        actor.who,
        Verb.MEMBER_INVITATION_WITHDRAWN,
        "invitation",
        invitation.public_id,
        now=now,
        label=invitation.email,
    )


@transaction.atomic
def accept_invitation(token: str, user: User, *, now: datetime) -> Membership:
    """Take the offered seat. Only the user who proved the invited address may: for anybody else, and for a link that ended, the
    answer is `NotFound`. Raises `AlreadyInTeam`."""
    invitation = (
        queries.acceptable_invitations(now)
        .select_for_update(of=("self",), no_key=True)
        .filter(token_digest=ids.digest(token))
        .first()
    )
    if invitation is None or not queries.has_verified(user, invitation.email):
        raise NotFound
    require_no_team(user)
    team = invitation.team
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=team, user=user, role=invitation.role, joined_at=now)
    except IntegrityError as error:
        raise NotFound from error
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    who = Who(ActorKind.MEMBER, user.public_id, team=team.public_id, label=user.email, route="web")
    audit.record(who, Verb.MEMBER_JOINED, "user", user.public_id, now=now, label=user.email, role=invitation.role)
    return membership


def _lock_open(actor: Actor, invitation_id: str) -> Invitation:
    actor.require(Capability.MANAGE_MEMBERS)
    found = (
        queries.open_invitations(actor.team_id).select_for_update(of=("self",), no_key=True).filter(public_id=invitation_id).first()
    )
    if found is None:
        raise NotFound
    return found


def _mail_link(actor: Actor, team: Team, invitation: Invitation, token: str, now: datetime) -> None:
    actor.require_active()
    mail.compose(
        "accounts/mail/invitation",
        to=invitation.email,
        key=f"invitation:{invitation.public_id}:{invitation.token_digest[:16]}",
        language=team.language,
        context={
            "team_name": team.name,
            "inviter": actor.name or actor.email,
            "button_url": f"{settings.SEALROOM_BASE_URL}/join/{token}/",
            "button_label": _("Join the team"),
            "facts": [
                format_lazy(_("The invitation is good until {day}."), day=_day(invitation.expires_at)),
                _("It is for this address alone: forwarded, it does not open for others."),
            ],
        },
        now=now,
        about=f"invitation:{invitation.public_id}",
        team=team.public_id,
        sender_name=actor.name or actor.email,
        reply_to=actor.email,
    )


def _day_text(at: datetime) -> str:
    return date_format(at, "j F Y")


_day: Callable[[datetime], object] = lazy(_day_text, str)  # spelled in the language of the mail
