# SPDX-License-Identifier: Apache-2.0
"""Who calls, credits, keys, members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as django_mail
from tests.factories.accounts import make_member, make_persona
from tests.factories.api import Caller, make_caller

from sealroom.accounts.models import ApiToken, Invitation, Membership, User


def test_me_names_user_and_team(admin: Caller, boss: object) -> None:
    user = User.objects.get(email="boss@example.com")
    team = user.memberships.get().team
    answer = admin.get("/me")
    assert (answer.status, {name: answer.body[name] for name in ("user", "team")}) == (
        200,
        {
            "user": {"id": user.public_id, "email": "boss@example.com", "name": "Olive Owner", "role": "admin"},
            "team": {"id": team.public_id, "name": "Northwind", "plan": "team"},
        },
    )


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "bearer sr_live_x", "Bearer " + "x" * 5000]
)
def test_key_that_is_none_is_401(db: None, header: str) -> None:
    answer = Caller("").call("GET", "/me", headers={"Authorization": header} if header else None)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sealroom"'


def test_key_dies_with_revocation_expiry_and_place(user: Caller, admin: Caller) -> None:
    assert user.get("/me").status == 200
    token = ApiToken.objects.get(membership__user__email="user@example.com")
    token.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    token.save()
    assert user.get("/me").status == 401
    token.expires_at = None
    token.save()
    assert user.get("/me").status == 200
    place = Membership.objects.get(user__email="user@example.com")
    assert admin.call("DELETE", f"/members/{place.public_id}").status == 204
    assert user.get("/me").status == 401


@pytest.mark.parametrize("name", ["key", "access_token", "api_key", "token", "Authorization"])
def test_key_in_the_address_is_refused_even_when_it_is_good(admin: Caller, name: str) -> None:
    answer = admin.get(f"/me?{name}={admin.key}")
    assert (answer.status, answer.code) == (400, "invalid")
    assert admin.key not in str(answer.body)
    assert Caller("").get(f"/me?{name}={admin.key}").status == 400


def test_session_cookie_opens_nothing(boss: object) -> None:
    from django.test import Client  # noqa: PLC0415 -- beside the other clients it would mislead

    browser = Client()
    browser.force_login(User.objects.get(email="boss@example.com"))
    assert browser.get("/api/v1/me").status_code == 401


def test_credits_show_the_meter(admin: Caller) -> None:
    admin.send([admin.document(), admin.document("Plan.pdf")], ["a@example.net", "b@example.net"])
    answer = admin.get("/credits")
    body = answer.body
    assert {name: body[name] for name in ("allowance", "promo", "used", "available", "low_threshold")} == {
        "allowance": 1500, "promo": 0, "used": 4, "available": 1496, "low_threshold": 100,
    }  # fmt: skip
    assert body["period_end"] == body["resets_at"]
    assert datetime.fromisoformat(body["period_start"]) < datetime.now(UTC) < datetime.fromisoformat(body["period_end"])
    assert set(body) == {
        "allowance", "promo", "used", "available", "period_start", "period_end", "resets_at", "low_threshold",
    }  # fmt: skip


def test_ledger_shows_users_their_own_lines_and_admins_all(admin: Caller, user: Caller) -> None:
    mine = admin.send([admin.document()], ["a@example.net"])
    theirs = user.send([user.document()], ["b@example.net", "c@example.net"])
    lines = [
        (line["kind"], line["delta"], line["balance_after"], line["route"], line["send_id"])
        for line in admin.get("/credits/ledger").body["items"]
    ]
    assert lines[:2] == [("charge", -2, 1497, "api", theirs["id"]), ("charge", -1, 1499, "api", mine["id"])]
    assert [line["send_id"] for line in user.get("/credits/ledger").body["items"]] == [theirs["id"]]


def test_ledger_comes_in_pages(admin: Caller) -> None:
    document = admin.document()
    for number in range(3):
        admin.send([document], [f"r{number}@example.net"])
    first = admin.get("/credits/ledger?limit=2").body
    second = admin.get(f"/credits/ledger?limit=2&cursor={first['next']}").body
    ids = [line["id"] for line in first["items"] + second["items"]]
    assert (len(ids), len(set(ids)), second["next"]) == (4, 4, None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=99999999999999999999", "cursor=%00", "cursor=abc", "cursor=-1", "unknown=1"]
)
def test_page_that_is_none_is_400(admin: Caller, query: str) -> None:
    assert admin.get(f"/credits/ledger?{query}").code == "invalid"


def test_keys_are_made_listed_and_ended(admin: Caller) -> None:
    made = admin.post("/keys", {"name": "Robot", "scopes": ["read"]})
    assert (made.status, made.body["scopes"], made.body["expires_at"]) == (201, ["read"], None)
    robot = Caller(made.body["secret"])
    assert robot.get("/me").status == 200
    listed = admin.get("/keys").body["items"]
    assert [one["name"] for one in listed] == ["Robot", "tests"]
    assert "secret" not in listed[0]
    assert admin.call("DELETE", f"/keys/{made.body['id']}").status == 204
    assert robot.get("/me").status == 401
    assert admin.call("DELETE", f"/keys/{made.body['id']}").status == 204


def test_key_gives_no_more_than_it_has(admin: Caller, boss: object) -> None:
    weak = make_caller(admin.persona, "send")  # type: ignore[arg-type]
    assert weak.post("/keys", {"name": "More", "scopes": ["admin"]}).code == "forbidden"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": "", "scopes": ["read"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]},
        {"name": "x" * 81, "scopes": ["read"]}, {"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00"}, {"name": "x", "scopes": ["read"], "team": "y"},
        {"name": "a\u0000b", "scopes": ["read"]}, {"name": "a\u202eb", "scopes": ["read"], "x": 1}, [], "text", 7, None,
    ],
)  # fmt: skip
def test_key_with_bad_words_is_400(admin: Caller, body: object) -> None:
    assert admin.post("/keys", body).code == "invalid"


def test_key_of_another_is_404_for_users_and_ends_for_admins(admin: Caller, user: Caller, foreign: Caller) -> None:
    of_user = ApiToken.objects.get(membership__user__email="user@example.com").public_id
    of_admin = ApiToken.objects.get(membership__user__email="boss@example.com").public_id
    assert user.call("DELETE", f"/keys/{of_admin}").code == "not_found"
    assert foreign.call("DELETE", f"/keys/{of_user}").code == "not_found"
    assert admin.call("DELETE", f"/keys/{of_user}").status == 204
    assert user.get("/me").status == 401


def test_members_are_listed_invited_changed_and_removed(admin: Caller, user: Caller) -> None:
    assert [(one["email"], one["role"]) for one in admin.get("/members").body["items"]] == [
        ("boss@example.com", "admin"),
        ("user@example.com", "user"),
    ]
    invited = admin.post("/members", {"email": "New@Example.com", "role": "user"}, key="invite-1")
    assert (invited.status, invited.body["role"]) == (201, "user")
    assert admin.post("/members", {"email": "New@Example.com", "role": "user"}, key="invite-1").body == invited.body
    assert admin.post("/members", {"email": "New@Example.com"}).code == "already_invited"
    assert admin.post("/members", {"email": "user@example.com"}).code == "already_member"
    assert [one["id"] for one in admin.get("/members/invitations").body["items"]] == [invited.body["id"]]
    assert admin.call("DELETE", f"/members/invitations/{invited.body['id']}").status == 204
    assert Invitation.objects.get(public_id=invited.body["id"]).withdrawn_at is not None
    place = Membership.objects.get(user__email="user@example.com")
    assert admin.call("PATCH", f"/members/{place.public_id}", {"role": "admin"}).body["role"] == "admin"
    assert user.get("/members").status == 403  # the key was made with the scopes of a user
    assert django_mail.outbox == []


def test_members_are_for_admins(user: Caller, foreign: Caller, admin: Caller) -> None:
    place = Membership.objects.get(user__email="boss@example.com").public_id
    for method, path, body in [
        ("GET", "/members", None), ("GET", "/members/invitations", None), ("POST", "/members", {"email": "x@example.com"}),
        ("PATCH", f"/members/{place}", {"role": "user"}), ("DELETE", f"/members/{place}", None),
    ]:  # fmt: skip
        assert user.call(method, path, body).code == "forbidden", (method, path)
    assert foreign.call("PATCH", f"/members/{place}", {"role": "user"}).code == "not_found"
    assert foreign.call("DELETE", f"/members/{place}").code == "not_found"
    assert admin.call("DELETE", f"/members/{place}").code == "last_admin"


def test_eleventh_seat_is_refused_with_the_numbers(admin: Caller, boss: object, founded: datetime) -> None:
    for number in range(9):
        make_member(admin.persona, f"m{number}@example.com", now=founded)  # type: ignore[arg-type]
    answer = admin.post("/members", {"email": "late@example.com"})
    assert (answer.status, answer.code, answer.body["used"], answer.body["limit"]) == (403, "seat_quota", 10, 10)


def test_person_without_team_has_no_way_in(db: None, founded: datetime) -> None:
    persona = make_persona("gone@example.com", team_name="Gone", now=founded)
    caller = make_caller(persona)
    User.objects.filter(pk=persona.user.pk).update(is_active=False)
    assert caller.get("/me").status == 401
