# SPDX-License-Identifier: Apache-2.0
"""How fast we charge, beside the raw driver writing the same rows in the same run, on SQLite and on PostgreSQL.

    python -m benchmarks.charging [--seconds 2] [--rounds 5]

A deed is: five pairs, one key, the debit of wallet and lot, the ledger line, one commit that outlives a power cut (SQLite
synchronous=FULL, PostgreSQL fsync=on). Ours does it by `credits.flows.spend`, with the lock, the look-ups, the roll and the audit
line on top; raw is sqlite3 or psycopg with the statements alone. All clients charge one team, so that they meet at its wallet: 1, 8
and 32 processes, ours and raw in turns. The bars, at 8 clients: at least 0.10 of raw sqlite3, 0.15 of raw psycopg. Then the cost
of a deed behind 1,000 and 1,000,000 ledger lines; the bar: within 1.2x.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psycopg
from tests import postgres

if TYPE_CHECKING:
    from tests.processes import Database

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
CLIENTS, BAR_AT = (1, 8, 32), 8
GROWTH, GROWTH_BAR = (1_000, 1_000_000), 1.2
_fork = multiprocessing.get_context("fork")

Deed = Callable[[], None]


def main() -> int:
    """Print the section; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as name, postgres.running() as server:
        folder = Path(name)
        set_up(folder)
        sqlite = on_sqlite(folder)
        print("\n## Charging\n")
        print("Deeds of five pairs a second, all on one team, durable; client processes and the raw driver in turns.")
        print(f"Medians of {options.rounds} rounds; the ratio is the median of the rounds' ratios.\n")
        print("| engine | clients | Sealroom | raw driver | Ratio | Bar | Holds |\n|---|---:|---:|---:|---:|---|---|")
        kept = compare_clients(sqlite, options.seconds, options.rounds)
        if server is None:
            print(f"\nPostgreSQL was not measured: {postgres.MISSING}.")
        else:
            kept &= compare_clients(on_postgresql(server), options.seconds, options.rounds)
        print("\nCPU of one deed behind a short and a long ledger, on SQLite.\n")
        kept &= compare_growth(sqlite, options.rounds)
    return 0 if kept else 1


def set_up(folder: Path) -> None:
    """The product, in this process, without a database yet."""
    os.environ.update(
        SEALROOM_DATA=str(folder),
        SEALROOM_MASTER_KEY=f"b1 {secrets.token_hex(32)}",
        DJANGO_SETTINGS_MODULE="sealroom.project.settings",
    )
    import django  # noqa: PLC0415 -- app ready

    django.setup()


def found() -> None:
    """A migrated installation with one team that has credits enough."""
    from django.core.management import call_command  # noqa: PLC0415 -- app ready

    from sealroom.accounts.flows import make_user  # noqa: PLC0415 -- app ready
    from sealroom.billing.flows import found_team  # noqa: PLC0415 -- app ready

    call_command("migrate", verbosity=0)
    user = make_user("owner@example.com")
    found_team(user, name="Bench", time_zone="UTC", language="en", now=NOW, plan="team", credits=100_000_000)


@dataclass(frozen=True)
class Engine:
    """A database engine to measure on: how to get another copy of the installation, and who the raw client is."""

    name: str
    driver: str
    bar: float
    copy: Callable[[str], Database]
    charge_raw: Callable[[Database], Deed]


def on_sqlite(folder: Path) -> Engine:
    """Files, each a copy of the first."""
    from tests.processes import Database, do  # noqa: PLC0415 -- app ready

    first = folder / "first.sqlite3"
    do(Database.of_file(first), found)

    def copy(name: str) -> Database:
        return Database.of_file(Path(shutil.copy(first, folder / f"{name}.sqlite3")))

    return Engine("SQLite", "sqlite3", 0.10, copy, charge_sqlite3)


def on_postgresql(server: postgres.Server) -> Engine:
    """Databases of one server, each a copy of the first."""
    from tests.processes import Database, do  # noqa: PLC0415 -- app ready

    do(Database(server.create("first")), found)

    def copy(name: str) -> Database:
        return Database(server.create(name, template="first"))

    return Engine("PostgreSQL", "psycopg", 0.15, copy, charge_psycopg)


