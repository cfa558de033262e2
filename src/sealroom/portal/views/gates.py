# SPDX-License-Identifier: Apache-2.0
"""The first gates: address and code, or a button. Nothing here says whether a link or an invitation exists, and looking (GET)
changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sealroom.access import flows as access
from sealroom.access import queries
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong
from sealroom.access.queries import LandingState
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import DomainError, Invalid, NotFound, RateLimited
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import set_visitor_cookie, visitor_cookie
from sealroom.portal import way
from sealroom.portal.door import landing_page, onward, own_host, page_view, pass_on
from sealroom.portal.errors import refusal_for, retry_after

RESEND_AFTER = timedelta(seconds=45)
LONGEST_ADDRESS = 320


@require_safe
@page_view
def landing(request: HttpRequest, *, reference: str) -> HttpResponse:
    """The mailed link: the neutral page, or onward for a browser that proved its address."""
    found = queries.landing(visitor_cookie(request), reference, ip=client_address(request), now=timezone.now())
    if found.state in {LandingState.NEEDS_CODE, LandingState.NEEDS_OPEN}:
        return landing_page(request, reference, can_open=found.state is LandingState.NEEDS_OPEN)
    return onward(request, found, found.link_id)


@require_POST
@page_view
def open_link(request: HttpRequest, *, reference: str) -> HttpResponse:
    """Open a link that asks for no address. Of every other link nothing more is told than by the neutral page."""
    now, ip = timezone.now(), client_address(request)
    meeting = access.meet(visitor_cookie(request), user_agent=request.headers.get("User-Agent", ""), now=now)
    try:
        verified = access.open_link(meeting.visitor, reference, ip=ip, now=now)
    except NotFound:
        return landing_page(request, reference, status=404)
    return pass_on(request, verified)


@require_POST
@page_view
def ask_code(request: HttpRequest, *, reference: str) -> HttpResponse:
    """Promise a code. The answer is the same for invited, not invited and unknown."""
    now = timezone.now()
    typed = request.POST.get("address", "").strip()[:LONGEST_ADDRESS]
    try:
        canonical_address(typed)
    except BadAddress:
        error = _("Enter a whole e-mail address, such as name@example.com.")
        return landing_page(request, reference, status=422, address=typed, address_error=error)
    meeting = access.meet(visitor_cookie(request), user_agent=request.headers.get("User-Agent", ""), now=now)
    try:
        access.request_code(meeting.visitor, reference, typed, ip=client_address(request), language=get_language() or "en", now=now)
    except RateLimited as limited:
        return _too_many(request, reference, typed, limited)
    response = redirect("portal:verify", reference=reference)
    response.status_code = 303
    way.keep(request, response)
    if meeting.new_cookie:
        set_visitor_cookie(response, meeting.new_cookie, remember=False)
    return response


@page_view
def verify(request: HttpRequest, *, reference: str) -> HttpResponse:
    """Show the field for the code (GET), or try one (POST)."""
    now = timezone.now()
    if request.method == "POST":
        return _try_code(request, reference, now=now)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    return _code_page(request, reference, now=now)


def _try_code(request: HttpRequest, reference: str, *, now: datetime) -> HttpResponse:
    meeting = access.meet(visitor_cookie(request), user_agent=request.headers.get("User-Agent", ""), now=now)
    code = "".join(request.POST.get("code", "")[:20].split())
    remember = request.POST.get("remember") == "on"
    try:
        verified = access.verify_code(meeting.visitor, reference, code, remember=remember, ip=client_address(request), now=now)
    except (CodeWrong, CodeExpired, CodeWornOut, Invalid, RateLimited) as error:
        return _code_page(request, reference, now=now, error=error)
    return pass_on(request, verified)


def _code_page(request: HttpRequest, reference: str, *, now: datetime, error: DomainError | None = None) -> HttpResponse:
    challenge = queries.open_challenge(visitor_cookie(request), reference)
    if challenge is None:
        return redirect("portal:landing", reference=reference)
    refusal = refusal_for(error) if error else None
    if isinstance(error, Invalid):
        refusal = refusal_for(CodeWrong())
    context = {
        "reference": reference,
        "host": own_host(),
        "challenge": challenge,
        "refusal": refusal,
        "usable": challenge.tries_left > 0 and challenge.expires_at > now,
        "seconds_left": int((challenge.expires_at - now).total_seconds()),
        "resend_at": challenge.made_at + RESEND_AFTER,
        "resend_in": max(0, int((challenge.made_at + RESEND_AFTER - now).total_seconds())),
    }
    response = render(request, "portal/verify.html", context, status=refusal.status if refusal else 200)
    if error is not None and (seconds := retry_after(error)):
        response.headers["Retry-After"] = seconds
    elif isinstance(error, CodeWornOut):
        response.headers["Retry-After"] = str(context["resend_in"])
    return response


def _too_many(request: HttpRequest, reference: str, typed: str, limited: RateLimited) -> HttpResponse:
    seconds = retry_after(limited)
    response = landing_page(request, reference, status=429, address=typed, wait=int(seconds or 0))
    if seconds:
        response.headers["Retry-After"] = seconds
    return response
