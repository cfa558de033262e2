# SPDX-License-Identifier: Apache-2.0
"""The door for reports that a mail never arrived, from a mail service that tells them by HTTP. Whoever knocks has no key, only a
signature over the time and the bytes of the body (HMAC-SHA-256)."""

from __future__ import annotations

import hmac
import json
import re
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from sealroom.api.errors import problem, problem_for
from sealroom.billing.errors import BadSignature
from sealroom.core.errors import DomainError, Invalid
from sealroom.documents.errors import TooLarge
from sealroom.mail import flows as mail

LARGEST_BODY = 256 * 1024
TOLERANCE = 300  # seconds between the signing and now
MOST_EVENTS = 500
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


@csrf_exempt
def receive_bounces(request: HttpRequest) -> HttpResponse:
    """Take {"events": [{"message", "permanent", "reason"}]}; answers {"changed": number}. Twice is harmless."""
    if request.method != "POST":
        response = problem(request, "method_not_allowed")
        response.headers["Allow"] = "POST"
        return response
    if not settings.SEALROOM_BOUNCE_SECRET:
        return problem(request, "not_found")
    try:
        return JsonResponse({"changed": _take(request, now=timezone.now())})
    except DomainError as error:
        return problem_for(request, error)


def _take(request: HttpRequest, *, now: datetime) -> int:
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > LARGEST_BODY:
        raise TooLarge(limit=LARGEST_BODY)
    try:
        body = request.body
    except UnreadablePostError:
        raise Invalid({"body": ["was cut off"]}) from None
    if not _is_signed(request.headers.get("Sealroom-Signature", ""), body, now=now):
        raise BadSignature
    events = _events(body)
    if events is None:
        raise Invalid({"events": ["unreadable"]})
    return sum(mail.record_bounce(message, reason, now, permanent=permanent) for message, permanent, reason in events)


def _is_signed(header: str, body: bytes, *, now: datetime) -> bool:
    found = _SIGNATURE.fullmatch(header.strip())
    if found is None or abs(now.timestamp() - int(found[1])) > TOLERANCE:
        return False
    made = hmac.new(settings.SEALROOM_BOUNCE_SECRET.encode(), f"{found[1]}.".encode() + body, "sha256").hexdigest()
    return hmac.compare_digest(made, found[2])


def _events(body: bytes) -> list[tuple[str, bool, str]] | None:
    """Message (return path, public id or Message-ID), whether for good, reason; None when it is not of this form."""
    try:
        rows = json.loads(body)["events"]
        if not isinstance(rows, list) or len(rows) > MOST_EVENTS:
            return None
        return [(str(row["message"])[:320], row["permanent"] is True, str(row.get("reason", ""))[:300]) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
