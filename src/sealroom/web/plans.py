# SPDX-License-Identifier: Apache-2.0
"""Plans, quotas, orders and invoices laid out for the billing pages: plain values, so that templates decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sealroom.billing import rules
from sealroom.billing.queries import Option, Overview, Planned, Review
from sealroom.billing.queries.papers import item_words, known_addons, line_words, plan_names, tax_words
from sealroom.billing.queries.words import quota_words
from sealroom.billing.rules.changes import AtOnce, Later
from sealroom.billing.rules.money import Line, Totals
from sealroom.core.wording import currency_name, money_text
from sealroom.credits.queries import Meter
from sealroom.httpkit.templatetags.kit import day_text, human_size, number

QUOTAS: dict[str, str | Promise] = {
    "credits": gettext_lazy("Credits"),
    "users": gettext_lazy("Users"),
    "data_rooms": gettext_lazy("Data rooms"),
    "guests": gettext_lazy("Guests"),
    "storage_bytes": gettext_lazy("Storage"),
    "media_bytes": gettext_lazy("Media bandwidth"),
}
FEATURES: dict[str, str | Promise] = {
    "watermark": gettext_lazy("Dynamic watermark"),
    "screen_shield": gettext_lazy("Screen shield"),
    "api": gettext_lazy("API"),
    "file_permissions": gettext_lazy("Permissions for each file"),
}


@dataclass(frozen=True)
class QuotaRow:
    """A quota with its bar. `after` is what an order makes of it; `after_end` whether that waits for the end of the cycle."""

    name: str
    label: str
    used: str
    limit: str
    value: int
    most: int
    full: bool
    after: str = ""
    after_end: bool = False


@dataclass(frozen=True)
class PlanCard:
    """A plan one may choose. Prices are empty where nobody pays."""

    code: str
    name: str
    month: str
    year: str
    includes: tuple[str, ...]
    chosen: bool
    current: bool
    planned: bool


@dataclass(frozen=True)
class OptionRow:
    """An add-on one may take: a stepper, a switch, or included in the plan. `value` is what stands in the form."""

    code: str
    label: str
    month: str
    year: str
    unit: str
    is_switch: bool
    included: bool
    was: int
    value: str
    most: int
    amount: str
    fewer: str
    error: str = ""
    focus: bool = False


@dataclass(frozen=True)
class SumLine:
    """A line of a bill in words."""

    text: str
    detail: str
    amount: str


@dataclass(frozen=True)
class Sums:
    """The foot of a bill in words. `subtotal` is empty when nothing stands between it and the total."""

    lines: tuple[SumLine, ...]
    subtotal: str
    taxes: tuple[tuple[str, str], ...]
    balance: str
    total: str
    reverse_charge: bool = False


@dataclass(frozen=True)
class Checkout:
    """An order before it is confirmed: what is charged `now` and what counts at once, what waits for `effective_at`, and what the
    cycles after it cost (`then`)."""

    currency: str
    starts: datetime
    ends: datetime
    restarts: bool
    now: Sums
    due: int
    due_text: str
    kept: str
    at_once: tuple[str, ...]
    later: tuple[str, ...]
    effective_at: datetime
    then: Sums | None
    yearly: bool
    charges: bool
    cancels: bool
    term: str


@dataclass(frozen=True)
class Names:
    """What plans and add-ons are called; asked once a page."""

    plans: Mapping[str, str] = field(default_factory=plan_names)
    addons: Mapping[str, rules.Extra] = field(default_factory=known_addons)

    def item(self, code: str, quantity: int) -> str:
        """So many units of an item: "500 credits"."""
        return item_words(code, quantity, self.plans, self.addons)


def money(minor: int, currency: str) -> str:
    """An amount in the active language."""
    return money_text(minor, currency, get_language() or "en")


def day(moment: datetime, *, long: bool = False) -> str:
    """The day of a moment in the reader's zone, for the middle of a sentence."""
    local = timezone.localdate(moment)
    return day_text(local, long=long, with_year=local.year != timezone.localdate().year)


