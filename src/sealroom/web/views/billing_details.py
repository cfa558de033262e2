# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, BILLING: who pays, and with what."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts.rules import Capability
from sealroom.billing import flows, queries
from sealroom.billing.errors import GatewayDown
from sealroom.billing.ports import get_gateway
from sealroom.core.errors import Invalid
from sealroom.web.answers import done, page
from sealroom.web.errors import Refusal, refusal_of
from sealroom.web.forms.billing import DetailsForm
from sealroom.web.gates import MemberRequest, admin_required

# The gateway's name of the hosted page this browser was sent to. Kept here and not in the address, so that nobody can hand an admin
# the address of somebody else's visit.
VISIT = "billing_visit"

_buyers_only = admin_required(Capability.BUY)


@require_http_methods(["GET", "POST"])
@_buyers_only
def details(request: MemberRequest) -> HttpResponse:
    """Payment method & details."""
    profile = queries.profile_of(request.actor.team_id)
    names = ("company", "address", "country", "vat_id", "contact_email")
    form = DetailsForm(request.POST or None, initial={name: getattr(profile, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            flows.update_profile(request.actor, **form.cleaned_data, now=timezone.now())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return done(request, reverse("web:billing_details"), _("Saved."))
    return _details_page(request, form, status=422 if form.errors else 200)


@require_POST
@_buyers_only
def method(request: MemberRequest) -> HttpResponse:
    """Begin to save a way to pay: a page with the way to the provider's own, where card data is typed."""
    back = settings.SEALROOM_BASE_URL + reverse("web:method_saved")
    try:
        visit = flows.begin_visit(request.actor, return_url=back)
    except GatewayDown as error:
        refusal = refusal_of(error)
        return _details_page(request, status=refusal.status, refusal=refusal)
    if visit is None:
        return done(request, reverse("web:billing_details"), _("Nothing is to be saved with this way of paying."))
    request.session[VISIT] = visit.reference
    return page(request, "web/billing/method.html", {"next_url": visit.url})


@require_http_methods(["GET", "POST"])
@_buyers_only
def method_saved(request: MemberRequest) -> HttpResponse:
    """Back from the provider's page. Following a link changes nothing: the page sends its form by itself."""
    if request.method == "GET":
        return page(request, "web/billing/method_saved.html", {"known": VISIT in request.session})
    reference = request.session.get(VISIT, "")
    try:
        kept = bool(reference) and flows.finish_visit(request.actor, reference, now=timezone.now())
    except GatewayDown as error:
        refusal = refusal_of(error)
        return _details_page(request, status=refusal.status, refusal=refusal)
    request.session.pop(VISIT, None)
    said = _("Your payment method is saved.") if kept else _("No payment method was saved.")
    return done(request, reverse("web:billing_details"), said)


def _details_page(
    request: MemberRequest, form: DetailsForm | None = None, *, status: int, refusal: Refusal | None = None
) -> HttpResponse:
    profile = queries.profile_of(request.actor.team_id)
    if form is None:
        names = ("company", "address", "country", "vat_id", "contact_email")
        form = DetailsForm(initial={name: getattr(profile, name) for name in names})
    context = {
        "form": form,
        "profile": profile,
        "saves_methods": get_gateway().saves_methods,
        "asks_money": queries.asks_money(),
        "refusal": refusal,
    }
    return page(request, "web/billing/details.html", context, status=status)