def compare_clients(engine: Engine, seconds: float, rounds: int) -> bool:
    """Throughput beside the raw driver; whether the bar is kept."""
    own, raw = engine.copy("ours"), engine.copy("raw")
    kept = True
    for clients in CLIENTS:
        pace = [
            (throughput(charge_ours, own, clients, seconds), throughput(engine.charge_raw, raw, clients, seconds))
            for _ in range(rounds)
        ]
        ours, bare = (median(side) for side in zip(*pace, strict=True))
        ratio = median(one / other for one, other in pace)
        verdict = "|"
        if clients == BAR_AT:
            kept = ratio >= engine.bar
            verdict = f"≥ {engine.bar} | {'yes' if kept else '**no**'}"
        print(f"| {engine.name} | {clients} | {ours:.0f} | {bare:.0f} ({engine.driver}) | {ratio:.2f} | {verdict} |", flush=True)
    return kept


def throughput(open_client: Callable[[Database], Deed], database: Database, clients: int, seconds: float) -> float:
    """Deeds a second of some processes together."""
    gate, counts = _fork.Barrier(clients + 1), _fork.Queue()
    processes = [_fork.Process(target=_client, args=(open_client, database, gate, counts, seconds)) for _ in range(clients)]
    for process in processes:
        process.start()
    gate.wait()
    began = time.perf_counter()
    done = sum(counts.get() for _ in processes)
    elapsed = time.perf_counter() - began
    for process in processes:
        process.join()
    return float(done / elapsed)


def _client(open_client: Callable[[Database], Deed], database: Database, gate: object, counts: object, seconds: float) -> None:
    deed = open_client(database)
    deed()
    gate.wait()  # type: ignore[attr-defined]
    ends, done = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        deed()
        done += 1
    counts.put(done)  # type: ignore[attr-defined]


def charge_ours(database: Database) -> Deed:
    """A client of the product's flow."""
    from django.db import transaction  # noqa: PLC0415 -- app ready

    from sealroom.accounts.models import User  # noqa: PLC0415 -- app ready
    from sealroom.accounts.queries import actor_for  # noqa: PLC0415 -- app ready
    from sealroom.credits import flows  # noqa: PLC0415 -- app ready

    database.use()
    actor = actor_for(User.objects.get())
    assert actor is not None

    def deed() -> None:
        key = secrets.token_hex(8)
        pairs = [f"ver_{key}:r{number}@example.com" for number in range(5)]
        with transaction.atomic():
            flows.spend(actor.team_id, pairs, actor=actor, key=key, request_digest=key, now=NOW)

    return deed


