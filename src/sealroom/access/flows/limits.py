# SPDX-License-Identifier: Apache-2.0
"""Prints, counted for each reader and document before the first page of one leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.access import queries
from sealroom.access.errors import NotAdmitted, PrintsUsedUp
from sealroom.access.flows.passes import Admission, decide, find_pass
from sealroom.access.models import Grant, Tally
from sealroom.access.rules import Permission, Verdict
from sealroom.core.errors import Forbidden


@transaction.atomic
def take_print(admission: Admission, *, now: datetime) -> int:
    """Count a print of the admitted document, and say how many there are of this reader with it.

    Decides again under the grant's lock, with the policy of that instant: of any number of prints at once no more than the limit
    succeed. Raises `NotAdmitted`, `Forbidden` (not allowed, or a preview), `PrintsUsedUp(limit)`.
    """
    if admission.is_preview:
        raise Forbidden(permission=Permission.PRINT.value, preview=True)
    rows = Grant.objects.select_for_update(of=("self",), no_key=True).select_related("document__current")
    grant = rows.get(pk=admission.grant.pk)
    held = find_pass(admission, now=now)
    ground = replace(queries.ground_of(held, admission.document.public_id), grant=grant)
    verdict = decide(held, ground, ip=admission.viewer.ip, now=now)
    if verdict is not Verdict.ADMIT:
        raise NotAdmitted(reason=verdict.value)
    policy = ground.policy
    if not policy.allows(Permission.PRINT):
        raise Forbidden(permission=Permission.PRINT.value)
    tally, _made = Tally.objects.get_or_create(reader=admission.reader, grant=grant)
    rest = Tally.objects.filter(pk=tally.pk)
    if policy.max_prints is not None:
        rest = rest.filter(prints__lt=policy.max_prints)
    if not rest.update(prints=F("prints") + 1):
        raise PrintsUsedUp(permission=Permission.PRINT.value, limit=policy.max_prints)
    tally.refresh_from_db(fields=["prints"])
    return tally.prints


def prints_left(admission: Admission) -> int | None:
    """How often the reader may still print the document; None where nobody counts."""
    most = admission.policy.max_prints
    if most is None:
        return None
    rows = Tally.objects.filter(reader=admission.reader, grant=admission.grant)
    return max(0, most - (rows.values_list("prints", flat=True).first() or 0))
