# SPDX-License-Identifier: Apache-2.0
import json
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from sealroom.audit import flows, queries
from sealroom.audit.models import ChainHead, Event, Label
from sealroom.audit.rules import SYSTEM, ActorKind, Fault, FaultKind, Verb, Who
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
WHO = Who(ActorKind.MEMBER, "usr_1", team="team_1", label="olive@example.com", route="web", ip="203.0.113.7")


def _record(count: int = 1, *, who: Who = WHO) -> None:
    for number in range(count):
        flows.record(who, Verb.SEND_SENT, "send", f"snd_{number}", now=NOW + timedelta(minutes=number), charged=number)


def _tamper(sql: str) -> None:
    """As somebody who owns the database and dropped the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
            cursor.execute(sql)
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(sql)


def test_record_chains_events_of_a_team_and_keeps_teams_apart() -> None:
    _record(2)
    _record(1, who=Who(ActorKind.MEMBER, "usr_2", team="team_2"))
    first, second = Event.objects.filter(team="team_1").order_by("number")
    other = Event.objects.get(team="team_2")
    assert (first.number, first.previous_hash) == (1, "")
    assert (second.number, second.previous_hash) == (2, first.hash)
    assert (other.number, other.previous_hash) == (1, "")
    assert ChainHead.objects.get(team="team_1").hash == second.hash
    assert queries.verify_chain() == []


def test_record_keeps_names_outside_the_chain_so_that_they_can_be_erased() -> None:
    flows.record(WHO, Verb.MEMBER_INVITED, "invitation", "inv_1", now=NOW, label="nadia@example.com")
    assert Label.objects.get(key="inv_1").text == "nadia@example.com"
    assert flows.erase_label("inv_1") is True
    assert flows.erase_label("inv_2") is False
    (view,) = queries.list_events("team_1").items
    assert (view.subject_label, view.actor_label) == ("", "olive@example.com")
    assert queries.verify_chain("team_1") == []


def test_record_renames_a_label_when_the_name_changed() -> None:
    flows.record(WHO, Verb.SEND_SENT, "user", "usr_9", now=NOW, label="old@example.com")
    flows.record(WHO, Verb.SEND_SENT, "user", "usr_9", now=NOW, label="new@example.com")
    assert Label.objects.get(key="usr_9").text == "new@example.com"


def test_record_escapes_what_could_forge_a_log_line() -> None:
    flows.record(WHO, Verb.SEND_SENT, "send", "snd_1", now=NOW, label="a\nb", note="x\r\nERROR \u202efdp.exe", many=["\x00"])
    event = Event.objects.get()
    assert event.facts == {"note": "x\\u{d}\\u{a}ERROR \\u{202e}fdp.exe", "many": ["\\u{0}"]}
    assert Label.objects.get(key="snd_1").text == "a\\u{a}b"


def test_record_stands_or_falls_with_the_deed() -> None:
    class Refused(Exception):
        pass

    def deed() -> None:
        with transaction.atomic():
            _record()
            raise Refused

    with pytest.raises(Refused):
        deed()
    assert not Event.objects.exists()
    _record()
    assert Event.objects.get().number == 1


def test_record_takes_another_teams_chain_for_the_system() -> None:
    flows.record(SYSTEM, Verb.PLAN_SET, "team", "team_1", now=NOW, team="team_1", plan="pro")
    assert Event.objects.get().team == "team_1"


def test_record_refuses_floats() -> None:
    with pytest.raises(TypeError):
        flows.record(WHO, Verb.SEND_SENT, "send", "snd_1", now=NOW, share=0.5)


@pytest.mark.parametrize("sql", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"])
def test_event_refuses_change_by_the_database_itself(sql: str) -> None:
    _record()
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Event.objects.get().verb == "send.sent"


FORGED = json.dumps({"charged": 99}).replace("'", "''")


@pytest.mark.parametrize(
    ("sql", "faults"),
    [
        ("DELETE FROM audit_event WHERE number = 2", [Fault("team_1", 2, FaultKind.GAP)]),
        ("DELETE FROM audit_event WHERE number = 3", [Fault("team_1", 3, FaultKind.TAIL_MISSING)]),
        (f"UPDATE audit_event SET facts = '{FORGED}' WHERE number = 2", [Fault("team_1", 2, FaultKind.CHANGED)]),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE number = 1", [Fault("team_1", 1, FaultKind.CHANGED)]),
        ("UPDATE audit_event SET actor = 'usr_x' WHERE number = 3", [Fault("team_1", 3, FaultKind.CHANGED)]),
        ("UPDATE audit_event SET ip = '' WHERE number = 3", [Fault("team_1", 3, FaultKind.CHANGED)]),
        (
            "UPDATE audit_event SET hash = 'f' WHERE number = 2",
            [Fault("team_1", 2, FaultKind.CHANGED), Fault("team_1", 3, FaultKind.UNLINKED)],
        ),
        ("UPDATE audit_chainhead SET hash = 'f'", [Fault("team_1", 3, FaultKind.HEAD_WRONG)]),
        ("DELETE FROM audit_chainhead", [Fault("team_1", 3, FaultKind.HEAD_MISSING)]),
    ],
)
def test_verify_chain_finds_what_was_done_to_it(sql: str, faults: list[Fault]) -> None:
    _record(3)
    _tamper(sql)
    assert queries.verify_chain("team_1") == faults
    assert queries.verify_chain() == faults


def test_verify_chain_covers_every_column() -> None:
    names = {field.name for field in Event._meta.get_fields()}
    assert set(Event(at=NOW, number=1).hashed_values()) | {"id", "hash", "previous_hash"} == names


def test_list_events_pages_newest_first_and_filters(now: datetime) -> None:
    _record(5)
    flows.record(WHO, Verb.SEND_REVOKED, "send", "snd_1", now=NOW + timedelta(hours=1))
    page = queries.list_events("team_1", limit=4)
    assert [item.number for item in page.items] == [6, 5, 4, 3]
    rest = queries.list_events("team_1", limit=4, cursor=page.next)
    assert ([item.number for item in rest.items], rest.next) == ([2, 1], None)
    only = queries.EventFilter(verbs=[Verb.SEND_SENT], subject="snd_1")
    assert [item.number for item in queries.list_events("team_1", only=only).items] == [2]
    window = queries.EventFilter(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3))
    assert [item.number for item in queries.list_events("team_1", only=window).items] == [3, 2]
    assert queries.list_events("team_2").items == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 40, "١"])
def test_list_events_survives_a_made_up_cursor(cursor: str) -> None:
    _record()
    assert queries.list_events("team_1", cursor=cursor).items == []
