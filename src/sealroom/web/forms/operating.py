# SPDX-License-Identifier: Apache-2.0
"""Forms of the operator: a team's plan, its own numbers, credits, and deeds on invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sealroom.billing.models import Plan
from sealroom.billing.rules import QUOTAS
from sealroom.core.money import Money, minor_units

GB = 10**9
_MOST = 10**9
QUOTA_LABELS = {
    "users": _("Users"),
    "data_rooms": _("Data rooms"),
    "guests": _("Guests"),
    "storage_bytes": _("Storage (GB)"),
    "media_bytes": _("Media a month (GB)"),
}


class PlanForm(forms.Form):
    """A plan, when it starts, and what differs from it."""

    plan = forms.ChoiceField(label=_("Plan"))
    interval = forms.ChoiceField(
        label=_("Billed"), choices=[("month", pgettext_lazy("billed", "by month")), ("year", pgettext_lazy("billed", "by year"))]
    )
    at = forms.DateTimeField(
        label=_("A new cycle starts"),
        required=False,
        help_text=_("Empty: now, and the billing date stays. A moment that has passed restarts the cycle at once."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    credits = forms.IntegerField(
        label=_("Own credits a month"), required=False, min_value=0, max_value=_MOST, help_text=_("Empty: as the plan says.")
    )
    comped = forms.BooleanField(label=_("Free of charge: no invoices are written"), required=False)

    def __init__(self, *args: Any, plans: Sequence[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(plan.code, plan.name) for plan in plans]


class QuotaForm(forms.Form):
    """The team's own numbers in the place of the plan's; bytes are entered in GB."""

    def __init__(self, *args: Any, of_plan: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in QUOTAS:
            unit = GB if name.endswith("_bytes") else 1
            self.fields[name] = forms.IntegerField(
                label=QUOTA_LABELS[name],
                required=False,
                min_value=0,
                max_value=_MOST,
                widget=forms.NumberInput({"placeholder": str(of_plan[name] // unit)}),
            )

    def numbers(self) -> dict[str, int | None]:
        """Quotas as the room counts them; None: the plan's."""
        units = {name: GB if name.endswith("_bytes") else 1 for name in QUOTAS}
        given = {name: self.cleaned_data[name] for name in QUOTAS}
        return {name: None if number is None else number * units[name] for name, number in given.items()}


class SuspensionForm(forms.Form):
    """Why a team is stopped, and whether its readers are too."""

    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The team’s members read it."))
    closes_links = forms.BooleanField(
        label=_("Close its links too"),
        required=False,
        help_text=_("Readers are told that nothing is available, and to ask the sender."),
    )


class CreditsForm(forms.Form):
    """Promotional credits. `key` makes a second press harmless."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput)
    credits = forms.IntegerField(label=_("Credits"), min_value=1, max_value=1_000_000)
    expires = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Empty: they never expire."),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False, help_text=_("The team reads it in its ledger."))

    def clean_expires(self) -> date | None:
        """A day that is not over."""
        day: date | None = self.cleaned_data["expires"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return day

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the operator's zone."""
        day: date | None = self.cleaned_data["expires"]
        return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


class VoidForm(forms.Form):
    """Why an invoice is withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("Stands in the audit trail."))


class RefundForm(forms.Form):
    """How much of a payment is paid back, as people write it. `key` makes a second press harmless."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput)
    amount = forms.CharField(label=_("Amount"), max_length=20, widget=forms.TextInput({"inputmode": "decimal"}))

    def __init__(self, data: Mapping[str, Any] | None = None, *, left: int, currency: str, key: str) -> None:
        super().__init__(data, initial={"amount": str(Money(left, currency).decimal), "key": key})
        self.left, self.currency = left, currency

    def clean_amount(self) -> int:
        """Minor units, at most what is left of the payment."""
        text = self.cleaned_data["amount"].strip().replace(",", ".")
        try:
            amount = minor_units(text, self.currency)
        except ValueError as error:
            raise forms.ValidationError(_("Write an amount such as 25.00.")) from error
        if not 0 < amount <= self.left:
            raise forms.ValidationError(_("More than nothing, and at most what is left of the payment."))
        return amount
