# SPDX-License-Identifier: Apache-2.0
"""How long a large data room takes: what one guest sees of it, the live check, and the rights of everybody.

    python -m benchmarks.rooms [--rounds 9]

A room of 10,000 files in 500 folders, four deep, with 200 guests in 20 groups of whom each is in two, and 4,000 settings on folders
and files, a third of them "no access". Everything is asked as the product asks it, of a SQLite file in write-ahead mode; medians of
the CPU time of the process, which is all of the server's time but the network.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

FILES, FOLDERS, GUESTS, GROUPS, SETTINGS = 10_000, 500, 200, 20, 4_000
NOW = datetime.now(UTC).replace(microsecond=0)
_BATCH = 500


def main() -> int:
    """Print the section; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as folder:
        team, owner = set_up(Path(folder))
        room = plant(team, owner, random.Random(4))
        return 0 if compare(room, options.rounds) else 1


def set_up(folder: Path) -> tuple[Any, Any]:
    """A migrated installation with one team, and its admin."""
    os.environ.update(
        SEALROOM_DATA=str(folder),
        SEALROOM_MASTER_KEY=f"b1 {secrets.token_hex(32)}",
        SEALROOM_BASE_URL="http://127.0.0.1:8000",
        DJANGO_SETTINGS_MODULE="sealroom.project.settings",
    )
    import django  # noqa: PLC0415 -- app ready

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- app ready

    from sealroom.accounts.flows import make_user  # noqa: PLC0415 -- app ready
    from sealroom.billing.flows import found_team  # noqa: PLC0415 -- app ready

    call_command("migrate", verbosity=0)
    owner = make_user("owner@example.com")
    team = found_team(owner, name="Bench", time_zone="Europe/Paris", language="en", now=NOW, plan="team")
    return team, owner


def plant(team: Any, owner: Any, dice: random.Random) -> Any:
    """The room as deeds would leave it, without bytes behind its files."""
    from sealroom.access import flows as access  # noqa: PLC0415 -- app ready
    from sealroom.access.flows import LinkSpec  # noqa: PLC0415 -- app ready
    from sealroom.access.rules import Policy  # noqa: PLC0415 -- app ready
    from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest  # noqa: PLC0415 -- app ready

    policy = access.create_policy(team.pk, Policy())
    room = DataRoom.objects.create(team=team, owner=owner, name="Project Alder", policy=policy, created_at=NOW)
    groups = [Group.objects.create(room=room, name=f"Group {number}", created_at=NOW) for number in range(GROUPS)]
    links = access.create_links(
        [LinkSpec(f"guest{number}@example.net", "") for number in range(GUESTS)],
        team_id=team.pk,
        policy=policy,
        language="en",
        documents=[],
        now=NOW,
        rights="data_room",
    )
    guests = [Guest.objects.create(room=room, address=one.address, link=one, invited_by=owner, added_at=NOW) for one in links]
    for guest in guests:
        GroupMember.objects.bulk_create([GroupMember(group=group, guest=guest) for group in dice.sample(groups, 2)])
    set_rights(room, [*plant_folders(room, dice), *plant_files(room, owner, dice)], guests, groups, dice)
    return room


def plant_folders(room: Any, dice: random.Random) -> list[Any]:
    """Folders, none deeper than four."""
    from sealroom.datarooms.models import Item  # noqa: PLC0415 -- app ready

    folders: list[Any] = []
    for number in range(FOLDERS):
        parent = dice.choice([None, *(one for one in folders if one.path.count("/") < 3)])
        folders.append(Item.objects.create(**item_values(room, parent, f"Folder {number}", number)))
    return folders


def plant_files(room: Any, owner: Any, dice: random.Random) -> list[Any]:
    """Ready files, each with its document and version, anywhere in the folders."""
    from sealroom.datarooms.models import Item  # noqa: PLC0415 -- app ready
    from sealroom.documents.models import Document, Version  # noqa: PLC0415 -- app ready

    names = [f"{number:05} Agreement.pdf" for number in range(FILES)]
    documents = Document.objects.bulk_create(
        [Document(team=room.team, owner=owner, name=name, kept_by="data_room", created_at=NOW) for name in names], batch_size=_BATCH
    )
    facts = {"number": 1, "kind": "pdf", "size": 80_000, "sha256": "0" * 64, "state": "ready", "pages": 12}
    versions = Version.objects.bulk_create(
        [
            Version(document=one, name=one.name, original_key=secrets.token_hex(16), uploaded_by=owner, created_at=NOW, **facts)
            for one in documents
        ],
        batch_size=_BATCH,
    )
    for document, version in zip(documents, versions, strict=True):
        document.current = version
    Document.objects.bulk_update(documents, ["current"], batch_size=_BATCH)
    folders = list(room.items.all())
    return Item.objects.bulk_create(
        [Item(**item_values(room, dice.choice(folders), one.name, place), document=one) for place, one in enumerate(documents)],
        batch_size=_BATCH,
    )