# -- The plan ------------------------------------------------------------------------------------------------------------
def quota_rows(view: Overview, meter: Meter, review: Review | None = None) -> tuple[QuotaRow, ...]:
    """Credits and every quota; with `review`, what becomes of them."""
    total = max(meter.available, meter.allowance + meter.promo)
    rows = [_quota_row("credits", meter.used, total, review, base=total)]
    return (*rows, *(_quota_row(one.name, one.used, one.limit, review, base=one.limit) for one in view.quotas))


def _quota_row(name: str, used: int, limit: int, review: Review | None, *, base: int) -> QuotaRow:
    say = human_size if name.endswith("_bytes") else number
    after, after_end = "", False
    if review is not None:
        before, once, then = (getattr(one, name) for one in (review.before, review.at_once_limits, review.after))
        after_end = once == before and then != once
        if once != before:
            after = say(base + once - before)
        elif after_end:
            after = say(then)
    full = limit > 0 and 10 * used >= 9 * limit
    return QuotaRow(name, str(QUOTAS[name]), say(used), say(limit), used, limit, full, after, after_end)


def price_words(view: Overview) -> str:
    """What the plan costs: "$350.00 a month"; empty where no price is shown."""
    if not view.asks_money or not view.price or view.comped:
        return ""
    return per_interval(view.price, view.currency, view.interval)


def per_interval(price: int, currency: str, interval: str) -> str:
    """An amount for each cycle."""
    words = _("%(price)s a year") if interval == "year" else _("%(price)s a month")
    return words % {"price": money(price, currency)}


def planned_words(planned: Planned, names: Names) -> tuple[str, ...]:
    """What is planned for the end of the cycle."""
    return later_words(planned.later, names)


def later_words(later: Later, names: Names) -> tuple[str, ...]:
    """What changes at the end of the cycle, a line each."""
    if later.cancels:
        return (_("The plan ends"),)
    said = [_("%(plan)s plan") % {"plan": later.plan.name}] if later.plan else []
    if later.interval:
        said.append(_("Billed each year") if later.interval == "year" else _("Billed each month"))
    said += [_("Removed: %(amount)s") % {"amount": names.item(code, count)} for code, count in later.fewer.items()]
    return tuple(said)


def at_once_words(once: AtOnce, names: Names) -> tuple[str, ...]:
    """What counts as soon as it is paid, or at once when nothing is."""
    said = [_("%(plan)s plan") % {"plan": once.plan.name}] if once.plan else []
    if once.interval:
        said.append(_("Billed each year") if once.interval == "year" else _("Billed each month"))
    said += [_("Added: %(amount)s") % {"amount": names.item(code, count)} for code, count in once.more.items()]
    said += [_("Removed: %(amount)s") % {"amount": names.item(code, count)} for code, count in once.dropped.items()]
    return tuple(said)


# -- Choosing ------------------------------------------------------------------------------------------------------------
def plan_cards(view: Overview, offers: Sequence[rules.Offer], chosen: str) -> tuple[PlanCard, ...]:
    """The plans to choose from."""
    planned = view.planned.later.plan.code if view.planned and view.planned.later.plan else ""
    return tuple(
        PlanCard(
            code=one.code,
            name=one.name,
            month=_price(one, "month", view),
            year=_price(one, "year", view),
            includes=_includes(one),
            chosen=one.code == chosen,
            current=one.code == view.plan.code,
            planned=one.code == planned,
        )
        for one in offers
    )


def _price(sold: rules.Offer | rules.Extra, interval: str, view: Overview) -> str:
    amount = sold.price(view.currency, interval)
    return per_interval(amount, view.currency, interval) if view.asks_money and amount else ""


def _includes(offer: rules.Offer) -> tuple[str, ...]:
    said = [_("%(credits)s a month") % {"credits": quota_words("credits", offer.credits)}]
    said += [quota_words(name, getattr(offer, name)) for name in ("users", "data_rooms", "guests")]
    said += [_("%(size)s of storage") % {"size": human_size(offer.storage_bytes)}]
    return (*said, *(str(FEATURES[name]) for name in offer.features if name in FEATURES))


