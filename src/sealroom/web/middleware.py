# SPDX-License-Identifier: Apache-2.0
"""Who the signed-in member is: sets `request.actor` (None without an active membership) and `request.client_address`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Route
from sealroom.httpkit.address import client_address

_OTHER_DOORS = frozenset({"portal", "api"})


class Membership:
    """Reads the member afresh at each request of the members' pages, so that one who was removed has no team with the next click.

    Other doors have their own proofs: there no session is opened for it. The read happens just before the view, never for static
    files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        request.actor = None  # type: ignore[attr-defined]
        request.client_address = client_address(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object) -> None:
        """Find the actor."""
        match = request.resolver_match
        if match is not None and _OTHER_DOORS.isdisjoint(match.app_names):
            ip = request.client_address  # type: ignore[attr-defined]
            request.actor = actor_for(request.user, route=Route.WEB, ip=ip)  # type: ignore[attr-defined]
