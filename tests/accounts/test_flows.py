# SPDX-License-Identifier: Apache-2.0
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sealroom.accounts import flows, queries
from sealroom.accounts.errors import AlreadyInTeam, AlreadyInvited, AlreadyMember, LastAdmin
from sealroom.accounts.models import ApiToken, Invitation, Membership, SetupLink, Team, User
from sealroom.accounts.rules import Actor, Capability, Route
from sealroom.audit.models import Event
from sealroom.audit.queries import verify_chain
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.mail.models import OutgoingMail
from tests.conftest import NOW
from tests.factories.accounts import Persona, make_member, make_persona, make_user
from tests.processes import Database, note, race

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _verbs(team: Team) -> list[str]:
    return list(Event.objects.filter(team=team.public_id).order_by("number").values_list("verb", flat=True))


def _link(mail: OutgoingMail) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000/join/([\w-]{32})/", mail.text)
    assert found is not None
    return found[1]


def _invite(owner: Persona, email: str = "nadia@example.com", role: str = "user") -> tuple[Invitation, str]:
    invitation = flows.invite_member(owner.actor, email, role, now=NOW)
    return invitation, _link(OutgoingMail.objects.latest("id"))


# -- Teams ---------------------------------------------------------------------------------------------------------------


def test_create_team_makes_its_founder_admin() -> None:
    user = make_user("nadia@example.com")
    team = flows.create_team(user, name=" Northwind ", time_zone="Europe/Paris", language="fr", now=NOW)
    actor = queries.actor_for(user)
    assert actor is not None
    assert (actor.team, actor.role, team.name, team.language) == (team.public_id, "admin", "Northwind", "fr")
    assert _verbs(team) == ["team.created"]


def test_create_team_refuses_a_second_place(owner: Persona) -> None:
    with pytest.raises(AlreadyInTeam):
        flows.create_team(owner.user, name="Second", time_zone="UTC", language="en", now=NOW)
    assert Team.objects.count() == 1


@pytest.mark.parametrize("change", [{"name": ""}, {"time_zone": "Mars/Base"}, {"language": "tlh"}])
def test_create_team_refuses_bad_words(change: dict[str, str]) -> None:
    user = make_user("nadia@example.com")
    words = {"name": "Northwind", "time_zone": "UTC", "language": "en", **change}
    with pytest.raises(Invalid) as refusal:
        flows.create_team(user, name=words["name"], time_zone=words["time_zone"], language=words["language"], now=NOW)
    assert list(refusal.value.errors) == list(change)


def test_update_team_changes_what_is_given(owner: Persona) -> None:
    flows.update_team(owner.actor, name="Northwind SA", now=NOW)
    flows.update_team(owner.actor, name="Northwind SA", now=NOW)
    team = queries.team_of(owner.actor)
    assert (team.name, team.time_zone) == ("Northwind SA", "Europe/Paris")
    assert _verbs(team)[-1] == "team.changed"
    assert _verbs(team).count("team.changed") == 1


def test_update_profile_needs_no_team_and_validates() -> None:
    user = make_user("nadia@example.com")
    flows.update_profile(user, name="Nadia", language="fr", time_zone="Asia/Tokyo", theme="dark", now=NOW)
    user.refresh_from_db()
    assert (user.name, user.language, user.time_zone, user.theme) == ("Nadia", "fr", "Asia/Tokyo", "dark")
    for bad in ({"language": "xx"}, {"time_zone": "x"}, {"theme": "pink"}, {"name": "a\nb"}):
        with pytest.raises(Invalid):
            flows.update_profile(user, **bad, now=NOW)


# -- Roles and removal ---------------------------------------------------------------------------------------------------


def test_change_role_binds_at_the_next_look(owner: Persona, member: Persona) -> None:
    flows.change_role(owner.actor, member.membership.public_id, "admin", now=NOW)
    assert member.actor.may(Capability.MANAGE_MEMBERS)
    flows.change_role(owner.actor, member.membership.public_id, "user", now=NOW)
    assert not member.actor.may(Capability.MANAGE_MEMBERS)
    assert _verbs(owner.team)[-2:] == ["member.role_changed"] * 2
    assert Event.objects.latest("id").facts == {"before": "admin", "after": "user"}