def option_rows(
    view: Overview, typed: Mapping[str, str], names: Names, *, errors: Mapping[str, str] | None = None, focus: str = ""
) -> tuple[OptionRow, ...]:
    """The add-ons, with what was typed where it was. What is neither sold nor held is left out."""
    errors = errors or {}
    shown = [one for one in view.options if one.held or one.included or one.unit_price or not view.asks_money]
    return tuple(
        _option_row(one, view, typed.get(one.extra.code), names, errors.get(one.extra.code, ""), focus=focus == one.extra.code)
        for one in shown
    )


def _option_row(option: Option, view: Overview, typed: str | None, names: Names, error: str, *, focus: bool) -> OptionRow:
    extra = option.extra
    value = str(option.held) if typed is None else typed
    units = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0
    adds = sum(extra.adds.values())
    return OptionRow(
        code=extra.code,
        label=_option_label(extra),
        month=_price(extra, "month", view),
        year=_price(extra, "year", view),
        unit="" if extra.feature or adds == 1 else names.item(extra.code, 1),
        is_switch=bool(extra.feature),
        included=option.included,
        was=option.held,
        value=value,
        most=extra.most,
        amount=names.item(extra.code, units) if units and adds != 1 and not extra.feature else "",
        fewer=names.item(extra.code, option.fewer) if option.fewer else "",
        error=error,
        focus=focus,
    )


def _option_label(extra: rules.Extra) -> str:
    if extra.feature:
        return str(FEATURES.get(extra.feature, extra.code))
    named = [QUOTAS[name] for name in extra.adds if name in QUOTAS]
    return str(named[0]) if len(named) == 1 else extra.code


# -- An order ------------------------------------------------------------------------------------------------------------
def checkout(review: Review, names: Names, *, asks_money: bool) -> Checkout:
    """What a quote comes to, in words."""
    quote, currency = review.quote, review.quote.currency
    sums = sums_of(review.lines, review.sums, currency, names)
    return Checkout(
        currency=currency_name(currency, get_language() or "en") if asks_money else "",
        starts=quote.change_at,
        ends=review.cycle.end,
        restarts=review.at_once.restarts,
        now=sums,
        due=quote.due,
        due_text=money(quote.due, currency),
        kept=money(-quote.total, currency) if quote.total < 0 else "",
        at_once=at_once_words(review.at_once, names),
        later=later_words(review.later, names),
        effective_at=review.effective_at,
        then=sums_of(review.recurring, review.following, currency, names, with_detail=False) if review.following else None,
        yearly=_interval_after(review) == "year",
        charges=bool(review.lines),
        cancels=review.later.cancels,
        term=names.item(_block_code(review), review.term_blocks) if review.term_blocks else "",
    )


def sums_of(lines: Sequence[Line], sums: Totals, currency: str, names: Names, *, with_detail: bool = True) -> Sums:
    """A bill in words."""
    said = [line_words(line, currency, names.plans, names.addons) for line in lines]
    rows = tuple(
        SumLine(text, detail if with_detail else "", money(line.amount, currency))
        for line, (text, detail) in zip(lines, said, strict=True)
    )
    between = sums.taxes or sums.balance_used
    return Sums(
        lines=rows,
        subtotal=money(sums.subtotal, currency) if between else "",
        taxes=tuple((tax_words(tax.name, tax.percent), money(tax.amount, currency)) for tax in sums.taxes),
        balance=money(-sums.balance_used, currency) if sums.balance_used else "",
        total=money(sums.total, currency),
        reverse_charge=sums.reverse_charge,
    )


def _interval_after(review: Review) -> str:
    plan_days = (review.recurring[0].end - review.recurring[0].start).days if review.recurring else 0
    return "year" if plan_days > 31 else "month"


def _block_code(review: Review) -> str:
    return next((line.item for line in review.lines if line.kind == "term"), "credits")
