# SPDX-License-Identifier: Apache-2.0
"""The human documentation of the API, made on the server from the OpenAPI description: no script, no outside host."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sealroom.api.app import api
from sealroom.api.errors import TABLE


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every call with its parameters, bodies and answers; every error code."""
    schema = api.get_openapi_schema()
    shapes = schema.get("components", {}).get("schemas", {})
    context = {
        "groups": _groups(schema),
        "named": set(shapes),
        "shapes": [
            {
                "name": name,
                "description": shape.get("description", ""),
                "fields": [_field(field, spec, shape) for field, spec in shape.get("properties", {}).items()],
            }
            for name, shape in sorted(shapes.items())
        ],
        "errors": [(code, status, sentence) for code, (status, sentence) in TABLE.items()],
    }
    return render(request, "api/docs.html", context)


def _groups(schema: dict[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            groups.setdefault((call.get("tags") or ["other"])[0], []).append(_call(path, method, call))
    return [{"name": name, "calls": calls} for name, calls in groups.items()]


def _call(path: str, method: str, call: dict[str, Any]) -> dict[str, Any]:
    body = _content(call.get("requestBody", {}))
    answers = [(status, _type(_content(answer))) for status, answer in call.get("responses", {}).items()]
    return {
        "path": path,
        "method": method.upper(),
        "anchor": call.get("operationId", path),
        "summary": call.get("summary", ""),
        "description": call.get("description", ""),
        "parameters": [(one["name"], one["in"], _type(one.get("schema", {}))) for one in call.get("parameters", [])],
        "body": _type(body) if body else "",
        "answers": answers,
    }


def _content(holder: dict[str, Any]) -> dict[str, Any]:
    """The shape of a body or answer, whatever its media type."""
    for media in holder.get("content", {}).values():
        shape: dict[str, Any] = media.get("schema", {})
        return shape
    return {}


def _field(name: str, spec: dict[str, Any], shape: dict[str, Any]) -> tuple[str, str, bool]:
    return name, _type(spec), name in shape.get("required", [])


def _type(spec: dict[str, Any]) -> str:
    if "$ref" in spec:
        return str(spec["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in spec:
        return " or ".join(_type(one) for one in spec["anyOf"])
    if "enum" in spec:
        return " | ".join(str(one) for one in spec["enum"])
    if "const" in spec:
        return str(spec["const"])
    if spec.get("type") == "array":
        return f"list of {_type(spec.get('items', {}))}"
    return str(spec.get("format") or spec.get("type") or "object")
