# SPDX-License-Identifier: Apache-2.0
"""Credits: what is left, what was used by day, and the ledger. A user sees own lines, an admin all."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sealroom.accounts import queries as accounts
from sealroom.accounts.rules import Capability
from sealroom.credits import queries
from sealroom.credits.queries import Filters, Meter
from sealroom.httpkit.templatetags.kit import day_text
from sealroom.web import charts, wording
from sealroom.web.answers import page
from sealroom.web.gates import MemberRequest, member_required

_EMPTY = {"kind": "", "actor": "", "route": ""}


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The page, its ledger filtered and paged by the query string."""
    now, actor = timezone.now(), request.actor
    meter = queries.meter(actor.team_id, now=now)
    chosen = {name: request.GET.get(name, "")[:40] for name in _EMPTY}
    this_period = request.GET.get("when", "period") == "period"
    since = meter.period_start if this_period else None
    filters = Filters(kind=chosen["kind"], actor=chosen["actor"], route=chosen["route"], since=since)
    found = queries.list_entries(actor, cursor=request.GET.get("cursor") or None, limit=25, filters=filters)
    usage = queries.usage_by_day(actor, now=now)
    sees_team = actor.may(Capability.SEE_TEAM_USAGE)
    query = {**chosen, "when": "period" if this_period else "all"}
    context = {
        "meter_now": meter,
        "total": max(meter.available, meter.allowance + meter.promo),
        "is_low": meter.available < meter.low_threshold and meter.available < meter.allowance,
        "chart": _chart(meter, {one.day: one.used for one in usage}),
        "usage": usage,
        "last_day": day_text(timezone.localdate(meter.period_end - timedelta(seconds=1)), with_year=False),
        "entries": found.items,
        "routes": wording.ROUTES,
        "kinds": _kinds(),
        "chosen": query,
        "members": accounts.list_members(actor) if actor.may(Capability.MANAGE_MEMBERS) else [],
        "sees_team": sees_team,
        "next_url": "?" + urlencode({**query, "cursor": found.next}) + "#ledger" if found.next else "",
        "first_url": "?" + urlencode(query) + "#ledger" if request.GET.get("cursor") else "",
    }
    return page(request, "web/credits.html", context)


def _chart(meter: Meter, used: dict[date, int]) -> charts.Chart:
    last = timezone.localdate(meter.period_end - timedelta(seconds=1))
    return charts.by_day(used, first=timezone.localdate(meter.period_start), last=last, today=timezone.localdate())


def _kinds() -> dict[str, str]:
    return {"issue": _("Issued"), "charge": _("Used"), "reversal": _("Given back"), "expire": _("Expired")}
