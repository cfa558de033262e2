# SPDX-License-Identifier: Apache-2.0
"""How the conditions of a send are said: one sentence a group, in the active language and zone. The same sentences stand on Send
Files, on a send's page and in a preset."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from sealroom.access.rules import Watermark
from sealroom.core.wording import country_name
from sealroom.httpkit.templatetags.kit import moment_text, number
from sealroom.sends.rules import SendSettings
from sealroom.web.conditions import GROUPS

MARK = "\0"  # stands where a sentence holds its changeable word


@dataclass(frozen=True)
class ShownSetting:
    """A group as a sentence: `before`, the changeable `word`, `after`. `needs` is the feature a plan lacks for it; `value` is the
    word alone."""

    name: str
    label: str
    icon: str
    before: str
    word: str
    after: str
    panel: str
    locked: bool = False
    needs: str = ""
    errors: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The whole sentence in plain words."""
        return f"{self.before}{self.word}{self.after}"


def shown_settings(
    settings: SendSettings,
    *,
    zone: str,
    fixed: Collection[str] = (),
    features: Collection[str] | None = None,
    errors: Mapping[str, Collection[str]] | None = None,
) -> tuple[ShownSetting, ...]:
    """Every group with its words. `fixed` are keys a preset holds; `features` what the plan has (None: everything)."""
    found = []
    for group in GROUPS:
        before, _mark, after = _sentence(group.name).partition(MARK)
        lacks = bool(group.feature) and features is not None and group.feature not in features
        said = [sentence for key in group.keys for sentence in error_words(key, (errors or {}).get(key, ()))]
        found.append(
            ShownSetting(
                name=group.name,
                label=labels()[group.name],
                icon=group.icon,
                before=before,
                word=_WORDS[group.name](settings, zone),
                after=after,
                panel=f"web/settings/{group.name}.html",
                locked=all(key in fixed for key in group.keys),
                needs=group.feature if lacks else "",
                errors=tuple(dict.fromkeys(said)),
            )
        )
    return tuple(found)


def labels() -> dict[str, str]:
    """What each group is called."""
    return {
        "access": _("Who may open it"),
        "permission": _("What they may do"),
        "period": _("From when until when"),
        "watermark": _("Watermark"),
        "terms": _("Terms of access"),
        "shield": _("Screen shield"),
        "passcode": _("Passcode"),
        "limits": _("Limits"),
        "restrictions": _("Networks, countries, domains"),
    }


def _sentence(name: str) -> str:
    sentences = {
        "access": _("Open to %(word)s."),
        "permission": _("They may %(word)s."),
        "period": _("Access %(word)s."),
        "watermark": _("Pages carry %(word)s."),
        "terms": _("They accept %(word)s first."),
        "shield": _("The screen shield is %(word)s."),
        "passcode": _("They give %(word)s."),
        "limits": _("They may open it %(word)s."),
        "restrictions": _("It opens from %(word)s."),
    }
    return sentences[name] % {"word": MARK}


def _access(settings: SendSettings, zone: str) -> str:
    if settings.access == "domains":
        domains = ", ".join(settings.domains[:3]) + (", …" if len(settings.domains) > 3 else "")
        return _("anybody at %(domains)s, after a code by e-mail") % {"domains": domains or "…"}
    words = {
        "named_code": _("people you name, after a code by e-mail"),
        "named_quick": _("people you name, by a personal link without a code"),
        "anyone_verified": _("anybody with the link, after a code by e-mail"),
        "anyone": _("anybody with the link"),
    }
    said = words.get(settings.access, settings.access)
    if settings.domains:
        return _("%(people)s, at %(domains)s") % {"people": said, "domains": ", ".join(settings.domains[:3])}
    return said


def permission(value: str) -> str:
    """What a right means for the reader."""
    words = {
        "view": _("view only"),
        "print": _("view and print"),
        "download_pdf": _("view, print and download a PDF"),
        "download_original": _("view, print and download, the original too"),
    }
    return words.get(value, value)


def _permission(settings: SendSettings, zone: str) -> str:
    if settings.permission == "download_pdf" and settings.protect_pdf:
        return _("view, print and download a PDF that has a password")
    return permission(settings.permission)


def _period(settings: SendSettings, zone: str) -> str:
    starts, ends, seconds = settings.starts_at, settings.expires_at, settings.expire_after_opening_s
    place = zone.rsplit("/", 1)[-1].replace("_", " ")
    facts = {
        "start": moment_text(starts, "moment") if starts else "",
        "end": moment_text(ends, "moment") if ends else "",
        "time": span(seconds) if seconds else "",
        "zone": place,
    }
    return _period_patterns()[bool(starts), bool(ends), bool(seconds)] % facts


def _period_patterns() -> dict[tuple[bool, bool, bool], str]:
    """By whether there is a start, an end, a timer."""
    return {
        (False, False, False): _("lasts until you end it"),
        (False, True, False): _("ends on %(end)s (%(zone)s)"),
        (True, False, False): _("begins on %(start)s (%(zone)s)"),
        (True, True, False): _("lasts from %(start)s to %(end)s (%(zone)s)"),
        (False, False, True): _("ends %(time)s after the first opening"),
        (False, True, True): _("ends %(time)s after the first opening, on %(end)s (%(zone)s) at the latest"),
        (True, False, True): _("begins on %(start)s (%(zone)s) and ends %(time)s after the first opening"),
        (True, True, True): _("begins on %(start)s and ends %(time)s after the first opening, on %(end)s (%(zone)s) at the latest"),
    }


