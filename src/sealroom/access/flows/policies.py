# SPDX-License-Identifier: Apache-2.0
"""Policies: made, changed, revoked, restored. Whoever holds a pass feels it at the next request."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db.models import F

from sealroom.access.models import PolicyRow
from sealroom.access.rules import Policy


def create_policy(team_id: int, policy: Policy) -> PolicyRow:
    """Keep the conditions of a new send. The caller is in a transaction."""
    return PolicyRow.objects.create(team_id=team_id, **_columns(policy))


def change_policy(row: PolicyRow, policy: Policy, *, now: datetime) -> None:
    """Put other conditions in force, at once and for everybody."""
    PolicyRow.objects.filter(pk=row.pk).update(version=F("version") + 1, **_columns(policy))
    row.refresh_from_db()


def revoke_policy(row: PolicyRow, *, now: datetime) -> None:
    """End access for all readers; the first instant of revocation stays when it was revoked before."""
    PolicyRow.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now, version=F("version") + 1)
    row.refresh_from_db()


def restore_policy(row: PolicyRow, *, now: datetime) -> None:
    """Give access back to all whose own link and document are not revoked."""
    PolicyRow.objects.filter(pk=row.pk).update(revoked_at=None, version=F("version") + 1)
    row.refresh_from_db()


def _columns(policy: Policy) -> dict[str, object]:
    mark = None if policy.watermark is None else asdict(policy.watermark) | {"fields": list(policy.watermark.fields)}
    return {
        "access": policy.access.value,
        "permission": policy.permission.value,
        "starts_at": policy.starts_at,
        "expires_at": policy.expires_at,
        "watermark": mark,
        "expire_after_opening_s": policy.expire_after_opening_s,
        "passcode_hash": policy.passcode_hash,
        "passcode_version": policy.passcode_version,
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
