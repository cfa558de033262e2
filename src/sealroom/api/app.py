# SPDX-License-Identifier: Apache-2.0
"""The API as an object: authentication, refusals, strict input, and the parts that answer."""

from __future__ import annotations

from typing import Any

import pydantic
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from sealroom.accounts import queries as accounts
from sealroom.accounts.rules import Actor
from sealroom.api.errors import problem, problem_for
from sealroom.core.errors import DomainError
from sealroom.httpkit.address import client_address


class Body(Schema):
    """Base of every request body: unknown fields are refused, never ignored."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)


class BearerKey(HttpBearer):
    """`Authorization: Bearer <key>`; keys in the query string are refused because addresses end up in logs."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's actor, with at most the capabilities of its scopes."""
        return accounts.actor_for_key(token, now=timezone.now(), ip=client_address(request))


def actor_of(request: HttpRequest) -> Actor:
    """Who calls."""
    actor = request.auth  # type: ignore[attr-defined]
    assert isinstance(actor, Actor)
    return actor


api = NinjaAPI(
    title="Sealroom",
    version="1",
    urls_namespace="api",
    openapi_url="openapi.json",
    docs_url=None,
    auth=BearerKey(),
    description="Send documents, control them, and read what became of them. Errors are RFC 9457 problems with a stable 'code'.",
)


@api.exception_handler(DomainError)
def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    return problem_for(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    for item in error.errors:
        where = ".".join(str(part) for part in _field(item))
        errors.setdefault(where or "body", []).append(str(item.get("msg", "invalid")))
    return problem(request, "invalid", {"errors": errors})


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, "unauthenticated")


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, "invalid", {"errors": {"body": [str(error)]}})


def _field(item: dict[str, Any]) -> list[object]:
    """The place of an error without the names ninja wraps around it ('body', the parameter)."""
    place = list(item.get("loc", ()))
    return place[2:] if len(place) > 2 and place[0] in {"body", "form", "file"} else place[1:]
