# SPDX-License-Identifier: Apache-2.0
"""Questions as one person may see them. Of what is hidden from him (a question, an attachment, a name) nothing is in the answer,
not even a number: guests do not learn how many questions there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sealroom.access.rules import domain_of
from sealroom.core.errors import NotFound
from sealroom.datarooms import rules
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, Question, QuestionAttachment, QuestionPost
from sealroom.datarooms.queries.sight import Looker, SeenItem, Sight, sight_for
from sealroom.datarooms.rules import Audience, Known, QuestionState, Role, Thread


@dataclass(frozen=True)
class Author:
    """Who contributed, as the one who looks may know him. `address` is "" to guests; everything is "" of who stays unnamed."""

    name: str
    domain: str
    address: str
    is_self: bool
    leads: bool


@dataclass(frozen=True)
class PostView:
    """One contribution with the attachments that the one who looks may see."""

    author: Author
    text: str
    is_answer: bool
    created_at: datetime
    attachments: tuple[SeenItem, ...]


@dataclass(frozen=True)
class QuestionView:
    """A question in a list. `number` is the room's count for those who lead it, and counts what he sees for a guest."""

    id: str
    number: int
    subject: str
    state: QuestionState
    audience: Audience
    author: Author
    item: SeenItem | None
    assigned_to: str  # address; "" to guests
    posts: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class ThreadView:
    """A question with everything said in it."""

    question: QuestionView
    posts: tuple[PostView, ...]
    may_reply: bool


def thread_of(question: Question) -> Thread:
    """The question as the rules know it."""
    return Thread(
        audience=Audience(question.audience),
        asker=question.asked_by_id,
        group=question.group_id,
        item=question.item_id,
        state=QuestionState(question.state),
        item_is_gone=question.is_about_item and question.item_id is None,
    )


def list_questions(hand: Looker) -> list[QuestionView]:
    """Every question he may know of, the last changed first."""
    eyes = _Eyes(hand)
    seen = eyes.questions()
    counts = _posts_of(seen)
    views = [eyes.view(question, number, counts[question.pk]) for number, question in seen.items()]
    return sorted(views, key=lambda view: view.changed_at, reverse=True)


def has_questions(hand: Looker) -> bool:
    """Whether there is a question he may know of. In a room without any nothing else is read."""
    return Question.objects.filter(room=hand.room).exists() and bool(_Eyes(hand).questions())


def get_question(hand: Looker, question_id: str) -> ThreadView:
    """One question with its contributions. Raises `NotFound`, also for one he may not know of."""
    eyes = _Eyes(hand)
    number, question = eyes.find(question_id)
    rows = list(question.posts.select_related("guest", "user"))
    attached: dict[int, list[SeenItem]] = defaultdict(list)
    for post, item in QuestionAttachment.objects.filter(post__question=question).order_by("pk").values_list("post", "item"):
        if (seen := eyes.item(item)) is not None:
            attached[post].append(seen)
    posts = tuple(
        PostView(eyes.author(row.guest, row), row.text, row.is_answer, row.created_at, tuple(attached[row.pk])) for row in rows
    )
    return ThreadView(eyes.view(question, number, len(posts)), posts, eyes.may_reply(question))


def find_question(hand: Looker, question_id: str) -> Question:
    """The row of a question he may know of, for the flows of this room. Raises `NotFound`."""
    return _Eyes(hand).find(question_id)[1]


def may_see(guest: Guest, question: Question) -> bool:
    """Whether a guest may know of a question now; asked before he is told of anything in it."""
    return any(seen.pk == question.pk for seen in _Eyes(_Guest(guest.room, guest)).questions().values())


@dataclass(frozen=True)
class _Guest:
    room: DataRoom
    guest: Guest
    group: Group | None = None


class _Eyes:
    """What one person sees, looked up once for a page."""

    def __init__(self, hand: Looker) -> None:
        self.room, self.guest = hand.room, hand.guest
        self.leads = hand.group is None and (self.guest is None or self.guest.role == Role.CO_OWNER)
        self._hand = hand
        self.groups = {hand.group.pk} if hand.group is not None else _groups_of(self.guest)
        self._companions: set[int] | None = None

    def questions(self) -> dict[int, Question]:
        """Number -> question, in the order they were asked."""
        rows = Question.objects.filter(room=self.room).select_related("asked_by", "asked_by_user", "assigned_to").order_by("number")
        if self.leads:
            return {question.number: question for question in rows}
        return dict(enumerate((question for question in rows if self.sees(question)), start=1))

    def sees(self, question: Question) -> bool:
        items = self._sight.keys if question.item_id else ()
        return rules.sees_question(thread_of(question), guest=self.own_pk, groups=self.groups, items=items)

    def item(self, pk: int | None) -> SeenItem | None:
        """An item that a question is about, or that is attached, where he sees it."""
        return self._sight.find_key(pk) if pk is not None and pk in self._sight.keys else None

    @cached_property
    def _sight(self) -> Sight:
        """Most questions are about no item: then the tree need not be read."""
        return sight_for(self._hand)

    @property
    def own_pk(self) -> int:
        """Of the guest; nobody's while somebody looks as a group would."""
        return self.guest.pk if self.guest is not None else 0

    def find(self, question_id: str) -> tuple[int, Question]:
        found = next(((number, one) for number, one in self.questions().items() if one.public_id == question_id), None)
        if found is None:
            raise NotFound(kind="question", id=question_id)
        return found

    def may_reply(self, question: Question) -> bool:
        """A co-owner who comes by his link as guests do sees everything, and answers from the pages of those who lead."""
        if self.leads and self.guest is None:
            return question.state != QuestionState.CLOSED
        return rules.may_reply(thread_of(question), guest=self.own_pk, groups=self.groups)

    def view(self, question: Question, number: int, posts: int) -> QuestionView:
        assigned = question.assigned_to.email if self.leads and question.assigned_to is not None else ""
        return QuestionView(
            id=question.public_id,
            number=number,
            subject=question.subject,
            state=QuestionState(question.state),
            audience=Audience(question.audience),
            author=self.author(question.asked_by, question),
            item=self.item(question.item_id),
            assigned_to=assigned,
            posts=posts,
            created_at=question.created_at,
            changed_at=question.changed_at,
        )

    def author(self, guest: Guest | None, row: Question | QuestionPost) -> Author:
        if guest is None:
            user = row.asked_by_user if isinstance(row, Question) else row.user
            assert user is not None
            address, name = user.email, user.name
        else:
            address, name = guest.address, guest.name
        is_self = self.guest is not None and guest is not None and guest.pk == self.guest.pk
        leads = guest is None or guest.role == Role.CO_OWNER
        if self.leads:
            return Author(name, domain_of(address), address, is_self, leads)
        known: Known = rules.known_as(address, name, is_known=is_self or leads or self._knows(guest))
        return Author(known.name, known.domain, "", is_self, leads)

    def _knows(self, other: Guest | None) -> bool:
        if self.room.shows_guests:
            return True
        if self._companions is None:
            rows = GroupMember.objects.filter(group__in=self.groups, guest__removed_at=None)
            self._companions = set(rows.values_list("guest", flat=True))
        return other is not None and other.pk in self._companions


def _groups_of(guest: Guest | None) -> set[int]:
    return set(GroupMember.objects.filter(guest=guest).values_list("group", flat=True)) if guest is not None else set()


def _posts_of(questions: dict[int, Question]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    ids = [question.pk for question in questions.values()]
    for question in QuestionPost.objects.filter(question__in=ids).values_list("question", flat=True):
        counts[question] += 1
    return counts
