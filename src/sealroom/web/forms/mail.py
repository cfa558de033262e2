# SPDX-License-Identifier: Apache-2.0
"""Forms about mail programs: an app password, the team's policy."""

from __future__ import annotations

import re
from dataclasses import replace

from django import forms
from django.utils.translation import gettext_lazy as _

from sealroom.sends.rules import MailPolicy

_MEBIBYTE = 1024 * 1024
_BLANKS = re.compile(r"[\s,;]+")


class AppPasswordForm(forms.Form):
    """What the password is for."""

    label = forms.CharField(
        label=_("Which program or device it is for"),
        help_text=_("Such as “Phone” or “Scanner on the second floor”. One password for each."),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class MailPolicyForm(forms.Form):
    """What mail programs of the team do with attachments."""

    mode = forms.ChoiceField(
        label=_("Attachments in mail programs"),
        choices=[
            ("off", _("Leave them alone: members protect what they choose")),
            ("ask", _("Ask the member before the mail goes out")),
            ("force", _("Always protect them")),
        ],
        widget=forms.RadioSelect,
    )
    min_mb = forms.IntegerField(
        label=_("Only from this size on (MB)"), help_text=_("All attachments together. 0: always."), min_value=0, max_value=100_000
    )
    internal_domains = forms.CharField(
        label=_("Our own domains"),
        help_text=_("One in each line. Mail that goes to these only is left alone."),
        required=False,
        max_length=20_000,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )
    internal_only = forms.BooleanField(label=_("Refuse mail to any other domain"), required=False)
    max_file_mb = forms.IntegerField(
        label=_("Largest file (MB)"),
        help_text=_("Empty: as the installation allows."),
        required=False,
        min_value=1,
        max_value=100_000_000,
    )
    max_files = forms.IntegerField(label=_("Most files in one mail"), required=False, min_value=1, max_value=100)
    max_recipients = forms.IntegerField(label=_("Most recipients of one mail"), required=False, min_value=1, max_value=10_000)
    names_files = forms.BooleanField(
        label=_("The mail says what the files are called"),
        help_text=_("File names can be secrets. Without them the mail says only how many there are."),
        required=False,
    )
    secure_subject = forms.BooleanField(
        label=_("SMTP: a subject that begins with [secure] protects the words of the mail too"),
        help_text=_("The copy then has only a link. Words alone cost one credit for each recipient."),
        required=False,
    )
    author = forms.ChoiceField(
        label=_("SMTP: who the copies are from"),
        help_text=_("“Via Sealroom” is for domains that let us neither send nor sign for them: answers still go to the member."),
        choices=[
            ("own", _("The member, at his own address")),
            ("via", _("“The member via Sealroom”, at the address of this installation")),
        ],
        widget=forms.RadioSelect,
    )

    @staticmethod
    def shown(policy: MailPolicy) -> dict[str, object]:
        """The policy as the form shows it."""
        return {
            "mode": policy.mode,
            "min_mb": policy.min_bytes // _MEBIBYTE,
            "internal_domains": "\n".join(policy.internal_domains),
            "internal_only": policy.internal_only,
            "max_file_mb": policy.max_file_bytes // _MEBIBYTE if policy.max_file_bytes else None,
            "max_files": policy.max_files,
            "max_recipients": policy.max_recipients,
            "names_files": policy.names_files,
            "secure_subject": policy.secure_subject,
            "author": policy.author,
        }

    def changed(self, policy: MailPolicy) -> MailPolicy:
        """The policy with what was typed."""
        data = self.cleaned_data
        return replace(
            policy,
            mode=data["mode"],
            min_bytes=data["min_mb"] * _MEBIBYTE,
            internal_domains=tuple(one for one in _BLANKS.split(data["internal_domains"]) if one),
            internal_only=data["internal_only"],
            max_file_bytes=data["max_file_mb"] * _MEBIBYTE if data["max_file_mb"] else None,
            max_files=data["max_files"],
            max_recipients=data["max_recipients"],
            names_files=data["names_files"],
            secure_subject=data["secure_subject"],
            author=data["author"],
        )