def test_last_admin_cannot_be_demoted_or_removed(owner: Persona, member: Persona) -> None:
    with pytest.raises(LastAdmin):
        flows.change_role(owner.actor, owner.membership.public_id, "user", now=NOW)
    with pytest.raises(LastAdmin):
        flows.remove_member(owner.actor, owner.membership.public_id, now=NOW)
    second = make_member(owner, "second@example.com", role="admin", now=NOW)
    User.objects.filter(pk=second.user.pk).update(is_active=False)
    with pytest.raises(LastAdmin):
        flows.remove_member(owner.actor, owner.membership.public_id, now=NOW)
    User.objects.filter(pk=second.user.pk).update(is_active=True)
    flows.remove_member(owner.actor, owner.membership.public_id, now=NOW)
    assert [user.email for user in queries.admins_of(owner.team.pk)] == ["second@example.com"]


def test_removed_member_loses_team_keys_and_mail_at_once(owner: Persona, member: Persona) -> None:
    _, secret = flows.create_key(member.actor, "laptop", ["send"], None, now=NOW)
    assert queries.actor_for_key(secret, now=NOW) is not None
    flows.remove_member(owner.actor, member.membership.public_id, now=NOW)
    assert queries.actor_for(member.user) is None
    assert queries.actor_for_key(secret, now=NOW) is None
    assert queries.actor_of_user(member.user.pk, member.team.pk) is None
    assert ApiToken.objects.get().revoked_at == NOW
    assert Event.objects.latest("id").facts == {"keys_revoked": 1}
    with pytest.raises(NotFound):
        flows.remove_member(owner.actor, member.membership.public_id, now=NOW)


def test_removed_member_may_join_another_team(owner: Persona, member: Persona, stranger: Persona) -> None:
    flows.remove_member(owner.actor, member.membership.public_id, now=NOW)
    _, token = _invite(stranger, member.email)
    flows.accept_invitation(token, member.user, now=NOW)
    assert member.actor.team == stranger.team.public_id


Deed = Callable[[Actor, Persona, str], object]
DEEDS: list[Deed] = [
    lambda actor, owner, invitation: flows.invite_member(actor, "x@example.com", "user", now=NOW),
    lambda actor, owner, invitation: flows.resend_invitation(actor, invitation, now=NOW),
    lambda actor, owner, invitation: flows.withdraw_invitation(actor, invitation, now=NOW),
    lambda actor, owner, invitation: flows.change_role(actor, owner.membership.public_id, "user", now=NOW),
    lambda actor, owner, invitation: flows.remove_member(actor, owner.membership.public_id, now=NOW),
    lambda actor, owner, invitation: flows.update_team(actor, name="Taken", now=NOW),
    lambda actor, owner, invitation: queries.list_members(actor),
    lambda actor, owner, invitation: queries.list_invitations(actor, now=NOW),
]


@pytest.mark.parametrize("deed", DEEDS)
def test_user_role_may_not_manage(deed: Deed, owner: Persona, member: Persona) -> None:
    invitation, _ = _invite(owner)
    before = Event.objects.count()
    with pytest.raises(Forbidden):
        deed(member.actor, owner, invitation.public_id)
    assert (Event.objects.count(), Invitation.objects.count()) == (before, 1)


@pytest.mark.parametrize("deed", DEEDS[1:5])
def test_stranger_finds_nothing(deed: Deed, owner: Persona, stranger: Persona) -> None:
    invitation, token = _invite(owner)
    with pytest.raises(NotFound):
        deed(stranger.actor, owner, invitation.public_id)
    assert owner.actor.role == "admin"
    assert flows.accept_invitation(token, make_user("nadia@example.com"), now=NOW).team == owner.team


def _demote(me: int, other: str, log: Path) -> None:
    actor = queries.actor_for(User.objects.get(pk=me))
    assert actor is not None
    try:
        flows.change_role(actor, other, "user", now=NOW)
        note(log, "demoted")
    except (LastAdmin, Forbidden):
        note(log, "refused")


def _two_admins(log: Path) -> None:
    one = make_persona("one@example.com", team_name="Northwind", now=NOW)
    two = make_member(one, "two@example.com", role="admin", now=NOW)
    for persona, other in ((one, two), (two, one)):
        note(log, f"{persona.user.pk} {other.membership.public_id}")


