# SPDX-License-Identifier: Apache-2.0
"""Beginnings: the installation's first account, a new team, taking an offered seat."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.accounts.models import User
from sealroom.billing import flows as billing
from sealroom.core.errors import Invalid, NotFound
from sealroom.web.answers import page
from sealroom.web.forms.start import SetupForm, TeamForm
from sealroom.web.gates import UserRequest, open_door, signed_in

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_http_methods(["GET", "POST"])
@open_door
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first account, an operator, and its team. The link works once; looking at the page uses nothing up."""
    now = timezone.now()
    if not queries.is_setup_link_open(token, now=now):
        raise NotFound(kind="setup")
    form = SetupForm(request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            user = billing.set_up(
                token,
                email=data["email"],
                password=data["password"],
                person=data["person"],
                team=data["name"],
                time_zone=data["time_zone"],
                language=data["language"],
                now=now,
            )
        except Invalid as error:
            form.add_error(None, _("Something does not fit: %(fields)s") % {"fields": ", ".join(error.errors)})
        else:
            login(request, user, backend=_BACKEND)
            return redirect("web:send_files")
    return page(request, "web/start/setup.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def new_team(request: UserRequest) -> HttpResponse:
    """Make a team; whoever has one is led to it."""
    if getattr(request, "actor", None) is not None:
        return redirect("web:send_files")
    form = TeamForm(request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        data, now = form.cleaned_data, timezone.now()
        billing.found_team(request.user, name=data["name"], time_zone=data["time_zone"], language=data["language"], now=now)
        if request.user.time_zone == "UTC":
            accounts.update_profile(request.user, time_zone=data["time_zone"], language=data["language"], now=now)
        return redirect("web:send_files")
    return page(request, "web/start/new_team.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@open_door
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show an offered seat to the one person it was offered to, and give it when he takes it.

    Everybody else is told to sign in with the invited address, whether the link is unknown, ended or another's.
    """
    now = timezone.now()
    offer = queries.offer_of(token, request.user, now=now)
    if request.method == "POST" and offer is not None:
        accounts.accept_invitation(token, cast("User", request.user), now=now)
        messages.success(request, _("Welcome to %(team)s.") % {"team": offer.team_name})
        return redirect("web:send_files")
    return page(request, "web/start/join.html", {"offer": offer, "here": request.path}, status=200)