def charge_sqlite3(database: Database) -> Deed:
    """A client of the driver: the same rows, no more statements than they need."""
    connection = sqlite3.connect(database.file, timeout=20, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    team, lot, start = connection.execute("SELECT team_id, id, issued_at FROM credits_lot").fetchone()
    at = str(NOW)

    def deed() -> None:
        key = secrets.token_hex(8)
        connection.execute("BEGIN IMMEDIATE")
        wallet, balance, number = connection.execute(
            "SELECT id, balance, next_number FROM credits_wallet WHERE team_id = ?", (team,)
        ).fetchone()
        charge = connection.execute(
            "INSERT INTO credits_charge (team_id, actor, key, request_digest, amount, balance_after, about, at, period_start) "
            "VALUES (?, 'usr', ?, ?, 5, ?, '', ?, ?)",
            (team, key, key, balance - 5, at, start),
        ).lastrowid
        connection.executemany(
            "INSERT INTO credits_paidpair (team_id, key, charge_id, lot_id) VALUES (?, ?, ?, ?)",
            [(team, f"ver_{key}:r{place}@example.com", charge, lot) for place in range(5)],
        )
        connection.execute(
            "UPDATE credits_wallet SET balance = balance - 5, next_number = next_number + 1, period_used = period_used + 5 "
            "WHERE id = ? AND balance >= 5",
            (wallet,),
        )
        connection.execute("UPDATE credits_lot SET remaining = remaining - 5 WHERE id = ?", (lot,))
        connection.execute(
            "INSERT INTO credits_entry (team_id, number, at, kind, delta, balance_after, lot_id, charge_id, actor, route, about, "
            "note, period_start) VALUES (?, ?, ?, 'charge', -5, ?, ?, ?, 'usr', 'web', '', '', ?)",
            (team, number, at, balance - 5, lot, charge, start),
        )
        connection.execute("COMMIT")

    return deed


def charge_psycopg(database: Database) -> Deed:
    """The same for PostgreSQL; the driver prepares the statements by itself."""
    connection = psycopg.connect(database.url, autocommit=True)
    team, lot, start = connection.execute("SELECT team_id, id, issued_at FROM credits_lot").fetchall()[0]

    def deed() -> None:
        key = secrets.token_hex(8)
        with connection.transaction():
            ((wallet, balance, number),) = connection.execute(
                "SELECT id, balance, next_number FROM credits_wallet WHERE team_id = %s FOR NO KEY UPDATE", (team,)
            )
            ((charge,),) = connection.execute(
                "INSERT INTO credits_charge (team_id, actor, key, request_digest, amount, balance_after, about, at, period_start) "
                "VALUES (%s, 'usr', %s, %s, 5, %s, '', %s, %s) RETURNING id",
                (team, key, key, balance - 5, NOW, start),
            )
            connection.execute(
                f"INSERT INTO credits_paidpair (team_id, key, charge_id, lot_id) VALUES {', '.join(['(%s, %s, %s, %s)'] * 5)}",
                [value for place in range(5) for value in (team, f"ver_{key}:r{place}@example.com", charge, lot)],
            )
            connection.execute(
                "UPDATE credits_wallet SET balance = balance - 5, next_number = next_number + 1, period_used = period_used + 5 "
                "WHERE id = %s AND balance >= 5",
                (wallet,),
            )
            connection.execute("UPDATE credits_lot SET remaining = remaining - 5 WHERE id = %s", (lot,))
            connection.execute(
                "INSERT INTO credits_entry (team_id, number, at, kind, delta, balance_after, lot_id, charge_id, actor, route, "
                "about, note, period_start) VALUES (%s, %s, %s, 'charge', -5, %s, %s, %s, 'usr', 'web', '', '', %s)",
                (team, number, NOW, balance - 5, lot, charge, start),
            )

    return deed


def compare_growth(engine: Engine, rounds: int) -> bool:
    """CPU of one client's deeds behind a short and a long ledger, in turns; whether the bar is kept."""
    files = {lines: engine.copy(f"lines{lines}") for lines in GROWTH}
    for lines, target in files.items():
        fill(target.file, lines)
    cost: dict[int, list[float]] = {lines: [] for lines in GROWTH}
    for _ in range(rounds):
        for lines, target in files.items():
            cost[lines].append(_in_process(target))
    short, long = (median(cost[lines]) * 1000 for lines in GROWTH)
    holds = long / short <= GROWTH_BAR
    print("| lines of the ledger | ms CPU | Ratio | Bar | Holds |\n|---:|---:|---:|---|---|")
    print(f"| {GROWTH[0]:,} | {short:.2f} | | | |")
    print(f"| {GROWTH[1]:,} | {long:.2f} | {long / short:.2f} | ≤ {GROWTH_BAR} | {'yes' if holds else '**no**'} |")
    return holds


def fill(file: Path, lines: int) -> None:
    """Ledger lines of earlier charges in the running period, one pair each."""
    with sqlite3.connect(file) as connection:
        team, lot, start = connection.execute("SELECT team_id, id, issued_at FROM credits_lot").fetchone()
        first = connection.execute("SELECT next_number, balance FROM credits_wallet").fetchone()
        connection.executemany(
            "INSERT INTO credits_charge (id, team_id, actor, key, request_digest, amount, balance_after, about, at, period_start) "
            "VALUES (?, ?, 'usr', ?, '', 1, 0, '', ?, ?)",
            ((n, team, f"k{n}", start, start) for n in range(1, lines + 1)),
        )
        connection.executemany(
            "INSERT INTO credits_paidpair (team_id, key, charge_id, lot_id) VALUES (?, ?, ?, ?)",
            ((team, f"ver_{n}:r@example.com", n, lot) for n in range(1, lines + 1)),
        )
        connection.executemany(
            "INSERT INTO credits_entry (team_id, number, at, kind, delta, balance_after, lot_id, charge_id, actor, route, about, "
            "note, period_start) VALUES (?, ?, ?, 'charge', -1, ?, ?, ?, 'usr', 'web', '', '', ?)",
            ((team, first[0] + n, start, first[1] - n - 1, lot, n + 1, start) for n in range(lines)),
        )
        connection.execute("UPDATE credits_lot SET remaining = remaining - ?", (lines,))
        connection.execute(
            "UPDATE credits_wallet SET balance = balance - ?, next_number = next_number + ?, period_used = ?", (lines, lines, lines)
        )


def _in_process(database: Database) -> float:
    counts = _fork.Queue()
    process = _fork.Process(target=_measure, args=(database, counts))
    process.start()
    cost: float = counts.get()
    process.join()
    return cost


def _measure(database: Database, counts: object) -> None:
    deed = charge_ours(database)
    for _ in range(20):
        deed()
    began, deeds = time.process_time(), 300
    for _ in range(deeds):
        deed()
    counts.put((time.process_time() - began) / deeds)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
