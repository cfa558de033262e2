# SPDX-License-Identifier: Apache-2.0
"""What every page needs to say numbers, sizes, moments and lengths of time in the reader's language.

Numbers are grouped as the language asks: in French with the narrow no-break space (U+202F), where
Django's own format has the wide one. Moments are written in the zone Django has active and carry
their UTC time in `title`, so that nobody has to guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django import template
from django.template.base import Parser, Token
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext, pgettext_lazy

from sealroom.core import wording

register = template.Library()

NARROW_SPACE = "\u202f"
WIDE_SPACE = "\xa0"
UTC = ZoneInfo("UTC")
# Own words, because Django's French has "jan." and "fév." where printers write "janv." and "févr.".
SHORT_MONTHS = (
    pgettext_lazy("short month", "Jan"),
    pgettext_lazy("short month", "Feb"),
    pgettext_lazy("short month", "Mar"),
    pgettext_lazy("short month", "Apr"),
    pgettext_lazy("short month", "May"),
    pgettext_lazy("short month", "Jun"),
    pgettext_lazy("short month", "Jul"),
    pgettext_lazy("short month", "Aug"),
    pgettext_lazy("short month", "Sep"),
    pgettext_lazy("short month", "Oct"),
    pgettext_lazy("short month", "Nov"),
    pgettext_lazy("short month", "Dec"),
)
ICON_SIZES = frozenset({13, 15, 17, 20, 24})


@register.simple_tag
def icon(name: str, size: int | str = 17, label: str = "", cls: str = "") -> SafeString:
    """Draw one icon of the sprite. Decorative unless `label` names it."""
    number = int(size)
    if number not in ICON_SIZES:
        raise template.TemplateSyntaxError(f"icon size {number} is not one of {sorted(ICON_SIZES)}")
    classes = " ".join(part for part in ("icon", "" if number == 17 else f"icon-{number}", cls) if part)
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" {} focusable="false"><use href="{}#{}"></use></svg>', classes, role, static("kit/icons.svg"), name
    )


@register.filter
def attributes(attrs: Mapping[str, object]) -> SafeString:
    """Write the attributes a component was given and did not name itself, each value escaped.

    Stands in for `{{ attrs }}`, which writes values bound with `:name="value"` as they come.
    False and None leave the attribute out, True writes its name alone.
    """
    given = attrs.attrs_dict() if hasattr(attrs, "attrs_dict") else attrs
    shown = [(name, value) for name, value in given.items() if value is not None and value is not False]
    return format_html_join("", "{}", ((_attribute(name, value),) for name, value in shown))


def _attribute(name: str, value: object) -> SafeString:
    if value is True:
        return format_html(" {}", name)
    # A value that came through a template is escaped already, but may hold a quote it was free to use.
    text = conditional_escape(value if isinstance(value, SafeString) else str(value)).replace('"', "&quot;")
    return mark_safe(f' {conditional_escape(name)}="{text}"')  # noqa: S308 -- both parts are escaped above


@register.filter
def initials(name: str | None) -> str:
    """Give one or two letters for an avatar; an address gives its first letter."""
    words = [word for word in str(name or "").split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = [words[0][0]] if len(words) == 1 else [words[0][0], words[-1][0]]
    return "".join(letters).upper()


@register.filter
def number(value: int | Decimal | str | None, places: int = 0) -> str:
    """Write a number grouped and with the decimal sign of the active language; a minus is U+2212."""
    if value is None or value == "":
        return ""
    quantum = Decimal(1).scaleb(-int(places))
    amount = Decimal(str(value)).quantize(quantum, rounding=ROUND_HALF_UP)
    text = formats.number_format(abs(amount), decimal_pos=int(places), use_l10n=True, force_grouping=True)
    text = text.replace(WIDE_SPACE, NARROW_SPACE)
    return f"\N{MINUS SIGN}{text}" if amount < 0 else text  # a rounded -0 compares equal to 0


@register.filter
def signed(value: int) -> str:
    """Write a change: +3, −12, 0."""
    return f"+{number(value)}" if value > 0 else number(value)


@register.filter
def percent(value: float | Decimal) -> str:
    """Write a share given in per cent: 74%, in French 74 % with its narrow space."""
    return pgettext("share", "%(value)s%%") % {"value": number(Decimal(str(value)))}


@register.filter
def human_size(size: int | None) -> str:
    """Write a count of bytes in the unit people read: powers of 1,000, one decimal below ten."""
    amount = Decimal(size or 0)
    units = [gettext("B"), gettext("KB"), gettext("MB"), gettext("GB"), gettext("TB")]
    step = 0
    while amount >= Decimal("999.5") and step < len(units) - 1:
        amount /= 1000
        step += 1
    places = 1 if step and amount < Decimal("99.95") and amount != amount.to_integral_value() else 0
    return f"{number(amount, places)}{WIDE_SPACE}{units[step]}"


@register.filter
def duration(seconds: float | None) -> str:
    """Write a length of time in its two largest units: 11 min 20 s, 2 h 10 min, 3 days 4 h."""
    total = max(0, int(seconds or 0))
    days, rest = divmod(total, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, secs = divmod(rest, 60)
    day = ngettext("%(n)s day", "%(n)s days", days) % {"n": number(days)}
    parts = [
        (days, day.replace(" ", WIDE_SPACE)),
        (hours, f"{hours}{WIDE_SPACE}h"),
        (minutes, f"{minutes}{WIDE_SPACE}min"),
        (secs, f"{secs}{WIDE_SPACE}s"),
    ]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    return " ".join(text for count, text in parts[first : first + 2] if count or first == 3)


@register.filter("credits")
def credit_count(count: int) -> str:
    """Write a number of credits: 1 credit, 10 credits, 1,490 credits."""
    return ngettext("%(n)s credit", "%(n)s credits", abs(count)) % {"n": number(count)}


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Write an amount given in minor units: `{{ line.amount|money:quote.currency }}` is $350.00, in French 350,00 $."""
    return "" if minor is None else wording.money_text(minor, currency, get_language() or "en")


