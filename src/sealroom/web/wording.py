# SPDX-License-Identifier: Apache-2.0
"""How states, rights and amounts are said in a sentence; the same words on every page of the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sealroom.access.rules import Watermark
from sealroom.httpkit.templatetags.kit import duration, human_size, moment_text, number
from sealroom.sends.queries import SendRow
from sealroom.sends.rules import ENDING_SOON, SendSettings, State

ROUTES: dict[str, str | Promise] = {
    "web": gettext_lazy("Web"),
    "api": gettext_lazy("API"),
    "cli": gettext_lazy("Command line"),
    "gmail": "Gmail",
    "outlook": "Outlook",
    "thunderbird": "Thunderbird",
    "smtp": gettext_lazy("Mail gateway"),
    "system": gettext_lazy("Sealroom"),
}
ENTRY_KINDS: dict[str, str | Promise] = {
    "issue": gettext_lazy("Issued"),
    "charge": gettext_lazy("Used"),
    "reversal": gettext_lazy("Given back"),
    "expire": gettext_lazy("Expired"),
}
_MARKS: dict[str, str | Promise] = {
    "email": gettext_lazy("e-mail"),
    "name": gettext_lazy("name"),
    "time": gettext_lazy("date and time"),
    "ip": gettext_lazy("IP address"),
}


@dataclass(frozen=True)
class Badge:
    """A state: its colour, icon and word."""

    tone: str
    icon: str
    word: str


@dataclass(frozen=True)
class SettingWords:
    """The changeable words of the sentences that say how a send may be opened."""

    permission: str
    expiry: str
    zone: str
    watermark: str


def size_limit(size: int) -> str:
    """A limit in bytes, as people set it: 2 times 1,024 cubed is "2 GB". Never more than what is allowed."""
    for power in (3, 2):
        if size % 1024**power == 0:
            return human_size(size // 1024**power * 1000**power)
    return human_size(size)


def files(count: int) -> str:
    """1 file, 2 files."""
    return ngettext("%(n)s file", "%(n)s files", count) % {"n": number(count)}


def people(count: int) -> str:
    """1 person, 5 people."""
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": number(count)}


def recipients(count: int) -> str:
    """1 recipient, 5 recipients."""
    return ngettext("%(n)s recipient", "%(n)s recipients", count) % {"n": number(count)}


def others(count: int) -> str:
    """5 others: people of a list that are not named."""
    return ngettext("%(n)s other", "%(n)s others", count) % {"n": number(count)}


def pages(count: int | None) -> str:
    """1 page, 14 pages; nothing for what has none."""
    return ngettext("%(n)s page", "%(n)s pages", count) % {"n": number(count)} if count else ""


def permission(value: str) -> str:
    """What a right means for the reader."""
    words = {
        "view": _("view only"),
        "print": _("view and print"),
        "download_pdf": _("view and download a PDF"),
        "download_original": _("view and download the original"),
    }
    return words.get(value, value)


def marks(watermark: Watermark | None) -> str:
    """What the pages carry."""
    if watermark is None:
        return _("no watermark")
    said = [str(words) for field, words in _MARKS.items() if field in watermark.fields]
    return ", ".join([*said, *([f"“{watermark.text}”"] if watermark.text else [])])


def setting_words(settings: SendSettings, time_zone: str) -> SettingWords:
    """The words for settings, in the active language and zone."""
    ends = settings.expires_at
    return SettingWords(
        permission=permission(settings.permission),
        expiry=_("ends on %(moment)s") % {"moment": moment_text(ends, "moment")} if ends else _("lasts until you end it"),
        zone=time_zone.rsplit("/", 1)[-1].replace("_", " ") if ends else "",
        watermark=marks(settings.watermark),
    )


def state_badge(row: SendRow, *, now: datetime) -> Badge:
    """How a send stands."""
    if row.state == State.DRAFT:
        return _draft_badge(row)
    if row.state == State.ACTIVE:
        return _active_badge(row.expires_at, now)
    if row.state == State.SCHEDULED:
        assert row.starts_at is not None
        return Badge("neutral", "calendar", _("Starts %(moment)s") % {"moment": moment_text(row.starts_at, "moment")})
    ended = {
        State.EXPIRED: Badge("neutral", "clock", _("Ended")),
        State.REVOKED: Badge("danger", "ban", _("Revoked")),
        State.CANCELLED: Badge("neutral", "undo", _("Cancelled")),
    }
    return ended[row.state]


def _draft_badge(row: SendRow) -> Badge:
    if row.held_reason:
        return Badge("warn", "warning", _("Held back"))
    if row.waiting:
        return Badge("accent", "hourglass", _("Waiting for files"))
    return Badge("neutral", "pencil", _("Draft"))


def _active_badge(ends: datetime | None, now: datetime) -> Badge:
    if ends is None:
        return Badge("ok", "", _("Active, no end date"))
    if ends - now <= timedelta(hours=24):
        return Badge("warn", "clock", _("Ends in %(time)s") % {"time": duration((ends - now).total_seconds())})
    if ends - now <= ENDING_SOON:
        return Badge("warn", "clock", _("Ends %(moment)s") % {"moment": moment_text(ends, "moment")})
    return Badge("ok", "", _("Active until %(day)s") % {"day": moment_text(ends, "date")})


def held(reason: str) -> str:
    """Why a confirmed send did not go out, and what to do."""
    reasons = {
        "insufficient_credits": _(
            "Too few credits were left when the last file was ready. Nothing was charged. Send it again later."
        ),
        "payment_due": _("A payment of your team is due. Nothing was charged. Send it again when it has arrived."),
        "document_failed": _("A file could not be prepared. Remove it and send again. Nothing was charged."),
    }
    return reasons.get(reason, _("It did not go out, and nothing was charged. Open the draft and send it again."))
