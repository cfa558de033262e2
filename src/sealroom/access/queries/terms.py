# SPDX-License-Identifier: Apache-2.0
"""Terms in force, and the evidence of who accepted them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext

from sealroom.access.models import Acceptance, Grant, Link, Pass, PolicyRow, Terms
from sealroom.access.ports import Certificate, get_certificate_printer
from sealroom.access.rules import TermsMode
from sealroom.access.rules.terms import Line, clean_terms, lines_of
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import NotFound

MOST_LISTED = 500


@dataclass(frozen=True)
class TermsView:
    """Terms as a page may show them: `html` cleaned once more ("" of a PDF, which has `pages`)."""

    id: str
    html: str
    sha256: str
    number: int
    is_organization: bool
    created_at: datetime
    name: str = ""  # of the PDF
    pages: int = 0


@dataclass(frozen=True)
class AcceptanceView:
    """One acceptance as its sender or an admin may know it."""

    id: str
    link_id: str
    address: str
    name: str
    accepted_at: datetime
    ip: str
    user_agent: str
    sha256: str
    number: int
    is_organization: bool


def terms_in_force(link: Link) -> Terms | None:
    """The text that readers of a link must have accepted now; None when there is none."""
    mode = TermsMode(link.policy.terms_mode)
    if mode is TermsMode.OWN:
        return link.policy.terms
    if mode is TermsMode.ORGANIZATION:
        return organization_terms(link.team_id)
    return None


def organization_terms(team_id: int) -> Terms | None:
    """A team's own text in force."""
    latest = Terms.objects.filter(team_id=team_id, is_organization=True).order_by("-number").first()
    return latest if latest is not None and latest.withdrawn_at is None else None


def terms_view(terms: Terms) -> TermsView:
    """A text for a page."""
    version = terms.version
    return TermsView(
        id=terms.public_id,
        html=clean_terms(terms.html),
        sha256=terms.sha256,
        number=terms.number,
        is_organization=terms.is_organization,
        created_at=terms.created_at,
        name=version.name if version else "",
        pages=(version.pages or 0) if version else 0,
    )


def find_terms(team_id: int, terms_id: str) -> Terms:
    """A text of a team. Raises `NotFound`."""
    found = Terms.objects.filter(team_id=team_id, public_id=terms_id).first()
    if found is None:
        raise NotFound(kind="terms", id=terms_id)
    return found


def terms_are_due(held: Pass) -> bool:
    """Whether this browser must accept terms first. Who proved an address accepts a text once; everybody else with each pass."""
    if held.link.policy.terms_mode == TermsMode.OFF:
        return False
    terms = terms_in_force(held.link)
    return terms is not None and not accepted_by(held).filter(terms=terms).exists()


def accepted_by(held: Pass) -> QuerySet[Acceptance]:
    """What this reader accepted: who proved an address on any browser, everybody else by this pass."""
    mine = Q(reader=held.reader, address=held.address) if held.address else Q(browser_pass=held)
    return Acceptance.objects.filter(mine)


# -- Evidence ------------------------------------------------------------------------------------------------------------
def acceptances_of(policies: Iterable[PolicyRow], *, limit: int = MOST_LISTED) -> list[AcceptanceView]:
    """Who accepted terms under these policies, the latest first. The caller answers for whose policies they are."""
    rows = _acceptances().filter(link__policy__in=list(policies))
    return [_view_of(row) for row in rows.order_by("-accepted_at", "-pk")[:limit]]


def list_acceptances(actor: Actor, *, search: str = "", limit: int = MOST_LISTED) -> list[AcceptanceView]:
    """Who accepted terms of the actor's whole team, the latest first; `search` in addresses, names and hashes. For admins: raises
    `Forbidden`."""
    actor.require(Capability.MANAGE_TEAM)
    rows = _acceptances().filter(link__team_id=actor.team_id)
    if search:
        rows = rows.filter(Q(address__icontains=search) | Q(typed_name__icontains=search) | Q(text_sha256__istartswith=search))
    return [_view_of(row) for row in rows.order_by("-accepted_at", "-pk")[:limit]]


def acceptance_for(team_id: int, acceptance_id: str, *, policies: Iterable[PolicyRow] | None = None) -> Acceptance:
    """One acceptance of a team, or only of some of its policies. Raises `NotFound`."""
    rows = _acceptances().filter(link__team_id=team_id, public_id=acceptance_id)
    found = (rows if policies is None else rows.filter(link__policy__in=list(policies))).first()
    if found is None:
        raise NotFound(kind="acceptance", id=acceptance_id)
    return found


def own_acceptance(held: Pass) -> Acceptance | None:
    """What this reader accepted last."""
    mine = accepted_by(held).values_list("pk", flat=True)
    return _acceptances().filter(pk__in=mine).order_by("-accepted_at", "-pk").first()


def certificate_pdf(acceptance: Acceptance, *, send_id: str = "") -> bytes:
    """The evidence as a PDF in the link's language, made from our own rows alone: the exact text, its hash and number, and who
    accepted it when, from where, for which documents. The same acceptance gives the same bytes."""
    language = acceptance.link.language
    with translation.override(language):
        paper = Certificate(
            language=language,
            title=gettext("Record of acceptance"),
            number=acceptance.public_id,
            facts=tuple((label, value) for label, value in _facts(acceptance, send_id) if value),
            heading=gettext("Accepted text"),
            text=_text(acceptance),
            page=gettext("Page {page} of {pages}"),
        )
    return get_certificate_printer().print(paper)


def words_of(terms: Terms) -> tuple[Line, ...]:
    """What a text says in plain lines; empty for a PDF."""
    return lines_of(clean_terms(terms.html))


def _text(acceptance: Acceptance) -> tuple[Line, ...]:
    lines = words_of(acceptance.terms)
    version = acceptance.terms.version
    if lines or version is None:
        return lines
    said = gettext("The text is the PDF “{name}”. Its bytes have the SHA-256 above.")
    return (Line(said.format(name=version.name)),)


def _facts(acceptance: Acceptance, send_id: str) -> list[tuple[str, str]]:
    link, terms = acceptance.link, acceptance.terms
    names = Grant.objects.filter(link=link).order_by("position", "pk").values_list("document__name", flat=True)
    moment = acceptance.accepted_at.strftime("%Y-%m-%d %H:%M:%S")
    return [
        (gettext("Name typed"), acceptance.typed_name),
        (gettext("Address proved"), acceptance.address or gettext("None: the link asks for no address")),
        (gettext("Time (UTC)"), moment),
        (gettext("IP address"), acceptance.ip),
        (gettext("Browser"), acceptance.user_agent),
        (gettext("Link sent to"), link.address),
        (gettext("Terms of"), link.team.name),
        (gettext("Version of the text"), str(acceptance.number) if terms.is_organization else ""),
        ("SHA-256", acceptance.text_sha256),
        (gettext("Documents"), "; ".join(names)),
        (gettext("Delivery"), send_id),
        (gettext("Link"), link.public_id),
    ]


def _acceptances() -> QuerySet[Acceptance]:
    return Acceptance.objects.select_related("link__team", "terms__version")


def _view_of(row: Acceptance) -> AcceptanceView:
    return AcceptanceView(
        id=row.public_id,
        link_id=row.link.public_id,
        address=row.address,
        name=row.typed_name,
        accepted_at=row.accepted_at,
        ip=row.ip,
        user_agent=row.user_agent,
        sha256=row.text_sha256,
        number=row.number,
        is_organization=row.terms.is_organization,
    )
