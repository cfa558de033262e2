# SPDX-License-Identifier: Apache-2.0
"""How allauth meets the house: mail goes through the mail room in the person's language, addresses are canonical, limits count the
real client. Named by ACCOUNT_ADAPTER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.accounts.models import User
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.ids import new_secret
from sealroom.mail import flows as mail


@dataclass(frozen=True)
class _Letter:
    template: str
    page: str
    label: Promise


# What allauth wants to say -> the template that says it, and its words.
_CODES = {
    "account/email/login_code": "sign_in",
    "account/email/email_confirmation": "verify",
    "account/email/email_confirmation_signup": "sign_up",
    "account/email/password_reset_code": "reset",
}
_LETTERS = {
    "account/email/unknown_account": _Letter("accounts/mail/unknown_account", "account_signup", _("Create an account")),
    "account/email/account_already_exists": _Letter(
        "accounts/mail/already_exists", "account_reset_password", _("Choose a new password")
    ),
}
_NOTICES = {
    "account/email/password_changed": _("Your password was changed."),
    "account/email/password_reset": _("Your password was reset."),
    "account/email/password_set": _("A password was set for your account."),
    "account/email/email_changed": _("The e-mail address of your account was changed."),
    "account/email/email_confirm": _("Your e-mail address was confirmed."),
    "account/email/email_deleted": _("An e-mail address was removed from your account."),
    "mfa/email/totp_activated": _("An authenticator app was added to your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made for your account."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
}


class UnknownLetter(LookupError):
    """Allauth wants to send a mail this house has no words for; the test over all of its templates finds it first."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """One instance a request."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """As the operator set it."""
        return bool(settings.SEALROOM_OPEN_SIGNUP)

    def clean_email(self, email: str) -> str:
        """The canonical address. Raises `ValidationError`."""
        try:
            return canonical_address(email)
        except BadAddress as error:
            raise ValidationError(_("Enter a valid e-mail address."), code="bad_address") from error

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- allauth's signature
        """A new user starts with the language they signed up in."""
        user.language = translation.get_language() or "en"
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address the middleware found, which knows the trusted proxies; never empty, because limits are counted by it."""
        return getattr(request, "client_address", "") or str(request.META.get("REMOTE_ADDR") or "unknown")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Compose the mail in the person's language, urgent (its reader waits); delivery is the worker's."""
        template, words = _letter(template_prefix, context)
        user = context.get("user") or User.objects.filter(email=email).first()
        language = user.language if isinstance(user, User) else (translation.get_language() or "en")
        with transaction.atomic():
            mail.compose(
                template,
                to=email,
                key=f"accounts:{new_secret()}",
                language=language,
                context=words,
                now=timezone.now(),
                about=f"user:{user.public_id}" if isinstance(user, User) else "",
                urgent=True,
            )


def _letter(template_prefix: str, context: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    if purpose := _CODES.get(template_prefix):
        return "accounts/mail/code", {"purpose": purpose, "code": context["code"]}
    if letter := _LETTERS.get(template_prefix):
        # Allauth's own addresses follow the Host header of the request; ours never do.
        return letter.template, {"button_url": settings.SEALROOM_BASE_URL + reverse(letter.page), "button_label": letter.label}
    if sentence := _NOTICES.get(template_prefix):
        words = {key: context.get(key, "") for key in ("timestamp", "ip", "user_agent")}
        return "accounts/mail/notice", {"sentence": sentence, **words}
    raise UnknownLetter(template_prefix)
