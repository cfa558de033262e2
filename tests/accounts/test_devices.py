# SPDX-License-Identifier: Apache-2.0
"""Mail clients: let in by a code, given tokens, ended; and app passwords."""

from datetime import datetime, timedelta

import pytest

from sealroom.accounts import flows, queries, rules
from sealroom.accounts.errors import (
    AccessDenied,
    AuthorizationPending,
    DeviceRefused,
    ExpiredToken,
    SlowDown,
    TooManyDevices,
    UnknownUserCode,
)
from sealroom.accounts.models import AppPassword, Device, DeviceRequest, DeviceToken, Membership
from sealroom.accounts.rules import Capability, DeviceAnswer, Route
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.mail.models import OutgoingMail
from tests.conftest import NOW
from tests.factories.accounts import Persona, connect_device, make_device

pytestmark = pytest.mark.django_db
IP = "198.51.100.7"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("state", "age", "since_last", "answer"),
    [
        ("pending", 5, None, DeviceAnswer.PENDING),
        ("pending", 5, 2.9, DeviceAnswer.SLOW_DOWN),
        ("pending", 5, 3, DeviceAnswer.PENDING),
        ("approved", 5, 2.9, DeviceAnswer.SLOW_DOWN),
        ("approved", 599, 3, DeviceAnswer.GRANTED),
        ("approved", 600, 3, DeviceAnswer.EXPIRED),
        ("denied", 5, 0, DeviceAnswer.DENIED),
        ("used", 5, 60, DeviceAnswer.INVALID),
    ],
)
def test_what_a_client_that_asks_is_told(state: str, age: float, since_last: float | None, answer: DeviceAnswer) -> None:
    now = later(age)
    polled = None if since_last is None else now - timedelta(seconds=since_last)
    assert rules.decide_poll(state, expires_at=later(600), polled_at=polled, interval=3, now=now) is answer


def test_client_is_let_in_once(owner: Persona) -> None:
    asked = flows.ask_for_device("gmail-ext", version="1.0", label="Laptop", ip=IP, now=NOW)
    assert (asked.interval, asked.expires_in) == (3, 600)
    with pytest.raises(AuthorizationPending):
        flows.exchange_code(asked.device_code, ip=IP, now=later(3))
    found = flows.find_request(owner.actor, asked.user_code.lower(), now=later(4))
    assert (found.client, found.label, found.ip, found.user_code) == ("gmail-ext", "Laptop", IP, asked.user_code)
    flows.answer_device(owner.actor, asked.user_code, approve=True, now=later(5))
    tokens = flows.exchange_code(asked.device_code, ip=IP, now=later(6))
    actor = queries.actor_for_device(tokens.access_token, now=later(7), ip=IP)
    assert actor is not None
    assert (actor.user, actor.route) == (owner.user.public_id, Route.GMAIL)
    assert actor.capabilities == {Capability.SEND, Capability.SEE_OWN_USAGE}
    with pytest.raises(DeviceRefused):
        flows.exchange_code(asked.device_code, ip=IP, now=later(60))
    mail = OutgoingMail.objects.get(about=f"user:{owner.user.public_id}")
    assert mail.to_address == "owner@example.com"


def test_secrets_are_not_kept(owner: Persona) -> None:
    asked = flows.ask_for_device("gmail-ext", ip=IP, now=NOW)
    flows.answer_device(owner.actor, asked.user_code, approve=True, now=NOW)
    tokens = flows.exchange_code(asked.device_code, ip=IP, now=NOW)
    _made, password = flows.make_app_password(owner.actor, "Phone", now=NOW)
    kept = str([list(model.objects.values()) for model in (DeviceRequest, DeviceToken, AppPassword)])
    secrets = (asked.device_code, asked.user_code.replace("-", ""), tokens.access_token, tokens.refresh_token, password)
    assert [secret for secret in secrets if secret in kept] == []


