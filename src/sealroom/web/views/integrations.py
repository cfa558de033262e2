# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, INTEGRATIONS: what mail programs of the team do, how they are installed, and whether they are in use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sealroom.accounts import queries as accounts
from sealroom.accounts.rules import Capability
from sealroom.core.errors import Invalid
from sealroom.sends import flows, queries
from sealroom.web import mail_clients
from sealroom.web.answers import done, page
from sealroom.web.forms.mail import MailPolicyForm
from sealroom.web.gates import MemberRequest, admin_required


@require_http_methods(["GET", "POST"])
@admin_required(Capability.MANAGE_TEAM)
def mail(request: MemberRequest) -> HttpResponse:
    """The policy for attachments in mail programs, and a card for each program."""
    form = MailPolicyForm(request.POST or None, initial=MailPolicyForm.shown(queries.mail_policy(request.actor)))
    if request.method == "POST" and form.is_valid():
        try:
            flows.set_mail_policy(request.actor, form.policy(), now=timezone.now())
        except Invalid as error:
            if "required" in error.errors.get("internal_domains", []):
                form.add_error("internal_domains", _("Name your own domains first."))
            else:
                form.add_error("internal_domains", _("One of these is not a domain. Write them like example.com."))
        else:
            return done(request, reverse("web:integrations"), _("Saved."))
    used = accounts.mail_clients_in_use(request.actor)
    context = {
        "form": form,
        "cards": mail_clients.cards(for_admins=True),
        "submission": mail_clients.submission(),
        "used": [(one.name, used.get(one.client)) for one in mail_clients.PROGRAMS],
        "signs_for": settings.SEALROOM_DKIM_DOMAIN if settings.SEALROOM_MAIL_SIGNER else "",
    }
    return page(request, "web/people/integrations.html", context, status=422 if form.errors else 200)
