# SPDX-License-Identifier: Apache-2.0
"""Manage Sent Files: the list, a send's page, and its forms (settings, further recipients, another file)."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from sealroom.core.errors import NotFound
from sealroom.core.ids import new_id
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.sends import flows, queries
from sealroom.sends.rules import Addressee
from sealroom.web import composing, showing, wording
from sealroom.web.answers import done, page, part, wants_part
from sealroom.web.forms.sending import AddRecipientsForm
from sealroom.web.gates import MemberRequest, member_required


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The list by tab, search and page."""
    now = timezone.now()
    which, search = request.GET.get("show", "all"), request.GET.get("q", "").strip()[:200]
    which = which if which in _tab_words() else "all"
    found = queries.list_sends(request.actor, which=which, search=search, cursor=request.GET.get("cursor", ""), now=now)
    rest = {"show": which, "q": search}
    context = {
        "rows": [showing.row(one, now=now) for one in found.items],
        "tabs": _tabs(found.counts, which, search),
        "waiting": queries.count_requests(request.actor),
        "total": found.counts.get("all", 0),
        "which": which,
        "search": search,
        "next_url": "?" + urlencode({**rest, "cursor": found.next}) if found.next else "",
        "first_url": "?" + urlencode(rest) if request.GET.get("cursor") else "",
    }
    return page(request, "web/sends/index.html", context)


def _tab_words() -> dict[str, str]:
    """Tabs of the list and their words, in the active language."""
    return {
        "all": _("All"),
        "active": _("Active"),
        "not_opened": _("Not opened"),
        "ending_soon": _("Ending soon"),
        "ended": _("Ended"),
        "draft": _("Drafts"),
    }


def _tabs(counts: dict[str, int], which: str, search: str) -> list[dict[str, object]]:
    more = {"q": search} if search else {}
    return [
        {"label": label, "url": "?" + urlencode({"show": name, **more}), "active": name == which, "count": counts.get(name, 0)}
        for name, label in _tab_words().items()
    ]


@require_GET
@member_required
def detail(request: MemberRequest, send_id: str) -> HttpResponse:
    """A send's own page; for htmx what stands below its row, or (`?view=page`) the page's content."""
    return answer(request, send_id, view=request.GET.get("view", "body"), now=timezone.now())


def answer(request: MemberRequest, send_id: str, *, view: str, now: datetime, said: str = "", undo: str = "") -> HttpResponse:
    """Show a send where it was asked from: its row, the part below its row, its page's content, or its page."""
    send = showing.send(request.actor, send_id, now=now)
    context = {"send": send, "open": True, "said": said, "undo": undo, "now": now}
    if not wants_part(request):
        return page(request, "web/sends/detail.html", {**context, "view": "page"})
    template = {"row": "web/sends/_row.html", "page": "web/sends/_detail.html"}.get(view, "web/sends/_body.html")
    return part(request, template, {**context, "view": "page" if view == "page" else "row", "row": send.row})


@require_http_methods(["GET", "POST"])
@member_required
def recipients(request: MemberRequest, send_id: str) -> HttpResponse:
    """Name further people; the price stands before the deed."""
    now = timezone.now()
    send = queries.send_detail(request.actor, send_id, now=now)
    form = AddRecipientsForm(request.POST or None)
    context: dict[str, object] = {"form": form, "send": showing.row(send.row, now=now), "send_id": send_id}
    context["key"] = request.POST.get("key", "")[:64] or new_id("add")
    if request.method == "POST" and form.is_valid():
        people = [Addressee(one.address, one.name) for one in form.cleaned_data["recipients"].people]
        if request.POST.get("deed") == "add":
            return _add(request, send_id, people, key=str(context["key"]), now=now)
        context["quote"] = queries.quote(request.actor, (), people, send_id=send_id, now=now)
        context["people_text"] = wording.people(len(people))
    if wants_part(request):
        return part(request, "web/sends/_add_price.html", context)
    return page(request, "web/sends/recipients.html", context, status=422 if form.errors else 200)


def _add(request: MemberRequest, send_id: str, people: list[Addressee], *, key: str, now: datetime) -> HttpResponse:
    result = flows.add_recipients(request.actor, send_id, people, key=key, notify="notify" in request.POST, now=now)
    sentence = _("Added: %(people)s.") % {"people": wording.people(len(result.added))}
    return done(request, reverse("web:send", args=[send_id]), sentence)


@require_http_methods(["GET", "POST"])
@member_required
def replace(request: MemberRequest, send_id: str, document_id: str) -> HttpResponse:
    """Upload what shall take a file's place. Nobody sees it before it is published."""
    send, document = _file_of_send(request, send_id, document_id)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        status = 422 if request.method == "POST" else 200
        return page(
            request, "web/sends/replace.html", {"send": send, "document": document, "missing": status == 422}, status=status
        )
    version = documents.add_version(
        request.actor, document_id, file.chunks(composing.CHUNK), name=file.name or "", size=file.size, now=timezone.now()
    )
    return redirect("web:publish", send_id, document_id, version.public_id)


@require_http_methods(["GET", "POST"])
@member_required
def publish(request: MemberRequest, send_id: str, document_id: str, version_id: str) -> HttpResponse:
    """The new file with its price; publishing charges it and switches every link."""
    now = timezone.now()
    send, document = _file_of_send(request, send_id, document_id)
    version = document_queries.get_version(request.actor, document_id, version_id)
    shown = document_queries.version_view(version, current_id=None)
    if request.method == "POST":
        result = flows.replace(request.actor, document_id, version_id, key=f"replace:{version_id}", now=now)
        sentence = _("The new file is in place for %(people)s.") % {"people": wording.recipients(result.recipients)}
        return done(request, reverse("web:send", args=[send_id]), sentence)
    quote = queries.quote_of_replacement(request.actor, document_id, version_id, now=now)
    file = composing.shown_version(shown)
    context = {"send": send, "document": document, "file": file, "quote": quote, "here": request.path}
    return (
        part(request, "web/sends/_publish.html", context)
        if wants_part(request)
        else page(request, "web/sends/publish.html", context)
    )


def _file_of_send(request: MemberRequest, send_id: str, document_id: str) -> tuple[showing.ShownRow, showing.ShownDocument]:
    """The send and one of its files: a file of another send is as unknown as one of another team."""
    send = showing.send(request.actor, send_id, now=timezone.now())
    document = next((one for one in send.documents if one.id == document_id), None)
    if document is None:
        raise NotFound(kind="document")
    return send.row, document
