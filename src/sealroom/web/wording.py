# SPDX-License-Identifier: Apache-2.0
"""How states, rights and amounts are said in a sentence; the same words on every page of the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sealroom.httpkit.templatetags.kit import duration, human_size, moment_text, number
from sealroom.sends.queries import SendRow
from sealroom.sends.rules import ENDING_SOON, State

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


@dataclass(frozen=True)
class Badge:
    """A state: its colour, icon and word."""

    tone: str
    icon: str
    word: str


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
        "team_suspended": _("Your team is suspended. Nothing was charged. Ask whoever runs this installation."),
        "infected": _("A virus was found in a file. Remove it and send again. Nothing was charged."),
        "limit_scan": _("A file is too large for the virus scanner. Remove it and send again. Nothing was charged."),
        "document_failed": _("A file could not be prepared. Remove it and send again. Nothing was charged."),
    }
    return reasons.get(reason, _("It did not go out, and nothing was charged. Open the draft and send it again."))
