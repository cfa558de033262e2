# SPDX-License-Identifier: Apache-2.0
"""Credits: what is left and how long it lasts, what was used by day and by member, the ledger and its export, the notices. A user
sees own lines, an admin all."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sealroom.accounts import queries as accounts
from sealroom.accounts.queries import PersonView
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.credits import flows, queries
from sealroom.credits.queries import DayUsage, Meter
from sealroom.httpkit.templatetags.kit import day_text
from sealroom.web import charts, exporting, wording
from sealroom.web.answers import done, page
from sealroom.web.forms.credits import LedgerForm, ThresholdForm
from sealroom.web.gates import MemberRequest, admin_required, member_required

_LINES = 25


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The page, its ledger filtered and paged by the query string."""
    return _show(request, ThresholdForm())


@require_POST
@admin_required(Capability.MANAGE_TEAM)
def threshold(request: MemberRequest) -> HttpResponse:
    """Choose below how many credits admins are told."""
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    flows.set_threshold(request.actor, form.cleaned_data["threshold"], now=timezone.now())
    return done(request, reverse("web:credits") + "#notices", _("Saved."))


@require_POST
@member_required
def export(request: MemberRequest) -> HttpResponseBase:
    """The filtered ledger as a file. A deed, because the trail keeps who took what along."""
    now, actor = timezone.now(), request.actor
    sees_team, kind = actor.may(Capability.SEE_TEAM_USAGE), request.POST.get("format", "")
    form = LedgerForm(request.POST, sees_team=sees_team)
    if not form.is_valid() or kind not in {exporting.CSV, exporting.XLSX}:
        raise Invalid({name: ["invalid"] for name in form.errors} or {"format": ["unknown"]})
    start = queries.meter(actor.team_id, now=now).period_start
    filters = form.filters(start, queries.previous_period(actor.team_id, start))
    entries = flows.export_entries(actor, filters, form=kind, now=now)
    return exporting.ledger_file(entries, kind, sees_team=sees_team)


def _show(request: MemberRequest, notice_form: ThresholdForm) -> HttpResponse:
    now, actor = timezone.now(), request.actor
    meter = queries.meter(actor.team_id, now=now)
    sees_team = actor.may(Capability.SEE_TEAM_USAGE)
    people = accounts.list_people(actor) if sees_team else []
    ledger = LedgerForm(request.GET, sees_team=sees_team)
    context = {
        "meter_now": meter,
        "total": max(meter.available, meter.allowance + meter.promo),
        "is_low": meter.available < meter.low_threshold and meter.available < meter.allowance,
        "forecast": queries.forecast(actor.team_id, meter, now=now),
        "buy_url": reverse("web:plan") if actor.may(Capability.BUY) else None,
        "sees_team": sees_team,
        "me": actor.user,
        "zone": actor.time_zone.rsplit("/", 1)[-1].replace("_", " "),
        **_usage(request, meter, people, now=now),
        **_ledger(request, ledger, meter),
        "people": people,
        **(_notices(actor, notice_form, meter) if actor.may(Capability.MANAGE_TEAM) else {}),
    }
    status = 422 if ledger.errors or notice_form.errors else 200
    return page(request, "web/credits.html", context, status=status)


def _usage(request: MemberRequest, meter: Meter, people: list[PersonView], *, now: datetime) -> dict[str, object]:
    usage = queries.usage_by_day(request.actor, now=now)
    first, last = timezone.localdate(meter.period_start), timezone.localdate(meter.period_end - timedelta(microseconds=1))
    by_member = bool(people) and request.GET.get("by") == "member"
    context: dict[str, object] = {
        "usage": usage,
        "last_day": day_text(last, with_year=False),
        "by_member": by_member,
        "views": [
            {"label": _("Team"), "url": _address(request, by=""), "active": not by_member},
            {"label": _("By member"), "url": _address(request, by="member"), "active": by_member},
        ],
    }
    if by_member:
        return {
            **context,
            **_shares(usage, people, charts.by_member({one.day: one.by_member for one in usage}, first=first, last=last)),
        }
    used = {one.day: one.used for one in usage}
    return {**context, "chart": charts.by_day(used, first=first, last=last, today=timezone.localdate())}


def _shares(usage: list[DayUsage], people: list[PersonView], shares: charts.Shares) -> dict[str, object]:
    names = {person.user: person.name for person in people}
    named = [(names.get(row.key, row.key) if row.key else wording.others(row.heads), row) for row in shares.rows]
    return {"shares": shares, "named": named}


def _ledger(request: MemberRequest, form: LedgerForm, meter: Meter) -> dict[str, object]:
    actor, query = request.actor, form.query()
    cursor = request.GET.get("cursor") or None
    found = queries.EntryPage([], None)
    if form.is_valid():
        filters = form.filters(meter.period_start, queries.previous_period(actor.team_id, meter.period_start))
        found = queries.list_entries(actor, cursor=cursor, limit=_LINES, filters=filters)
    return {
        "filter_form": form,
        "query": query,
        "entries": found.items,
        "next_url": _address(request, **query, cursor=found.next) + "#ledger" if found.next else "",
        "first_url": _address(request, **query) + "#ledger" if cursor else "",
        "clear_url": _address(request) + "#ledger" if query else "",
        "routes": wording.ROUTES,
        "kinds": wording.ENTRY_KINDS,
    }


def _notices(actor: Actor, form: ThresholdForm, meter: Meter) -> dict[str, object]:
    if not form.is_bound:
        form = ThresholdForm(initial={"threshold": meter.low_threshold})
    return {"notices": queries.latest_notices(actor), "notice_form": form}


def _address(request: MemberRequest, **query: str) -> str:
    """This page with another query; the chart stays as it is unless it is what changes."""
    by = query.pop("by", request.GET.get("by", ""))
    said = {**query, **({"by": "member"} if by == "member" else {})}
    return reverse("web:credits") + (f"?{urlencode(said)}" if said else "")
