# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key on writes: the same key and body get the same answer, another body is refused."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Status
from pydantic import BaseModel

from sealroom.api.app import actor_of
from sealroom.core.errors import Invalid
from sealroom.core.idempotency import Answer, answer_once
from sealroom.core.ids import new_id
from sealroom.core.secrets import keyring

HEADER = "Idempotency-Key"
_LONGEST = 200

Given = ParamSpec("Given")
Result = BaseModel | Status[Any] | HttpResponse
View = Callable[Concatenate[HttpRequest, Given], Result]


def key_of(request: HttpRequest) -> str:
    """The key sent with the request, or "". Raises `Invalid` when it is too long or not printable ASCII."""
    key = request.headers.get(HEADER, "").strip()
    if len(key) > _LONGEST or not key.isascii() or (key and not key.isprintable()):
        raise Invalid({HEADER: ["1 to 200 printable ASCII characters"]})
    return key


def charge_key_of(request: HttpRequest) -> str:
    """The key under which a deed charges: the caller's, or a fresh one (then a repetition is another deed)."""
    return key_of(request) or new_id("key")


def repeatable(view: View[Given]) -> View[Given]:
    """A write whose repetitions under the same Idempotency-Key get the stored answer (header `Idempotent-Replayed: true`). Stands
    under the router's own decorator. Without the header nothing is kept."""

    @wraps(view)
    def answered(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        key = key_of(request)
        if not key:
            return view(request, *args, **kwargs)
        scope = f"api:{actor_of(request).user}"
        answer = answer_once(scope, key, _digest(request), lambda: _answer(view(request, *args, **kwargs)), now=timezone.now())
        response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
        if not answer.body:
            del response.headers["Content-Type"]
        if answer.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    # The router reads the parameters' types here; by name they would be looked up in this module, which does not know them.
    answered.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
    return answered


def _answer(result: Result) -> Answer:
    if isinstance(result, HttpResponse):
        return Answer(result.status_code, result.content)
    status, body = (result.status_code, result.value) if isinstance(result, Status) else (200, result)
    return Answer(status, body.model_dump_json().encode())


def _digest(request: HttpRequest) -> str:
    """What tells two requests under one key apart: method, address and content; for uploads the names and bytes of the files.

    Keyed with the installation's secret: a body may hold a passcode, and who copies the database must not be able to try it."""
    key = keyring().derive("api-request-digest")
    digest = hmac.new(key, f"{request.method}\n{request.get_full_path()}\n".encode(), hashlib.sha256)
    if request.content_type == "multipart/form-data":
        for field, file in request.FILES.items():
            assert not isinstance(file, list)
            digest.update(f"{field}\n{file.name}\n{file.size}\n".encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    elif request.body:
        digest.update(json.dumps(json.loads(request.body), sort_keys=True).encode())
    return digest.hexdigest()
