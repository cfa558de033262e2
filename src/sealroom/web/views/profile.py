# SPDX-License-Identifier: Apache-2.0
"""My Settings: profile, theme, keys. The password is allauth's."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts import flows, queries
from sealroom.web.answers import done, page, safe_next
from sealroom.web.forms.choices import SCOPES
from sealroom.web.forms.people import KeyForm, ProfileForm
from sealroom.web.gates import MemberRequest, UserRequest, member_required, signed_in


@require_http_methods(["GET", "POST"])
@member_required
def my_settings(request: MemberRequest) -> HttpResponse:
    """Name, language, zone, theme."""
    user = request.user
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone, "theme": user.theme}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        flows.update_profile(user, **form.cleaned_data, now=timezone.now())
        with translation.override(form.cleaned_data["language"]):
            response = done(request, reverse("web:my_settings"), _("Saved."))
        _remember_language(response, form.cleaned_data["language"])
        return response
    context = {"form": form, "has_password": user.has_usable_password()}
    return page(request, "web/people/my_settings.html", context, status=422 if form.errors else 200)


def _remember_language(response: HttpResponse, language: str) -> None:
    """The language menu's cookie, which goes before the profile, follows it."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


@require_http_methods(["GET", "POST"])
@member_required
def keys(request: MemberRequest) -> HttpResponse:
    """Keys for programs. A new one is shown on the answer to the form that made it, and never again."""
    now, secret = timezone.now(), ""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        _token, secret = flows.create_key(request.actor, data["name"], data["scopes"], form.expires_at(now), now=now)
        form = KeyForm()
    words = dict(SCOPES)
    rows = [
        (key, [str(words[scope]).split(":")[0] for scope in key.scopes if scope in words])
        for key in queries.list_keys(request.actor)
    ]
    context = {"form": form, "rows": rows, "secret": secret, "now": now}
    return page(request, "web/people/keys.html", context, status=422 if form.errors else 200)


@require_POST
@member_required
def revoke_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """End a key at once."""
    flows.revoke_key(request.actor, key_id, now=timezone.now())
    return done(request, reverse("web:keys"), _("The key is revoked."))


@require_POST
@signed_in
def set_theme(request: UserRequest) -> HttpResponse:
    """Light, dark, or as the system has it; back to the page one was on."""
    theme = request.POST.get("theme", "")
    flows.update_profile(request.user, theme=theme if theme in {"light", "dark"} else "", now=timezone.now())
    return redirect(safe_next(request, reverse("web:send_files")))
