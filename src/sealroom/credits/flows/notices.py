# SPDX-License-Identifier: Apache-2.0
"""Telling admins that credits run out: one notice per crossing, one mail to each of them, in the transaction that crossed."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from sealroom.accounts.models import Team
from sealroom.accounts.queries import admins_of
from sealroom.credits import rules
from sealroom.credits.models import Notice, Wallet
from sealroom.mail import flows as mail


def raise_if_crossed(row: Wallet, before: int, after: int, *, now: datetime) -> None:
    """Raise the notice a fall of the balance calls for, if any, and write to every admin of the team."""
    if after >= row.low_threshold and after > 0:
        return
    told = frozenset(Notice.objects.filter(team_id=row.team_id, rearmed_at=None).values_list("kind", flat=True))
    kind = rules.crossed(before, after, threshold=row.low_threshold, allowance=row.period_allowance, told=told)
    if kind is None:
        return
    notice = Notice.objects.create(team_id=row.team_id, kind=kind, at=now, balance=after)
    team = Team.objects.get(pk=row.team_id)
    for admin in admins_of(row.team_id):
        mail.compose(
            f"credits/mail/{kind}",
            to=admin.email,
            to_name=admin.name,
            key=f"credits.{kind}:{notice.pk}:{admin.public_id}",
            language=admin.language,
            context={
                "team_name": team.name,
                "left": after,
                "threshold": row.low_threshold,
                "resets_at": row.period_end,
                "zone": admin.time_zone,
                "button_url": f"{settings.SEALROOM_BASE_URL}/credits/",
                "button_label": _("See credits"),
            },
            about=f"notice:{notice.pk}",
            team=team.public_id,
            now=now,
        )


def rearm(row: Wallet, *, now: datetime) -> None:
    """After a purchase or a reset: make notices possible again whose line the balance has come back to."""
    kinds = rules.rearmed(row.balance, row.low_threshold)
    if kinds:
        Notice.objects.filter(team_id=row.team_id, rearmed_at=None, kind__in=kinds).update(rearmed_at=now)
