# SPDX-License-Identifier: Apache-2.0
"""Send Files: the page one lands on. Works as one plain form; with JavaScript files travel by themselves and the price is live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.core.errors import DomainError, Invalid
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.sends import flows as sends
from sealroom.sends.errors import NotADraft
from sealroom.sends.flows import SendResult
from sealroom.sends.rules import People
from sealroom.web import composing, conditions, people, wording
from sealroom.web.answers import done, page, part, safe_next, wants_part
from sealroom.web.errors import Refusal, refusal_of
from sealroom.web.forms.sending import SendForm
from sealroom.web.gates import MemberRequest, member_required


@require_http_methods(["GET", "POST"])
@member_required
def send_files(request: MemberRequest) -> HttpResponse:
    """The page, and what its buttons do: send, get the link, keep, remove a file."""
    now = timezone.now()
    if request.method == "POST":
        return _act(request)
    if "new" in request.GET:
        composed = composing.blank(request.actor, now=now)
    else:
        composed = composing.from_draft(request, request.actor, draft_id=request.GET.get("draft", ""), now=now)
    return page(request, "web/send_files.html", composing.layout(request.actor, composed, now=now))


def _act(request: MemberRequest) -> HttpResponse:
    now, actor = timezone.now(), request.actor
    form = SendForm(request.POST)
    if not form.is_valid():
        composed = composing.from_draft(request, actor, draft_id=request.POST.get("draft", ""), now=now)
        return _again(request, composed, _unreadable(form))
    composed = composing.from_form(actor, form, now=now)
    key = form.cleaned_data["key"]
    try:
        fresh = composing.take_files(actor, request.FILES.getlist("files"), now=now)
        kept = tuple(one for one in composed.documents if one != request.POST.get("remove"))
        composed = replace(composed, documents=kept + fresh)
        file = request.FILES.get("people")
        if isinstance(file, UploadedFile):
            return _take_people(request, composed, file, now=now)
        return _keep_or_send(request, composed, key=key, now=now)
    except NotADraft:
        return _second_click(request, composed, key=key)
    except DomainError as error:
        errors = error.errors if isinstance(error, Invalid) else {}
        return _again(request, composed, refusal_of(error, may_see=actor.capabilities), errors=errors)


def _keep_or_send(request: MemberRequest, composed: composing.Composed, *, key: str, now: datetime) -> HttpResponse:
    deed = request.POST.get("deed", "")
    composed = composing.keep(request, request.actor, composed, notify=deed != "link", now=now)
    # What another preset brings is looked at before it is sent.
    is_sent = deed in {"notify", "link"} and "remove" not in request.POST and not composed.preset_is_new
    if not is_sent:
        return redirect(f"{reverse('web:send_files')}?draft={composed.draft_id}" if composed.draft_id else "web:send_files")
    if missing := _missing(composed):
        return _again(request, composed, missing)
    result = sends.confirm(request.actor, composed.draft_id, key=key or composed.draft_id, now=now)
    return done(request, reverse("web:send", args=[result.send.public_id]), _sentence(result, composed, notify=deed == "notify"))


def _take_people(request: MemberRequest, composed: composing.Composed, file: UploadedFile[Any], *, now: datetime) -> HttpResponse:
    composed, found = composing.take_people(composed, file)
    composed = composing.keep(request, request.actor, composed, now=now)
    return _taken_in(request, composed, found, now=now)


def _taken_in(request: MemberRequest, composed: composing.Composed, found: People, *, now: datetime) -> HttpResponse:
    """The page after a list of people was read, with what could not be read of it."""
    context = composing.layout(request.actor, composed, now=now)
    read = wording.people(len(found.accepted))
    context |= {"people_read": _("Read from the file: %(people)s.") % {"people": read}, "faults": people.faults(found.errors)}
    return page(request, "web/send_files.html", context)


def _second_click(request: MemberRequest, composed: composing.Composed, *, key: str) -> HttpResponse:
    """The draft has gone out meanwhile: by the first click, whose answer this one gets too, or otherwise, which is refused."""
    try:
        result = sends.confirm(request.actor, composed.draft_id, key=key or composed.draft_id, now=timezone.now())
    except DomainError as error:
        return _again(request, composed, refusal_of(error, may_see=request.actor.capabilities))
    return done(request, reverse("web:send", args=[result.send.public_id]))


def _again(
    request: MemberRequest, composed: composing.Composed, refusal: Refusal, *, errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    context = composing.layout(request.actor, composed, now=timezone.now(), refusal=refusal, errors=errors)
    return page(request, "web/send_files.html", context, status=refusal.status)


def _unreadable(form: SendForm) -> Refusal:
    sentences = [str(error) for errors in form.errors.values() for error in errors]
    return Refusal(422, "invalid", _("Something does not fit"), " ".join(sentences))


def _missing(composed: composing.Composed) -> Refusal | None:
    if not composed.documents:
        return Refusal(422, "invalid", _("There is no file yet"), _("Add at least one file."))
    if composed.typed.invalid:
        wrong = ", ".join(composed.typed.invalid[:5])
        return Refusal(422, "invalid", _("Some addresses cannot be read"), _("Correct or remove: %(wrong)s") % {"wrong": wrong})
    if not composed.typed.people and not composed.settings.is_open:
        return Refusal(422, "invalid", _("There is no recipient yet"), _("Name at least one person by e-mail address."))
    return None


def _sentence(result: SendResult, composed: composing.Composed, *, notify: bool) -> str:
    if result.waiting:
        return _("Confirmed. It goes out by itself when the last file is ready; until then nothing is charged.")
    facts = {"people": wording.recipients(len(composed.typed.people))}
    if composed.settings.is_open and (not notify or not composed.typed.people):
        return _("Ready. The link for anybody stands below.")
    if notify:
        return _("Sent to %(people)s.") % facts
    return _("Ready for %(people)s. Nobody was notified: the links stand below.") % facts


@require_POST
@member_required
def draft(request: MemberRequest) -> HttpResponse:
    """Keep what is written and answer with its price; asked after every change."""
    now = timezone.now()
    form = SendForm(request.POST)
    if not form.is_valid():
        refusal = _unreadable(form)
        return part(request, "web/_refusal.html", {"refusal": refusal}, status=422)
    composed = composing.from_form(request.actor, form, now=now)
    try:
        composed = composing.keep(request, request.actor, composed, now=now)
    except Invalid as error:
        if not set(error.errors) <= set(conditions.GROUP_OF) or not wants_part(request):
            raise
        # A setting that does not fit is said below its sentence; the draft keeps the settings it had.
        context = composing.layout(request.actor, composed, now=now, errors=error.errors)
        return part(request, "web/send/_answer.html", context)
    if not wants_part(request):
        return redirect("web:send_files")
    response = part(request, "web/send/_answer.html", composing.layout(request.actor, composed, now=now))
    if composed.draft_id:
        response.headers["HX-Replace-Url"] = f"{reverse('web:send_files')}?draft={composed.draft_id}"
    return response


@require_POST
@member_required
def discard(request: MemberRequest) -> HttpResponse:
    """Throw the draft away. Its files stay among the member's documents."""
    if draft_id := request.POST.get("draft", ""):
        sends.delete_draft(request.actor, draft_id, now=timezone.now())
    return done(request, reverse("web:send_files") + "?new=1", _("The draft is gone. Its files are still under “earlier files”."))


