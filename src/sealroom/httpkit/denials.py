# SPDX-License-Identifier: Apache-2.0
"""Members who ask for what their role does not allow leave a line in the audit trail, whichever door refused them."""

from __future__ import annotations

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
    match = request.resolver_match
    deed = f"{request.method} {match.route if match else request.path}"
    right = str(error.facts.get("capability", ""))
    audit.record(actor.who, Verb.DENIED, "team", actor.team, now=timezone.now(), deed=deed, code=error.code, right=right)