def test_two_admins_cannot_demote_each_other_at_once(database: Database, tmp_path: Path) -> None:
    race(database, _two_admins, [(tmp_path / "pairs",)])
    pairs = [line.split() for line in (tmp_path / "pairs").read_text().splitlines()]
    race(database, _demote, [(int(me), other, tmp_path / "log") for me, other in pairs])
    assert sorted((tmp_path / "log").read_text().split()) == ["demoted", "refused"]


# -- Invitations ---------------------------------------------------------------------------------------------------------


def test_invitation_is_mailed_in_the_teams_language_with_its_own_link(owner: Persona) -> None:
    flows.update_team(owner.actor, language="fr", now=NOW)
    invitation, token = _invite(owner, "Nadia@Example.com", "admin")
    mail = OutgoingMail.objects.latest("id")
    assert (invitation.email, invitation.role, invitation.expires_at) == ("nadia@example.com", "admin", NOW + 14 * DAY)
    assert (mail.to_address, mail.language, mail.reply_to) == ("nadia@example.com", "fr", "owner@example.com")
    assert "6 décembre 2026" in mail.text
    assert token not in str(list(Invitation.objects.values()))
    assert mail.html.count(f"/join/{token}/") == 2
    assert queries.seats_taken(owner.team.pk) == 2


def test_invitation_opens_for_the_invited_address_alone(owner: Persona, stranger: Persona) -> None:
    _, token = _invite(owner)
    nadia = make_user("nadia@example.com")
    eve = make_user("eve@example.com")
    unproved = make_user("nadia+x@example.com", verified=False)
    for other in (eve, stranger.user, unproved):
        assert queries.offer_of(token, other, now=NOW) is None
        with pytest.raises(NotFound):
            flows.accept_invitation(token, other, now=NOW)
    offer = queries.offer_of(token, nadia, now=NOW)
    assert offer is not None
    assert (offer.team_name, offer.invited_by, offer.role) == ("Northwind", "Olive Owner", "user")
    flows.accept_invitation(token, nadia, now=NOW)
    actor = queries.actor_for(nadia)
    assert actor is not None
    assert (actor.team, actor.role) == (owner.team.public_id, "user")
    assert _verbs(owner.team)[-2:] == ["member.invited", "member.joined"]


def test_invitation_is_not_for_an_address_that_was_only_claimed(owner: Persona) -> None:
    _, token = _invite(owner)
    claimed = make_user("nadia@example.com", verified=False)
    with pytest.raises(NotFound):
        flows.accept_invitation(token, claimed, now=NOW)


@pytest.mark.parametrize("end", ["expire", "withdraw", "accept", "resend", "garble"])
def test_ended_invitation_is_not_found(owner: Persona, end: str) -> None:
    invitation, token = _invite(owner)
    nadia = make_user("nadia@example.com")
    at = NOW
    if end == "expire":
        at = NOW + 14 * DAY
    elif end == "withdraw":
        flows.withdraw_invitation(owner.actor, invitation.public_id, now=NOW)
    elif end == "accept":
        flows.accept_invitation(token, nadia, now=NOW)
    elif end == "resend":
        flows.resend_invitation(owner.actor, invitation.public_id, now=NOW)
    else:
        token = token[:-1]
    assert queries.offer_of(token, nadia, now=at) is None
    with pytest.raises(NotFound):
        flows.accept_invitation(token, nadia, now=at)


def test_resent_invitation_works_by_its_new_link(owner: Persona) -> None:
    invitation, _ = _invite(owner)
    flows.resend_invitation(owner.actor, invitation.public_id, now=NOW + 20 * DAY)
    token = _link(OutgoingMail.objects.latest("id"))
    nadia = make_user("nadia@example.com")
    assert flows.accept_invitation(token, nadia, now=NOW + 33 * DAY).user == nadia


