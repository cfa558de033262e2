# SPDX-License-Identifier: Apache-2.0
"""Questions and answers: asked by guests and those who lead the room, answered by these, told to whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import jobs
from sealroom.core.errors import Forbidden, Invalid
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import QuestionClosed, QuestionsOff, RoomClosed
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, GroupMember, Guest, Item, Question, QuestionAttachment, QuestionPost
from sealroom.datarooms.rules import Audience, QuestionState, Role, RoomState


@dataclass(frozen=True)
class Asking:
    """A question as it is typed. `item`: id of what it is about, "" for the room; `attachments`: ids of files of the room."""

    subject: str
    text: str
    item: str = ""
    attachments: tuple[str, ...] = ()


@transaction.atomic
def ask_question(hand: Hand, asking: Asking, *, now: datetime) -> Question:
    """Ask. The audience is the room's of this instant and stays the question's; in "group" it is the asker's first group.

    Raises `QuestionsOff` (to a guest of a room that takes none), `RoomClosed`, `Forbidden` (a preview), `Invalid`, and `NotFound`
    for an item or attachment the asker does not see.
    """
    room = _open_room(hand)
    audience = Audience(room.question_audience)
    if audience is Audience.OFF and not hand.leads:
        raise QuestionsOff
    subject, text = rules.checked_subject(asking.subject), rules.checked_text(asking.text)
    about = queries.sight_for(hand).find(asking.item).pk if asking.item else None
    attached = _attached(hand, asking.attachments)
    last: int = room.questions.aggregate(value=Max("number"))["value"] or 0
    question = Question.objects.create(
        room=room,
        number=last + 1,
        audience=(Audience.EVERYONE if audience is Audience.OFF else audience).value,
        group_id=_first_group(hand.guest) if audience is Audience.GROUP else None,
        asked_by=hand.guest,
        asked_by_user_id=None if hand.actor is None else hand.actor.user_id,
        item_id=about,
        is_about_item=about is not None,
        subject=subject,
        created_at=now,
        changed_at=now,
    )
    post = _add_post(hand, question, text, attached, is_answer=False, now=now)
    _leave_trail(hand, Verb.QUESTION_ASKED, question, now=now)
    _tell(post)
    return question


@transaction.atomic
def reply_to_question(
    hand: Hand, question_id: str, text: str, *, attachments: Sequence[str] = (), closes: bool = False, now: datetime
) -> None:
    """Add to a question: of one who leads the room it is an answer (and may close the question at once); of a guest who asked, or
    whose group did, it opens it again for an answer.

    Raises `NotFound`, `Forbidden` (a guest who only reads, a preview), `QuestionClosed`, `RoomClosed`, `Invalid`.
    """
    _open_room(hand)
    question = _lock(hand, question_id)
    if question.state == QuestionState.CLOSED:
        raise QuestionClosed
    if hand.guest is not None and not _guest_may_reply(hand.guest, question):
        raise Forbidden
    checked = rules.checked_text(text)
    attached = _attached(hand, attachments)
    post = _add_post(hand, question, checked, attached, is_answer=hand.leads, now=now)
    question.state = QuestionState.ANSWERED if hand.leads else QuestionState.OPEN
    question.changed_at = now
    question.save(update_fields=["state", "changed_at"])
    _leave_trail(hand, Verb.QUESTION_ANSWERED, question, now=now, answer=hand.leads)
    if closes and hand.leads:
        _close(hand, question, now=now)
    _tell(post)


@transaction.atomic
def assign_question(hand: Hand, question_id: str, address: str, *, now: datetime) -> None:
    """Give a question to one who leads the room ("" takes it back). Raises `Forbidden` to guests, `NotFound`, `Invalid`
    (`address`)."""
    hand.require_lead()
    question = _lock(hand, question_id)
    to = None if not address else _leader(hand.room, address)
    question.assigned_to = to
    question.save(update_fields=["assigned_to"])
    _leave_trail(hand, Verb.QUESTION_ASSIGNED, question, now=now, to=to.public_id if to else "")
    if to is not None and to.pk != hand.require_lead().user_id:
        jobs.defer("datarooms.tell_assigned", question_id=question.pk)


@transaction.atomic
def close_question(hand: Hand, question_id: str, *, now: datetime) -> None:
    """End a question: nobody adds to it. Closing it again changes nothing. Raises `Forbidden` to guests, `NotFound`."""
    hand.require_lead()
    question = _lock(hand, question_id)
    if question.state != QuestionState.CLOSED:
        _close(hand, question, now=now)


@transaction.atomic
def reopen_question(hand: Hand, question_id: str, *, now: datetime) -> None:
    """Take up a closed question again. Raises `Forbidden` to guests, `NotFound`."""
    hand.require_lead()
    question = _lock(hand, question_id)
    if question.state != QuestionState.CLOSED:
        return
    has_answer = question.posts.filter(is_answer=True).exists()
    question.state = QuestionState.ANSWERED if has_answer else QuestionState.OPEN
    question.closed_at, question.changed_at = None, now
    question.save(update_fields=["state", "closed_at", "changed_at"])
    _leave_trail(hand, Verb.QUESTION_ASKED, question, now=now, again=True)


def leaders_of(room: DataRoom) -> list[User]:
    """The owner and the co-owners, who are told of questions and can be given them."""
    addresses = Guest.objects.filter(room=room, role=Role.CO_OWNER, removed_at=None, revoked_at=None).values("address")
    members = User.objects.filter(memberships__team=room.team_id, memberships__removed_at=None)
    return list((members.filter(email__in=addresses) | members.filter(pk=room.owner_id)).distinct().order_by("email"))


def _close(hand: Hand, question: Question, *, now: datetime) -> None:
    question.state = QuestionState.CLOSED
    question.closed_at = question.changed_at = now
    question.save(update_fields=["state", "closed_at", "changed_at"])
    _leave_trail(hand, Verb.QUESTION_CLOSED, question, now=now)


def _open_room(hand: Hand) -> DataRoom:
    """The room's row until the transaction ends: numbers are given one after the other."""
    hand.require_may_change()
    room = DataRoom.objects.select_for_update(no_key=True).get(pk=hand.room.pk)
    if room.state != RoomState.OPEN:
        raise RoomClosed(state=room.state)
    return room


