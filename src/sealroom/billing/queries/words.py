# SPDX-License-Identifier: Apache-2.0
"""What is sold, in words: the lines of quotes and invoices, taxes and spans of time. In the active language, for pages, mails and
paper alike; nothing here looks into the database except `plan_names` and `known_addons`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

from sealroom.billing.models import AddOn, Plan
from sealroom.billing.queries.plans import extra_of
from sealroom.billing.rules.money import Line, LineKind, Span, share
from sealroom.billing.rules.offers import MONTHS, Extra
from sealroom.core.money import round_half_away
from sealroom.core.wording import day_text, money_text, number_text
from sealroom.credits.rules import boundary

GB = 10**9
DAY = timedelta(days=1)


def line_words(line: Line, currency: str, plan_names: Mapping[str, str], addons: Mapping[str, Extra]) -> tuple[str, str]:
    """A line of a quote or an invoice: what it is ("1,000 credits") and why it costs that ("18 of 30 days of $50.00"). `plan_names`
    and `addons` are by code; what is in neither is called by its code."""
    return item_words(line.item, line.quantity, plan_names, addons), detail_words(line, currency)


def item_words(item: str, quantity: int, plan_names: Mapping[str, str], addons: Mapping[str, Extra]) -> str:
    """What is sold: "Team plan", "3 users", "50 GB of media a month". An add-on is called by the one number it adds or by the
    feature it is, whatever its code; one that adds several numbers, or that nobody knows, by its code."""
    if item.startswith("plan:"):
        code = item.removeprefix("plan:")
        return gettext("%(plan)s plan") % {"plan": plan_names.get(code, code)}
    if item.partition(":")[0] == LineKind.REFUND:  # behind the colon is the key of the deed
        return gettext("Refund")
    extra = addons.get(item)
    words = ""
    if extra is not None and extra.feature:
        words = _feature_words(extra.feature)
    elif extra is not None and len(extra.adds) == 1:
        [(name, count)] = extra.adds.items()
        words = quota_words(name, count * quantity)
    if words:
        return words
    return item if quantity == 1 else f"{number_text(quantity, _language())} × {item}"


def quota_words(name: str, count: int) -> str:
    """So much of a quota or of credits: "25 guests". Empty for a name that is none."""
    size = number_text(Decimal(count) / GB, _language())
    number = number_text(count, _language())
    if name == "credits":
        text = ngettext("{n} credit", "{n} credits", count)
    elif name == "users":
        text = ngettext("{n} user", "{n} users", count)
    elif name == "data_rooms":
        text = ngettext("{n} data room", "{n} data rooms", count)
    elif name == "guests":
        text = ngettext("{n} guest", "{n} guests", count)
    elif name == "storage_bytes":
        return gettext("{size} GB of storage").format(size=size)
    elif name == "media_bytes":
        return gettext("{size} GB of media a month").format(size=size)
    else:
        return ""
    return text.format(n=number)


def detail_words(line: Line, currency: str) -> str:
    """Why a line costs what it costs, so that a reader can check it. A part of a cycle is told in days only where days give
    the very amount; else the moments are told, in UTC."""
    if line.kind == LineKind.CHARGE:
        return _sentence(_part(line, currency))
    if line.kind == LineKind.CREDIT:
        return gettext("Unused time: {part}").format(part=_part(line, currency))
    if line.kind == LineKind.TERM:
        text = gettext("Next cycle, {span}, because these credits are given up before their term")
        return text.format(span=span_words(line.start, line.end))
    if line.kind == LineKind.REFUND:
        return gettext("Paid back")
    return _sentence(span_words(line.start, line.end))


def span_words(start: datetime, end: datetime) -> str:
    """A cycle by its first and last day: "1 Dec to 31 Dec 2026" for one that ends when the next begins, on 1 January."""
    last = max(start, end - DAY)
    return _from_to(
        _day(start, with_year=start.astimezone(UTC).year != last.astimezone(UTC).year),
        _day(last, with_year=True),
    )


def tax_words(name: str, percent: str) -> str:
    """A tax as it stands before its amount: "VAT 20%"."""
    return pgettext("a tax", "{name} {percent}%").format(name=name, percent=number_text(Decimal(percent), _language()))


def date_words(moment: datetime) -> str:
    """A day in UTC with its year."""
    return _day(moment, with_year=True)


def plan_names() -> dict[str, str]:
    """What every plan there ever was is called now, by code."""
    return dict(Plan.objects.order_by("version").values_list("code", "name"))


def known_addons() -> dict[str, Extra]:
    """The newest version of every add-on there ever was, by code."""
    return {addon.code: extra_of(addon) for addon in AddOn.objects.order_by("version")}


# -- How ---------------------------------------------------------------------------------------------------------------------
def _feature_words(feature: str) -> str:
    words = {
        "watermark": gettext("Dynamic watermark"),
        "screen_shield": gettext("Screen shield"),
        "api": gettext("API"),
        "file_permissions": gettext("Permissions for each file"),
    }
    return words.get(feature, "")


def _part(line: Line, currency: str) -> str:
    """The part of a cycle a line is for. Without the price when the amount does not follow from it: a credit is never more than
    what was paid."""
    whole = line.unit_price * line.quantity
    price = money_text(whole, currency, _language())
    for cycle in _cycles_before(line.end):
        if cycle.start <= line.start and abs(line.amount) == share(whole, cycle, line.start):
            days, of = round((line.end - line.start) / DAY), (cycle.end - cycle.start) // DAY
            if days and abs(line.amount) == round_half_away(Fraction(whole * days, of)):
                text = ngettext("{n} of {all} days of {price}", "{n} of {all} days of {price}", days)
                return text.format(n=days, all=of, price=price)
            return gettext("{span}, of {price}").format(span=_moments(line.start, line.end), price=price)
    return _moments(line.start, line.end)


def _cycles_before(end: datetime) -> Iterator[Span]:
    """The cycles that may end at an instant. A boundary keeps the anchor's day where the month has it, so before the last day of a
    month there are several: 28 February follows 28, 29, 30 and 31 January."""
    end = end.astimezone(UTC)
    is_last_day = (end + DAY).month != end.month
    for interval in MONTHS:
        start = boundary(end, -1, interval)
        yield Span(start, end)
        while is_last_day and (start + DAY).month == start.month:
            start += DAY
            yield Span(start, end)


def _moments(start: datetime, end: datetime) -> str:
    return gettext("{span} UTC").format(
        span=_from_to(_moment(start, with_year=start.year != end.year), _moment(end, with_year=True))
    )


def _from_to(first: str, last: str) -> str:
    return gettext("{first} to {last}").format(first=first, last=last)


def _moment(moment: datetime, *, with_year: bool) -> str:
    clock = date_format(moment.astimezone(UTC), pgettext("clock, as a pattern of Django", "H:i"))
    day = _day(moment, with_year=with_year)
    return pgettext("a day and a clock", "%(day)s, %(clock)s") % {"day": day, "clock": clock}


def _day(moment: datetime, *, with_year: bool) -> str:
    return day_text(moment.astimezone(UTC).date(), _language(), with_year=with_year)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _language() -> str:
    return get_language() or "en"
