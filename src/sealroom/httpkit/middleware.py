# SPDX-License-Identifier: Apache-2.0
"""What every response passes: a request id, security headers, the reader's language, honest answers to a busy
database and a full disk."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from sealroom.core.ids import new_id
from sealroom.httpkit.faults import is_busy, is_full
from sealroom.httpkit.pages import busy_page, error_page, full_page

Handler = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("sealroom.http")


class RequestId:
    """Names each request; error pages and logs show the name, nothing else of what went wrong."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set `request.request_id` and the header."""
        request.request_id = new_id("req")  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class SecurityHeaders:
    """Headers of every response, errors included; the CSP is set by django-csp."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add what is not set already; pages are never kept by caches, only static files are. A response that `may_be_framed`
        says in its policy by whom: the older header could not."""
        from django.conf import settings  # noqa: PLC0415 -- app ready

        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        if not getattr(response, "may_be_framed", False):
            headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        if settings.SECURE_HSTS_SECONDS:
            headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains")
        if not request.path.startswith(settings.STATIC_URL):
            headers.setdefault("Cache-Control", "private, no-store")
        return response


class DatabaseBusy:
    """A locked or absent database is 503 with Retry-After, not a traceback; nothing was written, transactions rolled back. What
    fails before the view (the session of a member) comes to `pages.server_error` instead, with the same answer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a passing database fault into 503."""
        if is_busy(error):
            log.warning("database busy", error=str(error)[:200])
            return busy_page(request)
        if is_full(error):
            log.error("no room left", error=str(error)[:200])
            return full_page(request)
        return None

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Refuse the character NUL in addresses: no database keeps it, and PostgreSQL fails when it is asked for it. Forms refuse
        it in their fields, the API in its guard."""
        said = [request.path, *request.GET, *request.GET.values()]
        if any("\0" in text for text in said) and not request.path.startswith("/api/"):
            return error_page(request, status=400, code="invalid")
        return None


class Language(LocaleMiddleware):
    """The language chosen in the language menu (cookie), else the member's, else what the browser asks for."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate it for this request."""
        super().process_request(request)
        request.LANGUAGE_CODE = translation.get_language() or "en"
