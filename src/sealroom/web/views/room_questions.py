# SPDX-License-Identifier: Apache-2.0
"""Questions and answers of a data room, for those who lead it."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.core.errors import Invalid
from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Asking, Hand, Lookup
from sealroom.datarooms.queries import SeenItem, ThreadView
from sealroom.datarooms.rules import QuestionState
from sealroom.web import rooms
from sealroom.web.answers import done, page
from sealroom.web.exporting import CSV, list_file
from sealroom.web.forms.rooms import AnswerForm, QuestionForm
from sealroom.web.gates import MemberRequest, member_required

ROWS = 200
MOST_CHOSEN = 100  # ids that are read of a form; how many may be attached is for the room to say


@require_http_methods(["GET", "POST"])
@member_required
def questions(request: MemberRequest, room_id: str) -> HttpResponse:
    """Every question, the last changed first; the house may ask one itself."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    if request.method == "GET":
        return _show(request, hand, QuestionForm())
    if "look" in request.POST:
        return _show(request, hand, QuestionForm(initial=request.POST.dict()))
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return _show(request, hand, form)
    data = form.cleaned_data
    asking = Asking(data["subject"], data["text"], request.POST.get("item", ""), _chosen(request))
    try:
        asked = flows.ask_question(hand, asking, now=now)
    except Invalid as error:
        form.refuse(error)
        return _show(request, hand, form)
    return done(request, reverse("web:room_question", args=[room_id, asked.public_id]), _("The question is asked."))


def _chosen(request: MemberRequest) -> tuple[str, ...]:
    return tuple(request.POST.getlist("attachments")[:MOST_CHOSEN])


def _lookup(request: MemberRequest, hand: Hand) -> Lookup:
    """Files to point to: what was chosen and what is looked for."""
    text, chosen = request.POST.get("find", ""), _chosen(request)
    return flows.look_up_files(queries.house_sight(hand.room), text, chosen) if text or chosen else Lookup("")


def _about(request: MemberRequest, hand: Hand) -> SeenItem | None:
    """What the question is about (`?about=`, kept in the form); None: the room."""
    wanted = request.POST.get("item", "") or request.GET.get("about", "")
    return queries.house_sight(hand.room).find(wanted) if wanted else None


def _show(request: MemberRequest, hand: Hand, form: QuestionForm) -> HttpResponse:
    found, words = queries.list_questions(hand), rooms.question_words()
    which = request.GET.get("show", "all")
    kept = [one for one in found if which not in set(QuestionState) or one.state == which]
    tabs = [("all", pgettext("questions", "All"), len(found))]
    tabs += [(state.value, word, sum(one.state == state for one in found)) for state, (word, _tone) in words.items()]
    context = {
        **rooms.head(hand, "room_questions"),
        "rows": [(one, words[one.state]) for one in kept[:ROWS]],
        "more": max(0, len(kept) - ROWS),
        "filters": [
            {"label": label, "url": f"?show={name}", "active": name == which, "count": count} for name, label, count in tabs
        ],
        "total": len(found),
        "form": form,
        "about": _about(request, hand),
        "lookup": _lookup(request, hand),
        "audience": rooms.audience_words()[hand.room.question_audience],
    }
    return page(request, "web/rooms/questions.html", context, status=422 if form.errors else 200)


@require_POST
@member_required
def take_along(request: MemberRequest, room_id: str) -> HttpResponseBase:
    """Everything asked and answered, as a file to keep."""
    return list_file(flows.export_questions(request.actor, room_id, now=timezone.now()), CSV, name="questions")


@require_http_methods(["GET", "POST"])
@member_required
def question(request: MemberRequest, room_id: str, question_id: str) -> HttpResponse:
    """One question with what was said; answer it, give it to somebody, close it, open it again."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    thread = queries.get_question(hand, question_id)
    form = AnswerForm(initial=request.POST.dict() if "look" in request.POST else None)
    if request.method == "POST" and "look" not in request.POST:
        deed = request.POST.get("deed", "")
        if deed != "answer":
            return _deed(request, hand, question_id, deed, now=now)
        form = AnswerForm(request.POST)
        if form.is_valid() and _answers(request, hand, question_id, form, now=now):
            return done(request, _here(hand, question_id), _("Answered."))
    return _show_thread(request, hand, thread, form)


def _answers(request: MemberRequest, hand: Hand, question_id: str, form: AnswerForm, *, now: datetime) -> bool:
    """Whether the answer was taken; else the form says why not."""
    attached, closes = _chosen(request), request.POST.get("closes") == "on"
    try:
        flows.reply_to_question(hand, question_id, form.cleaned_data["text"], attachments=attached, closes=closes, now=now)
    except Invalid as error:
        form.refuse(error)
        return False
    return True


def _show_thread(request: MemberRequest, hand: Hand, thread: ThreadView, form: AnswerForm) -> HttpResponse:
    view = thread.question
    context = {
        **rooms.head(hand, "room_questions"),
        "question": view,
        "posts": thread.posts,
        "state": rooms.question_words()[view.state],
        "audience": rooms.audience_words()[view.audience.value],
        "is_closed": view.state is QuestionState.CLOSED,
        "leaders": [(one.email, one.name or one.email) for one in flows.leaders_of(hand.room)],
        "form": form,
        "lookup": _lookup(request, hand),
        "closes": request.POST.get("closes") == "on",
    }
    return page(request, "web/rooms/question.html", context, status=422 if form.errors else 200)


def _here(hand: Hand, question_id: str) -> str:
    return reverse("web:room_question", args=[hand.room.public_id, question_id])


def _deed(request: MemberRequest, hand: Hand, question_id: str, deed: str, *, now: datetime) -> HttpResponse:
    if deed == "assign":
        flows.assign_question(hand, question_id, request.POST.get("address", ""), now=now)
        said = _("Saved.")
    elif deed == "close":
        flows.close_question(hand, question_id, now=now)
        said = _("The question is closed.")
    elif deed == "reopen":
        flows.reopen_question(hand, question_id, now=now)
        said = _("The question is open again.")
    else:
        raise Invalid({"deed": ["unknown"]})
    return done(request, _here(hand, question_id), said)