def test_invite_refuses_members_and_open_invitations(owner: Persona, member: Persona) -> None:
    with pytest.raises(AlreadyMember):
        flows.invite_member(owner.actor, member.email, "user", now=NOW)
    _invite(owner)
    with pytest.raises(AlreadyInvited):
        flows.invite_member(owner.actor, "NADIA@example.com", "user", now=NOW)
    flows.invite_member(owner.actor, "nadia@example.com", "user", now=NOW + 15 * DAY)
    assert [view.has_expired for view in queries.list_invitations(owner.actor, now=NOW + 15 * DAY)] == [False]
    for bad in ({"email": "nadia"}, {"role": "owner"}):
        words = {"email": "x@example.com", "role": "user", **bad}
        with pytest.raises(Invalid):
            flows.invite_member(owner.actor, words["email"], words["role"], now=NOW)


def test_invite_says_nothing_of_members_elsewhere(owner: Persona, stranger: Persona) -> None:
    _, token = _invite(owner, stranger.email)
    with pytest.raises(AlreadyInTeam):
        flows.accept_invitation(token, stranger.user, now=NOW)
    assert stranger.actor.team == stranger.team.public_id


# -- Keys ----------------------------------------------------------------------------------------------------------------


def test_key_is_shown_once_and_kept_as_a_digest(owner: Persona) -> None:
    token, secret = flows.create_key(owner.actor, "ci", ["read", "send"], NOW + DAY, now=NOW)
    assert re.fullmatch(r"sr_live_[\w-]{32}", secret)
    assert secret not in str(list(ApiToken.objects.values()))
    (view,) = queries.list_keys(owner.actor)
    assert (view.id, view.prefix, view.scopes) == (token.public_id, secret[:12], ["read", "send"])
    actor = queries.actor_for_key(secret, now=NOW, ip="203.0.113.9")
    assert actor is not None
    assert (actor.user, actor.route, actor.ip) == (owner.user.public_id, Route.API, "203.0.113.9")
    assert actor.may(Capability.SEND)
    assert not actor.may(Capability.MANAGE_MEMBERS)


@pytest.mark.parametrize("end", ["expire", "revoke", "leave", "deactivate", "garble"])
def test_ended_key_is_nobody(owner: Persona, member: Persona, end: str) -> None:
    token, secret = flows.create_key(member.actor, "ci", ["send"], NOW + DAY, now=NOW)
    at = NOW
    if end == "expire":
        at = NOW + DAY
    elif end == "revoke":
        flows.revoke_key(member.actor, token.public_id, now=NOW)
    elif end == "leave":
        Membership.objects.filter(pk=member.membership.pk).update(removed_at=NOW)
    elif end == "deactivate":
        User.objects.filter(pk=member.user.pk).update(is_active=False)
    else:
        secret = secret.upper()
    assert queries.actor_for_key(secret, now=at) is None
    assert queries.actor_for_key("", now=at) is None


def test_key_can_do_no_more_than_its_maker(owner: Persona, member: Persona) -> None:
    _, secret = flows.create_key(member.actor, "ci", ["admin"], None, now=NOW)
    by_key = queries.actor_for_key(secret, now=NOW)
    assert by_key is not None
    assert not by_key.may(Capability.MANAGE_MEMBERS)
    _, reading = flows.create_key(owner.actor, "read", ["read"], None, now=NOW)
    reader = queries.actor_for_key(reading, now=NOW)
    assert reader is not None
    with pytest.raises(Forbidden):
        flows.create_key(reader, "more", ["admin"], None, now=NOW)


def test_key_loses_rights_with_its_member(owner: Persona) -> None:
    second = make_member(owner, "second@example.com", role="admin", now=NOW)
    _, secret = flows.create_key(second.actor, "ci", ["admin"], None, now=NOW)
    flows.change_role(owner.actor, second.membership.public_id, "user", now=NOW)
    actor = queries.actor_for_key(secret, now=NOW)
    assert actor is not None
    assert not actor.may(Capability.MANAGE_TEAM)


def test_key_use_is_noted_once_a_minute(owner: Persona, django_assert_num_queries: Callable[[int], object]) -> None:
    _, secret = flows.create_key(owner.actor, "ci", ["read"], None, now=NOW)
    seen: list[datetime | None] = []
    for seconds in (0, 30, 59, 61):
        queries.actor_for_key(secret, now=NOW + timedelta(seconds=seconds))
        seen.append(ApiToken.objects.get().last_used_at)
    assert seen == [NOW, NOW, NOW, NOW + timedelta(seconds=61)]
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        queries.actor_for_key(secret, now=NOW + timedelta(seconds=62))


