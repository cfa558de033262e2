# SPDX-License-Identifier: Apache-2.0
"""My Settings: mail programs that send as the member. Letting one in is confirmed here, by POST and never by following a link."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts import flows, queries
from sealroom.accounts.queries import DeviceRequestView
from sealroom.accounts.rules import Capability
from sealroom.web import mail_clients
from sealroom.web.answers import done, page
from sealroom.web.forms.mail import AppPasswordForm
from sealroom.web.gates import MemberRequest, admin_required

_CLIENTS = {one.client: one.name for one in mail_clients.PROGRAMS}
_senders_only = admin_required(Capability.SEND)


@require_http_methods(["GET", "POST"])
@_senders_only
def index(request: MemberRequest) -> HttpResponse:
    """Devices and app passwords. A new password is shown on the answer to the form that made it, and never again."""
    secret = ""
    form = AppPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _made, secret = flows.make_app_password(request.actor, form.cleaned_data["label"], now=timezone.now())
        form = AppPasswordForm()
    context = {
        "form": form,
        "secret": secret,
        "devices": [(one, _CLIENTS.get(one.client, one.client)) for one in queries.list_devices(request.actor)],
        "passwords": queries.list_app_passwords(request.actor),
        "cards": mail_clients.cards(),
        "submission": mail_clients.submission(),
    }
    return page(request, "web/people/mail_programs.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@_senders_only
def connect(request: MemberRequest) -> HttpResponse:
    """Show who asks to be let in under a code, and take the member's answer. Looking (GET) changes nothing."""
    now, actor = timezone.now(), request.actor
    code, deed = (request.POST.get("code") or request.GET.get("code") or "")[:40], request.POST.get("deed", "")
    if request.method == "POST" and deed in {"approve", "deny"}:
        flows.answer_device(actor, code, approve=deed == "approve", now=now)
        sentence = _("The mail program is connected. You can go back to it.") if deed == "approve" else _("It was turned away.")
        return done(request, reverse("web:mail_programs"), sentence)
    found: DeviceRequestView | None = flows.find_request(actor, code, now=now) if code else None
    context = {
        "found": found,
        "client": _CLIENTS.get(found.client, found.client) if found else "",
        "team": queries.team_of(actor).name,
        "host": settings.SEALROOM_BASE_URL.partition("://")[2],
    }
    return page(request, "web/people/connect.html", context)


@require_POST
@_senders_only
def revoke_device(request: MemberRequest, device_id: str) -> HttpResponse:
    """End a device at once."""
    flows.revoke_device(request.actor, device_id, now=timezone.now())
    return done(request, reverse("web:mail_programs"), _("The mail program is signed out."))


@require_POST
@_senders_only
def revoke_password(request: MemberRequest, password_id: str) -> HttpResponse:
    """End an app password at once."""
    flows.revoke_app_password(request.actor, password_id, now=timezone.now())
    return done(request, reverse("web:mail_programs"), _("The app password is revoked."))
