# SPDX-License-Identifier: Apache-2.0
"""Sign-in of mail clients: a code confirmed in the browser (RFC 8628), then tokens of the device. No key is needed here."""

from __future__ import annotations

from typing import Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from sealroom.accounts import flows as accounts
from sealroom.accounts.errors import DeviceRefused
from sealroom.api.app import Body
from sealroom.api.errors import problem
from sealroom.core.errors import Invalid
from sealroom.httpkit.address import client_address

router = Router(tags=["sign-in of mail clients"], auth=None)


class DeviceIn(Body):
    """Who asks: the client's own name, its version, and what its user will know it by (such as "Chrome on Olive's laptop")."""

    client: Literal["gmail-ext", "outlook-addin", "thunderbird-ext"]
    version: str = Field("", max_length=20)
    label: str = Field("", max_length=80)


class DeviceOut(Schema):
    """Show `user_code`, open `verification_uri_complete`, and ask for tokens every `interval` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval: int
    expires_in: int


class TokenIn(Body):
    """The device code until it is confirmed, afterwards the last refresh token. One of the two."""

    device_code: str = Field("", max_length=100)
    refresh_token: str = Field("", max_length=100)


class TokenOut(Schema):
    """`access_token` serves for `expires_in` seconds; `refresh_token` once, for the next two."""

    token_type: str
    access_token: str
    refresh_token: str
    expires_in: int
    scope: str


class RevokeIn(Body):
    """Either token of the device."""

    token: str = Field(min_length=1, max_length=100)


@router.post("/auth/device", response=DeviceOut, summary="Begin the sign-in of a mail client")
def device(request: HttpRequest, body: DeviceIn) -> DeviceOut:
    """Grants nothing: a member confirms the code in the browser where he is signed in."""
    asked = accounts.ask_for_device(
        body.client, version=body.version, label=body.label, ip=client_address(request), now=timezone.now()
    )
    page = settings.SEALROOM_BASE_URL + reverse("web:connect")
    return DeviceOut(
        device_code=asked.device_code,
        user_code=asked.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={asked.user_code}",
        interval=asked.interval,
        expires_in=asked.expires_in,
    )


@router.post("/auth/token", response=TokenOut, summary="Tokens of a mail client")
def token(request: HttpRequest, body: TokenIn) -> TokenOut | HttpResponse:
    """400 with the code of RFC 8628 (`authorization_pending`, `slow_down`, `access_denied`, `expired_token`) or `invalid_grant`,
    the same in `error`. A refresh token that is used twice ends its device."""
    if bool(body.device_code) == bool(body.refresh_token):
        raise Invalid({"device_code": ["send this or refresh_token"]})
    ip, now = client_address(request), timezone.now()
    try:
        if body.device_code:
            tokens = accounts.exchange_code(body.device_code, ip=ip, now=now)
        else:
            tokens = accounts.refresh_tokens(body.refresh_token, ip=ip, now=now)
    except DeviceRefused as refusal:
        return problem(request, refusal.code, {"error": refusal.code, **refusal.facts})
    return TokenOut(
        token_type="Bearer",  # noqa: S106 -- the type, not the token
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=tokens.expires_in,
        scope="mail:send",
    )


@router.post("/auth/revoke", response={204: None}, summary="Sign a mail client out")
def revoke(request: HttpRequest, body: RevokeIn) -> HttpResponse:
    """Ends the device of the token at once. An unknown token is no fault."""
    accounts.end_by_token(body.token, now=timezone.now())
    return HttpResponse(status=204)
