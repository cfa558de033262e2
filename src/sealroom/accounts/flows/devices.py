# SPDX-License-Identifier: Apache-2.0
"""Mail clients of a member: let in by a code (the shape of RFC 8628), given tokens, ended."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from sealroom.accounts import queries, rules
from sealroom.accounts.errors import (
    AccessDenied,
    AuthorizationPending,
    DeviceRefused,
    ExpiredToken,
    SlowDown,
    TooManyDevices,
    UnknownUserCode,
)
from sealroom.accounts.models import Device, DeviceRequest, DeviceToken, Membership
from sealroom.accounts.rules import Actor, Capability, DeviceAnswer
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core import ids, ratelimit
from sealroom.core.errors import NotFound, RateLimited
from sealroom.mail import flows as mail

_REFUSALS = {
    DeviceAnswer.PENDING: AuthorizationPending,
    DeviceAnswer.SLOW_DOWN: SlowDown,
    DeviceAnswer.DENIED: AccessDenied,
    DeviceAnswer.EXPIRED: ExpiredToken,
    DeviceAnswer.INVALID: DeviceRefused,
}


@dataclass(frozen=True)
class Asked:
    """What a client that asks to be let in holds: `device_code` is secret, `user_code` is for people. Seconds."""

    device_code: str
    user_code: str
    interval: int
    expires_in: int


@dataclass(frozen=True)
class Tokens:
    """What a device carries from now on; told once."""

    access_token: str
    refresh_token: str
    expires_in: int


def ask_for_device(client: str, *, version: str = "", label: str = "", ip: str, now: datetime) -> Asked:
    """Begin letting a client in; nothing is granted yet. Raises `Invalid` (client, label), `RateLimited` by source address."""
    rules.clean_choice(client, tuple(rules.CLIENTS), field="client")
    label = rules.clean_label(label, required=False)
    limit, per = rules.DEVICE_CODES_PER_IP
    ratelimit.take("device.ask", ratelimit.source_of(ip), limit=limit, per=per, now=now)
    code = ids.new_secret()
    user_code = "".join(secrets.choice(rules.USER_CODE_LETTERS) for _ in range(rules.USER_CODE_LENGTH))
    with transaction.atomic():
        DeviceRequest.objects.filter(expires_at__lt=now - rules.DEVICE_CODE_LIFETIME).delete()
        DeviceRequest.objects.create(
            code_digest=ids.digest(code),
            user_code_digest=queries.user_code_digest(user_code),
            client=client,
            version=rules.clean_name(version, field="version", required=False)[:20],
            label=label,
            ip=ip,
            interval=rules.DEVICE_POLL_SECONDS,
            made_at=now,
            expires_at=now + rules.DEVICE_CODE_LIFETIME,
        )
    seconds = int(rules.DEVICE_CODE_LIFETIME.total_seconds())
    return Asked(code, rules.shown_user_code(user_code), rules.DEVICE_POLL_SECONDS, seconds)


def find_request(actor: Actor, user_code: str, *, now: datetime) -> queries.DeviceRequestView:
    """The client that waits under a user code, for the member who is to answer. Raises `UnknownUserCode`; `RateLimited` for who
    tries many codes."""
    actor.require(Capability.SEND)
    limit, per = rules.USER_CODES_PER_USER
    ratelimit.take("device.code", actor.user, limit=limit, per=per, now=now)
    found = queries.waiting_device(user_code, now=now)
    if found is None:
        raise UnknownUserCode
    ratelimit.give_back("device.code", actor.user, now=now)
    return found


def answer_device(actor: Actor, user_code: str, *, approve: bool, now: datetime) -> None:
    """Let the client that waits under a user code in, or turn it away. The member is told by mail of each he let in. Raises
    `UnknownUserCode` (answered already, too late), `RateLimited`, `TooManyDevices`."""
    find_request(actor, user_code, now=now)
    with transaction.atomic():
        membership = Membership.objects.select_for_update(no_key=True).get(
            team_id=actor.team_id, user_id=actor.user_id, removed_at=None
        )
        living = Device.objects.filter(membership=membership, revoked_at=None).count()
        if approve and living >= rules.MOST_DEVICES:
            raise TooManyDevices(limit=rules.MOST_DEVICES)
        rows = DeviceRequest.objects.filter(
            user_code_digest=queries.user_code_digest(rules.clean_user_code(user_code)), state="pending", expires_at__gt=now
        )
        request = rows.first()
        if request is None or not rows.update(state="approved" if approve else "denied", membership=membership):
            raise UnknownUserCode
        verb = Verb.DEVICE_CONNECTED if approve else Verb.DEVICE_DENIED
        audit.record(actor.who, verb, "user", actor.user, now=now, client=request.client, label=request.label, from_ip=request.ip)
        if approve:
            _tell(actor, request, now=now)


def exchange_code(device_code: str, *, ip: str, now: datetime) -> Tokens:
    """Tokens for a client that was let in; once. Raises a `DeviceRefused` with the code of RFC 8628 that says how it stands."""
    with transaction.atomic():
        rows = DeviceRequest.objects.select_for_update(no_key=True, of=("self",))
        request = rows.filter(code_digest=ids.digest(device_code)).first()
        if request is None:
            raise DeviceRefused
        answer = rules.decide_poll(
            request.state, expires_at=request.expires_at, polled_at=request.polled_at, interval=request.interval, now=now
        )
        request.polled_at = now
        if answer is DeviceAnswer.SLOW_DOWN:
            request.interval += rules.SLOWER_BY_SECONDS
        tokens = None
        if answer is DeviceAnswer.GRANTED:
            request.state = "used"
            tokens = _let_in(request, ip=ip, now=now)
        request.save()
    if tokens is None:  # raised out here: what was written about the question stays
        raise _REFUSALS[answer](interval=request.interval)
    return tokens


def refresh_tokens(refresh_token: str, *, ip: str, now: datetime) -> Tokens:
    """New tokens for a used-up refresh token. One that comes a second time was copied by somebody: the device is ended, whoever
    asks. Raises `DeviceRefused`."""
    with transaction.atomic():
        rows = DeviceToken.objects.select_for_update(no_key=True, of=("self",)).select_related("device__membership__user")
        token = rows.filter(digest=ids.digest(refresh_token), is_refresh=True).first()
        device = token.device if token is not None else None
        if token is None or device is None or device.revoked_at is not None or now >= token.expires_at:
            raise DeviceRefused
        was_used = token.used_at is not None
        if was_used:
            _end(device, reason="reused", now=now)
        elif device.membership.removed_at is not None or not device.membership.user.is_active:
            raise DeviceRefused
        else:
            DeviceToken.objects.filter(pk=token.pk).update(used_at=now)
            tokens = _issue(device, ip=ip, now=now)
    if was_used:
        raise DeviceRefused
    return tokens


def end_by_token(token: str, *, now: datetime) -> None:
    """End the device of a token, of either kind. An unknown one is no fault (RFC 7009)."""
    with transaction.atomic():
        found = DeviceToken.objects.select_related("device__membership__user").filter(digest=ids.digest(token)).first()
        if found is not None and found.device.revoked_at is None:
            _end(found.device, reason="signed_out", now=now)


def revoke_device(actor: Actor, device_id: str, *, now: datetime) -> None:
    """End one of the actor's own devices at once. Twice is harmless. Raises `NotFound`."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        rows = Device.objects.select_for_update(no_key=True, of=("self",)).select_related("membership__user", "membership__team")
        device = rows.filter(membership__team_id=actor.team_id, membership__user_id=actor.user_id, public_id=device_id).first()
        if device is None:
            raise NotFound(kind="device", id=device_id)
        if device.revoked_at is None:
            _end(device, reason="revoked", now=now)