def span(seconds: int) -> str:
    """A time in whole units: 2 days, 90 minutes."""
    days, hours, minutes = seconds // 86400, seconds // 3600, max(1, seconds // 60)
    if seconds % 86400 == 0:
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": number(days)}
    if seconds % 3600 == 0:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": number(hours)}
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": number(minutes)}


def marks(watermark: Watermark | None) -> str:
    """What the pages carry."""
    if watermark is None:
        return _("no watermark")
    fields = {"email": _("e-mail"), "name": _("name"), "time": _("date and time"), "ip": _("IP")}
    said = [words for field, words in fields.items() if field in watermark.fields]
    return ", ".join([*said, *([f"“{watermark.text}”"] if watermark.text else [])])


def _watermark(settings: SendSettings, zone: str) -> str:
    return marks(settings.watermark)


def _terms(settings: SendSettings, zone: str) -> str:
    if settings.terms is None:
        return _("no terms")
    return _("our terms of access") if settings.terms == "organization" else _("terms of this send")


def _shield(settings: SendSettings, zone: str) -> str:
    words = {"small": _("on, small window"), "medium": _("on, medium window"), "large": _("on, large window")}
    return words.get(settings.screen_shield, _("off"))


def _passcode(settings: SendSettings, zone: str) -> str:
    return _("a passcode") if settings.passcode is not None else _("no passcode")


def _limits(settings: SendSettings, zone: str) -> str:
    views = prints = ""
    if settings.max_views:
        views = ngettext("%(n)s time", "%(n)s times", settings.max_views) % {"n": number(settings.max_views)}
    if settings.max_prints:
        count = {"n": number(settings.max_prints)}
        prints = ngettext("print it %(n)s time", "print it %(n)s times", settings.max_prints) % count
    if views and prints:
        return _("%(views)s and %(prints)s") % {"views": views, "prints": prints}
    if prints:
        return _("without limit and %(prints)s") % {"prints": prints}
    return views or _("without limit")


def _restrictions(settings: SendSettings, zone: str) -> str:
    language = (get_language() or "en").split("-")[0]
    said = list(settings.allow_ips[:2]) + [country_name(code, language) for code in settings.allow_countries[:3]]
    more = len(settings.allow_ips) + len(settings.allow_countries) > len(said)
    where = ", ".join(said) + (", …" if more else "") or _("any network or country")
    if not settings.block_domains:
        return where
    blocked = ", ".join(settings.block_domains[:2]) + (", …" if len(settings.block_domains) > 2 else "")
    return _("%(where)s, but not for %(domains)s") % {"where": where, "domains": blocked}


_WORDS: dict[str, Callable[[SendSettings, str], str]] = {
    "access": _access,
    "permission": _permission,
    "period": _period,
    "watermark": _watermark,
    "terms": _terms,
    "shield": _shield,
    "passcode": _passcode,
    "limits": _limits,
    "restrictions": _restrictions,
}


def error_words(key: str, reasons: Collection[str]) -> list[str]:
    """What to do about refused settings; a reason nobody here knows is said in general."""
    known = {
        ("expires_at", "in_the_past"): _("This moment has passed. Choose a later one."),
        ("expires_at", "before_start"): _("Access would end before it begins. Choose a later end."),
        ("passcode", "too_short"): _("Type a passcode of at least 4 characters, or turn it off."),
        ("watermark", "too_long"): _("The text of the watermark is too long."),
        ("watermark", "empty"): _("Choose what the pages carry."),
        ("domains", "required"): _("Name at least one domain."),
        ("domains", "needs_address"): _("Who reads without an address is of no domain: choose another way in, or no domains."),
        ("block_domains", "needs_address"): _(
            "Who reads without an address is of no domain: choose another way in, or no domains."
        ),
        ("block_domains", "also_allowed"): _("A domain stands in both lists. Take it out of one."),
        ("terms", "text_or_document"): _("Write the terms, or choose a PDF: one of both."),
        ("terms", "needs_a_ready_pdf"): _("This file is no PDF that is ready. Choose another."),
        ("terms", "too_long"): _("The terms are too long. Use a PDF instead."),
        ("terms", "no_organization_terms"): _("Your organisation has no terms yet. An admin writes them under Document Security."),
        ("expire_after_opening_s", "out_of_range"): _("Choose a time between one minute and ten years."),
    }
    general = {
        "passcode": _("Choose another passcode, of 4 to 128 visible characters."),
        "domains": _("Write domains as in example.com, parted by commas."),
        "block_domains": _("Write domains as in example.com, parted by commas."),
        "allow_ips": _("Write networks as in 192.0.2.0/24, one a line."),
        "allow_countries": _("Choose countries from the list."),
    }
    if "fixed_by_preset" in reasons:
        return [_("An admin fixed this in the preset.")]
    return [known.get((key, reason)) or general.get(key) or _("This does not fit. Choose another value.") for reason in reasons]
