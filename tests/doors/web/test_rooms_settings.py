# SPDX-License-Identifier: Apache-2.0
"""The settings of a data room, and its questions."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.factories.accounts import Persona, make_member
from tests.factories.api import PDF

from sealroom.audit.models import Event
from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Asking, Hand
from sealroom.datarooms.models import DataRoom, Question
from sealroom.datarooms.rules import Invitation, Invited

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona, present: datetime) -> DataRoom:
    """An open room of the owner."""
    return flows.create_room(owner.actor, "Project Alder", now=present)


@pytest.fixture
def hand(owner: Persona, room: DataRoom) -> Hand:
    """The owner in the room."""
    return flows.lead(owner.actor, room.public_id)


def settings(**data: Any) -> dict[str, Any]:
    """What the form of settings posts."""
    whole = {"name": "Project Alder", "default_right": "view", "question_audience": "owners", "shows_index": "on"}
    return whole | data


def test_settings_are_put_in_force(owner: Persona, room: DataRoom) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/settings/"
    page = client.get(at).content.decode()
    assert all(words in page for words in ("Project Alder", "Who may open it", "Life of the room", "Give the room away"))
    assert "without proof" not in page  # nobody reads a room without an address
    posted = settings(name="Project Oak", banner="Confidential", shown=["shield"], screen_shield="small", access="anyone_verified")
    assert client.post(at, posted).status_code == 302
    now = queries.settings_of(queries.get_room(owner.actor, room.public_id))
    assert (now.name, now.banner, now.shows_index, now.sends_updates) == ("Project Oak", "Confidential", True, False)
    assert (now.conditions.screen_shield, now.conditions.access) == ("small", "anyone_verified")
    assert "Link for anybody" in client.get(at).content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "\x07"}, "visible characters"),
        ({"default_right": "odd"}, "not one of the available choices"),
        ({"expires_at": "2020-01-01T10:00", "starts_at": "2021-01-01T10:00"}, "Access would end before it begins"),
        ({"access": "anyone"}, "Something does not fit"),
    ],
)
def test_settings_that_do_not_fit_change_nothing(owner: Persona, room: DataRoom, data: dict[str, str], said: str) -> None:
    answer = owner.client().post(f"/rooms/{room.public_id}/settings/", settings(**data))
    room.refresh_from_db()
    assert (answer.status_code, said in answer.content.decode(), room.name) == (422, True, "Project Alder")


def test_logo_that_is_no_picture_is_refused_at_its_field(owner: Persona, room: DataRoom) -> None:
    answer = owner.client().post(f"/rooms/{room.public_id}/logo/", {"logo": SimpleUploadedFile("logo.png", PDF)})
    room.refresh_from_db()
    assert (answer.status_code, room.logo_key) == (415, None)
    assert "This is no picture that can be shown. Choose a PNG, JPEG or WebP." in answer.content.decode()
    assert 'value="Project Alder"' in answer.content.decode()


def test_co_owner_may_not_give_the_room_away(owner: Persona, room: DataRoom, present: datetime) -> None:
    member = make_member(owner, "lead@example.com", now=present)
    flows.invite(owner.actor, room.public_id, Invitation((Invited("lead@example.com"),), role="co_owner"), now=present)
    page = member.client().get(f"/rooms/{room.public_id}/settings/").content.decode()
    assert ("Archive: read only" in page, "Give the room away" in page, "Throw the room away" in page) == (True, False, False)


def test_question_is_asked_answered_closed_and_opened_again(owner: Persona, room: DataRoom, hand: Hand, present: datetime) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/questions/"
    file = flows.add_file(hand, "", iter([PDF]), name="Offer.pdf", size=len(PDF), now=present)
    assert "No questions yet" in client.get(at).content.decode()
    asked = client.post(at, {"subject": "Leases", "text": "Where are they?", "item": file.public_id})
    here = f"{at}{Question.objects.get().public_id}/"
    assert (asked.status_code, asked["Location"]) == (302, here)
    client.post(here, {"deed": "assign", "address": "owner@example.com"})
    client.post(here, {"deed": "answer", "text": "In the offer.", "attachments": file.public_id, "closes": "on"})
    page = client.get(here).content.decode()
    assert all(words in page for words in ("Where are they?", "In the offer.", "Offer.pdf", "Closed", "Open again"))
    assert client.post(here, {"deed": "answer", "text": "More."}).status_code == 409
    client.post(here, {"deed": "reopen"})
    assert "Answered" in client.get(f"{at}?show=answered").content.decode()
    client.post(here, {"deed": "close"})
    assert Question.objects.get().state == "closed"


def test_questions_are_taken_along_without_a_formula(owner: Persona, room: DataRoom, hand: Hand, present: datetime) -> None:
    folder = flows.create_folder(hand, "", "Leases", now=present)
    flows.ask_question(hand, Asking("Rent", "=1+1, since when?", item=folder.public_id), now=present)
    answer: Any = owner.client().post(f"/rooms/{room.public_id}/questions/export/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(one["number"], one["subject"], one["about"], one["text"]) for one in rows] == [
        ("1", "Rent", "Leases", "'=1+1, since when?")
    ]
    assert Event.objects.get(verb="data.exported").facts["list"] == "data_room_questions"


@pytest.mark.parametrize(
    "posted", [{"deed": "answer", "text": " "}, {"deed": "odd"}, {"deed": "assign", "address": "x@example.net"}]
)
def test_deed_with_a_question_that_does_not_fit(
    owner: Persona, room: DataRoom, hand: Hand, present: datetime, posted: dict[str, str]
) -> None:
    question = flows.ask_question(hand, Asking("Leases", "Where are they?"), now=present)
    at = f"/rooms/{room.public_id}/questions/{question.public_id}/"
    assert (owner.client().post(at, posted).status_code, question.posts.count()) == (422, 1)


def test_question_of_another_room_is_unknown(owner: Persona, hand: Hand, present: datetime) -> None:
    question = flows.ask_question(hand, Asking("Leases", "Where are they?"), now=present)
    other = flows.create_room(owner.actor, "Project Birch", now=present)
    assert owner.client().get(f"/rooms/{other.public_id}/questions/{question.public_id}/").status_code == 404


def test_question_without_words_is_not_asked(owner: Persona, room: DataRoom) -> None:
    answer = owner.client().post(f"/rooms/{room.public_id}/questions/", {"subject": "", "text": ""})
    assert (answer.status_code, Question.objects.count()) == (422, 0)
