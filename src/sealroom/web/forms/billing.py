# SPDX-License-Identifier: Apache-2.0
"""What admins type on the billing pages: a plan and quantities, and who pays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.billing.flows import Wish
from sealroom.billing.queries import Option, Overview
from sealroom.core.errors import Invalid
from sealroom.httpkit.templatetags.kit import number
from sealroom.web.forms.choices import countries

_WHOLE = re.compile(r"-?[0-9]{1,12}")

# Reasons of the room for a field, as people are told.
REASONS: dict[str, str | Promise] = {
    "unknown": _("This is not on offer."),
    "not a whole number": _("Write a whole number."),
    "negative": _("Less than none is not possible."),
    "too_many": _("This is more than can be ordered here."),
    "not_sold": _("This is not for sale. Ask whoever runs this installation."),
    "included": _("The plan includes it already."),
    "plan_without_addons": _("This plan takes no additions: choose a larger plan first."),
    "not_yours": _("Your team pays in another currency."),
    "too_long": _("This is too long: six lines at most."),
    "format": _("Write it with its country in front, like FR12345678901."),
    "bad_address": _("This is not an e-mail address. Write it like name@example.com."),
}


@dataclass(frozen=True)
class PlanOrder:
    """What stands in the form of Modify plan: only what differs from what the page showed becomes a wish, so that a planned
    reduction is not undone by a form that was sent along."""

    plan: str
    interval: str
    typed: Mapping[str, str] = field(default_factory=dict)
    wish: Wish = field(default_factory=Wish)

    @property
    def is_empty(self) -> bool:
        """Nothing was changed."""
        return self.wish == Wish()


def read_order(data: QueryDict, view: Overview) -> PlanOrder:
    """Read the form. Raises `Invalid` by field for what is no whole number; bounds are the room's to judge."""
    plan, interval = data.get("plan", "")[:20] or view.plan.code, data.get("interval", "")[:5] or view.interval
    items: dict[str, int] = {}
    errors: dict[str, list[str]] = {}
    typed = typed_items(data, view)
    for option in view.options:
        text = typed.get(option.extra.code)
        if text is None or text == _shown(data, option):
            continue
        if not _WHOLE.fullmatch(text):
            errors[f"items.{option.extra.code}"] = ["not a whole number"]
        elif int(text) != option.held:
            items[option.extra.code] = int(text)
    if errors:
        raise Invalid(errors)
    new_plan, new_interval = _choice(plan, interval, view)
    currency = data.get("currency", "")[:3] or None
    other = currency if currency != view.currency else None
    return PlanOrder(plan, interval, typed, Wish(plan=new_plan, interval=new_interval, items=items, currency=other))


def typed_items(data: QueryDict, view: Overview) -> dict[str, str]:
    """The quantities as typed, by code. A switch that is off sends nothing: that its row was on the page tells it from absent."""
    typed = {}
    for option in view.options:
        code = option.extra.code
        if f"item-{code}" in data:
            typed[code] = data.get(f"item-{code}", "").strip()[:20]
        elif f"was-{code}" in data:
            typed[code] = "0"
    return typed


def _shown(data: QueryDict, option: Option) -> str:
    """What the page showed for a quantity, which may differ from what is held by now."""
    return str(data.get(f"was-{option.extra.code}", option.held))


def _choice(plan: str, interval: str, view: Overview) -> tuple[str | None, str | None]:
    """Plan and interval where one of them was changed. The other one keeps what is planned for it."""
    later = view.planned.later if view.planned and not view.planned.later.cancels else None
    new_plan = plan if plan != view.plan.code else None
    new_interval = interval if interval != view.interval else None
    if new_plan and not new_interval and later and later.interval:
        new_interval = later.interval
    if new_interval and not new_plan and later and later.plan:
        new_plan = later.plan.code
    return new_plan, new_interval


def reason_words(reason: str, *, most: int | None = None) -> str:
    """A sentence for a reason of the room."""
    if reason == "too_many" and most is not None:
        return str(_("At most %(most)s are possible here.")) % {"most": number(most)}
    return str(REASONS.get(reason, _("This does not fit.")))


class DetailsForm(forms.Form):
    """Who pays: what stands on invoices, and who else gets them."""

    company = forms.CharField(
        label=_("Company"), max_length=120, required=False, widget=forms.TextInput({"autocomplete": "organization"})
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=380,
        required=False,
        widget=forms.Textarea({"rows": 4, "autocomplete": "street-address"}),
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        required=False,
        help_text=_("Decides on the tax."),
        widget=forms.Select({"autocomplete": "country"}),
    )
    vat_id = forms.CharField(
        label=_("VAT number"),
        max_length=30,
        required=False,
        help_text=_("Stands on every invoice from now on."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    contact_email = forms.CharField(
        label=_("Billing contact"),
        max_length=254,
        required=False,
        help_text=_("Gets invoices and payment notices beside the admins."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    def refuse(self, refusal: Invalid) -> None:
        """Show what the room refused beside its fields."""
        for name, reasons in refusal.errors.items():
            self.add_error(name if name in self.fields else None, [reason_words(reason) for reason in reasons])
