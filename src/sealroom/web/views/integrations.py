# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, INTEGRATIONS: what mail programs of the team do, how they are installed, and whether they are in use."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts import queries as accounts
from sealroom.accounts.rules import Capability
from sealroom.core import ratelimit
from sealroom.core.errors import Invalid
from sealroom.mail import flows as mail_flows
from sealroom.sends import flows, queries
from sealroom.web import mail_clients, mail_state
from sealroom.web.answers import done, page
from sealroom.web.forms.mail import MailPolicyForm
from sealroom.web.gates import MemberRequest, admin_required

LOOKS, LOOKS_PER = 10, timedelta(minutes=1)


@require_http_methods(["GET", "POST"])
@admin_required(Capability.MANAGE_TEAM)
def mail(request: MemberRequest) -> HttpResponse:
    """The policy for attachments in mail programs, and a card for each program."""
    policy, now = queries.mail_policy(request.actor), timezone.now()
    form = MailPolicyForm(request.POST or None, initial=MailPolicyForm.shown(policy))
    if request.method == "POST" and form.is_valid():
        try:
            flows.set_mail_policy(request.actor, form.changed(policy), now=now)
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
        **mail_state.now_known(now=now),
    }
    return page(request, "web/people/integrations.html", context, status=422 if form.errors else 200)


@require_POST
@admin_required(Capability.MANAGE_TEAM)
def check_signing(request: MemberRequest) -> HttpResponse:
    """Look at once whether the domain of the signatures publishes our key. Raises `RateLimited`: others answer for each look."""
    now = timezone.now()
    ratelimit.take("mail.signing", request.actor.user, limit=LOOKS, per=LOOKS_PER, now=now)
    mail_flows.check_signing(now=now)
    return done(request, reverse("web:integrations"), _("Looked up."))
