# SPDX-License-Identifier: Apache-2.0
"""Settings of a person and of a team: who may see them, what they change."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.test import Client
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import send

from sealroom.accounts import queries
from sealroom.accounts.models import ApiToken, Invitation, Membership, User
from sealroom.mail.models import OutgoingMail
from sealroom.sends.models import Send

pytestmark = pytest.mark.django_db
ADMIN_PAGES = (
    "/admin/team/", "/admin/members/", "/admin/plan/", "/admin/plan/modify/", "/admin/billing/invoices/", "/admin/billing/details/",
    "/admin/activity/",
)  # fmt: skip


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_admin_pages_are_for_admins(page: str, owner: Persona, member: Persona, client: Client) -> None:
    assert owner.client().get(page).status_code == 200
    assert member.client().get(page).status_code == 403
    assert client.get(page)["Location"] == f"/accounts/login/?next={page}"


def test_user_sees_no_way_to_admin_settings(member: Persona, owner: Persona) -> None:
    assert "Admin Settings" not in member.client().get("/settings/").content.decode()
    assert "Admin Settings" in owner.client().get("/settings/").content.decode()


def test_profile_is_kept_and_speaks_its_language(owner: Persona) -> None:
    client = owner.client()
    data = {"name": "Olive O.", "language": "fr", "time_zone": "America/Lima", "theme": "dark"}
    client.post("/settings/", data)
    user = User.objects.get(pk=owner.user.pk)
    assert (user.name, user.language, user.time_zone, user.theme) == ("Olive O.", "fr", "America/Lima", "dark")
    page = client.get("/settings/").content.decode()
    assert ('lang="fr"' in page, 'data-theme="dark"' in page, "Mes paramètres" in page) == (True, True, True)


def test_profile_refuses_unknown_zones(owner: Persona) -> None:
    data = {"name": "", "language": "en", "time_zone": "Mars/Olympus", "theme": ""}
    assert owner.client().post("/settings/", data).status_code == 422


def test_theme_is_set_from_any_page(owner: Persona) -> None:
    response = owner.client().post("/theme/", {"theme": "dark", "next": "/credits/"})
    assert (response["Location"], User.objects.get(pk=owner.user.pk).theme) == ("/credits/", "dark")
    assert owner.client().post("/theme/", {"theme": "light", "next": "//evil.example"})["Location"] == "/"


def test_key_is_shown_once_and_works(owner: Persona, present: datetime) -> None:
    client = owner.client()
    page = client.post("/settings/keys/", {"name": "reports", "scopes": ["read"], "days": "30"}).content.decode()
    found = re.search(r"sr_live_[\w-]+", page)
    assert found is not None
    secret = found.group()
    actor = queries.actor_for_key(secret, now=present)
    assert actor is not None
    assert secret not in client.get("/settings/keys/").content.decode()
    client.post(f"/settings/keys/{ApiToken.objects.get().public_id}/revoke/")
    assert queries.actor_for_key(secret, now=present) is None


def test_keys_of_others_cannot_be_ended(owner: Persona, stranger: Persona) -> None:
    owner.client().post("/settings/keys/", {"name": "k", "scopes": ["send"], "days": ""})
    token = ApiToken.objects.get()
    assert stranger.client().post(f"/settings/keys/{token.public_id}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_member_is_invited_and_withdrawn(owner: Persona) -> None:
    client = owner.client()
    client.post("/admin/members/", {"email": "New@Example.com", "role": "user"})
    invitation = Invitation.objects.get()
    assert (invitation.email, OutgoingMail.objects.get().to_address) == ("new@example.com", "new@example.com")
    assert "new@example.com" in client.get("/admin/members/").content.decode()
    client.post(f"/admin/invitations/{invitation.public_id}/withdraw/")
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None


def test_invitation_twice_is_refused_with_a_sentence(owner: Persona, member: Persona) -> None:
    response = owner.client().post("/admin/members/", {"email": member.email, "role": "user"})
    assert (response.status_code, "This person is a member already" in response.content.decode()) == (409, True)


def test_taken_seats_are_refused_with_their_numbers(owner: Persona) -> None:
    client = owner.client()
    for number in range(9):
        client.post("/admin/members/", {"email": f"seat{number}@example.com", "role": "user"})
    response = client.post("/admin/members/", {"email": "eleventh@example.com", "role": "user"})
    assert (response.status_code, "Seats in use: 10 of 10." in response.content.decode()) == (403, True)


def test_role_changes_and_the_last_admin_stays(owner: Persona, member: Persona) -> None:
    client = owner.client()
    client.post(f"/admin/members/{member.membership.public_id}/role/", {"role": "admin"})
    assert Membership.objects.get(pk=member.membership.pk).role == "admin"
    client.post(f"/admin/members/{member.membership.public_id}/role/", {"role": "user"})
    response = client.post(f"/admin/members/{owner.membership.public_id}/role/", {"role": "user"})
    assert (response.status_code, Membership.objects.get(pk=owner.membership.pk).role) == (409, "admin")


def test_removed_member_has_no_team_with_the_next_click(owner: Persona, member: Persona) -> None:
    client = member.client()
    assert client.get("/").status_code == 200
    owner.client().post(f"/admin/members/{member.membership.public_id}/remove/")
    assert client.get("/")["Location"] == "/welcome/"


@pytest.mark.parametrize("deed", ["role", "remove"])
def test_members_are_changed_by_their_admins_alone(deed: str, owner: Persona, member: Persona, stranger: Persona) -> None:
    address = f"/admin/members/{member.membership.public_id}/{deed}/"
    assert member.client().post(address, {"role": "admin"}).status_code == 403
    assert stranger.client().post(address, {"role": "admin"}).status_code == 404
    assert list(Membership.objects.filter(pk=member.membership.pk).values_list("role", "removed_at")) == [("user", None)]


def test_team_is_renamed(owner: Persona) -> None:
    owner.client().post("/admin/team/", {"name": "Southwind", "time_zone": "UTC", "language": "fr"})
    owner.team.refresh_from_db()
    assert (owner.team.name, owner.team.time_zone, owner.team.language) == ("Southwind", "UTC", "fr")


def test_plan_shows_what_is_in_use(owner: Persona, sent: Send) -> None:
    page = owner.client().get("/admin/plan/").content.decode()
    assert ("<strong>10</strong> of 1,500" in page, "<strong>1</strong> of 10" in page) == (True, True)


def test_admin_sees_names_and_numbers_and_may_revoke(owner: Persona, member: Persona, present: datetime) -> None:
    theirs = send(member, [make_document(member, "Plan.pdf", now=present)], now=present).send
    client = owner.client()
    assert "Plan.pdf" in client.get("/admin/activity/").content.decode()
    assert client.get(f"/sends/{theirs.public_id}/").status_code == 404
    client.post(f"/admin/activity/{theirs.public_id}/revoke/")
    theirs.policy.refresh_from_db()
    assert theirs.policy.revoked_at is not None
    assert member.client().post(f"/admin/activity/{theirs.public_id}/revoke/").status_code == 403
    client.post(f"/admin/activity/{theirs.public_id}/revoke/", {"deed": "restore"})
    theirs.policy.refresh_from_db()
    assert theirs.policy.revoked_at is None
