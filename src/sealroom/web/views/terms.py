# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, DOC SECURITY: the organisation's terms of access, and who accepted terms."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.access import flows, queries
from sealroom.access.rules.terms import clean_terms
from sealroom.accounts.rules import Capability
from sealroom.core.errors import Invalid
from sealroom.documents import queries as documents
from sealroom.web import exporting, setting_panels
from sealroom.web.answers import done, page
from sealroom.web.forms.security import TermsForm
from sealroom.web.gates import MemberRequest, admin_required
from sealroom.web.markup import terms_html
from sealroom.web.setting_words import error_words

MOST_LISTED = 500
_admins_only = admin_required(Capability.MANAGE_DOC_SECURITY)


@require_http_methods(["GET", "POST"])
@_admins_only
def index(request: MemberRequest) -> HttpResponse:
    """The text in force, and the form that puts another in its place after it was looked at."""
    now, actor = timezone.now(), request.actor
    current = queries.organization_terms(actor.team_id)
    view = queries.terms_view(current) if current else None
    pdfs = setting_panels.pdfs_of(actor)
    form = TermsForm(request.POST or None, documents=pdfs, initial={"text": view.html if view else ""})
    deed, preview = request.POST.get("deed", ""), None
    if request.method == "POST" and deed == "withdraw":
        flows.withdraw_organization_terms(actor, now=now)
        return done(request, reverse("web:terms"), _("Nobody is asked for the organisation’s terms any more."))
    if request.method == "POST" and form.is_valid():
        try:
            if deed == "save":
                return _put_in_force(request, form, now=now)
            preview = _shown(form.cleaned_data["text"])
        except Invalid as error:
            form.add_error(None, " ".join(error_words("terms", error.errors.get("terms", ["unknown"]))))
    context = {
        "form": form,
        "current": view,
        "current_html": mark_safe(view.html) if view else "",  # noqa: S308 -- cleaned by the room as it is read
        "preview": preview,
    }
    return page(request, "web/security/terms.html", context, status=422 if form.errors else 200)


def _put_in_force(request: MemberRequest, form: TermsForm, *, now: datetime) -> HttpResponse:
    data = form.cleaned_data
    if data["document"]:
        version = documents.get_own_document(request.actor, data["document"]).current
        if version is None:
            raise Invalid({"terms": ["needs_a_ready_pdf"]})
        flows.set_organization_terms(request.actor, version=version, now=now)
    else:
        flows.set_organization_terms(request.actor, html=terms_html(data["text"]), now=now)
    return done(request, reverse("web:terms"), _("The terms are in force. Readers of sends that ask for them are asked anew."))


def _shown(text: str) -> SafeString:
    return mark_safe(clean_terms(terms_html(text)))  # noqa: S308 -- cleaned by the room's own list of marks


@require_GET
@_admins_only
def acceptances(request: MemberRequest) -> HttpResponse:
    """Who accepted which text, the latest first."""
    search = request.GET.get("q", "").strip()[:200]
    rows = queries.list_acceptances(request.actor, search=search, limit=MOST_LISTED)
    context = {"rows": rows, "search": search, "is_cut": len(rows) >= MOST_LISTED}
    return page(request, "web/security/acceptances.html", context)


@require_POST
@_admins_only
def export(request: MemberRequest) -> HttpResponseBase:
    """The list as a file."""
    rows = queries.list_acceptances(request.actor, search=request.POST.get("q", "").strip()[:200], limit=100_000)
    form = exporting.XLSX if request.POST.get("format") == "xlsx" else exporting.CSV
    return exporting.acceptances_file(rows, form)


@require_GET
@_admins_only
def certificate(request: MemberRequest, acceptance_id: str) -> HttpResponse:
    """The evidence of one acceptance as a PDF."""
    return certificate_file(queries.certificate_pdf(queries.acceptance_for(request.actor.team_id, acceptance_id)), acceptance_id)


def certificate_file(data: bytes, acceptance_id: str) -> HttpResponse:
    """A certificate to keep."""
    headers = {"Content-Disposition": f'attachment; filename="acceptance-{acceptance_id}.pdf"'}
    return HttpResponse(data, content_type="application/pdf", headers=headers)
