# SPDX-License-Identifier: Apache-2.0
"""Forms about members, their keys and their profile."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from sealroom.web.forms.choices import LANGUAGES, ROLES, SCOPES, THEMES, time_zones
from sealroom.web.forms.start import canonical


class InviteForm(forms.Form):
    """An address and the role it is offered."""

    email = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)

    def clean_email(self) -> str:
        """The canonical address."""
        return canonical(self.cleaned_data["email"])


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(choices=ROLES)


class ProfileForm(forms.Form):
    """How a person is named and spoken to."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Stands in the mails to your recipients."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, required=False)


class KeyForm(forms.Form):
    """A key for programs."""

    name = forms.CharField(label=_("What the key is for"), max_length=80, widget=forms.TextInput({"autocomplete": "off"}))
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=SCOPES, widget=forms.CheckboxSelectMultiple, initial=["send"]
    )
    days = forms.ChoiceField(
        label=_("Ends"),
        choices=[("90", _("in 90 days")), ("30", _("in 30 days")), ("365", _("in a year")), ("", _("never"))],
        required=False,
        initial="90",
    )

    def expires_at(self, now: datetime) -> datetime | None:
        """When the key ends, or never."""
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None


class ContactForm(forms.Form):
    """Somebody the member sends to."""

    address = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(label=_("Name"), max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"}))
    company = forms.CharField(label=_("Company"), max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"}))
