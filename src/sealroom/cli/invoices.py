# SPDX-License-Identifier: Apache-2.0
"""`sealroom invoices list|confirm|void`: the invoices of all teams, for the operator."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sealroom.cli import setup
from sealroom.core.errors import DomainError, Invalid, NotFound


def run(argv: list[str]) -> int:
    """Do it; 1 with a sentence when there is no such invoice, or it is not open."""
    parser = argparse.ArgumentParser(prog="sealroom invoices", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    listing = commands.add_parser("list", help="one invoice a line: number, state, day, sum, left to pay, team")
    listing.add_argument("--open", action="store_true", help="only those that wait for money, oldest first")
    confirm = commands.add_parser("confirm", help="the money of an open invoice is on the account")
    void = commands.add_parser("void", help="an open invoice is not asked for any more")
    for command in (confirm, void):
        command.add_argument("number", help="such as SR-000012 or 12")
    void.add_argument("--reason", required=True, help="why, for the audit trail")
    options = parser.parse_args(argv)
    if options.deed == "void" and not options.reason.strip():
        parser.error("--reason says why")
    setup.load()
    deeds = {"list": _list, "confirm": _confirm, "void": _void}
    try:
        return deeds[options.deed](options)
    except NotFound:
        print(f"not done: there is no invoice {options.number}", file=sys.stderr)
    except Invalid:
        print(f"not done: invoice {options.number} is not open", file=sys.stderr)
    except DomainError as error:
        print(f"not done: {error}", file=sys.stderr)
    return 1


def _list(options: argparse.Namespace) -> int:
    from sealroom.billing.queries import operating, papers  # noqa: PLC0415 -- app ready
    from sealroom.core.wording import money_text  # noqa: PLC0415 -- app ready

    cursor, shown = None, 0
    while True:
        page = operating.list_all_invoices(only_open=options.open, cursor=cursor, limit=operating.MOST)
        for one in page.items:
            due = one.due if one.status == "open" else 0
            total, left = (money_text(amount, one.currency, "en") for amount in (one.total, due))
            number, day = papers.invoice_number(one.number), f"{one.opened_at:%Y-%m-%d}"
            print(f"{number}  {one.status:<5} {day} {total:>12} {left:>12}  {one.team.name}")
        shown += len(page.items)
        if page.next is None:
            break
        cursor = page.next
    if not shown:
        print("no open invoices" if options.open else "no invoices")
    return 0


def _confirm(options: argparse.Namespace) -> int:
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready
    from sealroom.billing.queries import operating  # noqa: PLC0415 -- app ready

    invoice = operating.find_invoice(options.number)
    if invoice.status == "paid":
        print(f"invoice {options.number} was paid already")
        return 0
    granted = billing.confirm_transfer(invoice.public_id, who=setup.OPERATOR, now=datetime.now(UTC))
    issued = f"; {granted:,} credits were issued" if granted else ""
    became = operating.any_invoice(invoice.public_id).status
    if became == "paid":
        print(f"invoice {options.number} of {invoice.team.name} is paid{issued}")
    else:
        print(f"invoice {options.number} of {invoice.team.name} had lapsed: the money is kept as the team's balance")
    return 0


def _void(options: argparse.Namespace) -> int:
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready
    from sealroom.billing.queries import operating  # noqa: PLC0415 -- app ready

    invoice = operating.find_invoice(options.number)
    billing.void_invoice(invoice.public_id, who=setup.OPERATOR, reason=options.reason.strip(), now=datetime.now(UTC))
    print(f"invoice {options.number} of {invoice.team.name} is withdrawn")
    return 0
