# SPDX-License-Identifier: Apache-2.0
"""What every recipient's request passes: its cookie, its language, and the table of refusals."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from sealroom.core.errors import DomainError
from sealroom.portal.errors import FAULT, Refusal, code_of, refusal_for, retry_after

View = Callable[..., HttpResponseBase]
COOKIE_LIFE = timedelta(days=30)
log = structlog.get_logger("sealroom.portal")


def cookie_name() -> str:
    """The recipients' own cookie; under https the prefix binds it to this host and to TLS."""
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


def speak(request: HttpRequest, language: str) -> None:
    """Use the link's language from here on, unless the reader chose one."""
    known = {code for code, _ in settings.LANGUAGES}
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and language in known:
        translation.activate(language)
        request.LANGUAGE_CODE = language


def page_view(view: View) -> View:
    """A view that answers with a page: refusals become pages of the same door."""

    @functools.wraps(view)
    def answer(request: HttpRequest, **names: object) -> HttpResponseBase:
        try:
            response = view(request, **names)
        except DomainError as error:
            response = refusal_page(request, error, reference=str(names.get("link_id", "")))
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response

    return answer


def data_view(view: View) -> View:
    """A view that answers the viewer's script: refusals become problem documents (RFC 9457), and nothing may be kept."""

    @functools.wraps(view)
    def answer(request: HttpRequest, **names: object) -> HttpResponseBase:
        try:
            response = view(request, **names)
        except DomainError as error:
            response = problem(error)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return answer


def problem(error: DomainError) -> JsonResponse:
    """A refusal for the viewer: code, gate, and the sentences it shows."""
    refusal = _known(error)
    body = {"title": str(refusal.title), "detail": str(refusal.advice), "status": refusal.status, "code": code_of(error)}
    if refusal.gate:
        body["gate"] = refusal.gate
    response = JsonResponse(body, status=refusal.status, content_type="application/problem+json")
    if seconds := retry_after(error) or ("2" if refusal.status == 503 else ""):
        response.headers["Retry-After"] = seconds
    return response


def refusal_page(request: HttpRequest, error: DomainError, *, reference: str) -> HttpResponse:
    """A refusal as a page. A missing proof shows the same neutral page as the mailed link, for any address."""
    refusal = _known(error)
    if refusal.gate == "email":
        return landing_page(request, reference, status=refusal.status)
    response = render(
        request, "portal/refusal.html", {"refusal": refusal, "starts_at": error.facts.get("starts_at")}, status=refusal.status
    )
    if seconds := retry_after(error):
        response.headers["Retry-After"] = seconds
    return response


def landing_page(request: HttpRequest, reference: str, *, status: int = 200, **context: object) -> HttpResponse:
    """The neutral first page. It knows nothing of the link, so it is the same for every one that is and is not."""
    return render(request, "portal/landing.html", {"reference": reference, "host": own_host(), **context}, status=status)


def own_host() -> str:
    """What must stand in the reader's address bar."""
    return urlsplit(settings.SEALROOM_BASE_URL).netloc


def _known(error: DomainError) -> Refusal:
    refusal = refusal_for(error)
    if refusal is FAULT:
        log.error("refusal without a sentence", code=code_of(error))
    return refusal
