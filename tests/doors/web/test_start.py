# SPDX-License-Identifier: Apache-2.0
"""Beginnings: set-up link, new team, invitations, and the sign-in pages in our own dress."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.test import Client
from tests.factories.accounts import Persona, make_user

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import Membership, SetupLink, Team, User
from sealroom.billing import flows as billing
from sealroom.mail.models import OutgoingMail

pytestmark = pytest.mark.django_db
SETUP = {
    "email": "First@Example.com",
    "password": "a quiet long sentence",
    "person": "Ann",
    "name": "Northwind",
    "time_zone": "Europe/Paris",
    "language": "en",
}


def test_setup_makes_operator_and_team_once(client: Client, present: datetime) -> None:
    token = accounts.make_setup_link(now=present)
    address = f"/setup/{token}/"
    assert client.get(address).status_code == 200
    assert SetupLink.objects.get().used_at is None

    assert client.post(address, SETUP)["Location"] == "/"

    user = User.objects.get()
    assert (user.email, user.is_operator, Membership.objects.get().role) == ("first@example.com", True, "admin")
    assert client.get("/").status_code == 200
    assert Client().get(address).status_code == 404
    assert Client().post(address, SETUP | {"email": "second@example.com"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize("change", [{"password": "short"}, {"email": "nobody"}, {"time_zone": "Mars/Olympus"}, {"name": ""}])
def test_setup_that_does_not_fit_leaves_the_link_usable(client: Client, present: datetime, change: dict[str, str]) -> None:
    token = accounts.make_setup_link(now=present)
    assert client.post(f"/setup/{token}/", SETUP | change).status_code == 422
    assert (User.objects.count(), Team.objects.count(), SetupLink.objects.get().used_at) == (0, 0, None)


def test_setup_without_a_link_does_not_exist(client: Client) -> None:
    assert client.get("/setup/guessed/").status_code == 404


def test_user_without_team_makes_one(client: Client) -> None:
    client.force_login(make_user("new@example.com"))
    assert client.get("/")["Location"] == "/welcome/"
    response = client.post("/welcome/", {"name": "Mine", "time_zone": "Europe/Paris", "language": "fr"})
    assert (response["Location"], Team.objects.get().name) == ("/", "Mine")
    assert client.get("/").status_code == 200
    assert client.get("/welcome/")["Location"] == "/"


def _invitation(owner: Persona, address: str, now: datetime) -> str:
    billing.invite_member(owner.actor, address, "user", now=now)
    found = re.search(r"/join/([\w-]+)/", OutgoingMail.objects.get().text)
    assert found is not None
    return f"/join/{found[1]}/"


def test_invited_address_joins(owner: Persona, client: Client, present: datetime) -> None:
    address = _invitation(owner, "invited@example.com", present)
    client.force_login(make_user("invited@example.com"))
    assert "Join Northwind" in client.get(address).content.decode()
    assert Membership.objects.count() == 1
    client.post(address)
    assert Membership.objects.count() == 2
    assert client.get("/").status_code == 200


def test_forwarded_invitation_tells_a_stranger_nothing(
    owner: Persona, stranger: Persona, client: Client, present: datetime
) -> None:
    address = _invitation(owner, "invited@example.com", present)
    for browser in (client, stranger.client()):
        for page in (browser.get(address), browser.post(address), browser.get("/join/guessed/")):
            assert (page.status_code, "Northwind" in page.content.decode()) == (200, False)
    assert Membership.objects.filter(team=owner.team).count() == 1


PAGES = ["login/", "signup/", "signup/?by=code", "login/code/", "password/reset/"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("language", "words"), [("en", "Skip to the content"), ("fr", "Aller au contenu")])
def test_sign_in_pages_wear_the_house_dress(client: Client, page: str, language: str, words: str) -> None:
    client.cookies["sealroom_language"] = language
    response = client.get(f"/accounts/{page}")
    body = response.content.decode()
    assert (response.status_code, "narrow-card" in body, words in body) == (200, True, True)


def test_both_ways_are_offered_at_sign_in_and_sign_up(client: Client) -> None:
    assert "/accounts/login/code/" in client.get("/accounts/login/").content.decode()
    assert 'name="password1"' in client.get("/accounts/signup/").content.decode()
    assert 'name="password1"' not in client.get("/accounts/signup/?by=code").content.decode()


def test_password_and_sign_out_pages_are_ours(owner: Persona) -> None:
    client = owner.client()
    for page in ("password/change/", "logout/", "email/"):
        assert "narrow-card" in client.get(f"/accounts/{page}").content.decode()
