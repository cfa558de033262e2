# SPDX-License-Identifier: Apache-2.0
"""The forms of a data room's pages. What they refuse is said in the form; what the room refuses is put into it by the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sealroom.core.errors import Invalid
from sealroom.datarooms.queries import GroupRow
from sealroom.datarooms.rules import MOST_ABOUT, MOST_BANNER, MOST_MESSAGE
from sealroom.web import rooms
from sealroom.web.errors import Refusal
from sealroom.web.forms.choices import LANGUAGES
from sealroom.web.forms.security import MOMENTS

_TYPED_AT_MOST = 200_000  # characters of a pasted list


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local", "class": "input"}, format=MOMENTS[0])
    return forms.DateTimeField(label=label, required=False, input_formats=MOMENTS, widget=widget)


def _select(label: Any, help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, help_text=help_text, widget=forms.Select({"class": "input"}))


class _RoomForm(forms.Form):
    """Takes refusals of the room."""

    def refuse(self, error: Invalid) -> None:
        """Say what the room refused, at the field it is about."""
        for name, reasons in error.errors.items():
            field = {"addresses": "people", "guest": "role"}.get(name, name)
            self.add_error(field if field in self.fields else None, _why(reasons, error.facts))

    def refuse_at(self, field: str, refusal: Refusal) -> None:
        """Say at a field what else the room refused, so that nothing that was typed is lost."""
        self.add_error(field, f"{refusal.title}. {refusal.text}")


def _why(reasons: Iterable[str], facts: Mapping[str, object]) -> str:
    words = {
        "required": _("Fill this in."),
        "too_long": _("This is too long."),
        "too_many": _("These are too many at once."),
        "taken": _("Another one has this name."),
        "in_the_past": _("This moment has passed. Choose a later one."),
        "before_start": _("Access would end before it begins. Choose a later end."),
        "bad_address": _("These are no e-mail addresses: %(wrong)s"),
        "bad_name": _("These names cannot be used: %(wrong)s"),
        "is_owner": _("The owner of the room needs no invitation."),
        "control_character": _("Use visible characters only."),
        "not_available": _("This is not offered in a data room."),
    }
    lines = facts.get("lines", [])
    wrong = ", ".join(str(one["text"]) for one in (lines if isinstance(lines, list) else [])[:5])
    return " ".join(str(words.get(one, _("This does not fit. Choose another value."))) % {"wrong": wrong} for one in reasons)


class GuestForm(_RoomForm):
    """What a guest is."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200, widget=forms.TextInput({"class": "input"}))
    role = _select(_("Role"), _("Co-owners lead the room like you do. They must be members of your team."))
    groups = forms.MultipleChoiceField(label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple)
    access_from = _moment(_("Access from"))
    access_until = _moment(_("Access until"))

    def __init__(self, *args: Any, groups: Iterable[GroupRow] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(rooms.role_words().items())  # type: ignore[attr-defined]
        self.fields["groups"].choices = [(one.id, one.name) for one in groups]  # type: ignore[attr-defined]
        if not self.fields["groups"].choices:  # type: ignore[attr-defined]
            del self.fields["groups"]


class InviteForm(GuestForm):
    """Whom to let in, and how."""

    people = forms.CharField(
        label=_("E-mail addresses"),
        max_length=_TYPED_AT_MOST,
        help_text=_("One a line, or parted by commas. “Name <address>” is understood."),
        widget=forms.Textarea({"class": "input", "rows": 4}),
    )
    right = _select(_("Right on the whole room"))
    message = forms.CharField(
        label=_("Message"), required=False, max_length=MOST_MESSAGE, widget=forms.Textarea({"class": "input", "rows": 3})
    )
    language = forms.ChoiceField(label=_("Language of the e-mail"), choices=LANGUAGES, widget=forms.Select({"class": "input"}))
    notify = forms.BooleanField(label=_("Send them the invitation by e-mail"), required=False)
    field_order = ("people", "right", "groups", "role", "access_from", "access_until", "message", "language", "notify")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"]
        standard = ("", _("What the room and the groups say"))
        self.fields["right"].choices = [standard, *rooms.right_words().items()]  # type: ignore[attr-defined]


class RoomForm(_RoomForm):
    """The settings of a room that are no conditions."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput({"class": "input"}))
    default_right = _select(_("Right of whoever has none set"), _("Rights set for a guest or a group go before it."))
    default_group = _select(_("Group of those who join by the link for anybody"))
    question_audience = _select(_("Who sees questions and answers"), _("Each question keeps what held when it was asked."))
    shows_guests = forms.BooleanField(
        label=_("Guests see who else is in the room"), required=False, help_text=_("Names and domains, never whole addresses.")
    )
    shows_index = forms.BooleanField(label=_("Folders and files have index numbers"), required=False)
    sends_updates = forms.BooleanField(
        label=_("Guests are told of new files by e-mail"), required=False, help_text=_("At most once a day.")
    )
    banner = forms.CharField(
        label=_("Banner above every page"), required=False, max_length=MOST_BANNER, widget=forms.TextInput({"class": "input"})
    )
    about = forms.CharField(
        label=_("About this room (Markdown)"),
        required=False,
        max_length=MOST_ABOUT,
        widget=forms.Textarea({"class": "input", "rows": 6}),
    )

    def __init__(self, *args: Any, groups: Iterable[GroupRow] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = ("", _("No group"))
        self.fields["default_right"].choices = list(rooms.right_words().items())  # type: ignore[attr-defined]
        self.fields["default_group"].choices = [none, *((one.id, one.name) for one in groups)]  # type: ignore[attr-defined]
        self.fields["question_audience"].choices = list(rooms.audience_words().items())  # type: ignore[attr-defined]


class QuestionForm(_RoomForm):
    """A question as the house asks it."""

    subject = forms.CharField(label=_("Subject"), max_length=200, widget=forms.TextInput({"class": "input"}))
    text = forms.CharField(label=_("Text"), max_length=10_000, widget=forms.Textarea({"class": "input", "rows": 5}))


class AnswerForm(QuestionForm):
    """An answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["subject"]
        self.fields["text"].label = _("Your answer")
