# SPDX-License-Identifier: Apache-2.0
"""What every answer passes: its name, its headers, its language, and an honest word when the database is busy."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings
from tests.processes import Database, do, note

from sealroom.httpkit.faults import is_busy
from sealroom.httpkit.middleware import DatabaseBusy


def _breaks(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret detail")


def _database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("database is locked")


def _fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [
    path("breaks/", _breaks),
    path("api/breaks/", _breaks),
    path("busy/", _database),
    path("api/busy/", _database),
    path("fine/", _fine),
]
for number in (400, 403, 404, 500):
    names = {400: "bad_request", 403: "forbidden", 404: "not_found", 500: "server_error"}
    globals()[f"handler{number}"] = f"sealroom.httpkit.pages.{names[number]}"

CASES = [
    ("/fine/", 200),
    ("/absent/", 404),
    ("/breaks/", 500),
    ("/busy/", 503),
    ("/api/breaks/", 500),
    ("/api/busy/", 503),
    ("/api/absent", 404),
]


@pytest.fixture
def browser(db: None, settings: Settings) -> Client:
    """Sees the answers to faults, as a visitor would; at the addresses of this module."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("address", "status"), CASES)
def test_every_answer_carries_the_headers(browser: Client, address: str, status: int) -> None:
    response = browser.get(address)
    headers = response.headers
    assert response.status_code == status
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-store"
    assert "camera=()" in headers["Permissions-Policy"]
    assert re.fullmatch(r"req_\w{20,}", headers["X-Request-Id"])
    policy = headers["Content-Security-Policy"]
    assert {"default-src 'none'", "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert ("Retry-After" in headers) == (status == 503)
    assert b"secret detail" not in response.content
    assert b"locked" not in response.content


def test_transport_security_is_promised_under_https_only(browser: Client, settings: Settings) -> None:
    assert "Strict-Transport-Security" not in browser.get("/fine/").headers
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert browser.get("/fine/").headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(("language", "title"), [("en", "There is nothing here"), ("fr", "Il n’y a rien ici")])
def test_error_pages_speak_the_readers_language(browser: Client, language: str, title: str) -> None:
    response = browser.get("/absent/", headers={"Accept-Language": language})
    text = response.content.decode()
    assert title in text
    assert f'lang="{language}"' in text


def test_error_page_names_the_request(browser: Client) -> None:
    page = browser.get("/breaks/")
    assert page.headers["X-Request-Id"] in page.content.decode()
    problem = browser.get("/api/breaks/")
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert (problem.json()["code"], problem.json()["request_id"]) == ("error", problem.headers["X-Request-Id"])


@pytest.mark.parametrize(("address", "status"), [("/fine/", 200), ("/absent/", 404)])
def test_head_has_the_headers_of_get_and_no_body(browser: Client, address: str, status: int) -> None:
    response = browser.head(address)
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["Content-Type"] == browser.get(address).headers["Content-Type"]


def test_two_requests_have_two_names(browser: Client) -> None:
    assert browser.get("/fine/").headers["X-Request-Id"] != browser.get("/fine/").headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("database is locked"), True), (OperationalError("database table is locked"), True),
        (OperationalError("server closed the connection unexpectedly"), True),
        (OperationalError("terminating connection due to administrator command"), True),
        (OperationalError("no such table: x"), False), (ValueError("locked"), False),
    ],
)  # fmt: skip
def test_only_faults_that_pass_are_busy(error: Exception, expected: bool) -> None:
    assert is_busy(error) is expected
    answer = DatabaseBusy(lambda request: HttpResponse()).process_exception(RequestFactory().get("/api/x"), error)
    assert (answer.status_code if answer else None) == (503 if expected else None)


def test_locked_database_is_503_for_a_while_and_then_works(sqlite_database: Database, tmp_path: Path) -> None:
    do(sqlite_database, _while_locked, sqlite_database.file, tmp_path / "seen")
    assert json.loads((tmp_path / "seen").read_text()) == [[503, "2"]] * 3 + [[401, None], [302, None], [302, None]]


def _while_locked(file: Path, seen: Path) -> None:
    """In a process of its own on the file: while another connection holds the database, and after that. A call with a key, a page
    of a member (whose session is read before any view), and a form."""
    connections["default"].settings_dict["OPTIONS"] = {**connections["default"].settings_dict["OPTIONS"], "timeout": 0.2}
    browser = Client(raise_request_exception=False)
    answers: list[tuple[int, str | None]] = []

    def ask() -> None:
        browser.cookies["sealroom"] = "a" * 32
        responses = [
            browser.get("/api/v1/me", headers={"Authorization": "Bearer sr_live_x"}),
            browser.get("/sends/"),
            browser.post("/draft/", {"recipients": "a@example.net"}),
        ]
        answers.extend((response.status_code, response.headers.get("Retry-After")) for response in responses)

    connections["default"].close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")  # with a write-ahead log, readers would not notice
        other.execute("BEGIN EXCLUSIVE")
        ask()
        other.execute("ROLLBACK")
    ask()
    note(seen, json.dumps(answers))
