# SPDX-License-Identifier: Apache-2.0
"""The recipients' own cookie: it names a browser. The portal gives and reads it; the members' door gives it to a sender who looks
at a send as a recipient would."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE_LIFE = timedelta(days=30)


def cookie_name() -> str:
    """Under https the prefix binds it to this host and to TLS."""
    return "__Host-sealroom_visitor" if settings.SEALROOM_SECURE else "sealroom_visitor"


def visitor_cookie(request: HttpRequest) -> str | None:
    """The browser's secret, if it has one."""
    return request.COOKIES.get(cookie_name()) or None


def set_visitor_cookie(response: HttpResponseBase, secret: str, *, remember: bool) -> None:
    """Give the browser its secret: for as long as it is open, or for 30 days. How long it opens anything is decided by the pass."""
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=COOKIE_LIFE if remember else None,
        secure=settings.SEALROOM_SECURE,
        httponly=True,
        samesite="Lax",
    )
