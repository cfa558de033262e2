# SPDX-License-Identifier: Apache-2.0
"""Asking a sender for access. Whoever asks learns nothing of the link: the answer is the same for every one that is and is not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid, RateLimited
from sealroom.httpkit.address import client_address
from sealroom.portal.door import own_host, page_view
from sealroom.portal.errors import retry_after
from sealroom.sends import flows as sends

LONGEST_ADDRESS, LONGEST_NAME, LONGEST_NOTE = 320, 200, 500


@page_view
def request_access(request: HttpRequest, *, reference: str) -> HttpResponse:
    """The form (GET), or ask (POST)."""
    if request.method == "POST":
        return _ask(request, reference)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    return _page(request, reference, is_sent="sent" in request.GET)


def _ask(request: HttpRequest, reference: str) -> HttpResponse:
    typed = {name: request.POST.get(name, "").strip() for name in ("address", "name", "note")}
    errors = _errors(typed)
    if errors:
        return _page(request, reference, status=422, errors=errors, **typed)
    try:
        sends.request_access(reference, **typed, ip=client_address(request), now=timezone.now())
    except Invalid as error:
        return _page(request, reference, status=422, errors={name: _unusable() for name in error.errors}, **typed)
    except RateLimited as error:
        seconds = retry_after(error)
        response = _page(request, reference, status=429, wait=int(seconds or 0), **typed)
        if seconds:
            response.headers["Retry-After"] = seconds
        return response
    answer = redirect(reverse("portal:request", kwargs={"reference": reference}) + "?sent")
    answer.status_code = 303
    return answer


def _errors(typed: dict[str, str]) -> dict[str, str]:
    errors = {}
    try:
        canonical_address(typed["address"][: LONGEST_ADDRESS + 1])
    except BadAddress:
        errors["address"] = _("Enter a whole e-mail address, such as name@example.com.")
    if not typed["name"] or len(typed["name"]) > LONGEST_NAME or not typed["name"].isprintable():
        errors["name"] = _("Enter your full name, at most 200 characters.")
    if len(typed["note"].replace("\r\n", "\n")) > LONGEST_NOTE:
        errors["note"] = _("Write at most 500 characters.")
    return errors


def _unusable() -> str:
    return _("This cannot be used. Please change it.")


def _page(request: HttpRequest, reference: str, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, "portal/request.html", {"reference": reference, "host": own_host(), **context}, status=status)
