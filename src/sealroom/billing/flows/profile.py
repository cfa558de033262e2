# SPDX-License-Identifier: Apache-2.0
"""Who pays: company details on invoices, the billing contact, the saved way to pay."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.billing.flows.settle import keep_method
from sealroom.billing.models import BillingProfile
from sealroom.billing.ports import Visit, get_gateway
from sealroom.billing.queries.standing import profile_of
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid

_VAT_ID = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")
_COUNTRY = re.compile(r"[A-Z]{2}")
MOST_LINES = 6


@transaction.atomic
def update_profile(
    actor: Actor, *, company: str, address: str, country: str, vat_id: str, contact_email: str, now: datetime
) -> BillingProfile:
    """Change what invoices say from now on; those that were written keep what they say. Raises `Invalid` by field."""
    actor.require(Capability.BUY)
    lines = [clean_name(line, field="address", required=False) for line in address.splitlines() if line.strip()]
    country, vat_id = country.strip().upper(), re.sub(r"[\s.-]", "", vat_id).upper()
    errors: dict[str, list[str]] = {}
    if len(lines) > MOST_LINES or sum(map(len, lines)) > 380:
        errors["address"] = ["too_long"]
    if country and not _COUNTRY.fullmatch(country):
        errors["country"] = ["unknown"]
    if vat_id and not _VAT_ID.fullmatch(vat_id):
        errors["vat_id"] = ["format"]
    contact = _contact(contact_email, errors)
    if errors:
        raise Invalid(errors)
    profile, _ = BillingProfile.objects.update_or_create(
        team_id=actor.team_id,
        defaults={
            "company": clean_name(company, field="company", required=False),
            "address": "\n".join(lines),
            "country": country,
            "vat_id": vat_id,
            "contact_email": contact,
        },
    )
    audit.record(actor.who, Verb.BILLING_DETAILS_CHANGED, "team", actor.team, now=now, country=country, vat_id=vat_id)
    return profile


def begin_visit(actor: Actor, *, return_url: str) -> Visit | None:
    """The hosted page where an admin saves or changes the way to pay; None where there is none. Raises `Forbidden`,
    `GatewayDown`."""
    actor.require(Capability.BUY)
    profile = profile_of(actor.team_id)
    visit = get_gateway().visit(
        team=actor.team,
        email=profile.contact_email or actor.email,
        customer=profile.customer_ref,
        return_url=return_url,
        language=actor.language,
    )
    if visit is not None and visit.customer:
        keep_method(actor.team_id, customer=visit.customer, method=None)
    return visit


def finish_visit(actor: Actor, reference: str, *, now: datetime) -> bool:
    """Back from that page: keep the method that was saved; False when none was. Raises `Forbidden`, `GatewayDown`."""
    actor.require(Capability.BUY)
    method = get_gateway().saved_method(reference)
    if method is None:
        return False
    with transaction.atomic():
        keep_method(actor.team_id, customer="", method=method)
        audit.record(actor.who, Verb.BILLING_DETAILS_CHANGED, "team", actor.team, now=now, method=method.label)
    return True


def _contact(text: str, errors: dict[str, list[str]]) -> str:
    if not text.strip():
        return ""
    try:
        return canonical_address(text)
    except BadAddress:
        errors["contact_email"] = ["bad_address"]
        return ""
