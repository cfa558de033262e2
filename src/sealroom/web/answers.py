# SPDX-License-Identifier: Apache-2.0
"""How this door answers: whole pages in the members' frame, parts of pages for htmx, redirects after a deed."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from sealroom.web.frame import frame_of


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (a boosted or restored page is a whole one)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def page(request: HttpRequest, template: str, context: Mapping[str, object] | None = None, *, status: int = 200) -> HttpResponse:
    """A whole page, with what the frame shows (navigation, credits, account) when a member reads it."""
    body = render_to_string(template, {**frame_of(request), **(context or {})}, request)
    response = HttpResponse(body, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def part(request: HttpRequest, template: str, context: Mapping[str, object] | None = None, *, status: int = 200) -> HttpResponse:
    """A part of a page for htmx."""
    response = HttpResponse(render_to_string(template, dict(context or {}), request), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def done(request: HttpRequest, to: str, sentence: str = "") -> HttpResponse:
    """After a deed: tell what was done, on the page the reader goes to. htmx is told to go there too."""
    if sentence:
        messages.success(request, sentence)
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Location": to})
    return redirect(to)


def safe_next(request: HttpRequest, fallback: str) -> str:
    """The address in `next` when it lies within this site, else the fallback."""
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else fallback
