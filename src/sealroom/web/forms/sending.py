# SPDX-License-Identifier: Apache-2.0
"""The form of Send Files, and those that change a send afterwards. A draft may be incomplete: only a send must not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from django import forms
from django.utils.translation import gettext_lazy as _

from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.web.forms.choices import LANGUAGES
from sealroom.web.forms.security import SettingsForm

TYPED_AT_MOST = 500
_ENTRY = re.compile(r'(?:"[^"]*"|<[^>]*>|[^,;\r\n\t<"]|[<"])+')
_NAMED = re.compile(r'^\s*"?(?P<name>[^"<]*?)"?\s*<(?P<address>[^<>]+)>\s*$')


@dataclass(frozen=True)
class TypedRecipient:
    """Somebody as he was typed: canonical address, and the name that stood before it."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class TypedRecipients:
    """What a list of recipients came to. `invalid` keeps the text of what is no address; `repeated` counts doublets."""

    people: tuple[TypedRecipient, ...] = ()
    invalid: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def text(self) -> str:
        """The list as it stands in the field, one a line."""
        people = [f"{one.name} <{one.address}>" if one.name else one.address for one in self.people]
        return "\n".join([*people, *self.invalid])

    def with_more(self, people: tuple[TypedRecipient, ...]) -> TypedRecipients:
        """The list with people put behind it who are not in it yet."""
        known = {one.address for one in self.people}
        return replace(self, people=(*self.people, *(one for one in people if one.address not in known)))


def read_recipients(text: str) -> TypedRecipients:
    """Read a typed or pasted list: addresses and `Name <address>`, parted by commas, semicolons, tabs or lines.

    >>> read_recipients("Li <li@example.com>; LI@example.com, nobody").people
    (TypedRecipient(address='li@example.com', name='Li'),)
    """
    people: dict[str, TypedRecipient] = {}
    invalid: list[str] = []
    repeated = 0
    for entry in _ENTRY.findall(text):
        for name, address in _named_addresses(entry.strip()):
            try:
                canonical = canonical_address(address)
            except BadAddress:
                invalid.append(address if not name else f"{name} <{address}>")
                continue
            repeated += canonical in people
            # What cannot be seen in a name must not cost the person the mail: the room refuses such names.
            seen = "".join(letter for letter in name if letter.isprintable() or letter.isspace())
            people.setdefault(canonical, TypedRecipient(canonical, seen[:200].strip()))
    return TypedRecipients(tuple(people.values()), tuple(dict.fromkeys(invalid)), repeated)


def _named_addresses(entry: str) -> list[tuple[str, str]]:
    if not entry:
        return []
    if match := _NAMED.match(entry):
        return [(match["name"].strip(), match["address"].strip())]
    # Addresses parted by spaces only, as some programs copy them.
    words = entry.split()
    if len(words) > 1 and all("@" in word for word in words):
        return [("", word) for word in words]
    return [("", entry)]


class SendForm(SettingsForm):
    """Send Files as it stands: also unfinished, then it is a draft."""

    draft = forms.CharField(required=False, max_length=32)
    key = forms.CharField(required=False, max_length=64)
    preset = forms.CharField(required=False, max_length=32)
    preset_before = forms.CharField(required=False, max_length=32)
    document = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    recipients = forms.CharField(required=False, max_length=100_000, strip=True)
    listed = forms.BooleanField(required=False)  # the people of an imported list stay in the draft
    message = forms.CharField(required=False, max_length=10_000)
    language = forms.ChoiceField(choices=LANGUAGES, required=False)

    def clean_document(self) -> list[str]:
        """Ids in the order of the list, each once."""
        value = self.cleaned_data["document"] or []
        ids = [value] if isinstance(value, str) else value
        return list(dict.fromkeys(str(one)[:32] for one in ids))

    def clean_recipients(self) -> TypedRecipients:
        """The people, and what could not be read."""
        typed = read_recipients(self.cleaned_data["recipients"])
        if len(typed.people) > TYPED_AT_MOST:
            raise forms.ValidationError(_("At most 500 people fit here. Import a CSV file for more."))
        return typed


class AddRecipientsForm(forms.Form):
    """Further people for a send."""

    recipients = forms.CharField(
        label=_("Who else may open it"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 3, "autocomplete": "off"}),
        help_text=_("One or more addresses, parted by commas or lines."),
    )

    def clean_recipients(self) -> TypedRecipients:
        """All must be addresses here: there is no draft that could keep the others."""
        typed = read_recipients(self.cleaned_data["recipients"])
        if typed.invalid:
            wrong = ", ".join(typed.invalid[:5])
            raise forms.ValidationError(_("These are no e-mail addresses: %(wrong)s") % {"wrong": wrong})
        if len(typed.people) > TYPED_AT_MOST:
            raise forms.ValidationError(_("At most 500 people fit here. Add the others afterwards."))
        return typed
