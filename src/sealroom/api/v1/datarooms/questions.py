# SPDX-License-Identifier: Apache-2.0
"""Questions and answers of a data room, for those who lead it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field, StrictBool

from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, Id
from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.queries import Author, PostView, QuestionView, SeenItem

router = Router(tags=[ROOM_TAG])
Attachments = list[Id]


class QuestionIn(Body):
    """A question. `item`: what it is about (null: the room); who may not see that sees no word of it. `attachments`: files of the
    room."""

    subject: str = Field(max_length=400)
    text: str = Field(max_length=20_000)
    item: Id | None = None
    attachments: Attachments = Field([], max_length=100)


class ReplyIn(Body):
    """An answer; with `close` nobody adds to the question afterwards."""

    text: str = Field(max_length=20_000)
    attachments: Attachments = Field([], max_length=100)
    close: StrictBool = False


class AssignIn(Body):
    """Who is to answer: the address of one who leads the room, or null for nobody."""

    to: str | None = Field(max_length=320)


class AuthorOut(Schema):
    """Who wrote. `leads`: he leads the room."""

    name: str
    email: str
    leads: bool


class AboutOut(Schema):
    """A folder or file that is pointed to."""

    id: str
    name: str
    number: str


class QuestionOut(Schema):
    """A question. `state`: open, answered, closed; `audience`: who besides the asker sees it (owners, group, everyone)."""

    id: str
    number: int
    subject: str
    state: str
    audience: str
    author: AuthorOut
    item: AboutOut | None
    assigned_to: str | None
    posts: int
    created_at: datetime
    changed_at: datetime


class PostOut(Schema):
    """One contribution."""

    author: AuthorOut
    text: str
    is_answer: bool
    created_at: datetime
    attachments: list[AboutOut]


class ThreadOut(QuestionOut):
    """A question with everything said in it."""

    thread: list[PostOut]


class QuestionsOut(Schema):
    """A page of questions, the last changed first."""

    items: list[QuestionOut]
    next: str | None


@router.get("/datarooms/{room_id}/questions", response=QuestionsOut, summary="Questions")
def list_questions(
    request: HttpRequest,
    room_id: str,
    state: Literal["all", "open", "answered", "closed"] = "all",
    cursor: str = "",
    limit: Limit = 50,
) -> QuestionsOut:
    """Those who lead the room see them all."""
    found = queries.list_questions(flows.oversee(actor_of(request), room_id))
    rows, following = paged([one for one in found if state in {"all", one.state.value}], cursor, limit, key=lambda one: one.id)
    return QuestionsOut(items=[QuestionOut.model_validate(_question(one)) for one in rows], next=following)


@router.post("/datarooms/{room_id}/questions", response={201: ThreadOut}, summary="Ask")
@repeatable
def ask(request: HttpRequest, room_id: str, body: QuestionIn) -> Status[ThreadOut]:
    """For the room's audience of this instant. Whoever may see it is written to, without a word of it."""
    actor = actor_of(request)
    asking = Asking(body.subject, body.text, body.item or "", tuple(body.attachments))
    made = flows.ask_question(flows.lead(actor, room_id), asking, now=timezone.now())
    return Status(201, _thread(actor, room_id, made.public_id))


@router.get("/datarooms/{room_id}/questions/{question_id}", response=ThreadOut, summary="One question")
def read(request: HttpRequest, room_id: str, question_id: str) -> ThreadOut:
    """With everything said in it."""
    return _thread(actor_of(request), room_id, question_id)


@router.post("/datarooms/{room_id}/questions/{question_id}/replies", response={201: ThreadOut}, summary="Answer")
@repeatable
def reply(request: HttpRequest, room_id: str, question_id: str, body: ReplyIn) -> Status[ThreadOut]:
    """409 `question_closed`, `room_closed`."""
    actor = actor_of(request)
    hand, now = flows.lead(actor, room_id), timezone.now()
    flows.reply_to_question(hand, question_id, body.text, attachments=body.attachments, closes=body.close, now=now)
    return Status(201, _thread(actor, room_id, question_id))


@router.post("/datarooms/{room_id}/questions/{question_id}/assign", response=ThreadOut, summary="Give a question to somebody")
@repeatable
def assign(request: HttpRequest, room_id: str, question_id: str, body: AssignIn) -> ThreadOut:
    """He is written to."""
    actor = actor_of(request)
    flows.assign_question(flows.lead(actor, room_id), question_id, body.to or "", now=timezone.now())
    return _thread(actor, room_id, question_id)


@router.post("/datarooms/{room_id}/questions/{question_id}/close", response=ThreadOut, summary="Close a question")
@repeatable
def close(request: HttpRequest, room_id: str, question_id: str) -> ThreadOut:
    """Nobody adds to it."""
    return _after(request, room_id, question_id, flows.close_question)


@router.post("/datarooms/{room_id}/questions/{question_id}/reopen", response=ThreadOut, summary="Take up a closed question again")
@repeatable
def reopen(request: HttpRequest, room_id: str, question_id: str) -> ThreadOut:
    """It is answered or open, as before."""
    return _after(request, room_id, question_id, flows.reopen_question)


def _after(request: HttpRequest, room_id: str, question_id: str, deed: Callable[..., None]) -> ThreadOut:
    actor = actor_of(request)
    deed(flows.lead(actor, room_id), question_id, now=timezone.now())
    return _thread(actor, room_id, question_id)


def _thread(actor: Actor, room_id: str, question_id: str) -> ThreadOut:
    found = queries.get_question(flows.oversee(actor, room_id), question_id)
    return ThreadOut.model_validate(_question(found.question) | {"thread": [_post(one) for one in found.posts]})


def _question(one: QuestionView) -> dict[str, object]:
    return {
        "id": one.id,
        "number": one.number,
        "subject": one.subject,
        "state": one.state.value,
        "audience": one.audience.value,
        "author": _author(one.author),
        "item": _about(one.item) if one.item is not None else None,
        "assigned_to": one.assigned_to or None,
        "posts": one.posts,
        "created_at": one.created_at,
        "changed_at": one.changed_at,
    }


def _post(one: PostView) -> PostOut:
    return PostOut(
        author=_author(one.author),
        text=one.text,
        is_answer=one.is_answer,
        created_at=one.created_at,
        attachments=[_about(item) for item in one.attachments],
    )


def _author(one: Author) -> AuthorOut:
    return AuthorOut(name=one.name, email=one.address, leads=one.leads)


def _about(one: SeenItem) -> AboutOut:
    return AboutOut(id=one.id, name=one.name, number=one.number)
