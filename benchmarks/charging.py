# SPDX-License-Identifier: Apache-2.0
"""How fast we charge, beside the raw driver writing the same rows in the same run.

    python -m benchmarks.charging [--seconds 2] [--rounds 3]

A deed is: five pairs, one key, the debit of wallet and lot, the ledger line, one commit (synchronous=FULL). Ours does it by
`credits.flows.spend`, with the lock, the look-ups, the roll and the audit line on top; raw is sqlite3 with the statements alone.
Both run on files of the product's schema with 1, 8 and 32 client processes, in turns; medians. The bar: at least 0.10 of raw at 8
clients. Then the cost of a deed behind 1,000 and 1,000,000 ledger lines; the bar: within 1.2x.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
CLIENTS = (1, 8, 32)
BAR, BAR_AT = 0.10, 8
GROWTH, GROWTH_BAR = (1_000, 1_000_000), 1.2
_fork = multiprocessing.get_context("fork")


def main() -> int:
    """Print the section; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as folder:
        file = set_up(Path(folder))
        print("\n## Charging\n")
        print(
            "Deeds of five pairs a second, `synchronous=FULL`, on SQLite; client processes and the raw driver in turns, medians.\n"
        )
        kept = compare_clients(file, options.seconds, options.rounds)
        print("\nCPU of one deed behind a short and a long ledger.\n")
        kept &= compare_growth(file, options.rounds)
    return 0 if kept else 1


def set_up(folder: Path) -> Path:
    """A migrated installation with one team that has credits enough."""
    os.environ.update(
        SEALROOM_DATA=str(folder),
        SEALROOM_MASTER_KEY=f"b1 {secrets.token_hex(32)}",
        DJANGO_SETTINGS_MODULE="sealroom.project.settings",
    )
    import django  # noqa: PLC0415 -- app ready

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- app ready
    from django.db import connections  # noqa: PLC0415 -- app ready

    from sealroom.accounts.flows import make_user  # noqa: PLC0415 -- app ready
    from sealroom.billing.flows import found_team  # noqa: PLC0415 -- app ready

    call_command("migrate", verbosity=0)
    user = make_user("owner@example.com")
    found_team(user, name="Bench", time_zone="UTC", language="en", now=NOW, plan="team", credits=100_000_000)
    connections.close_all()
    return folder / "sealroom.sqlite3"


def compare_clients(file: Path, seconds: float, rounds: int) -> bool:
    """Throughput beside the raw driver; whether the bar at 8 clients is kept."""
    own, raw = copy(file, "ours"), copy(file, "raw")
    kept = True
    print("| clients | Sealroom | raw sqlite3 | Ratio | Bar | Holds |\n|---:|---:|---:|---:|---|---|")
    for clients in CLIENTS:
        pace: dict[str, list[float]] = {"ours": [], "raw": []}
        for _ in range(rounds):
            pace["ours"].append(throughput(charge_ours, own, clients, seconds))
            pace["raw"].append(throughput(charge_raw, raw, clients, seconds))
        ours, bare = median(pace["ours"]), median(pace["raw"])
        holds = ours / bare >= BAR
        kept &= holds or clients != BAR_AT
        verdict = f"≥ {BAR} | {'yes' if holds else '**no**'}" if clients == BAR_AT else "|"
        print(f"| {clients} | {ours:.0f} | {bare:.0f} | {ours / bare:.2f} | {verdict} |")
    return kept


def copy(file: Path, name: str) -> Path:
    """The same database under another name, in write-ahead mode as the product has it."""
    target = file.with_name(f"{name}.sqlite3")
    with sqlite3.connect(file) as source, sqlite3.connect(target) as connection:
        source.backup(connection)
        connection.execute("PRAGMA journal_mode=WAL")
    return target


Deed = Callable[[], None]


def throughput(open_client: Callable[[Path], Deed], file: Path, clients: int, seconds: float) -> float:
    """Deeds a second of some processes together."""
    gate, counts = _fork.Barrier(clients + 1), _fork.Queue()
    processes = [_fork.Process(target=_client, args=(open_client, file, gate, counts, seconds)) for _ in range(clients)]
    for process in processes:
        process.start()
    gate.wait()
    began = time.perf_counter()
    done = sum(counts.get() for _ in processes)
    elapsed = time.perf_counter() - began
    for process in processes:
        process.join()
    return float(done / elapsed)


def _client(open_client: Callable[[Path], Deed], file: Path, gate: object, counts: object, seconds: float) -> None:
    deed = open_client(file)
    deed()
    gate.wait()  # type: ignore[attr-defined]
    ends, done = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        deed()
        done += 1
    counts.put(done)  # type: ignore[attr-defined]


def charge_ours(file: Path) -> Deed:
    """A client of the product's flow."""
    from django.db import connections, transaction  # noqa: PLC0415 -- app ready

    from sealroom.accounts.models import User  # noqa: PLC0415 -- app ready
    from sealroom.accounts.queries import actor_for  # noqa: PLC0415 -- app ready
    from sealroom.credits import flows  # noqa: PLC0415 -- app ready

    connections.close_all()
    connections["default"].settings_dict["NAME"] = str(file)
    actor = actor_for(User.objects.get())
    assert actor is not None

    def deed() -> None:
        key = secrets.token_hex(8)
        pairs = [f"ver_{key}:r{number}@example.com" for number in range(5)]
        with transaction.atomic():
            flows.spend(actor.team_id, pairs, actor=actor, key=key, request_digest=key, now=NOW)

    return deed


def charge_raw(file: Path) -> Deed:
    """A client of the driver: the same rows, no more statements than they need."""
    connection = sqlite3.connect(file, timeout=20, isolation_level=None)
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


def compare_growth(file: Path, rounds: int) -> bool:
    """CPU of one client's deeds behind a short and a long ledger, in turns; whether the bar is kept."""
    files = {lines: copy(file, f"lines{lines}") for lines in GROWTH}
    for lines, target in files.items():
        fill(target, lines)
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


def _in_process(file: Path) -> float:
    counts = _fork.Queue()
    process = _fork.Process(target=_measure, args=(file, counts))
    process.start()
    cost: float = counts.get()
    process.join()
    return cost


def _measure(file: Path, counts: object) -> None:
    deed = charge_ours(file)
    for _ in range(20):
        deed()
    began, deeds = time.process_time(), 300
    for _ in range(deeds):
        deed()
    counts.put((time.process_time() - began) / deeds)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
