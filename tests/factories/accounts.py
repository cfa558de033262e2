# SPDX-License-Identifier: Apache-2.0
"""People and teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.test import Client

from sealroom.accounts import flows, queries
from sealroom.accounts.flows import Tokens
from sealroom.accounts.models import Device, Membership, Role, Team, User
from sealroom.accounts.rules import Actor, Route
from sealroom.billing.flows import found_team

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Persona:
    """A person with a place in a team, and what tests need of them."""

    user: User
    team: Team
    membership: Membership

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def actor(self) -> Actor:
        """Read afresh, by the web."""
        return self.actor_by(Route.WEB)

    def actor_by(self, route: Route) -> Actor:
        actor = queries.actor_for(User.objects.get(pk=self.user.pk), route=route, ip="203.0.113.7")
        assert actor is not None, f"{self.email} has no place in a team"
        return actor

    def client(self) -> Client:
        """A browser in which they are signed in."""
        client = Client()
        client.force_login(self.user)
        return client


def make_user(email: str, *, name: str = "", password: str | None = None, language: str = "en", verified: bool = True) -> User:
    """A user; with a verified address unless told otherwise."""
    user = User.objects.create_user(email, password, name=name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def make_persona(email: str, *, team_name: str, name: str = "", language: str = "en", now: datetime) -> Persona:
    """A user who founded a team, with 1,500 credits a month."""
    user = make_user(email, name=name, password=PASSWORD, language=language)
    team = found_team(user, name=team_name, time_zone="Europe/Paris", language=language, now=now, plan="team")
    return Persona(user, team, user.memberships.get())


def make_member(of: Persona, email: str, *, role: str = Role.USER, name: str = "", now: datetime) -> Persona:
    """A further member of a persona's team."""
    user = make_user(email, name=name, password=PASSWORD)
    membership = Membership.objects.create(team=of.team, user=user, role=role, joined_at=now)
    return Persona(user, of.team, membership)


def connect_device(of: Persona, client: str = "gmail-ext", *, now: datetime) -> Tokens:
    """A mail client its member let in."""
    asked = flows.ask_for_device(client, label="Laptop", ip="198.51.100.7", now=now)
    flows.answer_device(of.actor, asked.user_code, approve=True, now=now)
    return flows.exchange_code(asked.device_code, ip="198.51.100.7", now=now)


def make_device(of: Persona, client: str = "gmail-ext", *, now: datetime) -> Device:
    """The row of a mail client its member let in."""
    connect_device(of, client, now=now)
    return Device.objects.latest("pk")
