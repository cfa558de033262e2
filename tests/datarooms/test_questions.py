# SPDX-License-Identifier: Apache-2.0
"""Questions: who sees which, who may go on with one, and that nothing hidden shows in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import QuestionClosed, QuestionsOff, RoomClosed
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, Item, Question
from sealroom.datarooms.rules import Audience, QuestionState, Right
from sealroom.mail.models import OutgoingMail
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.rooms import NOW, give, hand_of, leader, make_guest, make_room

pytestmark = pytest.mark.django_db


class Scene:
    """A room with two sides and somebody who belongs to none; a folder of which only the first side knows."""

    def __init__(self) -> None:
        self.owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
        self.room = make_room(self.owner)
        self.anna, self.ben, self.carl = (
            make_guest(self.owner, self.room, f"{name}@{name}.example") for name in ("anna", "ben", "carl")
        )
        self.bidders = self.group("Bidders", self.anna, self.ben)
        self.secret = flows.create_folder(leader(self.owner, self.room), "", "Plan B", now=NOW)
        give(self.carl, Right.NONE, self.secret)

    def group(self, name: str, *guests: Guest) -> Group:
        group = Group.objects.create(room=self.room, name=name, created_at=NOW)
        GroupMember.objects.bulk_create(GroupMember(group=group, guest=guest) for guest in guests)
        return group

    def audience(self, audience: Audience) -> None:
        DataRoom.objects.filter(pk=self.room.pk).update(question_audience=audience)
        self.room.refresh_from_db()

    def lead(self) -> Hand:
        return leader(self.owner, self.room)

    def hand(self, guest: Guest) -> Hand:
        return hand_of(Guest.objects.select_related("room__team").get(pk=guest.pk))

    def ask(self, guest: Guest | None, subject: str = "Rent?", **more: object) -> Question:
        hand = self.lead() if guest is None else self.hand(guest)
        return flows.ask_question(hand, Asking(subject, "How long does the lease run?", **more), now=NOW)  # type: ignore[arg-type]

    def seen(self, guest: Guest) -> list[str]:
        return sorted(view.subject for view in queries.list_questions(self.hand(guest)))


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize(
    ("audience", "who_sees"),
    [
        (Audience.OWNERS, {"anna"}),
        (Audience.GROUP, {"anna", "ben"}),
        (Audience.EVERYONE, {"anna", "ben", "carl"}),
    ],
)
def test_audience_decides_who_sees_a_question(scene: Scene, audience: Audience, who_sees: set[str]) -> None:
    scene.audience(audience)
    scene.ask(scene.anna)
    found = {guest.address.partition("@")[0] for guest in (scene.anna, scene.ben, scene.carl) if scene.seen(guest) == ["Rent?"]}
    assert found == who_sees
    assert [view.subject for view in queries.list_questions(scene.lead())] == ["Rent?"]


def test_a_later_audience_does_not_open_earlier_questions(scene: Scene) -> None:
    scene.ask(scene.anna)
    scene.audience(Audience.EVERYONE)
    assert scene.seen(scene.ben) == []


def test_who_is_in_no_group_asks_for_himself(scene: Scene) -> None:
    scene.audience(Audience.GROUP)
    scene.ask(scene.carl)
    assert (scene.seen(scene.carl), scene.seen(scene.anna)) == (["Rent?"], [])


def test_a_question_about_something_hidden_shows_nowhere(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    first = scene.ask(scene.ben, "Plan B?", item=scene.secret.public_id)
    scene.ask(scene.ben, "Rent?")
    views = queries.list_questions(scene.hand(scene.carl))
    assert [(view.subject, view.number) for view in views] == [("Rent?", 1)]  # no gap tells of the first
    with pytest.raises(NotFound):
        queries.get_question(scene.hand(scene.carl), first.public_id)
    with pytest.raises(NotFound):
        flows.reply_to_question(scene.hand(scene.carl), first.public_id, "What is it?", now=NOW)
    give(scene.carl, Right.VIEW, scene.secret)
    assert scene.seen(scene.carl) == ["Plan B?", "Rent?"]


def test_a_question_about_something_deleted_stays_hidden_from_all_but_its_asker(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    scene.ask(scene.ben, "Plan B?", item=scene.secret.public_id)
    Item.objects.filter(pk=scene.secret.pk).delete()
    assert (scene.seen(scene.carl), scene.seen(scene.anna), scene.seen(scene.ben)) == ([], [], ["Plan B?"])


def test_asking_about_what_one_does_not_see_is_as_if_it_were_not_there(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.ask(scene.carl, item=scene.secret.public_id)
    with pytest.raises(NotFound):
        scene.ask(scene.carl, attachments=(scene.secret.public_id,))
    with pytest.raises(Invalid):
        scene.ask(scene.anna, attachments=(scene.secret.public_id,))  # a folder
    assert Question.objects.count() == 0


def test_names_are_told_as_the_room_says(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    question = scene.ask(scene.anna)
    flows.reply_to_question(scene.lead(), question.public_id, "Ten years.", now=NOW + timedelta(minutes=1))

    def authors(guest: Guest) -> list[tuple[str, str, bool]]:
        posts = queries.get_question(scene.hand(guest), question.public_id).posts
        return [(post.author.domain, post.author.address, post.author.leads) for post in posts]

    assert authors(scene.carl) == [("", "", False), ("example.com", "", True)]
    assert authors(scene.ben) == [("anna.example", "", False), ("example.com", "", True)]  # they share a group
    DataRoom.objects.filter(pk=scene.room.pk).update(shows_guests=True)
    assert authors(scene.carl) == [("anna.example", "", False), ("example.com", "", True)]
    told = [post.author.address for post in queries.get_question(scene.lead(), question.public_id).posts]
    assert told == ["anna@anna.example", "owner@example.com"]


def test_an_answer_answers_and_a_further_question_opens_again(scene: Scene) -> None:
    question = scene.ask(scene.anna)

    def state() -> QuestionState:
        return queries.get_question(scene.lead(), question.public_id).question.state

    states = [state()]
    for hand in (scene.lead(), scene.hand(scene.anna)):
        flows.reply_to_question(hand, question.public_id, "Well.", now=NOW)
        states.append(state())
    flows.reply_to_question(scene.lead(), question.public_id, "So be it.", closes=True, now=NOW)
    states.append(state())
    with pytest.raises(QuestionClosed):
        flows.reply_to_question(scene.hand(scene.anna), question.public_id, "But?", now=NOW)
    flows.reopen_question(scene.lead(), question.public_id, now=NOW)
    assert [*states, state()] == ["open", "answered", "open", "closed", "answered"]


def test_who_only_reads_cannot_reply(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    question = scene.ask(scene.anna)
    assert not queries.get_question(scene.hand(scene.carl), question.public_id).may_reply
    with pytest.raises(Forbidden):
        flows.reply_to_question(scene.hand(scene.carl), question.public_id, "Me too", now=NOW)


def test_a_co_owner_who_comes_as_a_guest_sees_all_and_answers_elsewhere(scene: Scene) -> None:
    question = scene.ask(scene.anna)
    Guest.objects.filter(pk=scene.carl.pk).update(role="co_owner")
    assert scene.seen(scene.carl) == ["Rent?"]
    assert not queries.get_question(scene.hand(scene.carl), question.public_id).may_reply
    with pytest.raises(Forbidden):
        flows.reply_to_question(scene.hand(scene.carl), question.public_id, "Well.", now=NOW)


def test_only_those_who_lead_arrange_questions(scene: Scene) -> None:
    question = scene.ask(scene.anna)
    deeds: list[Callable[[Hand], None]] = [
        lambda hand: flows.assign_question(hand, question.public_id, "owner@example.com", now=NOW),
        lambda hand: flows.close_question(hand, question.public_id, now=NOW),
        lambda hand: flows.reopen_question(hand, question.public_id, now=NOW),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            deed(scene.hand(scene.anna))
        deed(scene.lead())


def test_a_question_is_given_to_one_who_leads(scene: Scene) -> None:
    colleague: Persona = make_member(scene.owner, "colleague@example.com", now=NOW)
    question = scene.ask(scene.anna)
    with pytest.raises(Invalid):
        flows.assign_question(scene.lead(), question.public_id, colleague.actor.email, now=NOW)
    assert queries.get_question(scene.lead(), question.public_id).question.assigned_to == ""
    flows.assign_question(scene.lead(), question.public_id, "owner@example.com", now=NOW)
    assert queries.get_question(scene.lead(), question.public_id).question.assigned_to == "owner@example.com"
    assert queries.get_question(scene.hand(scene.anna), question.public_id).question.assigned_to == ""


def test_a_room_may_take_no_questions(scene: Scene) -> None:
    scene.audience(Audience.OFF)
    with pytest.raises(QuestionsOff):
        scene.ask(scene.anna)
    scene.ask(None, "Welcome")
    assert scene.seen(scene.carl) == ["Welcome"]


def test_nothing_is_asked_in_a_room_at_rest(scene: Scene) -> None:
    DataRoom.objects.filter(pk=scene.room.pk).update(state="archived")
    with pytest.raises(RoomClosed):
        scene.ask(scene.anna)


def test_a_question_of_another_room_is_not_found(scene: Scene) -> None:
    question = scene.ask(scene.anna)
    stranger = make_persona("stranger@example.com", team_name="Southwind", now=NOW)
    other = make_room(stranger)
    with pytest.raises(NotFound):
        queries.get_question(leader(stranger, other), question.public_id)
    with pytest.raises(NotFound):
        flows.reply_to_question(leader(stranger, other), question.public_id, "Hello", now=NOW)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 10_001])
def test_texts_have_bounds(scene: Scene, text: str) -> None:
    with pytest.raises(Invalid):
        flows.ask_question(scene.hand(scene.anna), Asking("Rent?", text), now=NOW)
    with pytest.raises(Invalid):
        flows.ask_question(scene.hand(scene.anna), Asking(text, "Rent?"), now=NOW)
    assert Question.objects.count() == 0


def test_letters_name_subject_and_room_and_reach_who_may_know(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    question = scene.ask(scene.ben, "Plan B?", item=scene.secret.public_id)
    flows.tell_post(question.posts.get().pk, now=NOW)
    flows.reply_to_question(scene.lead(), question.public_id, "Ten years.", now=NOW)
    answer = question.posts.get(is_answer=True)
    for _twice in range(2):
        flows.tell_post(answer.pk, now=NOW)
    letters = OutgoingMail.objects.filter(key__startswith="question-post:")
    told = [(mail.to_address, mail.about.partition(":")[0]) for mail in letters]
    assert sorted(told) == [
        ("anna@anna.example", "guest"),
        ("ben@ben.example", "guest"),
        ("owner@example.com", "question"),
    ]  # carl does not see what it is about
    texts = [mail.text for mail in letters]
    assert ["Plan B?" in text for text in texts] == [True, True, True]
    assert ["Ten years" in text for text in texts] == [False, False, False]
