# SPDX-License-Identifier: Apache-2.0
"""The same write sent by many at one time under one key happens once, in processes that share nothing but the database."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.factories.accounts import make_persona
from tests.factories.api import Caller, make_caller
from tests.processes import Database, do, note, race

from sealroom.core.errors import IdempotencyConflict, RateLimited
from sealroom.core.idempotency import CLAIM, KEPT, Answer, answer_once, sweep
from sealroom.core.models import StoredAnswer

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


def test_answer_is_kept_for_the_same_request(db: None) -> None:
    made: list[int] = []

    def work() -> Answer:
        made.append(1)
        return Answer(201, b'{"n": 1}')

    first = answer_once("s", "k", "d", work, now=NOW)
    again = answer_once("s", "k", "d", work, now=NOW + KEPT - timedelta(seconds=1))
    assert (first, again, len(made)) == (Answer(201, b'{"n": 1}'), Answer(201, b'{"n": 1}', replayed=True), 1)
    with pytest.raises(IdempotencyConflict):
        answer_once("s", "k", "other", work, now=NOW)
    assert answer_once("other", "k", "other", work, now=NOW).replayed is False
    assert answer_once("s", "k", "other", work, now=NOW + KEPT + timedelta(seconds=1)).replayed is False


def test_refusal_and_fault_are_not_kept(db: None) -> None:
    assert answer_once("s", "k", "d", lambda: Answer(402, b""), now=NOW).status == 402
    with pytest.raises(ZeroDivisionError):
        answer_once("s", "k", "d", lambda: Answer(1 // 0, b""), now=NOW)
    assert answer_once("s", "k", "d", lambda: Answer(200, b"done"), now=NOW) == Answer(200, b"done")


def test_running_request_makes_others_wait_until_its_claim_lapses(db: None) -> None:
    StoredAnswer.objects.create(scope="s", key="k", request_digest="d", created_at=NOW)
    with pytest.raises(RateLimited):
        answer_once("s", "k", "d", lambda: Answer(200, b""), now=NOW + CLAIM - timedelta(seconds=1))
    assert answer_once("s", "k", "d", lambda: Answer(200, b"x"), now=NOW + CLAIM) == Answer(200, b"x")


def test_sweep_forgets_after_a_day(db: None) -> None:
    answer_once("s", "k", "d", lambda: Answer(200, b""), now=NOW)
    assert (sweep(now=NOW + KEPT), sweep(now=NOW + KEPT + timedelta(seconds=1))) == (0, 1)


def test_same_send_from_six_processes_charges_once(database: Database, tmp_path: Path) -> None:
    prepared, answers, after = tmp_path / "prepared", tmp_path / "answers", tmp_path / "after"
    do(database, _prepare, prepared)
    call = json.loads(prepared.read_text())
    race(database, _send, [(call, answers)] * 6)
    statuses, bodies = zip(*(json.loads(line) for line in answers.read_text().splitlines()), strict=True)
    assert Counter(statuses) == {201: 6}
    assert len(set(bodies)) == 1
    assert json.loads(bodies[0])["charged"] == 10
    do(database, _look, call, after)
    assert json.loads(after.read_text()) == [10, 1]


def _prepare(result: Path) -> None:
    caller = make_caller(make_persona("race@example.com", team_name="Race", now=datetime.now(UTC) - timedelta(hours=1)))
    documents = [caller.document("a.pdf"), caller.document("b.pdf")]
    note(result, json.dumps({"key": caller.key, "documents": documents, "recipients": [f"r{n}@example.net" for n in range(5)]}))


def _send(call: dict[str, object], result: Path) -> None:
    caller = Caller(str(call["key"]))
    body = {"documents": call["documents"], "recipients": call["recipients"]}
    answer = caller.post("/sends", body, key="race-1")
    while answer.status == 429:  # the first is still at it
        time.sleep(0.05)
        answer = caller.post("/sends", body, key="race-1")
    note(result, json.dumps([answer.status, json.dumps(answer.body, sort_keys=True)]))


def _look(call: dict[str, object], result: Path) -> None:
    caller = Caller(str(call["key"]))
    note(result, json.dumps([caller.get("/credits").body["used"], len(caller.get("/sends").body["items"])]))