@register.filter
def currency_name(code: str) -> str:
    """Write what a currency is called, for the one place of a page that says it: US dollars."""
    return wording.currency_name(code, get_language() or "en")


@register.simple_tag
def local_time(moment: datetime | None, style: str = "moment", *, browser: bool = False, now: datetime | None = None) -> SafeString:
    """Write a moment as `<time>` in the active zone, with UTC in its title.

    Styles: `moment` (Today, 10:37 / 5 Jan, 09:20), `date` (5 Jan), `time` (10:37), `full`
    (12 January 2027, 18:00). The year is added when it is not the present one. With `browser`
    the page's script writes it again in the zone of the reader's browser, for readers whose zone
    nobody knows.
    """
    if moment is None:
        return SafeString("")
    utc = moment.astimezone(UTC)
    hook = SafeString("")
    if browser:
        example = _joined("|", formats.date_format(datetime(2000, 1, 1, 8, 0, tzinfo=UTC), _clock_pattern()))
        hook = format_html(' data-local="{}" data-today="{}" data-pattern="{}"', style, gettext("Today"), example)
    return format_html(
        '<time datetime="{}" title="{} UTC"{}>{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        hook,
        moment_text(moment, style, now=now),
    )


def moment_text(moment: datetime, style: str, *, now: datetime | None = None) -> str:
    """Write a moment without its element, for mails and names. Refuses an unknown style."""
    local = timezone.localtime(moment)
    today = timezone.localtime(now or timezone.now()).date()
    clock = formats.date_format(local, _clock_pattern())
    if style == "time":
        return clock
    if style == "moment" and local.date() == today:
        return _joined(gettext("Today"), clock)
    day = day_text(local.date(), long=style == "full", with_year=style == "full" or local.year != today.year)
    if style == "date":
        return day
    if style not in {"moment", "full"}:
        raise template.TemplateSyntaxError(f"unknown style of time: {style}")
    return _joined(day, clock)


def day_text(day: date, *, long: bool = False, with_year: bool = True) -> str:
    """Write a day: 5 Jan, 5 Jan 2027, 12 January 2027, with a no-break space before the month."""
    month = formats.date_format(day, "F") if long else str(SHORT_MONTHS[day.month - 1])
    return WIDE_SPACE.join([str(day.day), month, *([str(day.year)] if with_year else [])])


@register.filter
def long_day(day: date | None) -> str:
    """Write a day with its month in full and its year: 12 January 2027."""
    return day_text(day, long=True) if day else ""


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """Keep a piece of page under a name: `{% capture word %}<c-word …/>{% endcapture %}`.

    So a sentence with controls inside stays one sentence for its translators:
    `{% blocktranslate %}They may {{ word }}, not print.{% endblocktranslate %}`. Space at both ends is dropped.
    """
    words = token.split_contents()
    if len(words) != 2:
        raise template.TemplateSyntaxError("capture takes one name")
    nodes = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodes, words[1])


class CaptureNode(template.Node):
    """Holds what `capture` keeps; shows nothing itself."""

    def __init__(self, nodelist: template.NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: template.Context) -> SafeString:
        """Render what is inside into the name."""
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308 -- rendered by Django, escaped there
        return SafeString("")


def _clock_pattern() -> str:
    return pgettext("clock, as a pattern of Django", "H:i")


def _joined(day: str, clock: str) -> str:
    return pgettext("a day and a clock", "%(day)s, %(clock)s") % {"day": day, "clock": clock}