def _let_in(request: DeviceRequest, *, ip: str, now: datetime) -> Tokens:
    membership = request.membership
    assert membership is not None
    device = Device.objects.create(
        membership=membership, client=request.client, version=request.version, label=request.label, created_at=now
    )
    return _issue(device, ip=ip, now=now)


def _issue(device: Device, *, ip: str, now: datetime) -> Tokens:
    DeviceToken.objects.filter(device=device, expires_at__lt=now).delete()
    access, refresh = rules.ACCESS_PREFIX + ids.new_secret(), rules.REFRESH_PREFIX + ids.new_secret()
    for token, is_refresh, life in (
        (access, False, rules.ACCESS_TOKEN_LIFETIME),
        (refresh, True, rules.REFRESH_TOKEN_LIFETIME),
    ):
        DeviceToken.objects.create(device=device, digest=ids.digest(token), is_refresh=is_refresh, expires_at=now + life)
    Device.objects.filter(pk=device.pk).update(last_used_at=now, last_ip=ip)
    return Tokens(access, refresh, int(rules.ACCESS_TOKEN_LIFETIME.total_seconds()))


def _end(device: Device, *, reason: str, now: datetime) -> None:
    Device.objects.filter(pk=device.pk).update(revoked_at=now)
    user, team = device.membership.user, device.membership.team
    who = Who(ActorKind.MEMBER, user.public_id, team=team.public_id, label=user.email, route="api")
    audit.record(who, Verb.DEVICE_REVOKED, "device", device.public_id, now=now, reason=reason)


def _tell(actor: Actor, request: DeviceRequest, *, now: datetime) -> None:
    """The member hears of it by mail: a code read out on the telephone is how such sign-ins are stolen."""
    with translation.override(actor.language):
        sentence = gettext("A mail program was connected to your account. If it was not you, revoke it under My Settings.")
    with suppress(RateLimited):
        mail.compose(
            "accounts/mail/notice",
            to=actor.email,
            key=f"device:{request.pk}",
            language=actor.language,
            context={"sentence": sentence, "timestamp": now, "ip": request.ip, "user_agent": request.label or request.client},
            about=f"user:{actor.user}",
            team=actor.team,
            now=now,
        )
