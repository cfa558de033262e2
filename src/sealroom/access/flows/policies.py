# SPDX-License-Identifier: Apache-2.0
"""Policies: made, changed, revoked, restored. Whoever holds a pass feels it at the next request."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F

from sealroom.access.models import PolicyRow, Terms
from sealroom.access.rules import KEEP, Policy, TermsMode, checked_passcode
from sealroom.core.errors import Invalid


@transaction.atomic
def create_policy(team_id: int, policy: Policy, *, passcode: str | None = None, own_terms: Terms | None = None) -> PolicyRow:
    """Keep the conditions of a new send. `passcode` is in clear; `own_terms` belongs to the mode "own". Raises `Invalid`."""
    row = PolicyRow.objects.create(team_id=team_id, **_columns(policy), terms=_own_terms(policy, own_terms, None))
    if passcode is not None and passcode != KEEP:
        set_passcode(row, passcode)
    return row


@transaction.atomic
def change_policy(
    row: PolicyRow, policy: Policy, *, now: datetime, passcode: str | None = KEEP, own_terms: Terms | None = None
) -> None:
    """Put other conditions in force, at once and for everybody.

    The passcode stays (`KEEP`), goes (None), or is another (in clear), which everybody is asked for again. `own_terms` None leaves
    the own text in force as long as the mode is "own". Raises `Invalid`.
    """
    terms = _own_terms(policy, own_terms, row.terms)
    PolicyRow.objects.filter(pk=row.pk).update(version=F("version") + 1, terms=terms, **_columns(policy))
    row.refresh_from_db()
    if passcode != KEEP:
        set_passcode(row, passcode)


def set_passcode(row: PolicyRow, clear: str | None) -> None:
    """Ask readers for this passcode from now on, or for none. It is kept as an Argon2 hash. One that is in force already stays
    accepted; another is asked for again of everybody. Raises `Invalid`."""
    if clear is None:
        PolicyRow.objects.filter(pk=row.pk).update(passcode_hash="")
    else:
        passcode = checked_passcode(clear)
        if row.passcode_hash and check_password(passcode, row.passcode_hash):
            return
        version = F("passcode_version") + 1
        PolicyRow.objects.filter(pk=row.pk).update(passcode_hash=make_password(passcode), passcode_version=version)
    row.refresh_from_db()


def revoke_policy(row: PolicyRow, *, now: datetime) -> None:
    """End access for all readers; the first instant of revocation stays when it was revoked before."""
    PolicyRow.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now, version=F("version") + 1)
    row.refresh_from_db()


def restore_policy(row: PolicyRow, *, now: datetime) -> None:
    """Give access back to all whose own link and document are not revoked."""
    PolicyRow.objects.filter(pk=row.pk).update(revoked_at=None, version=F("version") + 1)
    row.refresh_from_db()


def _own_terms(policy: Policy, wanted: Terms | None, in_force: Terms | None) -> Terms | None:
    if policy.terms is not TermsMode.OWN:
        return None
    terms = wanted or in_force
    if terms is None:
        raise Invalid({"terms": ["required"]})
    return terms


def _columns(policy: Policy) -> dict[str, object]:
    """What a form sets; passcode and own text have ways of their own, so that no change of the rest can lose them."""
    mark = None if policy.watermark is None else asdict(policy.watermark) | {"fields": list(policy.watermark.fields)}
    return {
        "access": policy.access.value,
        "permission": policy.permission.value,
        "starts_at": policy.starts_at,
        "expires_at": policy.expires_at,
        "watermark": mark,
        "expire_after_opening_s": policy.expire_after_opening_s,
        "terms_mode": policy.terms.value,
        "screen_shield": policy.screen_shield.value,
        "max_views": policy.max_views,
        "max_prints": policy.max_prints,
        "domains": list(policy.domains),
        "block_domains": list(policy.block_domains),
        "allow_ips": list(policy.allow_ips),
        "allow_countries": list(policy.allow_countries),
        "protect_pdf": policy.protect_pdf,
    }
