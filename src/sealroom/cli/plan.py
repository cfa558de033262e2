# SPDX-License-Identifier: Apache-2.0
"""`sealroom plan set TEAM PLAN`: the operator gives a team another plan. `sealroom plan show TEAM`: what it has."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sealroom.cli import setup
from sealroom.core.errors import DomainError

if TYPE_CHECKING:
    from sealroom.billing.queries.operating import TeamAccount


def run(argv: list[str]) -> int:
    """Set or show the plan; 1 with a sentence when team or plan is unknown."""
    parser = argparse.ArgumentParser(prog="sealroom plan", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    command = commands.add_parser("set", help="give a team a plan")
    command.add_argument("team", help="id or exact name of the team")
    command.add_argument("plan", help="code of the plan, such as pro")
    command.add_argument("--at", type=_instant, help="when it starts, such as 2026-01-31T08:00:00Z (default: now)")
    command.add_argument("--interval", choices=["month", "year"], default="month", help="billed by month or year")
    command.add_argument("--credits", type=int, help="credits a month, in place of the plan's")
    command.add_argument(
        "--comp", action=argparse.BooleanOptionalAction, default=None, help="ask the team for no payment (default: as it is)"
    )
    commands.add_parser("show", help="what a team has").add_argument("team", help="id or exact name of the team")
    options = parser.parse_args(argv)
    if options.deed == "set" and options.credits is not None and options.credits < 0:
        parser.error("--credits is a number from 0")
    setup.load()
    try:
        return _set(options) if options.deed == "set" else _show(options.team)
    except DomainError as error:
        print(f"not done: {error}", file=sys.stderr)
        return 1


def _set(options: argparse.Namespace) -> int:
    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready

    now = datetime.now(UTC)
    team = accounts.find_team(options.team)
    billing.set_plan(
        team,
        options.plan,
        at=options.at or now,
        interval=options.interval,
        credits=options.credits,
        comped=options.comp,
        who=setup.OPERATOR,
        now=now,
    )
    print(f"{team.name} has the plan {options.plan}")
    return 0


def _show(reference: str) -> int:
    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready
    from sealroom.billing.queries import operating  # noqa: PLC0415 -- app ready

    account = operating.team_account(accounts.find_team(reference).public_id, now=datetime.now(UTC))
    for label, value in _lines(account):
        print(f"{label:<14} {value}")
    return 0


def _lines(account: TeamAccount) -> Iterator[tuple[str, str]]:
    from sealroom.core.wording import money_text  # noqa: PLC0415 -- app ready
    from sealroom.httpkit.templatetags.kit import human_size  # noqa: PLC0415 -- app ready

    row, shown, meter = account.row, account.overview, account.meter
    yield "team", f"{row.name} ({row.id})"
    yield "plan", f"{row.plan} ({account.plan.code}, version {row.version}), by {row.interval}"
    since = f", {row.state_at:%Y-%m-%dT%H:%M:%SZ}" if row.state_at else ""
    yield "state", row.state.replace("_", " ") + since
    own = f"; {account.own_credits:,} of its own" if account.own_credits is not None else ""
    yield (
        "credits",
        f"{meter.available:,} left of {meter.allowance + meter.promo:,}, reset {meter.resets_at:%Y-%m-%dT%H:%M:%SZ}{own}",
    )
    for quota in shown.quotas:
        used, limit = (human_size(n) if quota.name.endswith("_bytes") else f"{n:,}" for n in (quota.used, quota.limit))
        yield quota.name.removesuffix("_bytes").replace("_", " "), f"{used} of {limit}"
    for option in shown.options:
        if option.held:
            yield "add-on", f"{option.held} x {option.extra.code}"
    if shown.planned is not None:
        later = shown.planned.later
        what = "the end" if later.cancels else f"plan {later.plan.code}" if later.plan else later.interval or "fewer add-ons"
        yield "planned", f"{what}, {shown.planned.effective_at:%Y-%m-%dT%H:%M:%SZ}"
    if row.next_billing_at is not None and shown.following is not None:
        yield "next bill", f"{money_text(shown.following.total, row.currency, 'en')}, {row.next_billing_at:%Y-%m-%dT%H:%M:%SZ}"
    yield "balance", money_text(row.balance, row.currency, "en")
    yield "owed", f"{money_text(row.owed, row.currency, 'en')}, open invoices: {row.open_invoices}"


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expects an instant such as 2026-01-31T08:00:00Z") from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
