# SPDX-License-Identifier: Apache-2.0
"""API keys: the caller's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.accounts.rules import Capability
from sealroom.api.app import Body, actor_of

router = Router(tags=["keys"])


class KeyIn(Body):
    """A key. `scopes`: read, send, rooms, admin; it never may more than the key that makes it."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Literal["read", "send", "rooms", "admin"]] = Field(min_length=1, max_length=4)
    expires_at: AwareDatetime | None = None


class KeyOut(Schema):
    """A key without its secret."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """A new key. `secret` is told once and never again."""

    secret: str


class KeysOut(Schema):
    """All own keys, newest first, revoked ones included."""

    items: list[KeyOut]
    next: str | None = None


@router.get("/keys", response=KeysOut, summary="Own keys")
def list_keys(request: HttpRequest) -> KeysOut:
    """Without their secrets, which nobody knows any more."""
    rows = queries.list_keys(actor_of(request))
    return KeysOut(items=[KeyOut.model_validate(row, from_attributes=True) for row in rows])


@router.post("/keys", response={201: NewKeyOut}, summary="Make a key")
def create(request: HttpRequest, body: KeyIn) -> Status[NewKeyOut]:
    """Takes no Idempotency-Key: a stored answer would hold the secret. 403 for rights the calling key does not have."""
    actor, now = actor_of(request), timezone.now()
    actor.require(Capability.SEND)  # a key that only reads makes no other
    expires_at = body.expires_at.astimezone(UTC) if body.expires_at else None
    token, secret = accounts.create_key(actor, body.name, body.scopes, expires_at, now=now)
    row = next(row for row in queries.list_keys(actor) if row.id == token.public_id)
    return Status(201, NewKeyOut(**KeyOut.model_validate(row, from_attributes=True).model_dump(), secret=secret))


@router.delete("/keys/{key_id}", response={204: None}, summary="End a key at once")
def revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """An own key, as an admin any of the team's. Ending it twice is harmless. 403 for keys that only read."""
    actor = actor_of(request)
    actor.require(Capability.SEND)  # a key that only reads ends no other
    accounts.revoke_key(actor, key_id, now=timezone.now())
    return HttpResponse(status=204)