def test_who_asks_too_often_waits_longer(owner: Persona) -> None:
    asked = flows.ask_for_device("gmail-ext", ip=IP, now=NOW)
    with pytest.raises(AuthorizationPending):
        flows.exchange_code(asked.device_code, ip=IP, now=later(1))
    with pytest.raises(SlowDown) as refusal:
        flows.exchange_code(asked.device_code, ip=IP, now=later(2))
    assert refusal.value.facts == {"interval": 8}
    with pytest.raises(SlowDown):
        flows.exchange_code(asked.device_code, ip=IP, now=later(9))


def test_refused_late_and_unknown_codes(owner: Persona, stranger: Persona) -> None:
    refused = flows.ask_for_device("outlook-addin", ip=IP, now=NOW)
    flows.answer_device(owner.actor, refused.user_code, approve=False, now=NOW)
    with pytest.raises(AccessDenied):
        flows.exchange_code(refused.device_code, ip=IP, now=NOW)
    with pytest.raises(UnknownUserCode):  # answered already
        flows.answer_device(stranger.actor, refused.user_code, approve=True, now=NOW)
    late = flows.ask_for_device("outlook-addin", ip=IP, now=NOW)
    with pytest.raises(UnknownUserCode):
        flows.answer_device(owner.actor, late.user_code, approve=True, now=later(600))
    with pytest.raises(ExpiredToken):
        flows.exchange_code(late.device_code, ip=IP, now=later(600))
    with pytest.raises(DeviceRefused):
        flows.exchange_code("unknown", ip=IP, now=NOW)
    with pytest.raises(Invalid):
        flows.ask_for_device("stranger-ext", ip=IP, now=NOW)
    assert Device.objects.count() == 0


def test_codes_are_limited(owner: Persona) -> None:
    for _ in range(20):
        asked = flows.ask_for_device("gmail-ext", ip=IP, now=NOW)
    with pytest.raises(RateLimited):
        flows.ask_for_device("gmail-ext", ip=IP, now=NOW)
    for _ in range(10):
        with pytest.raises(UnknownUserCode):
            flows.find_request(owner.actor, "BBBB-BBBB", now=NOW)
    with pytest.raises(RateLimited):  # the right one too
        flows.answer_device(owner.actor, asked.user_code, approve=True, now=NOW)


def test_refresh_rotates_and_a_copied_token_ends_the_device(owner: Persona) -> None:
    first = connect_device(owner, now=NOW)
    assert queries.actor_for_device(first.access_token, now=later(3600)) is None
    second = flows.refresh_tokens(first.refresh_token, ip=IP, now=later(3600))
    assert queries.actor_for_device(second.access_token, now=later(3601)) is not None
    with pytest.raises(DeviceRefused):
        flows.refresh_tokens(first.refresh_token, ip=IP, now=later(3602))
    assert queries.actor_for_device(second.access_token, now=later(3603)) is None
    with pytest.raises(DeviceRefused):
        flows.refresh_tokens(second.refresh_token, ip=IP, now=later(3604))
    assert queries.list_devices(owner.actor) == []


def test_access_token_is_no_refresh_token(owner: Persona) -> None:
    tokens = connect_device(owner, now=NOW)
    with pytest.raises(DeviceRefused):
        flows.refresh_tokens(tokens.access_token, ip=IP, now=NOW)
    assert queries.actor_for_device(tokens.refresh_token, now=NOW) is None


def test_devices_are_listed_and_ended_by_their_member(owner: Persona, member: Persona) -> None:
    tokens = connect_device(owner, "thunderbird-ext", now=NOW)
    queries.actor_for_device(tokens.access_token, now=later(120), ip="203.0.113.9")
    (view,) = queries.list_devices(owner.actor)
    assert (view.client, view.label, view.last_used_at, view.last_ip) == ("thunderbird-ext", "Laptop", later(120), "203.0.113.9")
    assert queries.list_devices(member.actor) == []
    with pytest.raises(NotFound):
        flows.revoke_device(member.actor, view.id, now=NOW)
    flows.revoke_device(owner.actor, view.id, now=NOW)
    assert queries.actor_for_device(tokens.access_token, now=later(121)) is None
    flows.revoke_device(owner.actor, view.id, now=NOW)


