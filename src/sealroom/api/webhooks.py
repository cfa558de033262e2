# SPDX-License-Identifier: Apache-2.0
"""The door for the payment provider's messages. It is in no description for customers: whoever knocks has no key, only a signature
over the bytes of the body. Answers 200 after the event and its effect are committed, so that anything else is sent again."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from sealroom.api.errors import problem, problem_for
from sealroom.billing import flows as billing
from sealroom.billing.errors import BadSignature
from sealroom.billing.ports import get_gateway
from sealroom.core import ratelimit
from sealroom.core.errors import DomainError
from sealroom.httpkit.address import client_address

LARGEST_BODY = 256 * 1024
FORGERIES, WINDOW = 20, timedelta(minutes=1)  # from one address, before it is told to wait
log = structlog.get_logger("sealroom.billing")


@csrf_exempt
def receive_event(request: HttpRequest, gateway: str) -> HttpResponse:
    """One message: {"result": "ok" or "duplicate"}."""
    if request.method != "POST":
        response = problem(request, "method_not_allowed")
        response.headers["Allow"] = "POST"
        return response
    if gateway != settings.SEALROOM_PAYMENT_GATEWAY:
        return problem(request, "not_found")
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > LARGEST_BODY:  # without one, no body is read
        return problem(request, "too_large", {"limit": LARGEST_BODY})
    try:
        body = request.body
    except UnreadablePostError:
        return problem(request, "invalid", {"errors": {"body": ["was cut off"]}})
    try:
        return _take(request, body)
    except DomainError as error:
        return problem_for(request, error)


def _take(request: HttpRequest, body: bytes) -> HttpResponse:
    now = timezone.now()
    try:
        event = get_gateway().read_event(body, request.headers)
    except BadSignature:
        # Counted only when it is one: the provider's own messages are never slowed down by a forger behind the same proxy.
        address = client_address(request)
        ratelimit.take("billing.bad_signature", ratelimit.source_of(address), limit=FORGERIES, per=WINDOW, now=now)
        log.warning("message without a good signature", ip=address)
        raise
    outcome = billing.receive_event(event, now=now)
    return JsonResponse({"result": outcome.result})
