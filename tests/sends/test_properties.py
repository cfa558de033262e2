# SPDX-License-Identifier: Apache-2.0
"""Random lives of sends: whatever is done in whatever order, no credit appears or vanishes, and nothing unpaid is open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.access.models import Grant
from sealroom.core.errors import DomainError
from sealroom.core.ids import new_id
from sealroom.credits import queries as credits
from sealroom.credits.models import PaidPair
from sealroom.documents.models import Document
from sealroom.sends import flows, queries
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import Addressee, pair_key
from tests.factories.access import add_version, make_document
from tests.factories.accounts import Persona, make_persona
from tests.factories.sends import available, open_as, send

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
PEOPLE = ("a@example.com", "b@example.com", "owner@example.com", "c@example.com")
DEEDS = ("send", "add", "revoke", "restore", "revoke one", "restore one", "cancel", "open", "bounce", "replace", "remove", "wait")
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=14)


class Life:
    """A team with two documents, and deeds by number."""

    def __init__(self) -> None:
        self.now = START
        self.owner: Persona = make_persona("owner@example.com", team_name="Northwind", now=START)
        self.documents = [make_document(self.owner, f"{name}.pdf", now=START) for name in "xy"]
        self.versions = 1

    def do(self, deed: str, first: int, second: int) -> None:
        self.now += timedelta(minutes=3)
        sends = list(Send.objects.order_by("pk"))
        actions: dict[str, Callable[[], object]] = {
            "send": lambda: send(self.owner, self._documents(first), self._people(second), now=self.now),
            "replace": lambda: self._replace(self.documents[first % 2]),
            "wait": lambda: setattr(self, "now", self.now + timedelta(minutes=first)),
        }
        if deed not in actions and sends:
            one = sends[first % len(sends)]
            people = list(one.recipients.filter(removed_at=None).order_by("pk"))
            if people:
                self._on(deed, one, people[second % len(people)], second)
        elif deed in actions:
            self._quietly(actions[deed])

    def _on(self, deed: str, one: Send, person: Recipient, number: int) -> None:
        actor, now, key = self.owner.actor, self.now, new_id("key")
        actions: dict[str, Callable[[], object]] = {
            "add": lambda: flows.add_recipients(
                actor, one.public_id, [Addressee(x) for x in self._people(number)], key=key, now=now
            ),
            "revoke": lambda: flows.revoke(actor, one.public_id, now=now),
            "restore": lambda: flows.restore(actor, one.public_id, now=now),
            "revoke one": lambda: flows.revoke(actor, one.public_id, recipients=[person.public_id], now=now),
            "restore one": lambda: flows.restore(actor, one.public_id, recipients=[person.public_id], now=now),
            "cancel": lambda: flows.cancel(actor, one.public_id, now=now),
            "open": lambda: open_as(one, person.address, self._first_document(one), now=now),
            "bounce": lambda: flows.record_bounce(person.public_id, now=now),
            "remove": lambda: flows.remove_recipient(actor, one.public_id, person.public_id, now=now),
        }
        self._quietly(actions[deed])

    def _replace(self, document: Document) -> None:
        self.versions += 1
        version = add_version(document, self.owner, number=self.versions, now=self.now)
        flows.replace(self.owner.actor, document.public_id, version.public_id, key=new_id("key"), now=self.now)

    @staticmethod
    def _quietly(action: Callable[[], object]) -> None:
        with suppress(DomainError), transaction.atomic():
            action()

    def _documents(self, number: int) -> list[Document]:
        return [self.documents[:1], self.documents[1:], self.documents][number % 3]

    @staticmethod
    def _people(number: int) -> list[str]:
        return [person for place, person in enumerate(PEOPLE) if (number % 15 + 1) >> place & 1]

    @staticmethod
    def _first_document(one: Send) -> Document:
        return one.send_documents.select_related("document").order_by("position")[0].document

    def check(self) -> None:
        counted = credits.recount(self.owner.team.pk)
        assert counted["balance"] == counted["entries"] == counted["lots"] >= 0
        paid = set(PaidPair.objects.values_list("key", flat=True))
        assert available(self.owner, self.now) == 1500 - len(paid)
        assert self._open_pairs() <= paid
        opened = Grant.objects.exclude(first_opened_at=None).exclude(link__address=self.owner.email)
        for grant in opened.select_related("document", "link"):
            versions = grant.document.versions.filter(created_at__lte=self.now)
            assert any(pair_key(one.public_id, grant.link.address) in paid for one in versions)

    def _open_pairs(self) -> set[str]:
        """What somebody other than the sender can read now."""
        pairs = set()
        for one in queries.live_sends(now=self.now):
            for person in one.recipients.filter(removed_at=None, link__revoked_at=None).exclude(address=self.owner.email):
                for item in queries.live_items(one):
                    assert item.document.current is not None
                    pairs.add(pair_key(item.document.current.public_id, person.address))
        return pairs


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_credits_are_the_paid_pairs_and_nothing_unpaid_is_open(db: None, steps: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        life = Life()
        for step in steps:
            life.do(*step)
            life.check()
        transaction.set_rollback(True)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS, st.integers(0, 50), st.integers(0, 50))
def test_revoking_and_restoring_at_once_changes_nothing(db: None, steps: list[tuple[str, int, int]], which: int, whom: int) -> None:
    with transaction.atomic():
        life = Life()
        send(life.owner, life.documents, PEOPLE, now=life.now)
        for step in steps:
            life.do(*step)
        live = list(queries.live_sends(now=life.now).order_by("pk"))
        if live:
            one = live[which % len(live)]
            people = list(one.recipients.filter(removed_at=None, link__revoked_at=None).order_by("pk"))
            names = [people[whom % len(people)].public_id] if people and whom % 2 else []
            before = (available(life.owner, life.now), life._open_pairs())
            flows.revoke(life.owner.actor, one.public_id, recipients=names, now=life.now)
            flows.restore(life.owner.actor, one.public_id, recipients=names, now=life.now)
            assert (available(life.owner, life.now), life._open_pairs()) == before
        transaction.set_rollback(True)
