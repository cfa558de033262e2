# SPDX-License-Identifier: Apache-2.0
"""Members of the team and invitations; admins only."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.api.app import Body, actor_of
from sealroom.api.repeats import repeatable
from sealroom.billing import flows as billing

router = Router(tags=["members"])
Role = Literal["user", "admin"]


class MemberOut(Schema):
    """A member. `id` names the place in the team, `user` the person."""

    id: str
    user: str
    email: str
    name: str
    role: str
    joined_at: datetime
    last_seen_at: datetime | None


class MembersOut(Schema):
    """All members, oldest first."""

    items: list[MemberOut]
    next: str | None = None


class InviteIn(Body):
    """An invitation."""

    email: str = Field(min_length=3, max_length=320)
    role: Role = "user"


class InvitationOut(Schema):
    """An open invitation; it holds a seat."""

    id: str
    email: str
    role: str
    created_at: datetime
    expires_at: datetime


class InvitationsOut(Schema):
    """All open invitations, newest first."""

    items: list[InvitationOut]
    next: str | None = None


class RoleIn(Body):
    """Another role."""

    role: Role


@router.get("/members", response=MembersOut, summary="Members")
def list_members(request: HttpRequest) -> MembersOut:
    """Names and roles, never contents."""
    rows = queries.list_members(actor_of(request))
    return MembersOut(items=[MemberOut.model_validate(row, from_attributes=True) for row in rows])


@router.post("/members", response={201: InvitationOut}, summary="Invite a member")
@repeatable
def invite(request: HttpRequest, body: InviteIn) -> Status[InvitationOut]:
    """Takes a seat at once: 403 `seat_quota` with used and limit when none is left."""
    row = billing.invite_member(actor_of(request), body.email, body.role, now=timezone.now())
    return Status(
        201, InvitationOut(id=row.public_id, email=row.email, role=row.role, created_at=row.created_at, expires_at=row.expires_at)
    )


@router.get("/members/invitations", response=InvitationsOut, summary="Open invitations")
def list_invitations(request: HttpRequest) -> InvitationsOut:
    """Expired ones too, until they are withdrawn or sent again."""
    rows = queries.list_invitations(actor_of(request), now=timezone.now())
    return InvitationsOut(items=[InvitationOut.model_validate(row, from_attributes=True) for row in rows])


@router.delete("/members/invitations/{invitation_id}", response={204: None}, summary="Withdraw an invitation")
@repeatable
def withdraw(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Frees its seat; the mailed link dies."""
    accounts.withdraw_invitation(actor_of(request), invitation_id, now=timezone.now())
    return HttpResponse(status=204)


@router.patch("/members/{member_id}", response=MemberOut, summary="Change a role")
@repeatable
def change_role(request: HttpRequest, member_id: str, body: RoleIn) -> MemberOut:
    """403 `last_admin` when nobody would be left to administer the team."""
    place = accounts.change_role(actor_of(request), member_id, body.role, now=timezone.now())
    user = place.user
    return MemberOut(
        id=place.public_id,
        user=user.public_id,
        email=user.email,
        name=user.name,
        role=place.role,
        joined_at=place.joined_at,
        last_seen_at=user.last_login,
    )


@router.delete("/members/{member_id}", response={204: None}, summary="Remove a member")
@repeatable
def remove(request: HttpRequest, member_id: str) -> HttpResponse:
    """Their keys and sessions end at once. 403 `last_admin` for the last admin."""
    accounts.remove_member(actor_of(request), member_id, now=timezone.now())
    return HttpResponse(status=204)
