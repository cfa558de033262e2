# SPDX-License-Identifier: Apache-2.0
"""The API's one table from refusal codes to statuses and sentences (RFC 9457 problem+json)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils.functional import _StrPromise
from django.utils.translation import gettext_lazy

from sealroom.core.errors import DomainError

# code: (status, sentence). The sentence says what to do; %(name)s are facts of the refusal.
TABLE: Mapping[str, tuple[int, _StrPromise]] = {
    "invalid": (400, gettext_lazy("Some fields are not as they must be; 'errors' names them.")),
    "unauthenticated": (401, gettext_lazy("Send a valid API key as 'Authorization: Bearer …'.")),
    "insufficient_credits": (402, gettext_lazy("Too few credits are left; nothing was sent and nothing was charged.")),
    "payment_due": (402, gettext_lazy("A payment is due; an admin can settle it under Billing.")),
    "forbidden": (403, gettext_lazy("Your role or the scopes of this key do not allow this.")),
    "plan_required": (403, gettext_lazy("The team's plan does not include this.")),
    "room_quota": (403, gettext_lazy("All data rooms of the plan are in use.")),
    "guest_quota": (403, gettext_lazy("All guest places of the plan are in use.")),
    "seat_quota": (403, gettext_lazy("All seats of the plan are in use.")),
    "storage_quota": (403, gettext_lazy("The plan's storage is full; delete documents or get more.")),
    "last_admin": (403, gettext_lazy("A team keeps at least one admin; make somebody else an admin first.")),
    "not_found": (404, gettext_lazy("There is no such thing here.")),
    "idempotency_conflict": (409, gettext_lazy("This Idempotency-Key was used for another request; use a new one.")),
    "stale_quote": (409, gettext_lazy("Prices or amounts changed meanwhile; ask for a new quote.")),
    "not_ready": (409, gettext_lazy("A document is still being prepared; try again when its state is 'ready'.")),
    "too_late": (409, gettext_lazy("This can no longer be cancelled; revoke it instead.")),
    "in_use": (409, gettext_lazy("This document is part of live sends; end them first or pass end_sends=true.")),
    "gone": (410, gettext_lazy("Access has ended.")),
    "too_large": (413, gettext_lazy("The file or message is larger than allowed.")),
    "type_refused": (415, gettext_lazy("This kind of file is not accepted.")),
    "password_required": (422, gettext_lazy("The file is protected by a password; remove it and upload again.")),
    "corrupt": (422, gettext_lazy("The file cannot be read; check it in the program that made it and upload again.")),
    "unviewable": (422, gettext_lazy("This file cannot be shown page by page; send it with the right to download the original.")),
    "rate_limited": (429, gettext_lazy("Too many requests; wait and try again.")),
    "busy": (503, gettext_lazy("The server is busy; nothing was changed. Try again in a few seconds.")),
    "storage_full": (503, gettext_lazy("The server has no room for files left; nothing was changed.")),
}
_LIMIT = (422, gettext_lazy("The file is beyond a limit; the facts name it."))
_OTHER = (500, gettext_lazy("Something went wrong on our side; try again or write to support with the request id."))
RETRY_CODES = {"rate_limited", "busy", "storage_full"}


def entry_for(code: str) -> tuple[int, _StrPromise]:
    """Status and sentence of a code; `limit_*` share one."""
    return TABLE.get(code) or (_LIMIT if code.startswith("limit_") else _OTHER)


def problem(request: HttpRequest, code: str, facts: Mapping[str, object] | None = None) -> HttpResponse:
    """The refusal as problem+json, with the facts as members beside it."""
    status, sentence = entry_for(code)
    facts = dict(facts or {})
    body: dict[str, object] = {
        "type": f"urn:sealroom:error:{code}",
        "title": str(sentence),
        "status": status,
        "code": code,
        "request_id": getattr(request, "request_id", ""),
    }
    body |= {name: value for name, value in facts.items() if name not in body}
    response = HttpResponse(json.dumps(body, default=str), status=status, content_type="application/problem+json")
    if code in RETRY_CODES:
        response.headers["Retry-After"] = str(facts.get("retry_after", 2))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sealroom"'
    return response


def problem_for(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a room's refusal."""
    return problem(request, error.code, error.facts)
