# SPDX-License-Identifier: Apache-2.0
"""What every recipient's request passes: its cookie, its language, and the table of refusals."""

from __future__ import annotations

import functools
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from sealroom.access import flows as access
from sealroom.access import queries
from sealroom.access.flows import Verified
from sealroom.access.queries import Landing, LandingState
from sealroom.access.rules import Verdict
from sealroom.core.errors import DomainError
from sealroom.documents import queries as documents
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import set_visitor_cookie, visitor_cookie
from sealroom.portal import way
from sealroom.portal.errors import FAULT, Refusal, code_of, refusal_for, retry_after
from sealroom.sends import queries as sends

View = Callable[..., HttpResponseBase]
_GATES = {LandingState.NEEDS_PASSCODE: "portal:passcode", LandingState.NEEDS_TERMS: "portal:terms"}
log = structlog.get_logger("sealroom.portal")


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
            response = refusal_page(request, error, reference=str(names.get("link_id") or names.get("reference") or ""))
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
    """A refusal as a page. Where a gate can still be passed, it is the gate's own page."""
    refusal = _known(error)
    if refusal.gate in {"email", "passcode", "nda"} and reference:
        return gate_page(request, reference, status=refusal.status)
    context = {
        "refusal": refusal,
        "starts_at": error.facts.get("starts_at"),
        "reference": reference if refusal.may_ask else "",
    }
    response = render(request, "portal/refusal.html", context, status=refusal.status)
    if seconds := retry_after(error):
        response.headers["Retry-After"] = seconds
    return response


def gate_page(request: HttpRequest, reference: str, *, status: int = 200) -> HttpResponse:
    """The page of the gate this browser stands before. A missing proof shows the same neutral page as the mailed link, for any
    address."""
    found = queries.landing(visitor_cookie(request), reference, ip=client_address(request), now=timezone.now())
    speak(request, found.language)
    if found.state is LandingState.NEEDS_PASSCODE:
        return passcode_page(request, found.link_id, status=status)
    if found.state is LandingState.NEEDS_TERMS:
        return terms_page(request, found.link_id, status=status)
    return landing_page(request, reference, status=status, can_open=found.state is LandingState.NEEDS_OPEN)


def landing_page(request: HttpRequest, reference: str, *, status: int = 200, **context: object) -> HttpResponse:
    """The neutral first page. It knows nothing of the link, so it is the same for every one that is and is not; only of a living
    link that asks for no address it knows that (`can_open`)."""
    words = {"reference": reference, "host": own_host(), "to": way.wanted(request), **context}
    return render(request, "portal/landing.html", words, status=status)


def passcode_page(request: HttpRequest, link_id: str, *, status: int = 200, **context: object) -> HttpResponse:
    """The field for the passcode."""
    words = {"link_id": link_id, "host": own_host(), "to": way.wanted(request), **context}
    return render(request, "portal/passcode.html", words, status=status)


def terms_page(request: HttpRequest, link_id: str, *, status: int = 200, **context: object) -> HttpResponse:
    """The text in force, with the field for the name. Raises `NotAdmitted` for an earlier gate."""
    gate = access.check_gate(visitor_cookie(request), link_id, ip=client_address(request), now=timezone.now(), upto=Verdict.TERMS)
    terms = gate.terms
    words = {
        "link_id": gate.link.public_id,
        "team": gate.link.team.name,
        "terms": queries.terms_view(terms) if terms else None,
        "sheets": documents.page_sizes(terms.version) if terms and terms.version else (),
        "address": gate.held.address,
        "to": way.wanted(request),
        **context,
    }
    return render(request, "portal/terms.html", words, status=status)


def pass_on(request: HttpRequest, verified: Verified) -> HttpResponse:
    """After a gate: onward, with the browser's new secret."""
    found = queries.landing(verified.new_cookie, verified.link_id, ip=client_address(request), now=timezone.now())
    response = onward_status(onward(request, found, verified.link_id))
    if found.state in _GATES:
        way.keep(request, response)
    set_visitor_cookie(response, verified.new_cookie, remember=verified.remembered)
    return response


def onward(request: HttpRequest, found: Landing, link_id: str) -> HttpResponse:
    """To the page of the gate that is next, or to what stands behind the last one."""
    if found.state in _GATES:
        return redirect(way.with_file(reverse(_GATES[found.state], args=[link_id]), way.wanted_file(request, link_id)))
    response = redirect(_behind(request, found, link_id))
    way.forget(request, response)
    return response


def _behind(request: HttpRequest, found: Landing, link_id: str) -> str:
    """The room or the files, there what was asked for first; or the only document, else the list of files, which tells of
    everything else."""
    if found.rights:
        return way.wanted_behind(request, link_id) or reverse("portal:room", args=[link_id])
    if found.state is LandingState.OPEN:
        wished = way.wanted_file(request, link_id)
        if any(one.id == wished and one.can_be_read for one in found.documents):
            return reverse("portal:viewer", args=[link_id, wished])
        if is_only_document(found, link_id):
            return reverse("portal:viewer", args=[link_id, found.documents[0].id])
    return reverse("portal:files", args=[link_id])


def is_only_document(found: Landing, link_id: str) -> bool:
    """Whether one document to read is all that stands behind a link, so that its list would only be in the way."""
    return len(found.documents) == 1 and found.documents[0].can_be_read and not sends.has_words(link_id)


def onward_status(response: HttpResponse) -> HttpResponse:
    """A redirection after something was done: the browser asks for the next page with GET."""
    response.status_code = 303
    return response


def own_host() -> str:
    """What must stand in the reader's address bar."""
    return urlsplit(settings.SEALROOM_BASE_URL).netloc


def _known(error: DomainError) -> Refusal:
    refusal = refusal_for(error)
    if refusal is FAULT:
        log.error("refusal without a sentence", code=code_of(error))
    return refusal
