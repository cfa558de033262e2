# SPDX-License-Identifier: Apache-2.0
"""The command plays scenario files as documented: without folder, server or network, one JSON document on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
LEDGER: dict[str, Any] = json.loads((SCENARIOS / "ledger.json").read_text(encoding="utf-8"))


def simulate(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """As from a shell in an empty folder, with settings around that would not work for a server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEALROOM_", "DJANGO_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "SEALROOM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    return subprocess.run(
        [sys.executable, "-m", "sealroom.cli.main", "simulate", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Our own ledger scenarios, played once."""
    empty = tmp_path_factory.mktemp("empty")
    done = simulate(str(SCENARIOS / "ledger.json"), "--json", cwd=empty)
    assert (done.returncode, list(empty.iterdir())) == (0, []), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_ledger_answers_in_the_shape_of_its_input(played: dict[str, Any]) -> None:
    assert list(played) == ["kind", "scenarios"]
    shape = [(one["id"], len(one["steps"])) for one in played["scenarios"]]
    assert shape == [(one["id"], len(one["steps"])) for one in LEDGER["scenarios"]]


@pytest.mark.parametrize("number", range(len(LEDGER["scenarios"])), ids=[one["id"] for one in LEDGER["scenarios"]])
def test_ledger_scenario_goes_as_told(played: dict[str, Any], number: int) -> None:
    asked, answered = LEDGER["scenarios"][number], played["scenarios"][number]
    assert answered["steps"] == [step["expect"] for step in asked["steps"]]
    assert answered["final"] == asked["final"]


def test_boundaries_answer_every_case(tmp_path: Path) -> None:
    asked = json.loads((SCENARIOS / "boundaries.json").read_text())
    done = simulate(str(SCENARIOS / "boundaries.json"), "--json", cwd=tmp_path)
    answered = json.loads(done.stdout)
    assert answered == {
        "kind": "boundaries",
        "cases": [{"id": case["id"], "expected": case["expected"]} for case in asked["cases"]],
    }


def test_timeline_is_for_people_and_asks_nothing_of_the_expectation(tmp_path: Path) -> None:
    scenario = {
        "id": "T1",
        "title": "two sends",
        "team": {"credits": 110, "at": "2026-03-10T00:00:00Z", "admins": ["admin@example.com"]},
        "steps": [
            {
                "op": "send",
                "at": "2026-03-12T10:00:00Z",
                "user": "u1",
                "files": ["F1"],
                "recipients": ["r@example.org"],
                "key": "a",
            },
            {"op": "add_blocks", "blocks": 1, "key": "p", "payment": "succeeded", "expect": {"result": "ok", "granted": 500}},
        ],
    }
    file = tmp_path / "file.json"
    file.write_text(json.dumps({"kind": "ledger", "scenarios": [scenario]}))
    done = simulate(str(file), cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "T1: two sends",
        "at                    operation   result   balance  notices",
        "2026-03-12T10:00:00Z  send        ok           109           charged 1",
        "                      add_blocks  refused      109           code not_built, granted 0",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"kind": "proration", "cases": []}', "this version plays boundaries and ledger"),
        ('{"kind": "ledger"}', "has no list of scenarios"),
        ('{"kind": "ledger", "scenarios": [{"id": 1, "team": {}, "steps": [{"op": "steal"}]}]}', "there is no operation 'steal'"),
        ('{"kind": "ledger", "scenarios": [{"id": 1, "steps": [{"op": "tick"}]}]}', "scenario 1 needs 'team'"),
        ('{"kind": "boundaries", "cases": [{"id": 1, "kind": "tide"}]}', "is of kind 'tide'"),
        ('{"kind": "boundaries", "cases": [{"id": 1, "kind": "credit_reset", "anchor": "soon", "k": 1}]}', "'soon' is neither"),
    ],
)
def test_file_that_cannot_be_played_is_told_in_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    done = simulate(str(file), "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_missing_file_is_told(tmp_path: Path) -> None:
    done = simulate("nowhere.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "sealroom simulate: nowhere.json cannot be read: No such file or directory.\n")
