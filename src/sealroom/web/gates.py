# SPDX-License-Identifier: Apache-2.0
"""Who may pass to a view, and what happens when a room refuses. Every view of this door wears exactly one gate.

A gate also answers `DomainError` from the one table in `errors.py`, so that no view repeats it: `refusals` is part of each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import DomainError, NotFound
from sealroom.httpkit.denials import note_denied
from sealroom.web.errors import SignedOut, answer_refusal

P = ParamSpec("P")


class UserRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


class MemberRequest(UserRequest):
    """A request of a member of a team."""

    actor: Actor


AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
UserView = Callable[Concatenate[UserRequest, P], HttpResponseBase]
MemberView = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def open_door(view: AnyView[P]) -> AnyView[P]:
    """Everybody may pass; what a room refuses becomes a page."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return _answered(request, view, *args, **kwargs)

    return gate


def signed_in(view: UserView[P]) -> AnyView[P]:
    """Whoever signed in, with a team or without; others are led to the sign-in page."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        return view(cast("UserRequest", request), *args, **kwargs)

    return open_door(gate)


def member_required(view: MemberView[P]) -> AnyView[P]:
    """Members; somebody without a team is led to the page that makes one."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        actor: Actor | None = getattr(request, "actor", None)
        if actor is None:
            return redirect("web:new_team")
        with timezone.override(zone_of(actor)):
            return _answered(cast("MemberRequest", request), view, *args, **kwargs)

    return gate


def admin_required(capability: Capability) -> Callable[[MemberView[P]], AnyView[P]]:
    """Members with this right; others get 403. The flow asks again: this gate only keeps the page itself away."""

    def wear(view: MemberView[P]) -> AnyView[P]:
        @wraps(view)
        def gate(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request.actor.require(capability)
            return view(request, *args, **kwargs)

        return member_required(gate)

    return wear


def operator_required(view: UserView[P]) -> AnyView[P]:
    """Operators; for everybody else the page does not exist."""

    @wraps(view)
    def gate(request: UserRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_operator:
            raise NotFound(kind="page")
        actor: Actor | None = getattr(request, "actor", None)
        with timezone.override(zone_of(actor) if actor else UTC):
            return view(request, *args, **kwargs)

    return signed_in(gate)


def zone_of(actor: Actor) -> ZoneInfo:
    """The member's time zone: forms are read and moments are written in it."""
    try:
        return ZoneInfo(actor.time_zone)
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


R = TypeVar("R", bound=HttpRequest)


def _answered(
    request: R, view: Callable[Concatenate[R, P], HttpResponseBase], *args: P.args, **kwargs: P.kwargs
) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)
    except DomainError as error:
        note_denied(request, getattr(request, "actor", None), error)
        return answer_refusal(request, error)


def _sign_in_first(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        # The page stays as it is, with what was typed into it; signing in happens beside it.
        return answer_refusal(request, SignedOut())
    return redirect_to_login(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    # A deed is not repeated after signing in: only pages are returned to.
    return request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
