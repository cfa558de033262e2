# SPDX-License-Identifier: Apache-2.0
"""The form of everything a sender may decide about opening: on Send Files, on a send that went out, in a preset. Which of its
groups a page shows is the page's affair: what was not posted stays as it was (`conditions.settings_of`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.web.forms.choices import countries

Choices = Sequence[tuple[str, str | Promise]]
Words = Any  # of gettext_lazy: a string in time

ACCESS: Choices = [
    ("named_code", _("People I name, after a code by e-mail")),
    ("named_quick", _("People I name, with a personal link and no code")),
    ("domains", _("Anybody with an address of certain domains, after a code")),
    ("anyone_verified", _("Anybody with the link, after a code to their address")),
    ("anyone", _("Anybody with the link, without proof")),
]
PERMISSIONS: Choices = [
    ("view", _("view")),
    ("print", _("view and print")),
    ("download_pdf", _("view, print and download a PDF")),
    ("download_original", _("all that, and download the original")),
]
MARKS: Choices = [("email", _("e-mail")), ("name", _("name")), ("time", _("date and time (UTC)")), ("ip", _("IP"))]
MARK_SIZES: Choices = [("small", _("small")), ("", _("medium")), ("large", _("large"))]
MARK_LAYOUTS: Choices = [("", _("all over the page")), ("center", _("once, across the middle")), ("edges", _("along the edges"))]
MARK_ANGLES: Choices = [("", _("slanting")), ("0", _("level")), ("45", _("steep")), ("90", _("upright"))]
MEDIA_MARKS: Choices = [("", _("burned into the picture")), ("laid_over", _("laid over the player"))]
TERMS: Choices = [("off", _("none")), ("organization", _("our organisation’s")), ("own", _("a text of this send alone"))]
SHIELDS: Choices = [
    ("", _("off")),
    ("small", _("on, small window")),
    ("medium", _("on, medium window")),
    ("large", _("on, large window")),
]
TIMER_UNITS: Choices = [("60", _("minutes")), ("3600", _("hours")), ("86400", _("days"))]
MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def _countries() -> list[tuple[str, str]]:
    return countries()[1:]


def _moment(label: Words) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        input_formats=MOMENTS,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=MOMENTS[0]),
    )


def _radio(label: Words, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, required=False)


def _select(label: Words, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False)


def _lines(label: Words, example: str, help_text: Words = "") -> forms.CharField:
    widget = forms.Textarea({"rows": 2, "autocomplete": "off", "spellcheck": "false", "placeholder": example})
    return forms.CharField(label=label, required=False, max_length=4000, widget=widget, help_text=help_text)


def _count(label: Words) -> forms.IntegerField:
    widget = forms.NumberInput({"inputmode": "numeric", "placeholder": "–"})
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=100_000, widget=widget)


class SettingsForm(forms.Form):
    """How recipients may open a send. Every field may be missing."""

    access = _radio(_("Who may open it"), ACCESS)
    domains = _lines(
        _("Domains"),
        "example.com, example.org",
        _("For the third choice. With any other, only addresses of these domains get in; empty: all."),
    )
    permission = _radio(_("What they may do"), PERMISSIONS)
    protect_pdf = forms.BooleanField(label=_("Protect downloaded PDFs with a password"), required=False)
    starts_at = _moment(_("Access begins"))
    expires_at = _moment(_("Access ends"))
    timer_amount = forms.IntegerField(
        label=_("Or end it so long after the first opening"), required=False, min_value=1, max_value=10_000
    )
    timer_unit = _select(_("Unit of time"), TIMER_UNITS)
    mark = forms.MultipleChoiceField(
        label=_("What the pages carry"),
        choices=MARKS,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Written into the pixels of every page. None ticked and no text: no watermark."),
    )
    mark_text = forms.CharField(label=_("Own text"), required=False, max_length=200)
    mark_size = _select(_("Size"), MARK_SIZES)
    mark_color = forms.RegexField(
        "^#[0-9a-fA-F]{6}$",
        label=_("Colour"),
        required=False,
        widget=forms.TextInput({"type": "color"}),
    )
    mark_angle = _select(_("Direction"), MARK_ANGLES)
    mark_layout = _select(_("Place"), MARK_LAYOUTS)
    mark_media = _radio(_("On audio and video"), MEDIA_MARKS)
    terms = _radio(_("Terms to accept first"), TERMS)
    terms_text = forms.CharField(
        label=_("Own terms"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 6}),
        help_text=_("Plain text; an empty line begins a paragraph. Markdown and simple HTML work, too."),
    )
    terms_document = forms.CharField(label=_("Or a PDF among your files"), required=False, max_length=32)
    screen_shield = _radio(_("Screen shield"), SHIELDS)
    passcode_on = forms.BooleanField(label=_("Ask for a passcode"), required=False)
    passcode = forms.CharField(
        label=_("Passcode"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    max_views = _count(_("At most so many views"))
    max_prints = _count(_("At most so many prints"))
    allow_ips = _lines(_("Only from these networks"), "192.0.2.0/24, 2001:db8::/32", _("One a line. Empty: from anywhere."))
    allow_countries = forms.MultipleChoiceField(
        label=_("Only from these countries"),
        choices=_countries,
        required=False,
        widget=forms.SelectMultiple({"size": 6}),
        help_text=_("None chosen: from anywhere."),
    )
    block_domains = _lines(
        _("Never for these domains"), "example.net", _("Addresses of these domains get no access, whoever passed the link on.")
    )

    def __init__(self, *args: object, documents: Choices | None = None, **kwargs: object) -> None:
        kwargs.setdefault("auto_id", "set-%s")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if documents is not None:
            self.fields["terms_document"].widget = forms.Select(choices=[("", _("No PDF")), *documents])

    @property
    def media_help(self) -> str:
        """What stands below the two ways of marking audio and video."""
        return str(
            _(
                "Burned in, every reader gets a copy of their own: it takes a while to make and holds against tools. Laid over, it "
                "starts at once, and somebody who knows how can take the mark off."
            )
        )


class PresetForm(SettingsForm):
    """A preset: its name, and settings that hold for sends to come."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput({"autocomplete": "off"}))
    is_default = forms.BooleanField(label=_("New sends begin with it"), required=False)
    lasts_amount = forms.IntegerField(
        label=_("Access ends so long after the sending"), required=False, min_value=1, max_value=10_000
    )
    lasts_unit = _select(_("Unit of time"), TIMER_UNITS)


class TermsForm(forms.Form):
    """The organisation's terms: a text, or a PDF."""

    text = forms.CharField(
        label=_("The text"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea({"rows": 16}),
        help_text=_("Plain text; an empty line begins a paragraph. Markdown and simple HTML work, too."),
    )
    document = forms.CharField(label=_("Or a PDF among your files"), required=False, max_length=32)

    def __init__(self, *args: object, documents: Choices, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["document"].widget = forms.Select(choices=[("", _("No PDF")), *documents])

    def clean(self) -> dict[str, object]:
        """One of both."""
        data = super().clean() or {}
        if bool(str(data.get("text", "")).strip()) == bool(data.get("document")):
            raise forms.ValidationError(_("Write the terms, or choose a PDF: one of both."))
        return data