def test_revoke_key_is_for_its_owner_and_admins(owner: Persona, member: Persona, stranger: Persona) -> None:
    mine, _ = flows.create_key(owner.actor, "a", ["read"], None, now=NOW)
    theirs, _ = flows.create_key(member.actor, "b", ["read"], None, now=NOW)
    for actor in (stranger.actor, member.actor):
        with pytest.raises(NotFound):
            flows.revoke_key(actor, mine.public_id, now=NOW)
    flows.revoke_key(owner.actor, theirs.public_id, now=NOW)
    flows.revoke_key(owner.actor, theirs.public_id, now=NOW + DAY)
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert (theirs.revoked_at, mine.revoked_at) == (NOW, None)
    assert _verbs(owner.team).count("key.revoked") == 1


def test_create_key_refuses_bad_words(owner: Persona) -> None:
    for name, scopes, expires in (("", ["read"], None), ("a", [], None), ("a", ["root"], None), ("a", ["read"], NOW)):
        with pytest.raises(Invalid):
            flows.create_key(owner.actor, name, scopes, expires, now=NOW)


# -- Set-up and operators ------------------------------------------------------------------------------------------------


def test_setup_link_makes_the_first_user_once() -> None:
    first = flows.make_setup_link(now=NOW)
    token = flows.make_setup_link(now=NOW)
    assert first is not None
    assert token is not None
    assert token not in str(list(SetupLink.objects.values()))
    assert [queries.is_setup_link_open(link, now=NOW) for link in (first, token, "x")] == [False, True, False]
    user = flows.use_setup_link(token, email="Olive@Example.com", name="Olive", password="correct horse battery", now=NOW)
    assert (user.email, user.is_operator, user.check_password("correct horse battery")) == ("olive@example.com", True, True)
    assert queries.has_verified(user, "olive@example.com")
    for used in (token, first, ""):
        with pytest.raises(NotFound):
            flows.use_setup_link(used, email="eve@example.com", name="Eve", now=NOW)


def test_setup_link_ends_with_the_first_team_and_in_time(owner: Persona) -> None:
    assert flows.make_setup_link(now=NOW) is None
    SetupLink.objects.create(token_digest="0" * 64, created_at=NOW, expires_at=NOW + DAY)
    assert not queries.is_setup_link_open("x", now=NOW)


def test_setup_link_expires() -> None:
    token = flows.make_setup_link(now=NOW)
    assert token is not None
    with pytest.raises(NotFound):
        flows.use_setup_link(token, email="olive@example.com", name="Olive", now=NOW + 7 * DAY)


@pytest.mark.parametrize("bad", [{"email": "olive"}, {"password": "short"}, {"name": "a\nb"}])
def test_setup_link_survives_bad_input(bad: dict[str, str]) -> None:
    token = flows.make_setup_link(now=NOW)
    assert token is not None
    words = {"email": "olive@example.com", "name": "Olive", "password": "correct horse battery", **bad}
    with pytest.raises(Invalid) as refusal:
        flows.use_setup_link(token, **words, now=NOW)
    assert list(refusal.value.errors) == list(bad)
    assert queries.is_setup_link_open(token, now=NOW)


def test_add_operator_flags_and_makes_users(member: Persona) -> None:
    flows.add_operator(member.email, now=NOW)
    made = flows.add_operator("root@example.com", now=NOW)
    assert User.objects.get(pk=member.user.pk).is_operator
    assert (made.is_operator, made.has_usable_password()) == (True, False)
    assert not member.actor.may(Capability.MANAGE_TEAM)
    before = Event.objects.count()
    flows.add_operator("root@example.com", now=NOW)
    assert Event.objects.count() == before


def test_everything_here_left_a_whole_trail(owner: Persona, member: Persona) -> None:
    invitation, _ = _invite(owner)
    flows.withdraw_invitation(owner.actor, invitation.public_id, now=NOW)
    flows.remove_member(owner.actor, member.membership.public_id, now=NOW)
    assert verify_chain() == []
    assert not any("@" in str(facts) for facts in Event.objects.values_list("facts", flat=True))