def test_signing_out_ends_the_device(owner: Persona) -> None:
    tokens = connect_device(owner, now=NOW)
    flows.end_by_token("unknown", now=NOW)
    flows.end_by_token(tokens.refresh_token, now=NOW)
    assert queries.actor_for_device(tokens.access_token, now=NOW) is None


def test_device_dies_with_its_members_place(owner: Persona, member: Persona) -> None:
    tokens = connect_device(member, now=NOW)
    _made, password = flows.make_app_password(member.actor, "Phone", now=NOW)
    Membership.objects.filter(pk=member.membership.pk).update(removed_at=NOW)
    assert queries.actor_for_device(tokens.access_token, now=NOW) is None
    assert flows.sign_in_by_app_password(member.email, password, ip=IP, now=NOW) is None
    with pytest.raises(DeviceRefused):
        flows.refresh_tokens(tokens.refresh_token, ip=IP, now=NOW)


def test_a_member_has_no_more_than_fifty(owner: Persona) -> None:
    device = make_device(owner, now=NOW)
    Device.objects.bulk_create(
        [Device(membership=owner.membership, client=device.client, created_at=NOW) for _ in range(rules.MOST_DEVICES - 1)]
    )
    asked = flows.ask_for_device("gmail-ext", ip=IP, now=NOW)
    with pytest.raises(TooManyDevices):
        flows.answer_device(owner.actor, asked.user_code, approve=True, now=NOW)
    flows.answer_device(owner.actor, asked.user_code, approve=False, now=NOW)


def test_app_password_signs_in_its_own_member(owner: Persona, member: Persona) -> None:
    made, password = flows.make_app_password(owner.actor, " Phone ", now=NOW)
    assert (len(password), made.label) == (24, "Phone")
    signed = flows.sign_in_by_app_password("Owner@Example.com", f" {password[:12]}-{password[12:]}", ip=IP, now=NOW)
    assert signed is not None
    assert (signed.actor.user, signed.actor.route, queries.still_signed_in(signed)) == (owner.user.public_id, Route.SMTP, signed)
    assert flows.sign_in_by_app_password(member.email, password, ip=IP, now=NOW) is None
    (view,) = queries.list_app_passwords(owner.actor)
    assert (view.client, view.label, view.last_used_at, view.last_ip) == ("smtp", "Phone", NOW, IP)
    with pytest.raises(NotFound):
        flows.revoke_app_password(member.actor, view.id, now=NOW)
    flows.revoke_app_password(owner.actor, view.id, now=NOW)
    assert queries.still_signed_in(signed) is None
    assert flows.sign_in_by_app_password(owner.email, password, ip=IP, now=NOW) is None
    with pytest.raises(Invalid):
        flows.make_app_password(owner.actor, " ", now=NOW)


def test_wrong_app_passwords_lock_out(owner: Persona) -> None:
    _made, password = flows.make_app_password(owner.actor, "Phone", now=NOW)
    for number in range(5):
        assert flows.sign_in_by_app_password(owner.email, "x" * 24, ip=f"198.51.100.{number}", now=NOW) is None
    with pytest.raises(RateLimited):
        flows.sign_in_by_app_password(owner.email, password, ip="198.51.100.9", now=NOW)
    assert flows.sign_in_by_app_password(owner.email, password, ip="198.51.100.9", now=later(300)) is not None
    for number in range(10):
        assert flows.sign_in_by_app_password(f"nobody{number}", "x" * 24, ip=IP, now=later(301)) is None
    with pytest.raises(RateLimited):
        flows.sign_in_by_app_password(owner.email, password, ip=IP, now=later(301))
