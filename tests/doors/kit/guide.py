# SPDX-License-Identifier: Apache-2.0
"""A small site of its own that shows the style guide and every base template, for pictures and tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import translation
from django.utils.safestring import mark_safe

NOW = datetime(2027, 1, 5, 9, 37, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    label: str
    url: str = "#main"
    icon: str = "send"
    count: int | None = None
    active: bool = False
    short: str = ""
    after_line: bool = False
    sub: tuple[Item, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Meter:
    left: int
    total: int
    resets_text: str
    low: bool
    buy_url: str | None
    url: str | None = None


@dataclass(frozen=True)
class Account:
    name: str
    email: str
    team: str


class ExampleForm(forms.Form):
    """One field of each kind, one of them refused."""

    address = forms.EmailField(label="Address", help_text="One person. Paste many on the next page.")
    wrong = forms.EmailField(label="With an error")
    kind = forms.ChoiceField(label="Permission", choices=[("view", "View"), ("print", "Print"), ("pdf", "Download PDF")])
    message = forms.CharField(label="Message", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    remember = forms.BooleanField(label="Remember this device for 30 days", required=False)
    notify = forms.ChoiceField(
        label="Notices", widget=forms.RadioSelect, choices=[("each", "Each time"), ("daily", "Once a day"), ("off", "Never")]
    )


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give the members' frame what it shows."""
    nav = (
        Item("Send Files", icon="send", short="Send"),
        Item("Manage Sent Files", icon="layers", count=24, active=True, short="Sent"),
        Item("Received Files", icon="inbox", count=3, short="Received"),
        Item("Data Rooms", icon="folder-lock", count=4, short="Rooms"),
        Item("Contacts", icon="contact", after_line=True),
    )
    low = "low" in request.GET
    return {
        "theme": request.GET.get("theme", "light"),
        "theme_url": "#theme",
        "home_url": "/",
        "search_url": "/search",
        "help_url": "/help",
        "nav": nav,
        "meter": Meter(72 if low else 1478, 1500 if low else 2000, "resets 14 Jan", low, "#buy"),
        "account": Account("Team admin", "sender@example.com", "Example team"),
        "account_links": (Item("My Settings", icon="settings"), Item("Admin Settings", icon="building")),
        "sign_out_url": "#out",
        "support_address": "support@example.com",
    }


def guide(request: HttpRequest) -> HttpResponse:
    form = ExampleForm({"address": "nadia@example.com", "wrong": "li.wei@example", "kind": "view", "notify": "each"})
    heights = (34, 66, 120, 62, 130, 127, 31, 48, 13, 71, 26, 17, 20, 17)
    bars = [
        {
            "x": 60 + 72 * at,
            "y": 150 - height,
            "height": height,
            "peak": height == max(heights),
            "middle": 78 + 72 * at,
            "label": at + 1,
        }
        for at, height in enumerate(heights)
    ]
    swatches = ["paper", "surface", "sunken", "line", "control", "ink", "accent", "soft", "ok", "warn", "danger"]
    items = {
        "form": form,
        "bars": bars,
        "swatches": swatches,
        "moment": NOW,
        "soon": (datetime.now(UTC) + timedelta(minutes=10)).isoformat(),
        "tabs": [Item("Documents", count=186, active=True), Item("Guests", count=41), Item("Activity")],
        "segments": [Item("All", count=24, active=True), Item("Active", count=14), Item("Ended", count=9)],
        "crumbs": [Item("Manage sent files"), Item("Term sheet v3.pdf")],
        "page": Paginator(range(120), 25).page(2),
    }
    return render(request, "kit/styleguide.html", {**frame(request), "guide": items})


def narrow(request: HttpRequest) -> HttpResponse:
    return render(request, "kit_test/verify.html", frame(request))


def error(request: HttpRequest) -> HttpResponse:
    words = {
        "title": "This page is not here",
        "advice": "It may have ended, or the address is not complete.",
        "request_id": "7KQ2-M4XD",
    }
    return render(
        request, "kit/error.html", {**frame(request), **words, "action_url": "/", "action_label": "Back to Sealroom"}, status=404
    )


def article(request: HttpRequest) -> HttpResponse:
    html = mark_safe(
        "<p>One credit sends <strong>one file to one person</strong>.</p><h2 id='count'>How they are counted</h2>"
        "<p>2 files to 5 people are 10 credits. See <a href='#reset'>when they reset</a>.</p>"
        "<ul><li>The same address twice counts once.</li>"
        "<li>You yourself are free.</li></ul><h2 id='reset'>When they reset</h2><p>Every month on the billing date.</p>"
        "<table><thead><tr><th>Deed</th><th>Credits</th></tr></thead><tbody><tr><td>Send</td><td>1</td></tr></tbody></table>"
    )
    words = {
        "title": "How credits work",
        "summary": "What they are, how they are counted and when they reset.",
        "changed": date(2026, 11, 22),
        "html": html,
        "contents": [{"id": "count", "label": "How they are counted"}, {"id": "reset", "label": "When they reset"}],
        "related": [{"label": "Plans and add-ons", "url": "#"}],
    }
    return render(request, "kit/help/article.html", {**frame(request), "article": words, "feedback_url": "#feedback"})


def viewer(request: HttpRequest) -> HttpResponse:
    return render(request, "kit_test/viewer.html", {**frame(request), "moment": NOW})


def in_language(request: HttpRequest, code: str, page: str) -> HttpResponse:
    with translation.override(code):
        return {"guide": guide, "narrow": narrow, "error": error, "article": article, "viewer": viewer}[page](request)


urlpatterns = [path("language/", include("django.conf.urls.i18n")), path("<str:code>/<str:page>/", in_language)]
