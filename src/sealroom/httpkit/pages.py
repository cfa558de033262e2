# SPDX-License-Identifier: Apache-2.0
"""Error pages, the same from every door: a sentence, what to do, the request's name, the support address."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from sealroom.httpkit.context import installation
from sealroom.httpkit.faults import is_busy, is_full


def sentence_for(status: int) -> tuple[str, str]:
    """Title and advice for a status, in the active language."""
    table = {
        400: (_("This request could not be read"), _("Go back, check what you entered and try again.")),
        403: (_("You may not do this"), _("Ask an admin of your team, or go back to the page you came from.")),
        404: (_("There is nothing here"), _("The link may be incomplete, or what it led to is no longer available to you.")),
        410: (_("Access has ended"), _("Ask the sender if you still need these documents.")),
        413: (_("This is too large"), _("Send a smaller file, or split it.")),
        429: (_("Too many tries"), _("Wait a little and try again.")),
        500: (
            _("Something went wrong on our side"),
            _("Nothing you entered was lost by it. Try again, or tell us the number below."),
        ),
        503: (_("The server is busy"), _("Nothing was changed. Try again in a few seconds.")),
    }
    return table.get(status, table[500])


def error_page(request: HttpRequest, *, status: int, code: str, title: str = "", advice: str = "") -> HttpResponse:
    """The page (or, for the API, problem+json) for a refusal."""
    default_title, default_advice = sentence_for(status)
    request_id = getattr(request, "request_id", "")
    if request.path.startswith("/api/"):
        body = {
            "type": "about:blank",
            "title": title or default_title,
            "status": status,
            "code": code,
            "request_id": request_id,
        }
        return JsonResponse(body, status=status, content_type="application/problem+json")
    context = {
        "title": title or default_title,
        "advice": advice or default_advice,
        "status": status,
        "code": code,
        "request_id": request_id,
    }
    if status < 500:
        return HttpResponse(render_to_string("kit/error.html", context, request), status=status)
    # Without the request: to know its member the page would ask the very database that may have just failed.
    return HttpResponse(render_to_string("kit/error.html", context | installation()), status=status)


def busy_page(request: HttpRequest) -> HttpResponse:
    """The database did not answer in time; try again in a moment."""
    response = error_page(request, status=503, code="busy")
    response.headers["Retry-After"] = "2"
    return response


def full_page(request: HttpRequest) -> HttpResponse:
    """The disk has no room; nothing of the request was kept."""
    title, advice = _("The server has no room left"), _("Nothing was kept. Try again later.")
    return error_page(request, status=503, code="storage_full", title=title, advice=advice)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    return error_page(request, status=400, code="invalid")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return error_page(request, status=403, code="forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token."""
    return error_page(
        request,
        status=403,
        code="csrf",
        title=_("This form has expired"),
        advice=_("Go back, reload the page and send the form again. Cookies must be allowed."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return error_page(request, status=404, code="not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. Django calls it while it handles the exception, so a database that is only busy is told apart."""
    if is_busy(sys.exc_info()[1]):
        return busy_page(request)
    if is_full(sys.exc_info()[1]):
        return full_page(request)
    return error_page(request, status=500, code="error")
