# SPDX-License-Identifier: Apache-2.0
"""Commands that need no server, each as a real process on a copy of the demo."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Demo, Shell
from tests.patterns import lay_installation

pytestmark = pytest.mark.slow


@pytest.fixture
def lived_in(demo: Demo, tmp_path: Path) -> Shell:
    """A data folder with the demo."""
    shutil.copytree(demo.folder, tmp_path / "data")
    return Shell(tmp_path / "data")


def ask(shell: Shell, query: str) -> list[tuple[object, ...]]:
    """Rows of the installation's database."""
    with closing(sqlite3.connect(shell.data / "sealroom.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def tamper(shell: Shell, statement: str) -> None:
    """Change what nothing in the product can: the triggers go first."""
    with closing(sqlite3.connect(shell.data / "sealroom.sqlite3")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        assert connection.execute(statement).rowcount > 0
        connection.commit()


def test_demo_is_made_once_and_told_again(demo: Demo, lived_in: Shell) -> None:
    assert set(demo.facts) == {"base_url", "api_key", "admin", "user"}
    assert [demo.facts[role]["email"] for role in ("admin", "user")] == ["admin@example.com", "user@example.com"]
    assert (demo.folder / "demo.json").stat().st_mode & 0o777 == 0o600
    again = lived_in("demo", "--json")
    assert json.loads(again.stdout) == demo.facts
    assert demo.facts["admin"]["password"] in lived_in("demo").stdout
    states = ask(lived_in, "SELECT state, subject FROM sends_send ORDER BY id")
    assert [subject for _, subject in states] == [
        "Floor plan",
        "First figures",
        "Floor plan, second look",
        "Series A",
        "For the audit",
    ]
    assert ask(lived_in, "SELECT COUNT(*) FROM viewing_pageview") == [(2,)]
    assert ask(lived_in, "SELECT COUNT(*) FROM documents_version WHERE state = 'ready'") == [
        (6,)
    ]  # three are the data room's copies


def test_the_demo_has_a_data_room_with_people_rights_and_questions(demo: Demo, lived_in: Shell) -> None:
    assert ask(lived_in, "SELECT name, state FROM datarooms_dataroom") == [("Project Alder", "open")]
    items = (
        "SELECT i.name, p.name FROM datarooms_item i JOIN documents_document d ON d.id = i.document_id"
        " JOIN datarooms_item p ON p.id = i.parent_id ORDER BY i.id"
    )
    assert ask(lived_in, items) == [("Term sheet.pdf", "Company"), ("Forecast.pdf", "Finance"), ("Floor plan.png", "Premises")]
    assert ask(lived_in, "SELECT name FROM datarooms_item WHERE document_id IS NULL ORDER BY position") == [
        ("Company",),
        ("Finance",),
        ("Premises",),
        ("Board only",),
    ]
    people = (
        "SELECT g.address, g.role, p.name FROM datarooms_guest g LEFT JOIN datarooms_groupmember m ON m.guest_id = g.id"
        " LEFT JOIN datarooms_group p ON p.id = m.group_id ORDER BY g.id"
    )
    assert ask(lived_in, people) == [
        ("investor@example.com", "guest", "Bidders"),
        ("counsel@example.com", "guest", "Bidders"),
        ("auditor@example.com", "guest", "Advisers"),
        ("user@example.com", "co_owner", None),
    ]
    assert ask(lived_in, 'SELECT "right" FROM datarooms_rightrow ORDER BY id') == [
        ("view",),
        ("none",),
        ("print",),
        ("download_pdf",),
    ]
    assert ask(lived_in, "SELECT subject, state FROM datarooms_question ORDER BY number") == [
        ("Revenue of year 2", "answered"),
        ("Lease", "open"),
    ]


def test_demo_is_refused_where_it_would_disturb(lived_in: Shell, tmp_path: Path) -> None:
    (lived_in.data / "demo.json").unlink()
    beside = lived_in("demo", "--json")
    assert (beside.returncode, "there are teams already" in beside.stderr) == (1, True)
    fresh = Shell(tmp_path / "fresh")
    public = fresh("demo", SEALROOM_BASE_URL="https://files.example.com")
    assert (public.returncode, "public address" in public.stderr) == (1, True)
    mailing = fresh("demo", "--force", SEALROOM_SMTP_URL="smtp://127.0.0.1:9")
    assert (mailing.returncode, "mail leaves this machine" in mailing.stderr) == (1, True)
    forced = lived_in("demo", "--json", "--force")
    assert forced.returncode == 0, forced.stderr
    assert json.loads(forced.stdout)["admin"]["email"] != "admin@example.com"


def test_plan_is_set_by_name_and_refused_with_a_reason(lived_in: Shell) -> None:
    done = lived_in("plan", "set", "Demo team", "pro", "--credits", "77", "--interval", "year")
    assert (done.returncode, done.stdout) == (0, "Demo team has the plan pro\n")
    plan = "SELECT p.code, s.interval, s.credits_override FROM billing_subscription s JOIN billing_plan p ON p.id = s.plan_id"
    assert ask(lived_in, plan) == [("pro", "year", 77)]
    assert lived_in("plan", "set", "Nobody", "pro").returncode == 1
    assert lived_in("plan", "set", "Demo team", "gold").returncode == 1
    assert lived_in("plan", "set", "Demo team", "pro", "--at", "tomorrow").returncode == 2
    assert lived_in("plan", "set", "Demo team", "pro", "--credits", "-1").returncode == 2


def test_operator_is_added(lived_in: Shell) -> None:
    assert lived_in("operator", "add", "ops@example.com").returncode == 0
    assert ask(lived_in, "SELECT is_operator FROM accounts_user WHERE email = 'ops@example.com'") == [(1,)]
    assert lived_in("operator", "add", "no address").returncode == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET facts = '{}' WHERE id = (SELECT MAX(id) FROM audit_event WHERE facts <> '{}')",
        "UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE number = 2 AND team <> ''",
        "DELETE FROM audit_event WHERE number = 3",
        "DELETE FROM audit_event WHERE id = (SELECT id FROM audit_event WHERE team <> '' ORDER BY number DESC LIMIT 1)",
    ],
)
def test_audit_finds_what_was_changed_behind_its_back(lived_in: Shell, change: str) -> None:
    whole = lived_in("audit", "verify")
    assert (whole.returncode, whole.stdout) == (0, "the chain holds\n")
    tamper(lived_in, change)
    broken = lived_in("audit", "verify")
    assert (broken.returncode, "faults" in broken.stdout) == (1, True)


def test_check_finds_a_wrong_ledger_and_a_lost_blob(lived_in: Shell) -> None:
    whole = lived_in("check", "--bytes")
    assert (whole.returncode, whole.stdout) == (0, "nothing is wrong\n")
    tamper(lived_in, "UPDATE credits_entry SET delta = delta + 1, balance_after = balance_after + 1 WHERE number = 2")
    ((key,),) = ask(lived_in, "SELECT original_key FROM documents_version LIMIT 1")
    (lost,) = [path for path in (lived_in.data / "blobs").rglob("*") if path.is_file() and str(key).endswith(path.name[-8:])][:1]
    lost.unlink()
    broken = lived_in("check")
    assert (broken.returncode, "entries" in broken.stdout, "missing" in broken.stdout) == (1, True, True), broken.stdout


def test_backup_is_restored_elsewhere(lived_in: Shell, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    without = lived_in("backup", str(kept))
    assert (without.returncode, "without the master keys" in without.stdout, (kept / "keys").exists()) == (0, True, False)
    assert lived_in("backup", str(kept)).returncode == 1  # never into a folder that holds something
    other = Shell(tmp_path / "elsewhere")
    restored = other("restore", str(kept))
    assert (restored.returncode, "put the master keys" in restored.stderr) == (1, True)
    shutil.copy2(lived_in.data / "keys", other.data / "keys")
    checked = other("check", "--bytes")
    assert (checked.returncode, checked.stdout) == (0, "nothing is wrong\n"), checked.stderr
    assert ask(other, "SELECT sha256 FROM documents_version ORDER BY id") == ask(
        lived_in, "SELECT sha256 FROM documents_version ORDER BY id"
    )
    assert other("restore", str(kept)).returncode == 1  # never over data


def test_backup_with_keys_is_whole(lived_in: Shell, tmp_path: Path) -> None:
    assert lived_in("backup", "--with-keys", str(tmp_path / "kept")).returncode == 0
    other = Shell(tmp_path / "elsewhere")
    assert other("restore", str(tmp_path / "kept")).returncode == 0
    assert other("check", "--bytes").returncode == 0


def test_doctor_names_what_is_missing(lived_in: Shell) -> None:
    said = lived_in("doctor")
    lines = said.stdout.splitlines()
    assert [line for line in lines if line.startswith(("ok ", "missing "))] == lines
    assert {"sandbox", "mail", "address", "disk"} <= {line.split()[1].rstrip(":") for line in lines} | {"sandbox"}
    assert said.returncode == 1  # mail goes nowhere and the address is not https


def test_two_prepare_one_folder_at_the_same_time(shell: Shell) -> None:
    both = [shell.start("prepare") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert [out for out, _ in said] == ["ready\n", "ready\n"]
    assert shell.data.stat().st_mode & 0o077 == 0
    assert (shell.data / "sealroom.sqlite3").stat().st_mode & 0o077 == 0


def test_static_files_are_collected_once_and_again_when_one_is_lost(shell: Shell) -> None:
    lay_installation(shell.data)
    (mark, kept, lost) = (shell.data / "static" / name for name in ("collected", "staticfiles.json", "web/css/billing.css"))
    before = (mark.read_text(), kept.stat().st_mtime_ns)
    assert shell("prepare").returncode == 0
    assert (mark.read_text(), kept.stat().st_mtime_ns) == before, "nothing was to do"
    lost.unlink()
    assert shell("prepare").returncode == 0
    assert (mark.read_text(), lost.is_file(), kept.stat().st_mtime_ns > before[1]) == (before[0], True, True)


@pytest.mark.parametrize("words", [[], ["unknown"], ["plan"], ["audit"], ["send", "x"], ["serve", "--port", "x"]])
def test_words_that_are_off_end_with_2(shell: Shell, words: list[str]) -> None:
    said = shell(*words)
    assert (said.returncode, said.stderr.startswith("usage: sealroom")) == (2, True)


def test_bad_setting_stops_with_a_sentence(shell: Shell) -> None:
    said = shell("prepare", SEALROOM_BASE_URL="http://files.example.com")
    assert (said.returncode, "Traceback" in said.stderr, "SEALROOM_BASE_URL" in said.stderr) == (1, False, True)
