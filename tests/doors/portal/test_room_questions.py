# SPDX-License-Identifier: Apache-2.0
"""Questions as guests meet them in a room: asked by a form, seen by their audience, and never lost to a refusal."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.doors.portal.conftest import Reader
from tests.doors.portal.hall import ANNA, BORIS, browser, loose_client, make_hall
from tests.factories.accounts import Persona

from sealroom.datarooms import flows
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.models import Group, GroupMember, Guest, Question, QuestionPost
from sealroom.datarooms.rules import Audience, Right
from sealroom.httpkit.visitors import cookie_name

pytestmark = pytest.mark.django_db


class Scene:
    """Anna and Boris in a room; of the plans only Boris knows."""

    def __init__(self, owner: Persona) -> None:
        self.hall = make_hall(owner)
        self.hall.folder("Legal")
        self.hall.folder("Secret plans")
        self.hall.file("Contract.pdf", "Legal")
        self.anna, self.boris = self.hall.guest(ANNA, Right.VIEW), self.hall.guest(BORIS, Right.VIEW)
        self.hall.set(self.anna, Right.NONE, "Secret plans")
        self.reader = browser(self.anna.link)

    def audience(self, audience: Audience) -> None:
        self.hall.change(question_audience=audience)

    def item(self, name: str) -> str:
        return self.hall.items[name].public_id

    def at(self, ending: str = "", guest: Guest | None = None) -> str:
        return self.hall.at(guest or self.anna, f"questions/{ending}")

    def ask(self, subject: str = "Rent?", *, guest: Guest | None = None, **more: str) -> Question:
        """A question asked by the form of a guest."""
        who = guest or self.anna
        page = self.at(f"?about={more['about']}" if "about" in more else "", who)
        answer = browser(who.link).post(self.at(guest=who), page, subject=subject, text="How long does it run?", **more)
        assert answer.status_code == 303, answer.status_code
        question = Question.objects.latest("pk")
        assert answer.headers["Location"] == self.at(f"{question.public_id}/", who)
        return question

    def answer(self, question: Question, text: str = "Ten years.", *, closes: bool = False) -> None:
        """What the owner says."""
        flows.reply_to_question(self.hall.lead, question.public_id, text, closes=closes, now=timezone.now())

    def page(self, ending: str = "", status: int = 200, guest: Guest | None = None) -> str:
        answer = browser((guest or self.anna).link).get(self.at(ending, guest))
        assert answer.status_code == status, answer.status_code
        return answer.content.decode()


@pytest.fixture
def scene(owner: Persona) -> Scene:
    return Scene(owner)


def words_of(answer: HttpResponse, status: int) -> str:
    """The words of a refusal."""
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def authors_in(page: str) -> list[str]:
    """Who is named on a page as asking or answering, in its order."""
    return re.findall(r'<span class="room-author" dir="auto">([^<]*)</span>', page)


# -- Asking ----------------------------------------------------------------------------------------------------------------
def test_question_is_asked_and_read_with_its_answer(scene: Scene) -> None:
    assert f'href="{scene.at()}"' in scene.reader.get(scene.hall.at(scene.anna)).content.decode()
    assert "No questions yet" in scene.page()
    question = scene.ask("  The  lease ")
    assert (question.subject, question.asked_by, question.item) == ("The lease", scene.anna, None)
    scene.answer(question, "Ten years.\n<b>Not</b> more.")
    assert "The lease" in scene.page()
    assert "Answered" in scene.page()
    page = scene.page(f"{question.public_id}/")
    assert "How long does it run?" in page
    assert "Ten years.<br>&lt;b&gt;Not&lt;/b&gt; more." in page
    assert "Leads this room" in page
    assert authors_in(page) == ["You", "Olive Owner (example.com)"]


def test_question_about_an_item_names_it_and_leads_to_it(scene: Scene) -> None:
    assert scene.at(f"?about={scene.item('Legal')}") in scene.reader.get(scene.hall.at(scene.anna)).content.decode()
    question = scene.ask(about=scene.item("Contract.pdf"))
    assert question.item == scene.hall.items["Contract.pdf"]
    assert f'href="{scene.hall.document(scene.anna, "Contract.pdf")}"' in scene.page(f"{question.public_id}/")


@pytest.mark.parametrize("name", ["Secret plans", ""])
def test_nobody_asks_about_what_he_does_not_see(scene: Scene, name: str) -> None:
    about = scene.item(name) if name else "itm_none"
    scene.page(f"?about={about}", 404)
    answer = scene.reader.post(scene.at(), scene.at(), subject="Plans?", text="When do they start?", about=about)
    page = words_of(answer, 404)
    assert "What you ask about is no longer there." in page
    assert "When do they start?" in page
    assert "Secret" not in page
    assert about not in page
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("subject", " ", "Enter a subject."),
        ("subject", "x" * 201, "Write at most 200 characters."),
        ("text", "\n", "Write what you want to say."),
        ("text", "x" * 10_001, "Write at most 10,000 characters."),
    ],
)
def test_wrong_field_is_told_beside_it_and_the_rest_is_kept(scene: Scene, field: str, value: str, sentence: str) -> None:
    typed = {"subject": "Rent of 2026", "text": "How long is it?\nAnd why?", "about": scene.item("Legal")} | {field: value}
    page = words_of(scene.reader.post(scene.at(), scene.at(), **typed), 422)
    assert sentence in page
    assert f'id="{field}-error"' in page
    for name in {"subject", "text", "about"} - {field}:
        assert typed[name] in page
    assert not Question.objects.exists()


def test_form_without_its_token_is_refused(scene: Scene) -> None:
    answer = scene.reader.client.post(scene.at(), {"subject": "Rent?", "text": "How much?"})
    assert answer.status_code == 403
    assert not Question.objects.exists()


# -- Who sees what ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("audience", "is_seen"), [(Audience.OWNERS, False), (Audience.GROUP, True), (Audience.EVERYONE, True)])
def test_audience_decides_who_sees_a_question(scene: Scene, audience: Audience, is_seen: bool) -> None:
    scene.audience(audience)
    group = Group.objects.create(room=scene.hall.room, name="Bidders", created_at=timezone.now())
    GroupMember.objects.bulk_create(GroupMember(group=group, guest=guest) for guest in (scene.anna, scene.boris))
    question = scene.ask(guest=scene.boris)
    assert ("Rent?" in scene.page()) is is_seen
    scene.page(f"{question.public_id}/", 200 if is_seen else 404)


def test_question_about_a_hidden_item_is_neither_listed_nor_found(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    hidden = scene.ask("When do the plans start?", guest=scene.boris, about=scene.item("Secret plans"))
    seen = scene.ask("Rent?", guest=scene.boris)
    page = scene.page()
    assert "Rent?" in page
    assert "plans" not in page
    assert '<span class="dim num">1</span>' in page
    assert '<span class="dim num">2</span>' not in page
    scene.page(f"{hidden.public_id}/", 404)
    assert loose_client(scene.reader).post(scene.at(f"{hidden.public_id}/"), {"text": "Me too"}).status_code == 404
    scene.page(f"{seen.public_id}/")


def test_unnamed_guest_stays_unnamed_until_the_room_shows_its_guests(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    question = scene.ask(guest=scene.boris)
    page = scene.page(f"{question.public_id}/")
    assert authors_in(page) == ["Another guest"]
    assert "rival" not in page
    scene.hall.change(shows_guests=True)
    page = scene.page(f"{question.public_id}/")
    assert authors_in(page) == ["rival.example"]
    assert BORIS not in page


def test_question_of_another_room_is_not_found(scene: Scene, stranger: Persona) -> None:
    other = make_hall(stranger, "Elsewhere")
    foreign = flows.ask_question(other.lead, Asking("Theirs", "Whose?"), now=timezone.now())
    for question_id in (foreign.public_id, "qst_none"):
        scene.page(f"{question_id}/", 404)
        assert loose_client(scene.reader).post(scene.at(f"{question_id}/"), {"text": "Mine"}).status_code == 404


def test_attached_files_are_named_only_to_who_sees_them(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    files = (scene.item("Contract.pdf"),)
    question = flows.ask_question(scene.hall.lead, Asking("New", "Have a look.", attachments=files), now=timezone.now())
    assert f'href="{scene.hall.document(scene.anna, "Contract.pdf")}"' in scene.page(f"{question.public_id}/")
    scene.hall.set(scene.anna, Right.NONE, "Contract.pdf")
    assert "Contract" not in scene.page(f"{question.public_id}/")


# -- Going on --------------------------------------------------------------------------------------------------------------
def test_asker_adds_to_his_question_and_nobody_else_does(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    question = scene.ask()
    scene.answer(question)
    here = scene.at(f"{question.public_id}/")
    page = words_of(scene.reader.post(here, here, text=" "), 422)
    assert "Write what you want to say." in page
    answer = scene.reader.post(here, here, text="And after that?")
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert "And after that?" in scene.page(f"{question.public_id}/")
    assert "Add to this question" not in scene.page(f"{question.public_id}/", guest=scene.boris)
    there = scene.at(f"{question.public_id}/", scene.boris)
    page = words_of(browser(scene.boris.link).post(there, scene.at(guest=scene.boris), text="I know better"), 403)
    assert "You can only read this question." in page
    assert "I know better" in page
    assert QuestionPost.objects.filter(question=question).count() == 3


def test_closed_question_takes_nothing_and_keeps_what_was_typed(scene: Scene) -> None:
    question = scene.ask()
    scene.answer(question, closes=True)
    here = scene.at(f"{question.public_id}/")
    page = scene.page(f"{question.public_id}/")
    assert "This question is closed." in page
    assert "Add to this question" not in page
    page = words_of(scene.reader.post(here, scene.at(), text="One more thing"), 409)
    assert "This question is closed." in page
    assert "One more thing" in page


def test_room_that_takes_no_questions_shows_the_old_ones_only(scene: Scene) -> None:
    question = scene.ask()
    scene.audience(Audience.OFF)
    assert "Ask a question" not in scene.page()
    assert "Rent?" in scene.page()
    answer = loose_client(scene.reader).post(scene.at(), {"subject": "Late", "text": "Still there?"})
    page = answer.content.decode()
    assert (answer.status_code, Question.objects.count()) == (409, 1)
    for words in ("This data room takes no questions.", "Late", "Still there?"):
        assert words in page
    scene.page(f"{question.public_id}/")
    scene.page(status=404, guest=scene.boris)
    assert scene.at(guest=scene.boris) not in browser(scene.boris.link).get(scene.hall.at(scene.boris)).content.decode()


def test_archived_room_is_read_but_takes_nothing(scene: Scene) -> None:
    question = scene.ask()
    flows.archive_room(scene.hall.owner.actor, scene.hall.room.public_id, now=timezone.now())
    assert "Questions can be read, but not asked." in scene.page()
    assert "Add to this question" not in scene.page(f"{question.public_id}/")
    client = loose_client(scene.reader)
    for ending in ("", f"{question.public_id}/"):
        answer = client.post(scene.at(ending), {"subject": "Late", "text": "Still there?"})
        assert answer.status_code == 409
        assert "Still there?" in answer.content.decode()
        assert "Nothing can be changed here any more." in answer.content.decode()


def test_preview_shows_questions_and_does_nothing(scene: Scene) -> None:
    question = scene.ask()
    hall = scene.hall
    preview = flows.preview_as_guest(
        hall.owner.actor, hall.room.public_id, scene.anna.public_id, cookie=None, user_agent="", now=timezone.now()
    )
    reader = Reader()
    reader.client.cookies[cookie_name()] = preview.cookie
    page = words_of(reader.get(scene.at()), 200)
    assert "Rent?" in page
    assert "Ask a question" not in page
    assert "Add to this question" not in words_of(reader.get(scene.at(f"{question.public_id}/")), 200)
    for ending in ("", f"{question.public_id}/"):
        assert loose_client(reader).post(scene.at(ending), {"subject": "x", "text": "x"}).status_code == 403
    assert QuestionPost.objects.count() == 1


# -- Files to point to -----------------------------------------------------------------------------------------------------
def offered(page: str) -> list[tuple[str, bool]]:
    """What the search for files offers: name, and whether it is chosen."""
    found = re.findall(r'name="attachments" value="\w+"( checked)?><span dir="auto">([^<]*)', page)
    return [(name.strip().partition(" ")[2], bool(chosen)) for chosen, name in found]


def test_search_for_files_offers_what_the_asker_sees_and_keeps_what_was_typed(scene: Scene) -> None:
    scene.hall.file("Secret contract.pdf", "Secret plans")
    look = {"subject": "Rent?", "text": "How long?", "find": "CONTRACT", "look": "1"}
    page = words_of(scene.reader.post(scene.at(), scene.at(), **look), 200)
    assert offered(page) == [("Contract.pdf", False)]
    assert 'value="Rent?"' in page
    assert "How long?" in page
    assert not Question.objects.exists()
    chosen = {"attachments": scene.item("Contract.pdf"), "find": "secret"}
    page = words_of(scene.reader.post(scene.at(), scene.at(), **(look | chosen)), 200)
    assert offered(page) == [("Contract.pdf", True)]
    assert "No other file has" in page


def test_guest_points_to_a_file_and_only_those_who_see_it_know(scene: Scene) -> None:
    scene.audience(Audience.EVERYONE)
    scene.hall.file("Plan.pdf", "Secret plans")
    question = scene.ask(guest=scene.boris, attachments=scene.item("Plan.pdf"))
    assert "Plan.pdf" in scene.page(f"{question.public_id}/", guest=scene.boris)
    assert "Plan.pdf" not in scene.page(f"{question.public_id}/")


def test_file_that_is_hidden_cannot_be_pointed_to(scene: Scene) -> None:
    scene.hall.file("Plan.pdf", "Secret plans")
    posted = {"subject": "Rent?", "text": "How long?", "attachments": scene.item("Plan.pdf")}
    page = words_of(scene.reader.post(scene.at(), scene.at(), **posted), 404)
    assert offered(page) == []
    assert "no longer there" in page
    assert not Question.objects.exists()
    question = scene.ask()
    there = scene.at(f"{question.public_id}/")
    page = words_of(scene.reader.post(there, there, text="More", attachments=scene.item("Plan.pdf")), 404)
    assert "Plan.pdf" not in page


def test_room_that_takes_no_questions_and_has_none_reads_none(scene: Scene) -> None:
    scene.audience(Audience.OFF)
    with CaptureQueriesContext(connection) as asked:
        assert scene.reader.get(scene.hall.at(scene.anna)).status_code == 200
    about = [one["sql"] for one in asked.captured_queries if "datarooms_question" in one["sql"]]
    assert len(about) == 1, "whether there is any"
