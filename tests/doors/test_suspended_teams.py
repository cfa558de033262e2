# SPDX-License-Identifier: Apache-2.0
"""A suspended team: which addresses are closed to it, by every door; what goes on; and how the operator does it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from tests.doors.test_permission_table import METHODS, TABLE, World, world  # noqa: F401 -- a fixture
from tests.factories.access import IP, make_document, make_pass
from tests.factories.accounts import Persona, make_persona
from tests.factories.api import make_caller
from tests.factories.documents import upload
from tests.factories.sends import available, open_as, recipient_of, request_for, send

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.errors import NotAdmitted
from sealroom.accounts import flows as accounts
from sealroom.accounts.errors import TeamSuspended
from sealroom.accounts.models import Team
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM
from sealroom.cli import team as command
from sealroom.core.jobs import worker
from sealroom.datarooms import flows as rooms
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.models import Send
from sealroom.sends.rules import Addressee

pytestmark = pytest.mark.django_db
NADIA = "nadia@example.net"
CLOSED = {
    "POST api/v1/documents",
    "POST api/v1/documents/<document_id>/versions",
    "POST api/v1/uploads",
    "PATCH api/v1/uploads/<upload_id>",
    "POST api/v1/requests/<request_id>/approve",
    "POST api/v1/sends/<send_id>/restore",
    "POST api/v1/sends/<send_id>/remind",
    "POST api/v1/sends/<send_id>/recipients",
    "POST api/v1/members",
    "POST api/v1/datarooms",
    "POST api/v1/datarooms/<room_id>/clone",
    "POST api/v1/datarooms/<room_id>/uploads",
    "POST api/v1/datarooms/<room_id>/guests",
    "POST api/v1/datarooms/<room_id>/guests/remind",
    "POST api/v1/datarooms/<room_id>/guests/<guest_id>/restore",
    "POST api/v1/datarooms/<room_id>/items/copy",
}


def suspend(who: Persona, *, readers: bool = False, now: datetime) -> Actor:
    """Stop his team; the actor as the next request builds him."""
    accounts.suspend_team(who.team, reason="Phishing", closes_links=readers, who=SYSTEM, now=now)
    actor = actor_for(who.user)
    assert actor is not None
    return actor


def test_what_is_closed_at_the_api_is_this_and_no_more(world: World) -> None:  # noqa: F811 -- the fixture
    suspended = Team.objects.get(name="Northwind")
    accounts.suspend_team(suspended, reason="Phishing", closes_links=False, who=SYSTEM, now=datetime.now(UTC))
    closed: dict[str, int] = {}
    other: dict[str, int] = {}
    for route, row in TABLE.items():
        for method in METHODS["api"] if route.startswith("api/") else ():
            if method in row and method != "GET":
                answer = world.ask("owner", method, route)
                was = row[method].split()[3]
                if str(answer.status_code) != was:
                    code = answer.json().get("code")
                    (closed if code == "team_suspended" else other)[f"{method} {route}"] = answer.status_code
    assert other == {}
    assert closed == dict.fromkeys(CLOSED, 403)


def test_sending_by_every_way_is_refused_and_nothing_is_spent(owner: Persona, now: datetime) -> None:
    one, two = make_document(owner, "One.pdf", now=now), make_document(owner, "Two.pdf", now=now)
    sent = send(owner, [one], [NADIA], now=now).send
    draft = flows.save_draft(owner.actor, request_for([two], [NADIA]), now=now).send
    mails, left = OutgoingMail.objects.count(), available(owner, now)
    actor = suspend(owner, now=now)
    paid = request_for([one], [NADIA])  # every pair is paid: it would cost nothing
    for way in (
        lambda: flows.send_documents(actor, request_for([two]), key="a", now=now),
        lambda: flows.send_documents(actor, paid, key="b", now=now),
        lambda: flows.send_documents(actor, request_for([one], [owner.email]), key="c", now=now),
        lambda: flows.confirm(actor, draft.public_id, key="d", now=now),
        lambda: flows.add_recipients(actor, sent.public_id, [Addressee("new@example.net")], key="e", notify=True, now=now),
        lambda: flows.remind(actor, sent.public_id, now=now),
        lambda: flows.require_mail(actor, [Addressee(NADIA)], []),
        lambda: upload(actor),
        lambda: accounts.invite_member(actor, "new@example.com", "user", now=now),
        lambda: rooms.create_room(actor, "Alder", now=now),
    ):
        with pytest.raises(TeamSuspended) as refusal:
            way()
        assert refusal.value.facts == {"reason": "Phishing"}
    assert (OutgoingMail.objects.count(), available(owner, now)) == (mails, left)
    flows.revoke(actor, sent.public_id, now=now)
    with pytest.raises(TeamSuspended):
        flows.restore(actor, sent.public_id, now=now)
    accounts.resume_team(owner.team, who=SYSTEM, now=now)
    assert flows.send_documents(owner.actor, request_for([two]), key="a", now=now).charged == 5


def test_a_send_that_waits_is_held(owner: Persona, now: datetime) -> None:
    assert send(owner, [upload(owner.actor, now=now)], [NADIA], now=now).waiting
    suspend(owner, now=now)
    worker.drain()
    assert (Send.objects.get().held_reason, available(owner, now)) == ("team_suspended", 1500)
    assert "Your team is suspended" in OutgoingMail.objects.get().text


def test_readers_go_on_unless_their_links_are_closed(owner: Persona, now: datetime) -> None:
    document = make_document(owner, "One.pdf", now=now)
    sent = send(owner, [document], [NADIA], now=now).send
    cookie = open_as(sent, NADIA, document, now=now)
    link = recipient_of(sent, NADIA).link
    assert link is not None
    suspend(owner, now=now)
    assert access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now).document == document
    suspend(owner, readers=True, now=now)
    with pytest.raises(NotAdmitted) as refusal:
        access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    assert refusal.value.reason == "withheld"
    assert access_queries.landing(cookie, link.public_id, ip=IP, now=now).reason == "withheld"
    assert access_queries.landing(make_pass(link, now=now), link.public_id, ip=IP, now=now).documents == ()
    accounts.resume_team(owner.team, who=SYSTEM, now=now)
    assert access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now).document == document


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Your team is suspended"), ("fr", "Votre équipe est suspendue")],
)
def test_what_members_are_told(language: str, words: str) -> None:
    now = datetime.now(UTC)
    boss = make_persona("boss@example.com", team_name="Northwind", now=now)
    document = make_document(boss, "One.pdf", now=now)
    suspend(boss, now=now)
    browser = boss.client()
    browser.cookies["sealroom_language"] = language
    for path in ("/", "/sends/", "/admin/plan/"):
        page = browser.get(path)
        assert (page.status_code, words in page.content.decode(), "Phishing" in page.content.decode()) == (200, True, True)
    fields = {
        "document": [document.public_id],
        "recipients": NADIA,
        "language": "en",
        "permission": "view",
        "key": "k",
        "deed": "notify",
    }
    answer = browser.post("/", fields)
    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert "Phishing" in answer.content.decode()
    refused = make_caller(boss).post("/sends", {"documents": [document.public_id], "recipients": [NADIA]})
    assert (refused.status, refused.code, refused.body["reason"]) == (403, "team_suspended", "Phishing")


def test_the_operators_pages_ask_before_they_do(owner: Persona) -> None:
    operator = make_persona("operator@example.com", team_name="House", now=datetime.now(UTC))
    operator.user.is_operator = True
    operator.user.save()
    browser, place = operator.client(), f"/operator/teams/{owner.team.public_id}/"
    assert "Suspend the team" in browser.get(place).content.decode()
    asked = browser.get(f"{place}suspend/")
    assert (asked.status_code, "Suspend Northwind?" in asked.content.decode()) == (200, True)
    assert browser.post(f"{place}suspend/", {"reason": "  "}).status_code == 422
    assert browser.get("/operator/teams/team_absent/suspend/").status_code == 404
    owner.team.refresh_from_db()
    assert owner.team.suspended_at is None
    assert browser.post(f"{place}suspend/", {"reason": "Phishing", "closes_links": "on"}).status_code == 302
    owner.team.refresh_from_db()
    assert (owner.team.suspension, owner.team.closes_links) == ("Phishing", True)
    shown = browser.get(place).content.decode()
    assert ("Phishing" in shown, "Its links are closed." in shown) == (True, True)
    question = browser.post(f"{place}resume/")
    assert (question.status_code, "Let Northwind go on?" in question.content.decode()) == (200, True)
    assert Team.objects.get(pk=owner.team.pk).suspended_at is not None
    assert browser.post(f"{place}resume/", {"confirmed": "yes"}).status_code == 302
    assert Team.objects.get(pk=owner.team.pk).suspended_at is None
    trail = Event.objects.filter(team=owner.team.public_id, verb__in=["team.suspended", "team.resumed"]).order_by("number")
    assert [(one.verb, one.actor, one.facts) for one in trail] == [
        ("team.suspended", operator.user.public_id, {"reason": "Phishing", "closes_links": True}),
        ("team.resumed", operator.user.public_id, {}),
    ]


def test_the_commands(owner: Persona, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0o022)
    try:
        assert command.run(["suspend", "Northwind", "--reason", "Phishing", "--readers"]) == 0
        assert Team.objects.get(pk=owner.team.pk).closes_links
        assert command.run(["resume", owner.team.public_id]) == 0
        assert Team.objects.get(pk=owner.team.pk).suspended_at is None
        assert command.run(["suspend", "Nobody", "--reason", "x"]) == command.run(["suspend", "Northwind", "--reason", " "]) == 1
    finally:
        os.umask(before)
    assert capsys.readouterr().out.splitlines() == ["Northwind is suspended", "Northwind may go on"]
