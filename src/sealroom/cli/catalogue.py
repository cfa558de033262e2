# SPDX-License-Identifier: Apache-2.0
"""`sealroom catalogue show|check FILE|apply [FILE]`: the plans, add-ons, currencies and taxes of this installation."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from sealroom.cli import setup

if TYPE_CHECKING:
    from sealroom.billing.queries.offered import Sold


def run(argv: list[str]) -> int:
    """Do it; 1 with a sentence when a file cannot be used."""
    parser = argparse.ArgumentParser(prog="sealroom catalogue", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    commands.add_parser("show", help="what is on offer now, and what older versions teams have")
    commands.add_parser("check", help="what a file would change; changes nothing").add_argument("file", type=Path)
    apply = commands.add_parser("apply", help="write a file down, as the next start would")
    apply.add_argument("file", type=Path, nargs="?", help="default: the one in SEALROOM_CATALOGUE, else the product's own")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.billing.catalogue import BadCatalogue  # noqa: PLC0415 -- app ready

    try:
        if options.deed == "show":
            return _show()
        return _check(options.file) if options.deed == "check" else _apply(options.file)
    except BadCatalogue as error:
        print(error, file=sys.stderr)
        return 1


def _check(file: Path) -> int:
    from django.db import DatabaseError  # noqa: PLC0415 -- app ready

    from sealroom.billing import queries  # noqa: PLC0415 -- app ready
    from sealroom.billing.catalogue import read_catalogue  # noqa: PLC0415 -- app ready

    catalogue = read_catalogue(file)
    try:
        changes = queries.catalogue_changes(catalogue)
    except DatabaseError:
        print("the file is fine; there is no installation here to compare it with")
        return 0
    _tell(changes, "nothing would change")
    return 0


def _apply(file: Path | None) -> int:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    from sealroom.billing import flows  # noqa: PLC0415 -- app ready
    from sealroom.billing.catalogue import read_catalogue  # noqa: PLC0415 -- app ready

    catalogue = flows.catalogue_of_installation() if file is None else read_catalogue(file)
    _tell(flows.ensure_catalogue(catalogue), "nothing changed")
    named = Path(settings.SEALROOM_CATALOGUE) if settings.SEALROOM_CATALOGUE else None
    if file is not None and (named is None or named.resolve() != file.resolve()):
        print(
            f"SEALROOM_CATALOGUE does not name {file}: the next start goes back to {named or 'the default catalogue'}",
            file=sys.stderr,
        )
    return 0


def _show() -> int:
    from sealroom.billing.queries import offered  # noqa: PLC0415 -- app ready
    from sealroom.billing.rules.money import percent_text  # noqa: PLC0415 -- app ready

    state = offered.catalogue_state()
    print(f"file        {state.file or 'the default catalogue'}, written {state.edition.at:%Y-%m-%dT%H:%M:%SZ}")
    print(f"currencies  {', '.join(state.edition.currencies)}")
    for tax in state.edition.taxes:
        reverse = ", reverse charge" if tax["reverse_charge"] else ""
        print(f"tax         {tax['name']} {percent_text(Fraction(tax['percent']))}% ({tax['country']}{reverse})")
    for one in (*state.plans, *state.addons):
        print(_line(one))
    return 0


def _line(one: Sold) -> str:
    from sealroom.core.wording import money_text  # noqa: PLC0415 -- app ready

    sold = one.plan or one.addon
    assert sold is not None
    intervals = ("month", "year") if one.plan is not None else ("month",)
    prices = [
        f"{money_text(by[interval], currency, 'en')}/{interval}" for currency, by in sold.prices.items() for interval in intervals
    ]
    what = "plan  " if one.plan is not None else "add-on"
    offer = "" if one.on_offer else "  (not on offer any more)"
    return f"{what}      {sold.code} version {one.version}, teams: {one.teams}  {', '.join(prices)}{offer}".rstrip()


def _tell(changes: list[str], nothing: str) -> None:
    for sentence in changes or [nothing]:
        print(sentence)