def item_values(room: Any, parent: Any, name: str, position: int) -> dict[str, Any]:
    """Where an item lies."""
    path = parent.own_path if parent else ""
    place = {"room": room, "parent": parent, "path": path, "position": position * 1024}
    return {**place, "name": name, "name_key": name.lower(), "created_at": NOW, "changed_at": NOW}


def set_rights(room: Any, items: list[Any], guests: list[Any], groups: list[Any], dice: random.Random) -> None:
    """Settings on folders and files for guests and groups."""
    from sealroom.datarooms.models import RightRow  # noqa: PLC0415 -- app ready

    rows: dict[tuple[int, str, int], Any] = {}
    while len(rows) < SETTINGS:
        item, whose = dice.choice(items), dice.choice([*guests, *groups * 10])
        kind = "guest" if whose in guests else "group"
        right = dice.choice(["none", "none", "view", "print", "download_pdf", "download_original"])
        rows[item.pk, kind, whose.pk] = RightRow(room=room, item=item, right=right, **{kind: whose})
    RightRow.objects.bulk_create(rows.values(), batch_size=_BATCH)


def compare(room: Any, rounds: int) -> bool:
    """Each question of the room; whether the bars are kept."""
    from sealroom.datarooms import queries  # noqa: PLC0415 -- app ready
    from sealroom.documents.models import Document  # noqa: PLC0415 -- app ready

    guests = list(room.guests.select_related("room").order_by("pk")[:rounds])
    first = guests[0]
    document = Document.objects.filter(item__room=room).values_list("public_id", flat=True)[FILES // 2]
    sight = queries.house_sight(room)
    print("\n## Data rooms\n")
    print(
        f"A room of {FILES:,} files in {FOLDERS} folders, {GUESTS} guests, {SETTINGS:,} settings; server time (CPU), medians of "
        f"{rounds} rounds.\n"
    )
    print("| what | took | Bar | Holds |\n|---|---:|---|---|")
    asked: list[tuple[str, float | None, Callable[[int], object]]] = [
        ("what one guest sees: rights, numbers, counts", 0.5, lambda turn: queries.sight_of(guests[turn % len(guests)])),
        ("everything, as its owner sees it", 0.5, lambda _turn: queries.house_sight(room)),
        ("search by name in what is seen", None, lambda _turn: sight.search("agreement 99", 20)),
        ("the live check's question for one page", None, lambda _turn: queries.standing_of(first.link_id, first.address, document)),
        ("the matrix of the top for everybody", 2.0, lambda _turn: queries.matrix(room)),
        (f"rights of {GUESTS} guests on every item, from the tables", 2.0, lambda _turn: every_right(room)),
    ]
    kept = [measured(name, bar, ask, rounds) for name, bar, ask in asked]  # each is asked, whatever the others took
    return all(kept)


def every_right(room: Any) -> int:
    """Ask for all effective rights; how many there are."""
    from sealroom.datarooms import queries  # noqa: PLC0415 -- app ready

    return sum(len(rights) for _guest, rights in queries.all_rights(room).rights())


def measured(name: str, bar: float | None, ask: Callable[[int], object], rounds: int) -> bool:
    """Print a line; whether its bar is kept. The first round is not counted."""
    spent = []
    for turn in range(rounds + 1):
        began = time.process_time()
        ask(turn)
        spent.append(time.process_time() - began)
    took = median(spent[1:])
    kept = bar is None or took <= bar
    said = "| |" if bar is None else f"| ≤ {bar * 1000:,.0f} ms | {'yes' if kept else '**no**'} |"
    print(f"| {name} | {took * 1000:,.1f} ms {said}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
