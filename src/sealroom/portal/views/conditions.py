# SPDX-License-Identifier: Apache-2.0
"""The gates behind the code: passcode and terms, each a page of its own, and the record of what was accepted."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sealroom.access import flows as access
from sealroom.access import queries
from sealroom.access.errors import PasscodeWrong, TermsStale
from sealroom.access.flows import Gate
from sealroom.access.rules import Verdict
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal import way
from sealroom.portal.door import data_view, page_view, pass_on, passcode_page, speak, terms_page
from sealroom.portal.errors import refusal_for, retry_after
from sealroom.viewing.flows.pages import draw_page

SHEET = 1200  # pixels across a page of terms
LONGEST = 400  # characters that are read of a field


@page_view
def passcode(request: HttpRequest, *, reference: str) -> HttpResponseBase:
    """Show the field (GET), or try a passcode (POST)."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    gate = _gate(request, reference, Verdict.PASSCODE)
    if not gate.is_due:
        return _to_landing(request, gate.link.public_id)
    if request.method == "POST":
        return _try_passcode(request, gate.link.public_id)
    return passcode_page(request, gate.link.public_id)


def _try_passcode(request: HttpRequest, link_id: str) -> HttpResponse:
    ip = client_address(request)
    typed = request.POST.get("passcode", "")[:LONGEST]
    try:
        verified = access.try_passcode(visitor_cookie(request), link_id, typed, ip=ip, now=timezone.now())
    except (PasscodeWrong, Invalid) as error:
        left = error.facts.get("tries_left")
        return passcode_page(request, link_id, status=422, refusal=refusal_for(PasscodeWrong()), tries_left=left)
    except RateLimited as error:
        seconds = retry_after(error)
        response = passcode_page(request, link_id, status=429, wait=int(seconds or 0))
        if seconds:
            response.headers["Retry-After"] = seconds
        return response
    return pass_on(request, verified)


def _to_landing(request: HttpRequest, link_id: str) -> HttpResponse:
    """The gate is not due any more: the link itself knows the way on."""
    return redirect(way.with_file(reverse("portal:landing", args=[link_id]), way.wanted_file(request, link_id)))


@page_view
def terms(request: HttpRequest, *, reference: str) -> HttpResponseBase:
    """Show the text in force (GET), or accept it (POST)."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    gate = _gate(request, reference, Verdict.TERMS)
    if not gate.is_due:
        return _to_landing(request, gate.link.public_id)
    if request.method == "POST":
        return _accept(request, gate.link.public_id, now=timezone.now())
    return terms_page(request, gate.link.public_id)


def _accept(request: HttpRequest, link_id: str, *, now: datetime) -> HttpResponse:
    ip, name = client_address(request), request.POST.get("name", "")[:LONGEST]
    try:
        verified = access.accept_terms(
            visitor_cookie(request),
            link_id,
            request.POST.get("terms", "")[:LONGEST],
            name,
            ip=ip,
            user_agent=request.headers.get("User-Agent", ""),
            now=now,
        )
    except TermsStale as error:
        return terms_page(request, link_id, status=409, refusal=refusal_for(error), name=name)
    except Invalid:
        return terms_page(request, link_id, status=422, name=name, name_error=_("Enter your full name, at most 200 characters."))
    return pass_on(request, verified)


@require_GET
@data_view
def terms_image(request: HttpRequest, *, link_id: str, number: int) -> HttpResponse:
    """One page of terms that are a PDF, stamped for this reader as every page is."""
    gate = _gate(request, link_id, Verdict.TERMS)
    text = gate.terms
    if text is None or text.version is None:
        raise NotFound(kind="terms", id=link_id)
    image = draw_page(text.version, number, width=SHEET, wishes=gate.policy.watermark, viewer=gate.viewer, now=timezone.now())
    headers = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(image.data, content_type=image.content_type, headers=headers)


@require_GET
@page_view
def certificate(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """The record of what this reader accepted last, made of our own data."""
    found = queries.own_acceptance(_gate(request, link_id, Verdict.TERMS).held)
    if found is None:
        raise NotFound(kind="acceptance", id=link_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.public_id}.pdf"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HttpResponse(queries.certificate_pdf(found), content_type="application/pdf", headers=headers)


def _gate(request: HttpRequest, reference: str, upto: Verdict) -> Gate:
    gate = access.check_gate(visitor_cookie(request), reference, ip=client_address(request), now=timezone.now(), upto=upto)
    speak(request, gate.link.language)
    return gate