def _lock(hand: Hand, question_id: str) -> Question:
    found = queries.find_question(hand, question_id)
    return Question.objects.select_for_update(no_key=True).get(pk=found.pk)


def _attached(hand: Hand, ids: Sequence[str]) -> list[int]:
    """Keys of files he sees. An attachment points to a file; it gives nobody a right on it."""
    if len(ids) > rules.MOST_ATTACHED:
        raise Invalid({"attachments": ["too_many"]}, limit=rules.MOST_ATTACHED)
    if not ids:
        return []
    sight = queries.sight_for(hand)
    found = [sight.find(one) for one in dict.fromkeys(ids)]
    if any(item.is_folder for item in found):
        raise Invalid({"attachments": ["not_a_file"]})
    return [item.pk for item in found]


def _add_post(hand: Hand, question: Question, text: str, attached: list[int], *, is_answer: bool, now: datetime) -> QuestionPost:
    actor: Actor | None = hand.actor
    post = QuestionPost.objects.create(
        question=question,
        guest=hand.guest,
        user_id=None if actor is None else actor.user_id,
        text=text,
        is_answer=is_answer,
        created_at=now,
    )
    items = Item.objects.in_bulk(attached)
    QuestionAttachment.objects.bulk_create(QuestionAttachment(post=post, item=items[pk]) for pk in attached)
    return post


def _guest_may_reply(guest: Guest, question: Question) -> bool:
    groups = set(GroupMember.objects.filter(guest=guest).values_list("group", flat=True))
    return rules.may_reply(queries.thread_of(question), guest=guest.pk, groups=groups)


def _first_group(guest: Guest | None) -> int | None:
    if guest is None:
        return None
    return GroupMember.objects.filter(guest=guest).order_by("group__name", "pk").values_list("group", flat=True).first()


def _leader(room: DataRoom, address: str) -> User:
    found = next((user for user in leaders_of(room) if user.email == address), None)
    if found is None:
        raise Invalid({"address": ["not_a_leader"]})
    return found


def _tell(post: QuestionPost) -> None:
    jobs.defer("datarooms.tell_post", key=str(post.pk), post_id=post.pk)


def _leave_trail(hand: Hand, verb: Verb, question: Question, *, now: datetime, **facts: Any) -> None:
    room = hand.room.public_id
    audit.record(hand.who, verb, "question", question.public_id, now=now, label=question.subject, room=room, **facts)
