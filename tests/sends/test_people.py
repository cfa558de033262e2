# SPDX-License-Identifier: Apache-2.0
"""Many people at once: CSV of any spreadsheet, pasted lists, and the contacts they become."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.core.errors import Invalid, NotFound
from sealroom.sends import flows, queries
from sealroom.sends.models import Contact
from sealroom.sends.rules import LineError, Person, read_people
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import send

ANNE = Person("anne@example.com", "Anne Roux", company="Banque Été")


@pytest.mark.parametrize(
    "data",
    [
        "E-mail,Name,Company\nanne@example.com,Anne Roux,Banque Été\n",
        "Nom;Société;Adresse e-mail\r\nAnne Roux;Banque Été;ANNE@example.com\r\n",
        "Prénom;Nom;Entreprise;Courriel\nAnne;Roux;Banque Été;anne@example.com",
        "company\temail address\tfull name\nBanque Été\tanne@example.com\tAnne Roux",
        '\ufeffemail,name,company\n"anne@example.com","Anne Roux","Banque Été"',
        "anne@example.com;Anne Roux;Banque Été",
        "Anne Roux,anne@example.com,Banque Été",
    ],
)
@pytest.mark.parametrize("code", [None, "utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_person_is_read_from_whatever_a_spreadsheet_writes(data: str, code: str | None) -> None:
    given_ = data if code is None else data.removeprefix("\ufeff").encode(code)
    assert read_people(given_).accepted == (ANNE,)


def test_lines_that_are_nobody_are_named_and_the_others_taken() -> None:
    text = 'email,name\na@example.com,A\n,B\nnobody@,C\n\nA@EXAMPLE.com,Again\nd@example.com,"D\x07"\n'
    found = read_people(text)
    assert [one.email for one in found.accepted] == ["a@example.com"]
    assert found.errors == (
        LineError(3, " B", "no_address"),
        LineError(4, "nobody@", "bad_address"),
        LineError(7, "d@example.com", "bad_name"),
    )
    assert found.repeated == 1


def test_pasted_lists_are_read_too() -> None:
    found = read_people("Anne Roux <anne@example.com>, b@example.com\nc@example.com\njust words")
    assert [(one.email, one.name) for one in found.accepted] == [
        ("anne@example.com", "Anne Roux"),
        ("b@example.com", ""),
        ("c@example.com", ""),
    ]
    assert found.errors == (LineError(3, "just words", "no_address"),)


def test_a_list_without_end_is_not_read_to_its_end() -> None:
    assert read_people(b"x" * (5 * 1024 * 1024 + 1)).errors == (LineError(1, "", "too_large"),)
    many = read_people("\n".join(f"r{n}@example.com" for n in range(20_001)))
    assert (len(many.accepted), many.errors) == (20_000, (LineError(20_001, "r20000@example.com", "too_many"),))


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_anything_can_be_pasted(data: str | bytes) -> None:
    found = read_people(data)
    assert len({one.email for one in found.accepted}) == len(found.accepted)


# -- Contacts --------------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_whom_a_member_sends_to_is_written_down_for_him_alone(owner: Persona, member: Persona, now: datetime) -> None:
    document = make_document(owner, now=now)
    flows.save_contact(owner.actor, "", address="A@example.com", name="Anne", company="Bank", now=now)
    sent = send(owner, [document], ["a@example.com", "b@example.com", owner.email], now=now).send
    assert [(one.address, one.name, one.last_sent_at) for one in queries.list_contacts(owner.actor).items] == [
        ("b@example.com", "", now),
        ("a@example.com", "Anne", now),
    ]
    flows.add_recipients(owner.actor, sent.public_id, [Person("c@example.com", "Carl")], key="k", now=now)
    assert queries.list_contacts(owner.actor).items[0].name == "Carl"
    assert queries.list_contacts(member.actor).items == ()


@pytest.mark.django_db
def test_contacts_are_found_by_beginnings_and_leafed_through(owner: Persona, now: datetime) -> None:
    for name in ("Anne Roux", "Bernard Anselme", "Carla"):
        flows.save_contact(owner.actor, "", address=f"{name[0]}@example.com", name=name, company=f"{name[-1]}bank", now=now)
    found = queries.list_contacts(owner.actor, search="an").items
    assert sorted(one.name for one in found) == ["Anne Roux", "Bernard Anselme"]
    assert [one.name for one in queries.list_contacts(owner.actor, search="abank").items] == ["Carla"]
    assert queries.list_contacts(owner.actor, search="nard").items == ()
    first = queries.list_contacts(owner.actor, limit=2)
    rest = queries.list_contacts(owner.actor, limit=2, cursor=first.next)
    assert (len(first.items), len(rest.items), rest.next) == (2, 1, "")
    with pytest.raises(Invalid):
        queries.list_contacts(owner.actor, cursor="x")


@pytest.mark.django_db
def test_contacts_are_changed_deleted_and_imported(owner: Persona, member: Persona, now: datetime) -> None:
    kept = flows.save_contact(owner.actor, "", address="anne@example.com", now=now)
    with pytest.raises(Invalid) as refusal:
        flows.save_contact(owner.actor, "", address="anne@example.com", now=now)
    assert refusal.value.errors == {"address": ["known"]}
    with pytest.raises(NotFound):
        flows.save_contact(member.actor, kept.public_id, address="x@example.com", now=now)
    done = flows.import_contacts(owner.actor, "email;nom;société\nanne@example.com;Anne;Bank\nb@example.com;B;\nno;;", now=now)
    assert (done.added, done.changed, done.errors) == (1, 1, (LineError(4, "no", "bad_address"),))
    assert Contact.objects.get(pk=kept.pk).company == "Bank"
    flows.delete_contact(owner.actor, kept.public_id)
    assert [one.address for one in queries.list_contacts(owner.actor).items] == ["b@example.com"]
