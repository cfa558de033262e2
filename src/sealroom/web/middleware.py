# SPDX-License-Identifier: Apache-2.0
"""Who the signed-in member is: sets `request.actor` (None without an active membership) and `request.client_address`. And the host
of add-ins, where nobody signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Route
from sealroom.httpkit.address import client_address

_ADD_IN_PATHS = ("/integrations/outlook/", "/api/v1/")
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


class AddInHost:
    """A host name of its own for add-ins (SEALROOM_MAIL_ADDIN_ORIGIN): their files, the API, and an empty first page that may be
    framed, because some versions of Outlook look whether that can be. No page of a member is there to be framed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.host = settings.SEALROOM_MAIL_ADDIN_ORIGIN.partition("://")[2]
        if not self.host or settings.SEALROOM_MAIL_ADDIN_ORIGIN == settings.SEALROOM_BASE_URL:
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer for that host; pass on whatever is for the other one."""
        if request.get_host().lower() != self.host.lower() or request.path.startswith(_ADD_IN_PATHS):
            return self.get_response(request)
        is_root = request.path == "/" and request.method in {"GET", "HEAD"}
        response = HttpResponse(status=200 if is_root else 404, content_type="text/plain; charset=utf-8")
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        response.may_be_framed = is_root  # type: ignore[attr-defined]
        return response
