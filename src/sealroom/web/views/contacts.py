# SPDX-License-Identifier: Apache-2.0
"""Contacts: the member's own list of people, and the picker on Send Files."""

from __future__ import annotations

from dataclasses import replace

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts.rules import Actor
from sealroom.core.errors import Invalid
from sealroom.sends import flows, queries
from sealroom.sends.queries import ContactRow
from sealroom.sends.rules import MOST_BYTES
from sealroom.web import composing, people
from sealroom.web.answers import done, page, part, wants_part
from sealroom.web.forms.people import ContactForm
from sealroom.web.forms.sending import TYPED_AT_MOST, read_recipients
from sealroom.web.gates import MemberRequest, member_required


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The list, with a form for one more and one for a file of many."""
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _kept(request, form, ""):
        return done(request, reverse("web:contacts"), _("%(who)s is among your contacts.") % {"who": form.cleaned_data["address"]})
    return _show(request, form)


@require_http_methods(["GET", "POST"])
@member_required
def edit(request: MemberRequest, contact_id: str) -> HttpResponse:
    """Change one contact."""
    contact = queries.get_contact(request.actor, contact_id)
    start = {"address": contact.address, "name": contact.name, "company": contact.company}
    form = ContactForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid() and _kept(request, form, contact_id):
        return done(request, reverse("web:contacts"), _("Saved."))
    context = {"form": form, "contact_id": contact_id, "title": contact.name or contact.address}
    return page(request, "web/contacts/edit.html", context, status=422 if form.errors else 200)


@require_POST
@member_required
def delete(request: MemberRequest, contact_id: str) -> HttpResponse:
    """Forget a contact; sends are not touched."""
    flows.delete_contact(request.actor, contact_id)
    return done(request, reverse("web:contacts"), _("The contact is removed. What you sent stays as it is."))


@require_POST
@member_required
def import_file(request: MemberRequest) -> HttpResponse:
    """Take in a CSV file; lines that are nobody are named."""
    file = request.FILES.get("people")
    if not isinstance(file, UploadedFile):
        return redirect("web:contacts")
    result = flows.import_contacts(request.actor, file.read(MOST_BYTES + 1), now=timezone.now())
    added, changed = result.added, result.changed
    said = ngettext("%(n)s contact added", "%(n)s contacts added", added) % {"n": added}
    if changed:
        said += ", " + ngettext("%(n)s changed", "%(n)s changed", changed) % {"n": changed}
    if result.errors:
        return _show(request, ContactForm(), said=said + ".", faults=people.faults(result.errors))
    return done(request, reverse("web:contacts"), said + ".")


@require_http_methods(["GET", "POST"])
@member_required
def choose(request: MemberRequest) -> HttpResponse:
    """The picker: search, tick, or take everybody of a company. Without JavaScript the chosen are put into the draft."""
    actor, now = request.actor, timezone.now()
    if request.method == "POST":
        chosen = read_recipients("\n".join(request.POST.getlist("person")[:TYPED_AT_MOST]))
        composed = composing.from_draft(request, actor, draft_id="", now=now)
        known = {one.address for one in composed.typed.people}
        more = tuple(one for one in chosen.people if one.address not in known)
        composing.keep(request, actor, replace(composed, typed=composed.typed.with_more(more)), now=now)
        return redirect("web:send_files")
    search, company = request.GET.get("q", "").strip()[:200], request.GET.get("company", "").strip()[:200]
    rows = _of_company(actor, company) if company else list(queries.list_contacts(actor, search=search, limit=100).items)
    context = {
        "rows": rows,
        "search": search,
        "company": company,
        "companies": [] if company else sorted({row.company for row in rows if row.company}),
    }
    return (
        part(request, "web/contacts/_choose.html", context)
        if wants_part(request)
        else page(request, "web/contacts/choose.html", context)
    )


def _of_company(actor: Actor, company: str) -> list[ContactRow]:
    found: list[ContactRow] = []
    cursor = ""
    while len(found) < TYPED_AT_MOST:
        listed = queries.list_contacts(actor, search=company, cursor=cursor, limit=100)
        found += [one for one in listed.items if one.company.casefold() == company.casefold()]
        cursor = listed.next
        if not cursor:
            break
    return found[:TYPED_AT_MOST]


def _kept(request: MemberRequest, form: ContactForm, contact_id: str) -> bool:
    try:
        flows.save_contact(request.actor, contact_id, **form.cleaned_data, now=timezone.now())
    except Invalid as error:
        for field, reasons in error.errors.items():
            form.add_error(field if field in form.fields else None, _why(reasons))
        return False
    return True


def _why(reasons: list[str]) -> str:
    words = {"known": _("This address is among your contacts already."), "bad_address": _("This is no e-mail address.")}
    return words.get(reasons[0], _("Use visible characters on one line."))


def _show(request: MemberRequest, form: ContactForm, *, said: str = "", faults: people.Faults | None = None) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:200]
    found = queries.list_contacts(request.actor, search=search, cursor=request.GET.get("cursor", ""), limit=50)
    context = {
        "form": form,
        "rows": found.items,
        "search": search,
        "next_url": "?" + urlencode({"q": search, "cursor": found.next}) if found.next else "",
        "said": said,
        "faults": faults,
    }
    return page(request, "web/contacts/index.html", context, status=422 if form.errors else 200)
