# SPDX-License-Identifier: Apache-2.0
"""Members who ask for what their role does not allow, or order what cannot be, leave a line in the audit trail, whichever door
refused them."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest
from django.utils import timezone

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import DomainError, Forbidden


def note_denied(request: HttpRequest, actor: Actor | None, error: DomainError) -> None:
    """Write a refusal of rights down, with the address that was asked for; other refusals are no matter of the trail."""
    if actor is None or not isinstance(error, Forbidden):
        return
    right = str(error.facts.get("capability", ""))
    audit.record(actor.who, Verb.DENIED, "team", actor.team, now=timezone.now(), deed=_deed(request), code=error.code, right=right)


def note_bad_order(request: HttpRequest, actor: Actor, fields: Collection[str]) -> None:
    """Write down that an order made no sense (below zero, broken, huge) before any room saw it; rooms write down their own
    refusals."""
    audit.record(
        actor.who, Verb.DENIED, "team", actor.team, now=timezone.now(), deed=_deed(request), code="invalid", fields=sorted(fields)
    )


def _deed(request: HttpRequest) -> str:
    match = request.resolver_match
    return f"{request.method} {match.route if match else request.path}"