@require_POST
@member_required
def upload(request: MemberRequest) -> HttpResponse:
    """Take in one file sent as the body; answers with its row, also when it is refused."""
    name = request.GET.get("name", "")
    size = int(request.headers.get("Content-Length") or 0)
    try:
        document = documents.accept_upload(request.actor, composing.incoming(request), name=name, size=size, now=timezone.now())
    except DomainError as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        response = part(request, "web/send/_file_refused.html", {"name": name, "refusal": refusal}, status=refusal.status)
    else:
        view = document_queries.view_of(document)
        response = part(request, "web/send/_file.html", {"file": composing.shown_file(view)}, status=201)
    response.headers["X-File-Row"] = "yes"
    return response


@require_POST
@member_required
def unlock(request: MemberRequest, document_id: str) -> HttpResponse:
    """Open a file that is protected by a password. The password is used once and not kept."""
    password = next(filter(None, request.POST.getlist("password")), "")
    try:
        documents.unlock(request.actor, document_id, password, now=timezone.now())
    except DomainError as error:
        return _taken_up(request, document_id, refused=error)
    return _taken_up(request, document_id, _("The password was taken. The file is being prepared."))


@require_POST
@member_required
def retry(request: MemberRequest, document_id: str) -> HttpResponse:
    """Prepare a file that failed once more, as it was uploaded."""
    try:
        documents.retry(request.actor, document_id, now=timezone.now())
    except DomainError as error:
        return _taken_up(request, document_id, refused=error)
    return _taken_up(request, document_id, _("The file is being prepared again."))


def _taken_up(request: MemberRequest, document_id: str, sentence: str = "", *, refused: DomainError | None = None) -> HttpResponse:
    """A failed file's row after another attempt began or was refused; without scripts, the page one came from."""
    refusal = refusal_of(refused, may_see=request.actor.capabilities) if refused else None
    view = document_queries.view_of(document_queries.get_document(request.actor, document_id))
    if wants_part(request):
        return part(request, "web/send/_file.html", {"file": composing.shown_file(view), "again_refusal": refusal})
    said = f"{refusal.title}. {refusal.text}" if refusal else sentence
    return done(request, safe_next(request, reverse("web:send_files")), said)


@require_GET
@member_required
def file(request: MemberRequest, document_id: str) -> HttpResponse:
    """A file's row as it now stands; rows of files that are being prepared ask for themselves."""
    view = document_queries.view_of(document_queries.get_document(request.actor, document_id))
    shown = composing.shown_file(view)
    response = part(request, "web/send/_file.html", {"file": shown})
    if shown.state != "preparing":
        response.headers["HX-Trigger"] = "file-ready"
    return response


@require_http_methods(["GET", "POST"])
@member_required
def choose(request: MemberRequest) -> HttpResponse:
    """Earlier files and the team's library; the chosen ones are put into the draft."""
    now, actor = timezone.now(), request.actor
    if request.method == "GET":
        own = document_queries.list_documents(actor, limit=50).items
        library = [one for one in document_queries.list_documents(actor, limit=50, library=True).items if one not in own]
        lists = {"own": [composing.shown_file(one) for one in own], "library": [composing.shown_file(one) for one in library]}
        return (
            part(request, "web/send/_choose.html", lists) if wants_part(request) else page(request, "web/send/choose.html", lists)
        )
    chosen = tuple(request.POST.getlist("chosen"))
    if wants_part(request):
        files = [composing.shown_file(document_queries.view_of(document_queries.get_document(actor, one))) for one in chosen]
        return part(request, "web/send/_chosen.html", {"files": files})
    composed = composing.from_draft(request, actor, draft_id="", now=now)
    more = tuple(one for one in chosen if one not in composed.documents)
    composing.keep(request, actor, replace(composed, documents=composed.documents + more), now=now)
    return redirect("web:send_files")
