# SPDX-License-Identifier: Apache-2.0
"""Forms of the beginning: the first account of an installation, a new team."""

from __future__ import annotations

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.web.forms.choices import LANGUAGES, time_zones


class TeamForm(forms.Form):
    """A team's name, zone and language."""

    name = forms.CharField(label=_("Name of the team"), max_length=120, widget=forms.TextInput({"autocomplete": "organization"}))
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zones, widget=forms.Select({"data-timezone": ""}), initial="UTC"
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)


class SetupForm(TeamForm):
    """The first team, and the account that runs the installation."""

    field_order = ("email", "password", "person", "name", "time_zone", "language")

    email = forms.CharField(label=_("Your e-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 12 characters. A short sentence is good."),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    person = forms.CharField(label=_("Your name"), max_length=120, required=False, widget=forms.TextInput({"autocomplete": "name"}))

    def clean_email(self) -> str:
        """The canonical address."""
        return canonical(self.cleaned_data["email"])

    def clean_password(self) -> str:
        """A password the installation's rules accept."""
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password)
        return password


def canonical(address: str) -> str:
    """The canonical address, or a form's error."""
    try:
        return canonical_address(address)
    except BadAddress as error:
        raise forms.ValidationError(_("This is not an e-mail address. Write it like name@example.com.")) from error
