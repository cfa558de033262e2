# SPDX-License-Identifier: Apache-2.0
"""Terms: written once, put in force, accepted with evidence."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from sealroom.access import queries
from sealroom.access.errors import TermsStale
from sealroom.access.flows.passes import Gate, check_gate
from sealroom.access.flows.visitors import Verified, renew_secret, visitor_who
from sealroom.access.models import Acceptance, Pass, Terms
from sealroom.access.rules import Verdict
from sealroom.access.rules.terms import checked_name, checked_terms
from sealroom.accounts.models import Team
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Invalid, NotFound
from sealroom.documents.models import Version, VersionState
from sealroom.mail import flows as mail


@transaction.atomic
def make_terms(actor: Actor, *, html: str = "", version: Version | None = None, organization: bool = False, now: datetime) -> Terms:
    """Keep a text of terms: HTML, which is sanitised, or a PDF, a ready version of a document of the actor's own.

    The organisation's text (for who may manage the team) is in force at once, in the place of the one before; another is in force
    where a policy names it. Raises `Forbidden`, `NotFound` (somebody else's version), `Invalid` (`terms`).
    """
    actor.require(Capability.MANAGE_TEAM if organization else Capability.SEND)
    text, sha256 = ("", _checked_pdf(actor, version).sha256) if version is not None else _checked_text(html)
    number = 1
    if organization:
        Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)  # two admins at once get two numbers
        latest = Terms.objects.filter(team_id=actor.team_id, is_organization=True).order_by("-number").first()
        number = latest.number + 1 if latest is not None else 1
    terms = Terms.objects.create(
        team_id=actor.team_id,
        is_organization=organization,
        number=number,
        html=text,
        version=version,
        sha256=sha256,
        created_by_id=actor.user_id,
        created_at=now,
    )
    if organization:
        audit.record(actor.who, Verb.TERMS_CHANGED, "terms", terms.public_id, now=now, number=number, sha256=sha256)
    return terms


def set_organization_terms(actor: Actor, *, html: str = "", version: Version | None = None, now: datetime) -> Terms:
    """Put another text of the organisation's in force: every send that asks for it asks every reader again. For admins."""
    return make_terms(actor, html=html, version=version, organization=True, now=now)


@transaction.atomic
def withdraw_organization_terms(actor: Actor, *, now: datetime) -> None:
    """Ask for no terms of the organisation's any more. For admins. Raises `Forbidden`, `NotFound` (there are none)."""
    actor.require(Capability.MANAGE_TEAM)
    terms = queries.organization_terms(actor.team_id)
    if terms is None:
        raise NotFound(kind="terms", id="")
    Terms.objects.filter(pk=terms.pk, withdrawn_at=None).update(withdrawn_at=now)
    audit.record(actor.who, Verb.TERMS_CHANGED, "terms", terms.public_id, now=now, number=terms.number, withdrawn=True)


@transaction.atomic
def accept_terms(
    cookie: str | None, link_id: str, terms_id: str, typed_name: str, *, ip: str, user_agent: str, now: datetime
) -> Verified:
    """Accept exactly the terms in force: the evidence is written once for good, the browser's secret changes, and a copy is mailed
    to the address, where one was proved.

    Done again, nothing further is written. Raises `NotAdmitted` (an earlier gate), `TermsStale` (other terms are in force),
    `Invalid` (`name`).
    """
    gate = check_gate(cookie, link_id, ip=ip, now=now, upto=Verdict.TERMS)
    if not gate.is_due:
        return renew_secret(gate.held, now=now)
    name = checked_name(typed_name)
    Pass.objects.select_for_update(no_key=True).get(pk=gate.held.pk)
    terms = gate.terms
    if terms is None or terms.public_id != terms_id:
        raise TermsStale
    if queries.accepted_by(gate.held).filter(terms=terms).exists():  # the button was pressed twice
        return renew_secret(gate.held, now=now)
    made = Acceptance.objects.create(
        link=gate.link,
        reader=gate.held.reader,
        browser_pass=gate.held,
        terms=terms,
        number=terms.number,
        text_sha256=terms.sha256,
        typed_name=name,
        address=gate.held.address,
        ip=ip,
        user_agent=user_agent[:300],
        accepted_at=now,
    )
    who = visitor_who(gate.held.visitor, gate.link, label=gate.held.address, ip=ip)
    audit.record(
        who,
        Verb.TERMS_ACCEPTED,
        "link",
        gate.link.public_id,
        now=now,
        acceptance=made.public_id,
        terms=terms.public_id,
        number=terms.number,
        sha256=terms.sha256,
    )
    if gate.held.address:
        _mail_copy(gate, terms, made, now=now)
    return renew_secret(gate.held, now=now)


def _checked_text(html: str) -> tuple[str, str]:
    text = checked_terms(html)
    return text, hashlib.sha256(text.encode()).hexdigest()


def _checked_pdf(actor: Actor, version: Version) -> Version:
    document = version.document
    if document.team_id != actor.team_id or document.owner_id != actor.user_id or document.deleted_at is not None:
        raise NotFound(kind="version", id=version.public_id)
    if version.state != VersionState.READY or version.kind != "pdf" or not version.pages:
        raise Invalid({"terms": ["not_a_ready_pdf"]})
    return version


def _mail_copy(gate: Gate, terms: Terms, made: Acceptance, *, now: datetime) -> None:
    link = gate.link
    with translation.override(link.language):
        heading, label = gettext("You accepted terms of access"), gettext("Get the record as a PDF")
    mail.compose(
        "access/mail/terms",
        to=made.address,
        to_name=link.name if link.address == made.address else "",
        key=f"terms:{made.public_id}",
        language=link.language,
        context={
            "heading": heading,
            "team_name": link.team.name,
            "typed_name": made.typed_name,
            "moment": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
            "sha256": terms.sha256,
            "lines": queries.words_of(terms),
            "pdf_name": terms.version.name if terms.version else "",
            "button_label": label,
            "button_url": f"{settings.SEALROOM_BASE_URL}/v/d/{link.public_id}/certificate.pdf",
        },
        about=f"acceptance:{made.public_id}",
        team=link.team.public_id,
        now=now,
    )
