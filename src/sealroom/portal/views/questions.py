# SPDX-License-Identifier: Apache-2.0
"""Questions of a room as its guests meet them: what each may know of, asking, and going on with a question of one's own. What
somebody typed is never lost to a refusal: it comes back with the page that tells of it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import flows as rooms
from sealroom.datarooms import queries
from sealroom.datarooms.errors import QuestionClosed, QuestionsOff, RoomClosed
from sealroom.datarooms.flows import Asking, Hand, Lookup
from sealroom.datarooms.queries import SeenItem, ThreadView
from sealroom.datarooms.rules import MOST_ATTACHED, MOST_SUBJECT, MOST_TEXT, Audience, RoomState
from sealroom.httpkit.templatetags.kit import number
from sealroom.portal.door import onward_status, page_view
from sealroom.portal.errors import Refusal, refusal_for
from sealroom.portal.room_pages import frame, item_url, may_ask, visit

PER_PAGE = 50  # questions at once
MOST_CHOSEN = 100  # ids that are read of a form; how many may be attached is for the room to say
_NOTHING_TYPED = Asking("", "")


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def questions(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """The questions he may know of with the form for another one (GET; about an item with `?about=`), or ask (POST)."""
    hand = visit(request, link_id)
    if request.method == "POST":
        return _ask(request, hand, link_id)
    if hand.room.question_audience == Audience.OFF and not queries.has_questions(hand):
        raise NotFound(kind="questions", id=link_id)
    about = request.GET.get("about", "")
    return _list_page(request, hand, link_id, about=queries.sight_for(hand).find(about) if about else None)


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def question(request: HttpRequest, *, link_id: str, question_id: str) -> HttpResponse:
    """One question with everything said in it (GET), or add to it (POST)."""
    hand = visit(request, link_id)
    if request.method == "POST":
        return _reply(request, hand, link_id, question_id)
    return _thread_page(request, hand, link_id, question_id)


def _ask(request: HttpRequest, hand: Hand, link_id: str) -> HttpResponse:
    subject, text, item_id = (request.POST.get(name, "") for name in ("subject", "text", "about"))
    typed = Asking(subject, text, item=item_id, attachments=_chosen(request))
    about = next(iter(queries.sight_for(hand).find_all({item_id})), None)
    if "look" in request.POST:
        return _list_page(request, hand, link_id, about=about, typed=typed)
    try:
        asked = rooms.ask_question(hand, typed, now=timezone.now())
    except Invalid as error:
        return _list_page(request, hand, link_id, about=about, errors=_sentences(error), typed=typed)
    except NotFound:
        refusal = _file_gone() if about is not None or not item_id else _item_gone()
        return _list_page(request, hand, link_id, about=about, refusal=refusal, typed=typed)
    except (QuestionsOff, RoomClosed) as error:
        return _list_page(request, visit(request, link_id), link_id, about=about, refusal=refusal_for(error), typed=typed)
    return onward_status(redirect("portal:room_question", link_id, asked.public_id))


def _reply(request: HttpRequest, hand: Hand, link_id: str, question_id: str) -> HttpResponse:
    text = request.POST.get("text", "")
    if "look" in request.POST:
        return _thread_page(request, hand, link_id, question_id, text=text)
    try:
        rooms.reply_to_question(hand, question_id, text, attachments=_chosen(request), now=timezone.now())
    except Invalid as error:
        return _thread_page(request, hand, link_id, question_id, errors=_sentences(error), text=text)
    except (QuestionClosed, RoomClosed) as error:
        return _thread_page(request, visit(request, link_id), link_id, question_id, refusal=refusal_for(error), text=text)
    except NotFound:
        return _thread_page(request, hand, link_id, question_id, refusal=_file_gone(), text=text)
    except Forbidden:
        if hand.is_preview:
            raise
        return _thread_page(request, hand, link_id, question_id, refusal=_only_reads(), text=text)
    return onward_status(redirect("portal:room_question", link_id, question_id))


def _list_page(
    request: HttpRequest,
    hand: Hand,
    link_id: str,
    *,
    about: SeenItem | None = None,
    typed: Asking = _NOTHING_TYPED,
    errors: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    words = {
        **frame(hand, link_id, "questions"),
        "page": Paginator(queries.list_questions(hand), PER_PAGE).get_page(request.GET.get("page")),
        "may_ask": may_ask(hand),
        "is_archived": hand.room.state != RoomState.OPEN,
        "audience": hand.room.question_audience,
        "about": about,
        "subject": typed.subject,
        "text": typed.text,
        "lookup": _lookup(request, hand),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "portal/room_questions.html", words, status=_status(errors, refusal))


def _thread_page(
    request: HttpRequest,
    hand: Hand,
    link_id: str,
    question_id: str,
    *,
    text: str = "",
    errors: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    thread = queries.get_question(hand, question_id)
    about = thread.question.item
    words = {
        **frame(hand, link_id, "questions"),
        "question": thread.question,
        "posts": [
            {"post": post, "attachments": [(file, item_url(file, link_id)) for file in post.attachments]} for post in thread.posts
        ],
        "item_url": item_url(about, link_id) if about else "",
        "may_reply": _may_reply(hand, thread),
        "text": text,
        "lookup": _lookup(request, hand),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "portal/room_question.html", words, status=_status(errors, refusal))


def _chosen(request: HttpRequest) -> tuple[str, ...]:
    return tuple(request.POST.getlist("attachments")[:MOST_CHOSEN])


def _lookup(request: HttpRequest, hand: Hand) -> Lookup:
    """Files to point to: what he chose and what he looks for, of what he sees."""
    text, chosen = request.POST.get("find", ""), _chosen(request)
    return rooms.look_up_files(queries.sight_for(hand), text, chosen) if text or chosen else Lookup("")


def _status(errors: dict[str, str] | None, refusal: Refusal | None) -> int:
    if refusal is not None:
        return refusal.status
    return 422 if errors else 200


def _is_open(hand: Hand) -> bool:
    return not hand.is_preview and hand.room.state == RoomState.OPEN


def _may_reply(hand: Hand, thread: ThreadView) -> bool:
    """Whether the form is shown."""
    return _is_open(hand) and thread.may_reply


def _item_gone() -> Refusal:
    return Refusal(
        404,
        _("What you ask about is no longer there."),
        _("Nothing was sent. If you send it now, it is a question about the data room."),
    )


def _file_gone() -> Refusal:
    return Refusal(
        404, _("A file you attached is no longer there."), _("Nothing was sent. What you see now is what you would send.")
    )


def _only_reads() -> Refusal:
    return Refusal(403, _("You can only read this question."), _("Nothing was sent. Whoever asked it can add to it."))


def _sentences(error: Invalid) -> dict[str, str]:
    limits = {"subject": MOST_SUBJECT, "text": MOST_TEXT, "attachments": MOST_ATTACHED}
    return {name: _sentence(name, codes[0], limits.get(name, 0)) for name, codes in error.errors.items()}


def _sentence(name: str, code: str, limit: int) -> str:
    if name == "attachments":
        return _("Attach at most %(limit)s files.") % {"limit": number(limit)} if code == "too_many" else _("Attach files only.")
    if code == "too_long":
        return _("Write at most %(limit)s characters.") % {"limit": number(limit)}
    return _("Enter a subject.") if name == "subject" else _("Write what you want to say.")
