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

from sealroom.cli.simulation.scenario import OPERATIONS
from sealroom.cli.simulation.stage import GUARDS

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
LEDGERS = ("ledger.json", "purchases.json")
ASKED = [one for name in LEDGERS for one in json.loads((SCENARIOS / name).read_text(encoding="utf-8"))["scenarios"]]
PRORATION = '{"kind": "proration", "cases": [{"id": 1, "period": {"start": %s, "end": %s}, "change_at": %s, "old": %s}]}'
PURCHASE = (
    '{"kind": "ledger", "scenarios": [{"id": 1, "team": {"credits": 1, "at": "2026-03-10"}, "steps": [{"op": "add_blocks", %s}]}]}'
)


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


def told(file: Path, cwd: Path) -> dict[str, Any]:
    """A file's answer; nothing is left in the folder it was asked from."""
    done = simulate(str(file), "--json", cwd=cwd)
    assert (done.returncode, list(cwd.iterdir())) == (0, []), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Our own ledger scenarios by id, each file played once."""
    files = [told(SCENARIOS / name, tmp_path_factory.mktemp("empty")) for name in LEDGERS]
    assert [(list(file), file["kind"]) for file in files] == [(["kind", "scenarios"], "ledger")] * len(files)
    return {one["id"]: one for file in files for one in file["scenarios"]}


def test_ledger_answers_every_scenario_in_its_order(played: dict[str, dict[str, Any]]) -> None:
    assert list(played) == [one["id"] for one in ASKED]


@pytest.mark.parametrize("asked", ASKED, ids=[one["id"] for one in ASKED])
def test_ledger_scenario_goes_as_told(played: dict[str, dict[str, Any]], asked: dict[str, Any]) -> None:
    answered = played[asked["id"]]
    assert answered["steps"] == [step["expect"] for step in asked["steps"]]
    assert answered["final"] == asked["final"]


@pytest.mark.parametrize("kind", ["boundaries", "proration"])
def test_cases_are_answered_each(tmp_path: Path, kind: str) -> None:
    file = SCENARIOS / f"{kind}.json"
    cases = json.loads(file.read_text())["cases"]
    expected = [{"id": case["id"], "expected": case["expected"]} for case in cases]
    assert told(file, tmp_path) == {"kind": kind, "cases": expected}


def test_the_documented_year_is_printed_as_documented(tmp_path: Path) -> None:
    page = (ROOT / "docs/operating/simulate.md").read_text()
    done = simulate(str(ROOT / "docs/operating/virtual-year.json"), cwd=tmp_path)
    assert page.count("```") == 2
    assert done.stdout.strip().splitlines() == page.split("```")[1].strip().splitlines()


def test_every_operation_is_documented() -> None:
    page = (ROOT / "docs/operating/simulate.md").read_text()
    assert [name for name in OPERATIONS if f"`{name}`" not in page] == []


def test_stage_has_every_guard_that_migrations_make() -> None:
    guarding = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src/sealroom").glob("*/migrations/*.py")
        if "append_only" in path.read_text() and "import" in path.read_text()
    }
    assert set(GUARDS) == guarding


def test_own_catalogue_sets_the_prices(tmp_path: Path) -> None:
    default = (ROOT / "src/sealroom/billing/catalogue.toml").read_text()
    (tmp_path / "own.toml").write_text(default.replace('prices = { USD = "25.00"', 'prices = { USD = "30.00"'))
    team = {"plan": "pro", "at": "2026-04-01T00:00:00Z"}
    asked = {"id": "Q", "team": team, "steps": [{"op": "quote", "at": "2026-04-16T00:00:00Z", "blocks": 1}]}
    (tmp_path / "ask.json").write_text(json.dumps({"kind": "ledger", "scenarios": [asked]}))
    done = simulate("ask.json", "--json", "--catalogue", "own.toml", cwd=tmp_path)
    assert json.loads(done.stdout)["scenarios"][0]["steps"][0]["due_cents"] == 1500
    (tmp_path / "own.toml").write_text("currencies = []")
    done = simulate("ask.json", "--catalogue", "own.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


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
        "at                    operation   result  balance  notices  money",
        "2026-03-12T10:00:00Z  send        ok          109                                      charged 1",
        "                      add_blocks  ok          609           invoice 1: 23.05 USD paid  granted 500",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"kind": "tides", "cases": []}', "known are boundaries, proration, ledger"),
        ('{"kind": "proration", "cases": [{"id": 1}]}', "case 1 needs 'period'"),
        (PRORATION % ('"2026-05-01"', '"2026-04-01"', '"2026-04-16"', "[]"), "the period ends before it has begun"),
        (PRORATION % ('"2026-04-01"', '"2026-05-01"', '"soon"', "[]"), "'soon' is neither a date nor an instant"),
        (PRORATION % ('"2026-04-01"', '"2026-05-01"', '"2026-04-16"', '[{"item": "p"}]'), "needs 'unit_price_cents'"),
        (PRORATION % ('"2026-04-01"', '"2026-05-01"', '"2026-04-16"', '[{"item": "p", "unit_price_cents": -1}]'), "is 0 or more"),
        (PURCHASE % '"blocks": 0', "'blocks' is 1 or more"),
        (PURCHASE % '"blocks": 1, "payment": "perhaps"', "'payment' is succeeded, failed or pending"),
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
