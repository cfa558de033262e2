# SPDX-License-Identifier: Apache-2.0
"""Doing a thing once: the key is claimed first of all, so that of any number of equal requests at one time one does it and the
others answer with what it did. Also the one lock under which sends change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError

from sealroom.accounts.rules import Actor
from sealroom.billing.queries import require_standing
from sealroom.core.errors import IdempotencyConflict, Invalid, NotFound
from sealroom.core.secrets import keyring
from sealroom.credits import flows as credit_flows
from sealroom.credits.flows import Receipt
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Version, VersionScan
from sealroom.sends import rules
from sealroom.sends.errors import DocumentFailed, NotReady
from sealroom.sends.models import Deed, DeedKind, Send

Result = TypeVar("Result")
RETRY_AFTER = 2  # seconds, while files are inspected
_MOST_KEY = 255


def once(deed: Callable[[], Result]) -> Result:
    """Run a deed that claims a key. The loser of a race for the key is rolled back whole and runs again: it then finds the
    winner's row."""
    try:
        return deed()
    except IntegrityError:
        return deed()


def digest_of(deed: str, content: object) -> str:
    """`rules.request_digest` under a key of this installation that serves nothing else."""
    return rules.request_digest(deed, content, key=keyring().derive("request-digest"))


def claim(actor: Actor, kind: DeedKind, *, key: str, digest: str, now: datetime) -> tuple[Deed, bool]:
    """The deed of this key, and whether it is a new one. First statement of the caller's transaction. Raises
    `IdempotencyConflict` when the key was used for another request."""
    if not 0 < len(key) <= _MOST_KEY:
        raise Invalid({"key": ["length"]})
    known = Deed.objects.select_related("send").filter(team_id=actor.team_id, actor_id=actor.user_id, key=key).first()
    if known is None:
        made = Deed.objects.create(
            team_id=actor.team_id, actor_id=actor.user_id, key=key, request_digest=digest, kind=kind, made_at=now
        )
        return made, True
    if known.request_digest != digest or known.kind != kind:
        raise IdempotencyConflict(key=key)
    return known, False


def lock_wallet(team_id: int, *, now: datetime) -> None:
    """Every deed that may charge or give back takes the wallet first, then the send: one order, so no two wait for each other."""
    credit_flows.roll(team_id, now=now)


def charge(actor: Actor, pairs: Sequence[str], *, key: str, request_digest: str, about: str, note: str, now: datetime) -> Receipt:
    """Charge for pairs, unless the team is stopped, a renewal overdue or a version not cleared by the virus scanner. Raises
    `TeamSuspended`, `PaymentDue`, `NotReady`, `DocumentFailed`, and what `credits.flows.spend` raises."""
    require_standing(actor, now=now)
    _require_cleared(pairs)
    return credit_flows.spend(
        actor.team_id, pairs, actor=actor, key=key, request_digest=request_digest, about=about, note=note, now=now
    )


def _require_cleared(pairs: Sequence[str]) -> None:
    """Whatever lets somebody read comes by here, so this holds for deeds that look at documents in no other way."""
    named = {rules.version_of(pair) for pair in pairs}
    for version in Version.objects.select_related("document").filter(public_id__in=named).exclude(scan=VersionScan.CLEAN):
        about = {"document": version.document.public_id, "name": version.document.name}
        if version.is_infected:
            raise DocumentFailed(**about, error=version.error_code, **version.error_facts)
        if not document_queries.is_cleared(version):
            raise NotReady(**about, reason="preparing", retry_after=RETRY_AFTER)


def lock_send(send: Send) -> Send:
    """The send as it is now, held until the caller's transaction ends."""
    locked = (
        Send.objects.select_for_update(of=("self",), no_key=True)
        .select_related("policy__terms", "team", "sender", "open_link", "preset")
        .filter(pk=send.pk, deleted_at=None)
        .first()
    )
    if locked is None:
        raise NotFound(kind="send", id=send.public_id)
    return locked
