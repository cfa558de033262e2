# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from sealroom.accounts import queries
from sealroom.accounts.models import Membership, User
from sealroom.accounts.rules import Route
from sealroom.core.errors import Forbidden
from tests.conftest import NOW
from tests.factories.accounts import Persona, make_member, make_user

pytestmark = pytest.mark.django_db


def test_actor_for_carries_what_flows_need(owner: Persona, django_assert_num_queries: Callable[[int], Any]) -> None:
    with django_assert_num_queries(1):
        actor = queries.actor_for(owner.user, route=Route.GMAIL, ip="203.0.113.7")
    assert actor is not None
    assert (actor.user_id, actor.user, actor.email, actor.name) == (owner.user.pk, owner.user.public_id, owner.email, "Olive Owner")
    assert (actor.team_id, actor.team, actor.role) == (owner.team.pk, owner.team.public_id, "admin")
    assert (actor.who.id, actor.who.team, actor.who.route, actor.who.ip) == (actor.user, actor.team, "gmail", "203.0.113.7")


def test_actor_for_is_none_without_a_place(owner: Persona) -> None:
    assert queries.actor_for(AnonymousUser()) is None
    assert queries.actor_for(make_user("nadia@example.com")) is None
    User.objects.filter(pk=owner.user.pk).update(is_active=False)
    assert queries.actor_for(owner.user) is None


def test_admins_of_are_active_admins_of_that_team(owner: Persona, member: Persona, stranger: Persona) -> None:
    second = make_member(owner, "second@example.com", role="admin", now=NOW)
    third = make_member(owner, "third@example.com", role="admin", now=NOW)
    Membership.objects.filter(pk=third.membership.pk).update(removed_at=NOW)
    assert queries.admins_of(owner.team.pk) == [owner.user, second.user]


def test_list_members_shows_ones_own_team(owner: Persona, member: Persona, stranger: Persona) -> None:
    views = queries.list_members(owner.actor)
    assert [(view.email, view.role, view.is_self) for view in views] == [
        ("owner@example.com", "admin", True),
        ("member@example.com", "user", False),
    ]


def test_list_people_names_former_members_too(owner: Persona, member: Persona, stranger: Persona) -> None:
    former = make_member(owner, "former@example.com", now=NOW)
    Membership.objects.filter(pk=former.membership.pk).update(removed_at=NOW)
    Membership.objects.create(team=owner.team, user=member.user, role="user", joined_at=NOW, removed_at=NOW)  # left, came back
    assert [(one.name, one.has_left) for one in queries.list_people(owner.actor)] == [
        ("Max Member", False),
        ("Olive Owner", False),
        ("former@example.com", True),
    ]
    with pytest.raises(Forbidden):
        queries.list_people(member.actor)


def test_user_address_is_canonical_whoever_writes_it() -> None:
    user = make_user("nadia@example.com")
    user.email = " Nadia.New@EXAMPLE.com. "
    user.save()
    assert User.objects.get(pk=user.pk).email == "nadia.new@example.com"
