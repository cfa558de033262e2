# SPDX-License-Identifier: Apache-2.0
"""Who and what a ledger scenario is about: its team, the members who act, the files in the library, the keys used before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries as account_queries
from sealroom.accounts.models import Role, Team
from sealroom.accounts.rules import Actor, Route
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.cli.simulation.scenario import Fields, count, instant_of, interval_of, need, words
from sealroom.cli.simulation.shop import open_shop, plan_code
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import DomainError
from sealroom.documents import flows as documents
from sealroom.documents.models import Document, Version

_QUOTAS = {"rooms": "data_rooms", "guests": "guests", "users": "users"}
_HOME = "example.com"
ANYBODY = "u1"  # who sends where a step does not say


class Cast:
    """A team founded at the scenario's anchor, with its admins and members; others who act join when they first do."""

    def __init__(self, scenario: Fields, where: str) -> None:
        self._where = where
        given = need(scenario, "team", dict, where)
        self.anchor = instant_of(given.get("at"), where)
        self.blocks = count({"blocks": 0, **given}, "blocks", where)
        admins = words(given, "admins", where) or [f"admin@{_HOME}"]
        self._members = [*admins, *words(given, "members", where)]
        self._mentioned = [address for step in scenario.get("steps") or [] for address in step.get("recipients") or []]
        self._actors: dict[str, Actor] = {}
        self._documents: dict[str, tuple[Document, Actor]] = {}
        self._versions: dict[tuple[str, str], Version] = {}
        open_shop(scenario, where)
        self.team = self._found(given, admins[0])
        for address in admins[1:]:
            self._join(address, Role.ADMIN)
        for address in self._members[len(admins) :]:
            self._join(address, Role.USER)
        self.set_quotas(given.get("quota") or {}, now=self.anchor)
        self._fill_library(scenario)

    def _found(self, given: Fields, founder: str) -> Team:
        own = count(given, "credits", self._where) if given.get("plan") and given.get("credits") is not None else None
        return billing.found_team(
            accounts.make_user(founder),
            name="Scenario",
            time_zone="UTC",
            language="en",
            now=self.anchor,
            plan=plan_code(given, self._where),
            interval=interval_of(given, "interval", self._where),
            credits=own,
        )

    def set_quotas(self, quotas: Fields, *, now: datetime) -> None:
        """The operator's numbers, under the scenario's short names."""
        named = {_QUOTAS.get(name, name): need(quotas, name, int, self._where) for name in quotas}
        if named:
            billing.set_quotas(self.team, named, who=SYSTEM, now=now)

    @property
    def founder(self) -> Actor:
        """The first admin: who acts where a step names nobody."""
        return self.actor(self._members[0])

    def actor(self, name: str) -> Actor:
        """The member a step names: by address, or by a short name, which is then the local part of an address of the scenario (a
        member's first), else of one made up. Somebody new joins the team."""
        address = self._address(name)
        if address not in self._actors:
            user = accounts.make_user(address)
            actor = account_queries.actor_for(user, route=Route.CLI)
            if actor is None:
                self._join(address, Role.USER)
                actor = account_queries.actor_for(user, route=Route.CLI)
            assert actor is not None
            self._actors[address] = actor
        return self._actors[address]

    def _address(self, name: str) -> str:
        if "@" in name:
            return canonical_address(name)
        known = (address for address in self._canonical() if address.partition("@")[0] == name.lower())
        return next(known, f"{name.lower()}@{_HOME}")

    def _canonical(self) -> Iterator[str]:
        for text in [*self._members, *self._mentioned]:
            try:
                yield canonical_address(text)
            except BadAddress:
                continue

    def _join(self, address: str, role: Role) -> None:
        accounts.add_member(self.team, accounts.make_user(address), role=role, who=SYSTEM, now=self.anchor)

    def document(self, name: str, owner: Actor, *, now: datetime) -> tuple[Document, Actor]:
        """A file of the team library and the member it belongs to: whoever needed it first."""
        if name not in self._documents:
            document = documents.accept_upload(owner, [name.encode()], name=_file_name(name), size=None, now=now)
            assert document.current_id is not None
            documents.prepare(document.current_id, now=now)
            documents.share_in_library(owner, document.public_id, now=now)
            self._documents[name] = document, owner
        return self._documents[name]

    def _fill_library(self, scenario: Fields) -> None:
        """Every file that is used lies there from the start, whatever the team may still upload when its turn comes."""
        for step in scenario["steps"]:
            named = step.get("files") if step["op"] == "send" else [step.get("file")] if step["op"] == "replace_file" else []
            for name in named if isinstance(named, list) else []:
                with suppress(DomainError, BadAddress):  # the step itself will be told
                    self.document(str(name), self.actor(str(step.get("user") or ANYBODY)), now=self.anchor)

    def version(self, name: str, key: str, *, now: datetime) -> Version:
        """The upload that a replacement with this key is about: the same again when the key is repeated."""
        document, owner = self._documents[name]
        if (name, key) not in self._versions:
            version = documents.add_version(
                owner, document.public_id, [f"{name} {key}".encode()], name=document.name, size=None, now=now
            )
            documents.prepare(version.pk, now=now)
            self._versions[name, key] = version
        return self._versions[name, key]


def _file_name(name: str) -> str:
    """A text file's name, whatever a scenario calls it."""
    return "".join(letter if letter.isalnum() or letter in " ._-" else "-" for letter in name)[:100] + ".txt"
