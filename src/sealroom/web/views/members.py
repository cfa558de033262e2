# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, Members: who belongs to the team, who is invited, and with which role."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.accounts.rules import Capability
from sealroom.billing import flows as billing
from sealroom.billing import queries as plans
from sealroom.core.errors import DomainError
from sealroom.web.answers import done, page
from sealroom.web.errors import refusal_of
from sealroom.web.forms.choices import ROLES
from sealroom.web.forms.people import InviteForm, RoleForm
from sealroom.web.gates import MemberRequest, admin_required

_members_only = admin_required(Capability.MANAGE_MEMBERS)


@require_http_methods(["GET", "POST"])
@_members_only
def index(request: MemberRequest) -> HttpResponse:
    """The lists, and the form that invites."""
    now, refusal = timezone.now(), None
    form = InviteForm(request.POST or None, initial={"role": "user"})
    if request.method == "POST" and form.is_valid():
        try:
            billing.invite_member(request.actor, form.cleaned_data["email"], form.cleaned_data["role"], now=now)
        except DomainError as error:
            refusal = refusal_of(error, may_see=request.actor.capabilities)
        else:
            return done(request, reverse("web:members"), _("%(email)s is invited.") % {"email": form.cleaned_data["email"]})
    status = refusal.status if refusal else 422 if form.errors else 200
    context = {
        "form": form,
        "refusal": refusal,
        "members": queries.list_members(request.actor),
        "invitations": queries.list_invitations(request.actor, now=now),
        "roles": ROLES,
        "seats": plans.usage_of(request.actor.team_id, now=now).users,
        "seat_limit": plans.limits_of(request.actor.team_id, now=now).users,
    }
    return page(request, "web/people/members.html", context, status=status)


@require_POST
@_members_only
def role(request: MemberRequest, member_id: str) -> HttpResponse:
    """Make a member User or Admin."""
    form = RoleForm(request.POST)
    accounts.change_role(request.actor, member_id, form.data.get("role", ""), now=timezone.now())
    return done(request, reverse("web:members"), _("The role is changed."))


@require_POST
@_members_only
def remove(request: MemberRequest, member_id: str) -> HttpResponse:
    """End a member's place in the team."""
    accounts.remove_member(request.actor, member_id, now=timezone.now())
    return done(request, reverse("web:members"), _("The member is removed. Sends made by them go on until you end them."))


@require_POST
@_members_only
def withdraw(request: MemberRequest, invitation_id: str) -> HttpResponse:
    """Take an invitation back, or (deed=again) mail it anew."""
    if request.POST.get("deed") == "again":
        accounts.resend_invitation(request.actor, invitation_id, now=timezone.now())
        return done(request, reverse("web:members"), _("The invitation is on its way again."))
    accounts.withdraw_invitation(request.actor, invitation_id, now=timezone.now())
    return done(request, reverse("web:members"), _("The invitation is withdrawn. Its seat is free."))
