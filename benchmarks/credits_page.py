# SPDX-License-Identifier: Apache-2.0
"""How long the Credits page of an admin takes behind a short and a long ledger.

    python -m benchmarks.credits_page [--rounds 9]

Two copies of one installation, with 1,000 and 1,000,000 ledger lines in the running period, by 25 members on all its days and by
several routes. The page is the real one, asked through Django's test client with the product's settings: middleware, session,
queries, templates, all but the network. Both sizes in turns; medians of the CPU time of the process, which is all of the server's
time: nothing of a page waits for anything else, and a busy machine does not change it. The bar: under 200 ms with 1,000,000 lines,
whatever is shown: the page as it opens, its next page, by member, and with each filter (also one no line passes). Then what an
export costs.
"""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

SIZES = (1_000, 1_000_000)
BAR = 0.200
MEMBERS, DAYS = 25, 20
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=DAYS)


def main() -> int:
    """Print the section; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as folder:
        file, users = set_up(Path(folder))
        files = {lines: copy(file, f"lines{lines}") for lines in SIZES}
        for lines, target in files.items():
            fill(target, lines, users)
        kept = compare(files, users, options.rounds)
        export(files[SIZES[1]])
    return 0 if kept else 1


def copy(file: Path, name: str) -> Path:
    """The same database under another name, in write-ahead mode as the product has it."""
    target = file.with_name(f"{name}.sqlite3")
    with sqlite3.connect(file) as source, sqlite3.connect(target) as connection:
        source.backup(connection)
        connection.execute("PRAGMA journal_mode=WAL")
    return target


def set_up(folder: Path) -> tuple[Path, list[str]]:
    """A migrated installation with one team of some members, and their public ids; the first is the admin."""
    os.environ.update(
        SEALROOM_DATA=str(folder),
        SEALROOM_MASTER_KEY=f"b1 {secrets.token_hex(32)}",
        SEALROOM_BASE_URL="http://127.0.0.1:8000",
        DJANGO_SETTINGS_MODULE="sealroom.project.settings",
    )
    import django  # noqa: PLC0415 -- app ready

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- app ready
    from django.db import connections  # noqa: PLC0415 -- app ready

    from sealroom.accounts.flows import make_user  # noqa: PLC0415 -- app ready
    from sealroom.accounts.models import Membership, User  # noqa: PLC0415 -- app ready
    from sealroom.billing.flows import found_team  # noqa: PLC0415 -- app ready

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    owner = make_user("owner@example.com")
    team = found_team(owner, name="Bench", time_zone="Europe/Paris", language="en", now=START, plan="team", credits=2_000_000)
    for number in range(1, MEMBERS):
        user = make_user(f"member{number}@example.com")
        Membership.objects.create(team=team, user=user, role="user", joined_at=START)
    users = list(User.objects.order_by("pk").values_list("public_id", flat=True))
    connections.close_all()
    return folder / "sealroom.sqlite3", users


def fill(file: Path, lines: int, users: list[str]) -> None:
    """Charges of one credit each, spread over the period so far; what the product keeps beside them is kept here too."""
    with sqlite3.connect(file) as connection:
        team, lot, start = connection.execute("SELECT team_id, id, issued_at FROM credits_lot").fetchone()
        number, balance = connection.execute("SELECT next_number, balance FROM credits_wallet").fetchone()
        step = timedelta(days=DAYS) / lines

        def at(n: int) -> str:
            return f"{START + n * step:%Y-%m-%d %H:%M:%S.%f}"

        def actor(n: int) -> str:
            return users[n * n % 97 % MEMBERS]

        connection.executemany(
            "INSERT INTO credits_charge (id, team_id, actor, key, request_digest, amount, balance_after, about, at, period_start) "
            "VALUES (?, ?, ?, ?, '', 1, 0, '', ?, ?)",
            ((n, team, actor(n), f"k{n}", at(n), start) for n in range(1, lines + 1)),
        )
        connection.executemany(
            "INSERT INTO credits_entry (team_id, number, at, kind, delta, balance_after, lot_id, charge_id, actor, route, about, "
            "note, period_start) VALUES (?, ?, ?, 'charge', -1, ?, ?, ?, ?, ?, '', 'Term sheet.pdf', ?)",
            (
                (team, number + n - 1, at(n), balance - n, lot, n, actor(n), ("web", "web", "outlook", "api")[n % 4], start)
                for n in range(1, lines + 1)
            ),
        )
        connection.execute("UPDATE credits_lot SET remaining = remaining - ?", (lines,))
        connection.execute(
            "UPDATE credits_wallet SET balance = balance - ?, next_number = next_number + ?, period_used = ?", (lines, lines, lines)
        )
        connection.execute(
            "INSERT INTO credits_usagesum (team_id, period_start, actor, quarter, used) "
            "SELECT team_id, period_start, actor, CAST(strftime('%s', at) AS INTEGER) / 900 AS quarter, COUNT(*) "
            "FROM credits_charge GROUP BY team_id, period_start, actor, quarter"
        )


def pages(users: list[str], cursor: str) -> dict[str, str]:
    """What is asked for, by its name in the table."""
    week = f"{NOW - timedelta(days=14):%Y-%m-%d}", f"{NOW - timedelta(days=8):%Y-%m-%d}"
    return {
        "as it opens": "",
        "its second page": f"?cursor={cursor}",
        "by member": "?by=member",
        "lines of one member": f"?actor={users[3]}",
        "lines of a member who has none": "?actor=usr_nobody",
        "lines by a route nobody used": "?route=smtp",
        "what was given back (nothing)": "?kind=reversal",
        "one member by one route": f"?actor={users[3]}&route=api&kind=charge",
        "a week two weeks ago": f"?when=dates&since={week[0]}&until={week[1]}",
        "the period before (nothing)": "?when=previous",
        "all time": "?when=all",
    }


def compare(files: dict[int, Path], users: list[str], rounds: int) -> bool:
    """Each page behind both ledgers in turns; whether the bar is kept."""
    print("\n## Credits page\n")
    print(f"Server time (CPU) of an admin's page, through every layer but the network; medians of {rounds} rounds in turns.\n")
    print(f"| page | {SIZES[0]:,} lines | {SIZES[1]:,} lines | Bar | Holds |\n|---|---:|---:|---|---|")
    clients = {lines: admin_of(file) for lines, file in files.items()}
    kept = True
    for name in pages(users, ""):
        spent: dict[int, list[float]] = {lines: [] for lines in SIZES}
        for turn in range(rounds + 1):
            for lines, file in files.items():
                use(file)
                seconds = ask(clients[lines], pages(users, f"ent_{lines - 24}")[name])
                if turn:  # the first one fills caches of templates and pages of the file
                    spent[lines].append(seconds)
        short, long = (median(spent[lines]) for lines in SIZES)
        kept &= long <= BAR
        verdict = "yes" if long <= BAR else "**no**"
        print(f"| {name} | {short * 1000:.0f} ms | {long * 1000:.0f} ms | ≤ {BAR * 1000:.0f} ms | {verdict} |")
    return kept


def use(file: Path) -> None:
    """Have Django work on a copy."""
    from django.db import connections  # noqa: PLC0415 -- app ready

    connection = connections["default"]
    if connection.settings_dict["NAME"] != str(file):
        connection.close()
        connection.settings_dict["NAME"] = str(file)


def admin_of(file: Path) -> Any:
    """A browser in which the admin is signed in."""
    from django.test import Client  # noqa: PLC0415 -- app ready

    from sealroom.accounts.models import User  # noqa: PLC0415 -- app ready

    use(file)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.order_by("pk").first())  # type: ignore[arg-type]
    return client


def ask(client: Any, query: str) -> float:
    """The seconds one page takes."""
    began = time.process_time()
    response = client.get(f"/credits/{query}")
    elapsed = time.process_time() - began
    assert response.status_code == 200, response.status_code
    return elapsed


def export(file: Path) -> None:
    """What taking the whole ledger along costs, and that it never is in memory."""
    print("\nExport of all lines, read as it is made.\n\n| file | CPU seconds | until its first byte | size | memory grew by |")
    print("|---|---:|---:|---:|---:|")
    client = admin_of(file)
    for form in ("csv", "xlsx"):
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        response = client.post("/credits/export/", {"format": form, "when": "all"})
        first, size = None, 0
        for part in _parts(response):
            first = first or time.process_time() - began
            size += len(part)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        took = time.process_time() - began
        print(f"| {form.upper()} | {took:.0f} | {first or took:.2f} s | {size / 1e6:.0f} MB | {grown:.0f} MB |")


def _parts(response: Any) -> Iterator[bytes]:
    assert response.status_code == 200, response.status_code
    yield from response.streaming_content
    response.close()


if __name__ == "__main__":
    sys.exit(main())
