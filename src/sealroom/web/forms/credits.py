# SPDX-License-Identifier: Apache-2.0
"""Forms of the Credits page: which ledger lines are shown or exported, and below how many credits admins are told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.credits.queries import Filters
from sealroom.web import wording

PERIOD, PREVIOUS, ALL, DATES = "period", "previous", "all", "dates"
WHEN: list[tuple[str, str | Promise]] = [
    (PERIOD, _("This period")),
    (PREVIOUS, _("Previous period")),
    (ALL, _("All time")),
    (DATES, _("Between dates")),
]
_DAY = forms.DateInput({"type": "date", "class": "input input-sm", "min": "2000-01-01", "max": "2099-12-31"}, format="%Y-%m-%d")


class LedgerForm(forms.Form):
    """The filters, from the address of the page or the export's form. Days are days of the reader's zone, both included. Only who
    sees the team's usage chooses a member; for others that word in an address says nothing."""

    actor = forms.CharField(max_length=40, required=False)
    route = forms.ChoiceField(choices=[("", _("All routes")), *wording.ROUTES.items()], required=False)
    kind = forms.ChoiceField(choices=[("", _("All kinds")), *wording.ENTRY_KINDS.items()], required=False)
    when = forms.ChoiceField(choices=WHEN, required=False)
    since = forms.DateField(input_formats=["%Y-%m-%d"], required=False, widget=_DAY)
    until = forms.DateField(input_formats=["%Y-%m-%d"], required=False, widget=_DAY)

    def __init__(self, data: QueryDict, *, sees_team: bool) -> None:
        super().__init__(data)
        if not sees_team:
            del self.fields["actor"]

    def clean_since(self) -> date | None:
        """A day calendars of people know."""
        return _sensible(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        """As above."""
        return _sensible(self.cleaned_data["until"])

    def clean(self) -> dict[str, object]:
        """The last day is not before the first."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first one."))
        return self.cleaned_data

    def filters(self, period: datetime, previous: datetime | None) -> Filters:
        """What is asked for; `period` and `previous` are the starts of the running period and the one before."""
        data = self.cleaned_data
        asked = {"actor": data.get("actor", ""), "route": data["route"], "kind": data["kind"]}
        when = data["when"] or PERIOD
        if when == DATES:
            return Filters(**asked, since=_midnight(data["since"]), until=_midnight(data["until"], after=1))
        if when == PREVIOUS and previous is None:
            return Filters(**asked, through=0)  # there was none: no line is in it
        return Filters(**asked, period={PERIOD: period, PREVIOUS: previous, ALL: None}[when])

    def query(self) -> dict[str, str]:
        """What of it differs from the page as it opens, for addresses and hidden fields."""
        data = {name: str(self.data.get(name, ""))[:40] for name in self.fields}
        shown = {name: value for name, value in data.items() if value and (name, value) != ("when", PERIOD)}
        if shown.get("when") != DATES:
            return {name: value for name, value in shown.items() if name not in {"since", "until"}}
        return shown


class ThresholdForm(forms.Form):
    """Below how many credits admins are told."""

    threshold = forms.IntegerField(
        label=_("Tell admins when fewer are left than"),
        help_text=_("0 tells them only when all are used."),
        min_value=0,
        max_value=1_000_000,
    )


def _sensible(day: date | None) -> date | None:
    if day is not None and not 2000 <= day.year < 2100:
        raise forms.ValidationError(_("Choose a day between 2000 and 2099."))
    return day


def _midnight(day: date | None, *, after: int = 0) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=after), time(), timezone.get_current_timezone())
