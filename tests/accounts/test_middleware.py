# SPDX-License-Identifier: Apache-2.0
"""`request.actor` on the members' pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sealroom.accounts import flows
from tests.conftest import NOW
from tests.factories.accounts import Persona, make_user

pytestmark = pytest.mark.django_db


def _request(client: Client, **extra: Any) -> Any:
    return client.get(reverse("account_change_password"), **extra).wsgi_request


def test_actor_is_the_signed_in_member(owner: Persona) -> None:
    actor = _request(owner.client(), REMOTE_ADDR="203.0.113.7").actor
    assert (actor.user, actor.team, actor.route, actor.ip) == (owner.user.public_id, owner.team.public_id, "web", "203.0.113.7")


def test_actor_is_none_for_visitors_and_people_without_a_team() -> None:
    client = Client()
    client.force_login(make_user("nadia@example.com"))
    assert _request(client).actor is None
    assert _request(Client()).actor is None


def test_removed_member_has_no_team_with_the_next_request(owner: Persona, member: Persona) -> None:
    client = member.client()
    assert _request(client).actor.team == owner.team.public_id
    flows.remove_member(owner.actor, member.membership.public_id, now=NOW)
    assert _request(client).actor is None


def test_changed_role_binds_with_the_next_request(owner: Persona, member: Persona) -> None:
    client = member.client()
    flows.change_role(owner.actor, member.membership.public_id, "admin", now=NOW)
    assert _request(client).actor.role == "admin"


def test_client_address_ignores_headers_of_the_client(owner: Persona) -> None:
    request = _request(owner.client(), REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": "198.51.100.1"})
    assert request.client_address == "203.0.113.7"
