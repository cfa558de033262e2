# SPDX-License-Identifier: Apache-2.0
"""The help articles. A new one is a row here and `templates/web/help/<slug>.<language>.html`, one for each language: plain prose
whose `<h2 id="…">` make the contents list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sealroom.core.errors import NotFound

_PART = re.compile(r'<h2 id="(?P<id>[a-z0-9-]+)">(?P<label>.*?)</h2>', re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """An article in the list. `reviewed`: languages whose text a native reader went through; `related`: pages of the product."""

    slug: str
    title: str | Promise
    summary: str | Promise
    changed: date
    reviewed: frozenset[str]
    related: tuple[tuple[str, str | Promise], ...] = ()


@dataclass(frozen=True)
class Article:
    """An article as its page shows it."""

    slug: str
    title: str
    summary: str
    changed: date
    contents: tuple[dict[str, str], ...]
    html: SafeString
    related: tuple[dict[str, str], ...]
    is_reviewed: bool


ENTRIES = (
    Entry(
        "credits",
        _("Credits: what a send costs"),
        _("One credit sends one file to one person. How they are counted, when they reset, and what gives them back."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:credits", _("Your team’s credits")), ("web:send_files", _("Send files")), ("web:sends", _("Manage sent files"))),
    ),
    Entry(
        "document-security",
        _("Document Security settings"),
        _("Who may open a send, what they may do, until when; passcode, terms, watermark, shield, limits and restrictions."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:send_files", _("Send files")), ("web:contacts", _("Your contacts"))),
    ),
    Entry(
        "protection-limits",
        _("What protection cannot do"),
        _("Photographs, captures, copies, mailboxes: what no software prevents, and what helps against it."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:send_files", _("Send files")),),
    ),
    Entry(
        "requests",
        _("Ask for and give access"),
        _("How somebody who was not invited asks you, what approving costs, and what an address is worth."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:requests", _("Requests for access")), ("web:sends", _("Manage sent files"))),
    ),
    Entry(
        "presets",
        _("Presets and terms"),
        _("What admins fix for everybody, the organisation’s terms of access, and the record of who accepted them."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:presets", _("Presets")), ("web:terms", _("Terms of access"))),
    ),
    Entry(
        "mail-programs",
        _("Sending from Gmail, Outlook, Thunderbird or any mail program"),
        _("How mail programs protect attachments, what a mail costs, what recipients meet, and what happens when it is refused."),
        date(2026, 11, 27),
        frozenset({"en", "fr"}),
        (("web:mail_programs", _("Mail programs")), ("web:credits", _("Your team’s credits"))),
    ),
    Entry(
        "billing",
        _("Billing: plans, payments, invoices"),
        _("What a change costs in the middle of a cycle, when it takes effect, how to pay, and what happens when a payment fails."),
        date(2026, 11, 26),
        frozenset({"en", "fr"}),
        (("web:plan", _("Your plan")), ("web:invoices", _("Your invoices")), ("web:credits", _("Your team’s credits"))),
    ),
)


def article(slug: str) -> Article:
    """An article in the active language (English where it is not written yet). Raises `NotFound`."""
    entry = next((one for one in ENTRIES if one.slug == slug), None)
    if entry is None:
        raise NotFound(kind="article")
    language = (get_language() or "en").split("-")[0]
    try:
        html = render_to_string(f"web/help/{slug}.{language}.html")
    except TemplateDoesNotExist:
        language, html = "en", render_to_string(f"web/help/{slug}.en.html")
    contents = tuple({"id": part["id"], "label": strip_tags(part["label"])} for part in _PART.finditer(html))
    related = tuple({"label": str(label), "url": reverse(route)} for route, label in entry.related)
    return Article(
        slug,
        str(entry.title),
        str(entry.summary),
        entry.changed,
        contents,
        mark_safe(html),  # noqa: S308 -- a template of ours, without variables
        related,
        language in entry.reviewed,
    )
