# SPDX-License-Identifier: Apache-2.0
"""Requests made from the description, good and bad: whatever is sent, nothing breaks, and what is promised comes back."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from tests.factories.api import Caller

from sealroom.api import urls  # noqa: F401 -- adds the calls
from sealroom.api.app import api

EXAMPLES = 8  # good and bad ones of each call
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPEN = {f"/api/v1/auth/{name}" for name in ("device", "token", "revoke")}  # asked by who has no key yet, or gives it back
CALLS = sorted((method.upper(), path) for path, methods in api.get_openapi_schema()["paths"].items() for method in methods)
LIMITED = settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))

pytestmark = pytest.mark.slow


@cache
def described() -> schemathesis.BaseSchema:
    """The API as it describes itself, answering without a network."""
    schema: schemathesis.BaseSchema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_no_request_breaks_a_call(admin: Caller, method: str, path: str, mode: GenerationMode) -> None:
    known = {"document_id": admin.document(), "send_id": admin.send([admin.document()], ["a@example.net"])["id"]}
    known["room_id"] = admin.post("/datarooms", {"name": "Project Alder"}).body["id"]

    @LIMITED
    @seed(1)
    @given(case=described()[path][method].as_strategy(generation_mode=mode))
    def fuzz(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters.update({name: value for name, value in known.items() if name in case.path_parameters})
        case.call_and_validate(headers={"Authorization": f"Bearer {admin.key}"}, checks=CHECKS)
        if path in OPEN:
            return
        refused = case.call(headers={"Authorization": "Bearer none"})
        assert refused.status_code in {400, 401, 404, 405}, refused.status_code

    fuzz()
