# SPDX-License-Identifier: Apache-2.0
"""The API as an object: authentication, refusals, strict input, and the parts that answer."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import pydantic
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.security import HttpBearer

from sealroom.accounts import queries as accounts
from sealroom.accounts.rules import ACCESS_PREFIX, DEVICE_SCOPE, Actor, Route
from sealroom.api.errors import PROBLEM_TYPE, problem, problem_for
from sealroom.core.errors import DomainError, Forbidden
from sealroom.httpkit.address import client_address
from sealroom.httpkit.denials import note_bad_order, note_denied
from sealroom.httpkit.faults import is_busy, is_full

# How a client of ours names itself, so that the ledger can tell the routes apart. It gives no rights.
_ROUTES = {"cli": Route.CLI}

# What a mail client's token reaches; a call added later is closed to it until it is listed here.
_MAIL_CALLS = frozenset({"me", "credits", "documents", "uploads", "drafts", "sends"})

Limit = Annotated[int, pydantic.Field(ge=1, le=100)]  # rows of a page


class Body(Schema):
    """Base of every request body: unknown fields are refused, never ignored, and so is the character NUL (no database keeps it)."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        if isinstance(value, dict):
            texts = [text for part in value.values() for text in (part if isinstance(part, list) else [part])]
            if any(isinstance(text, str) and "\0" in text for text in texts):
                raise ValueError("the character NUL is not allowed")
        return value


class BearerKey(HttpBearer):
    """`Authorization: Bearer <key>`; keys in the query string are refused because addresses end up in logs."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's actor, with at most the capabilities of its scopes. A mail client's token is refused where no mail client has
        anything to do: raises `Forbidden`."""
        if token.startswith(ACCESS_PREFIX):
            return _device(request, token)
        route = _ROUTES.get(request.headers.get("Sealroom-Client", ""), Route.API)
        return accounts.actor_for_key(token, now=timezone.now(), ip=client_address(request), route=route)


def _device(request: HttpRequest, token: str) -> Actor | None:
    actor = accounts.actor_for_device(token, now=timezone.now(), ip=client_address(request))
    match = request.resolver_match
    call = match.route.removeprefix("api/v1/").split("/", maxsplit=1)[0] if match else ""
    if actor is not None and call not in _MAIL_CALLS:
        raise Forbidden(scopes=[DEVICE_SCOPE])
    return actor


def actor_of(request: HttpRequest) -> Actor:
    """Who calls."""
    actor = request.auth  # type: ignore[attr-defined]
    assert isinstance(actor, Actor)
    return actor


class Described(NinjaAPI):
    """Adds to the description what holds for every call: the problem a refusal is, and the key of a repeatable write."""

    def get_openapi_schema(self, **_options: Any) -> OpenAPISchema:
        """The whole description; made once, because that takes a second of the processor and anybody may ask for it."""
        return self._described

    @cached_property
    def _described(self) -> OpenAPISchema:
        schema = super().get_openapi_schema()
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        refusal = {"description": "Refused", "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        for address, methods in schema["paths"].items():
            for method, call in methods.items():
                call["responses"] = {str(status): answer for status, answer in call["responses"].items()} | {"default": refusal}
                if method != "get" and not address.endswith(
                    ("/keys", "/keys/{key_id}", "/quote", "/auth/device", "/auth/token", "/auth/revoke")
                ):
                    call.setdefault("parameters", []).append(_REPEAT)
        return schema


class Problem(Schema):
    """A refusal (RFC 9457). Facts stand as further members beside these; see the list of codes."""

    type: str
    title: str
    status: int
    code: str
    request_id: str


_REPEAT = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating the call with the same key and content gives the same answer for 24 hours.",
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~]*$"},
}

api = Described(
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
    actor = getattr(request, "auth", None)
    note_denied(request, actor if isinstance(actor, Actor) else None, error)
    return problem_for(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    for item in error.errors:
        where = ".".join(str(part) for part in _field(item))
        errors.setdefault(where or "body", []).append(str(item.get("msg", "invalid")))
    actor = getattr(request, "auth", None)
    if isinstance(actor, Actor) and "/billing/" in request.path:
        note_bad_order(request, actor, errors)
    return problem(request, "invalid", {"errors": errors})


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, "unauthenticated")


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, "invalid", {"errors": {"body": [str(error)]}})


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(request, "too_large", {"limit": settings.DATA_UPLOAD_MAX_MEMORY_SIZE})


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(request, "invalid", {"errors": {"body": ["cannot be read"]}})


@api.exception_handler(OperationalError)
@api.exception_handler(OSError)
def _machine(request: HttpRequest, error: Exception) -> HttpResponse:
    if is_busy(error):
        return problem(request, "busy")
    if is_full(error):
        return problem(request, "storage_full")
    raise error


def _field(item: dict[str, Any]) -> list[object]:
    """The place of an error without the names ninja wraps around it ('body', the parameter)."""
    place = list(item.get("loc", ()))
    return place[2:] if len(place) > 2 and place[0] in {"body", "form", "file"} else place[1:]
