# SPDX-License-Identifier: Apache-2.0
"""What holds for every call: problems, methods, other origins, headers, languages."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from tests.factories.api import Caller

import sealroom
from sealroom.api.errors import TABLE, entry_for
from sealroom.core.errors import DomainError

ROOT = Path(sealroom.__file__).parents[2]


def _codes() -> Iterator[str]:
    for module in pkgutil.walk_packages(sealroom.__path__, "sealroom."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("sealroom."):
            yield kind.code


def test_every_refusal_of_a_room_has_a_status_and_a_sentence() -> None:
    assert sorted(set(_codes()) - set(TABLE)) == []


def test_documentation_lists_every_code_with_its_status() -> None:
    text = (ROOT / "docs/api/errors.md").read_text()
    listed = {code: int(status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text, re.MULTILINE)}
    assert listed == {code: status for code, (status, _) in TABLE.items()}


def test_sentences_are_french_too() -> None:
    with translation.override("fr"):
        french = {code: str(sentence) for code, (_, sentence) in TABLE.items()}
    with translation.override("en"):
        english = {code: str(sentence) for code, (_, sentence) in TABLE.items()}
    assert [code for code in TABLE if french[code] == english[code]] == []


def test_limits_without_a_sentence_share_one() -> None:
    assert (entry_for("limit_new")[0], entry_for("never_heard")[0]) == (422, 500)


def test_problem_speaks_the_callers_language(admin: Caller) -> None:
    english = admin.call("GET", "/sends/absent", headers={"Accept-Language": "en"})
    french = admin.call("GET", "/sends/absent", headers={"Accept-Language": "fr"})
    assert (english.body["title"], french.body["title"]) == ("There is no such thing here.", "Il n’y a rien de tel ici.")
    assert (french.body["type"], french.body["request_id"]) == ("urn:sealroom:error:not_found", french.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/", "/absent", "/documents/", "/me/", "/sends//x", "/docs/", "/../me", "/documents/%00"])
def test_address_that_is_none_is_a_problem(admin: Caller, path: str) -> None:
    answer = admin.get(path)
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.headers.get("Location") is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/me", {"GET"}),
        ("PUT", "/documents", {"GET", "POST"}),
        ("GET", "/sends/quote", {"POST"}),
        ("PATCH", "/keys", {"GET", "POST"}),
    ],
)
def test_other_methods_are_405_with_those_allowed(admin: Caller, method: str, path: str, allowed: set[str]) -> None:
    answer = admin.call(method, path)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/me", "/documents", "/absent", "/openapi.json", "/sends/x/revoke"])
def test_pages_of_any_origin_may_ask_first(db: None, path: str) -> None:
    response = Client().options(
        f"/api/v1{path}",
        headers={
            "Origin": "https://mail.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(response.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))


@pytest.mark.parametrize(("path", "status"), [("/me", 200), ("/absent", 404), ("/me?x=1", 400), ("/openapi.json", 200)])
def test_every_answer_may_be_read_by_pages_of_any_origin(admin: Caller, path: str, status: int) -> None:
    answer = admin.call("GET", path, headers={"Origin": "https://mail.example.com"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_other_door_is_open_to_other_origins(db: None) -> None:
    response = Client().get("/accounts/login/", headers={"Origin": "https://mail.example.com"})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_head_is_get_without_a_body(admin: Caller) -> None:
    full, head = admin.get("/me"), admin.call("HEAD", "/me")
    assert (full.status, head.status, head.body) == (200, 200, b"")
    assert int(head.headers["Content-Length"]) > 50


def test_description_needs_no_key_and_names_every_call(db: None) -> None:
    answer = Caller("").get("/openapi.json")
    assert (answer.status, answer.body["openapi"][:3], answer.body["info"]["title"]) == (200, "3.1", "Sealroom")
    assert answer.body["components"]["securitySchemes"] == {"BearerKey": {"type": "http", "scheme": "bearer"}}
    wanted = {
        "/me", "/credits", "/credits/ledger", "/documents", "/documents/{document_id}", "/documents/{document_id}/versions",
        "/documents/{document_id}/versions/{version_id}/publish", "/sends/quote", "/sends", "/sends/{send_id}",
        "/sends/{send_id}/revoke", "/sends/{send_id}/restore", "/sends/{send_id}/remind", "/sends/{send_id}/cancel",
        "/sends/{send_id}/recipients", "/sends/{send_id}/recipients/{recipient_id}", "/sends/{send_id}/analytics",
        "/sends/{send_id}/events", "/drafts/{draft}", "/drafts/{draft_id}/documents", "/drafts/{draft_id}/quote",
        "/drafts/{draft_id}/commit", "/keys", "/members",
    }  # fmt: skip
    assert {f"/api/v1{path}" for path in wanted} - set(answer.body["paths"]) == set()


def test_pages_for_people_list_calls_and_codes(db: None) -> None:
    response = Client().get("/api/v1/docs")
    text = response.content.decode()
    assert response.status_code == 200
    assert [code for code in TABLE if f"<code>{code}</code>" not in text] == []
    assert "/api/v1/sends/{send_id}/analytics" in text
