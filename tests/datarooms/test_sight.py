# SPDX-License-Identifier: Apache-2.0
"""What one person sees of a room, each time with something hidden beside it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.core.errors import NotFound
from sealroom.datarooms import queries
from sealroom.datarooms.models import DataRoom, Guest, Item
from sealroom.datarooms.queries import Sight
from sealroom.datarooms.rules import Right
from tests.datarooms.plots import Plot, make_room
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


@pytest.fixture
def plot(owner: Persona, now: datetime) -> Plot:
    """1 Legal (1.1 Secret with 1.1.1 Merger plan.pdf and 1.1.2 Teaser.pdf, 1.2 Statutes.pdf), 2 Finance (2.1 Budget.pdf)."""
    plot = make_room(owner, now=now)
    legal = plot.folder("Legal")
    secret = plot.folder("Secret", legal)
    plot.file("Merger plan.pdf", secret)
    plot.file("Teaser.pdf", secret)
    plot.file("Statutes.pdf", legal)
    plot.file("Budget.pdf", plot.folder("Finance"))
    return plot


def item(name: str) -> Item:
    return Item.objects.get(name=name)


def listed(sight: Sight) -> list[str]:
    """Number, name, files of folders, right: as a list would show it."""
    return [
        f"{one.number} {one.name} ({one.files})" if one.is_folder else f"{one.number} {one.name}: {one.right}"
        for one in sight.items
    ]


EVERYTHING = [
    "1 Legal (3)",
    "1.1 Secret (2)",
    "1.1.1 Merger plan.pdf: view",
    "1.1.2 Teaser.pdf: view",
    "1.2 Statutes.pdf: view",
    "2 Finance (1)",
    "2.1 Budget.pdf: view",
]


def test_where_nothing_is_set_a_guest_sees_all_by_the_default(plot: Plot) -> None:
    assert listed(queries.sight_of(plot.guest("nadia@example.net"))) == EVERYTHING


def test_hidden_file_leaves_no_trace_in_numbers_counts_and_search(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    plot.set(nadia, item("Merger plan.pdf"), Right.NONE)
    sight = queries.sight_of(nadia)
    assert listed(sight) == [
        "1 Legal (2)",
        "1.1 Secret (1)",
        "1.1.1 Teaser.pdf: view",
        "1.2 Statutes.pdf: view",
        "2 Finance (1)",
        "2.1 Budget.pdf: view",
    ]
    assert sight.search("merger", 10) == []
    assert [one.name for one in sight.search(".pdf", 10)] == ["Teaser.pdf", "Statutes.pdf", "Budget.pdf"]
    assert [one.name for one in sight.files] == ["Teaser.pdf", "Statutes.pdf", "Budget.pdf"]
    with pytest.raises(NotFound):
        sight.find(item("Merger plan.pdf").public_id)
    with pytest.raises(NotFound):
        sight.trail(item("Merger plan.pdf").public_id)


def test_tree_of_folders_is_open_on_the_way_to_one(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")

    def drawn(sight: Sight, folder: str = "") -> list[str]:
        return [
            f"{one.depth} {'-' if one.is_open else '+' if one.has_folders else ' '} {one.item.name}"
            for one in sight.branches(folder)
        ]

    sight = queries.sight_of(nadia)
    assert drawn(sight) == ["0 + Legal", "0   Finance"]
    assert drawn(sight, item("Legal").public_id) == ["0 - Legal", "1   Secret", "0   Finance"]
    plot.set(nadia, item("Secret"), Right.NONE)
    assert drawn(queries.sight_of(nadia), item("Legal").public_id) == ["0   Legal", "0   Finance"]


def test_hidden_folder_is_skipped_and_what_is_shown_in_it_hangs_above(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    plot.set(nadia, item("Secret"), Right.NONE)
    plot.set(nadia, item("Teaser.pdf"), Right.PRINT)
    sight = queries.sight_of(nadia)
    assert listed(sight) == [
        "1 Legal (2)",
        "1.1 Teaser.pdf: print",
        "1.2 Statutes.pdf: view",
        "2 Finance (1)",
        "2.1 Budget.pdf: view",
    ]
    legal = item("Legal").public_id
    assert [one.name for one in sight.children(legal)] == ["Teaser.pdf", "Statutes.pdf"]
    assert [one.name for one in sight.trail(item("Teaser.pdf").public_id)] == ["Legal", "Teaser.pdf"]
    for hidden in (item("Secret").public_id, "itm_nothing"):
        for ask in (sight.find, sight.children, sight.below, sight.trail):
            with pytest.raises(NotFound):
                ask(hidden)


def test_hidden_room_shows_only_what_is_set_below(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    plot.set(nadia, None, Right.NONE)
    assert listed(queries.sight_of(nadia)) == []
    plot.set(nadia, item("Budget.pdf"), Right.DOWNLOAD_PDF)
    assert listed(queries.sight_of(nadia)) == ["1 Budget.pdf: download_pdf"]


def test_children_and_below_follow_the_tree(plot: Plot) -> None:
    sight = queries.house_sight(plot.room)
    assert [one.name for one in sight.children()] == ["Legal", "Finance"]
    assert [one.name for one in sight.below(item("Legal").public_id)] == ["Secret", "Merger plan.pdf", "Teaser.pdf", "Statutes.pdf"]
    assert sight.below() == sight.items
    assert sight.below(item("Budget.pdf").public_id) == []


def test_siblings_stand_in_their_order(plot: Plot) -> None:
    Item.objects.filter(name="Finance").update(position=-5)
    assert [f"{one.number} {one.name}" for one in queries.house_sight(plot.room).children()] == ["1 Finance", "2 Legal"]


def test_house_sees_everything_with_every_right(plot: Plot) -> None:
    plot.set(plot.guest("nadia@example.net"), None, Right.NONE)
    plot.change(default_right=Right.NONE)
    sight = queries.house_sight(plot.room)
    assert listed(sight) == [line.replace("view", "contribute") for line in EVERYTHING]
    assert {one.right for one in sight.items} == {Right.CONTRIBUTE}


def test_co_owner_sees_everything_whatever_is_set(plot: Plot, member: Persona) -> None:
    plot.change(default_right=Right.NONE)
    leader = plot.guest(member.email, role="co_owner")
    assert queries.sight_of(leader).items == queries.house_sight(plot.room).items


def test_group_sight_is_that_of_somebody_only_in_it(plot: Plot) -> None:
    bidders, lenders = plot.group("Bidders"), plot.group("Lenders")
    nadia = plot.guest("nadia@example.net", bidders, lenders)
    plot.set(bidders, item("Legal"), Right.NONE)
    plot.set(lenders, item("Legal"), Right.PRINT)
    plot.set(nadia, item("Finance"), Right.NONE)
    assert listed(queries.group_sight(plot.room, bidders)) == ["1 Finance (1)", "1.1 Budget.pdf: view"]
    assert [one.right for one in queries.group_sight(plot.room, lenders).items] == [*[Right.PRINT] * 5, *[Right.VIEW] * 2]
    assert [one.right for one in queries.sight_of(nadia).items] == [Right.PRINT] * 5


def test_room_without_index_shows_no_numbers(plot: Plot) -> None:
    plot.change(shows_index=False)
    assert {one.number for one in queries.house_sight(plot.room).items} == {""}


def test_trash_is_not_seen(plot: Plot) -> None:
    plot.trash(item("Legal"), item("Secret"), item("Merger plan.pdf"), item("Teaser.pdf"), item("Statutes.pdf"))
    nadia = plot.guest("nadia@example.net")
    for sight in (queries.sight_of(nadia), queries.house_sight(plot.room)):
        assert [f"{one.number} {one.name}" for one in sight.items] == ["1 Finance", "1.1 Budget.pdf"]
    with pytest.raises(NotFound):
        sight.find(item("Statutes.pdf").public_id)


def test_nobody_whose_place_ended_sees_anything(plot: Plot, now: datetime) -> None:
    revoked, removed = plot.guest("nadia@example.net"), plot.guest("noah@example.net")
    Guest.objects.filter(pk=revoked.pk).update(revoked_at=now)
    Guest.objects.filter(pk=removed.pk).update(removed_at=now)
    assert (queries.sight_of(revoked).items, queries.sight_of(removed).items) == ([], [])


def test_two_rooms_do_not_mix(plot: Plot, owner: Persona, now: datetime) -> None:
    other = make_room(owner, "Project Birch", now=now)
    other.file("Letter of intent.pdf")
    here, there = plot.guest("nadia@example.net"), other.guest("nadia@example.net")
    plot.set(here, None, Right.NONE)
    assert listed(queries.sight_of(here)) == []
    assert listed(queries.sight_of(there)) == ["1 Letter of intent.pdf: view"]


def test_files_tell_of_their_current_version(plot: Plot, now: datetime) -> None:
    budget = queries.house_sight(plot.room).find(item("Budget.pdf").public_id)
    document = item("Budget.pdf").document
    assert document is not None
    assert budget.document_id == document.public_id
    assert (budget.extension, budget.kind, budget.pages, budget.size, budget.state) == ("pdf", "pdf", 3, 1000, "ready")
    assert (budget.is_media, budget.sha256, budget.added_at, budget.changed_at) == (False, "0" * 64, now, now)
    folder = queries.house_sight(plot.room).find(item("Finance").public_id)
    assert (folder.document_id, folder.extension, folder.kind, folder.sha256) == ("", "", "", "")


def test_media_is_known(plot: Plot) -> None:
    document = plot.file("Pitch.mp4").document
    assert document is not None
    assert document.current is not None
    document.current.media, document.current.pages = {"has_video": True}, 0
    document.current.save()
    pitch = queries.house_sight(plot.room).find(item("Pitch.mp4").public_id)
    assert (pitch.is_media, pitch.pages, pitch.extension) == (True, 0, "mp4")


def test_search_minds_neither_case_nor_accents_and_stops_at_its_limit(plot: Plot) -> None:
    plot.file("Résumé DU PROJET.pdf")
    sight = queries.house_sight(plot.room)
    assert [one.name for one in sight.search("resume du", 10)] == ["Résumé DU PROJET.pdf"]
    assert [one.name for one in sight.search("pdf", 2)] == ["Merger plan.pdf", "Teaser.pdf"]
    assert sight.search("  ", 10) == []


def test_the_next_look_knows_every_change(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    plot.set(nadia, item("Secret"), Right.NONE)
    assert [one.name for one in queries.sight_of(nadia).search("pdf", 9)] == ["Statutes.pdf", "Budget.pdf"]
    plot.move(item("Statutes.pdf"), item("Secret"))
    plot.move(item("Teaser.pdf"), None)
    assert [one.name for one in queries.sight_of(nadia).search("pdf", 9)] == ["Teaser.pdf", "Budget.pdf"]
    plot.change(default_right=Right.NONE)
    assert queries.sight_of(nadia).items == []


def test_number_of_statements_does_not_grow_with_the_room(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    with CaptureQueriesContext(connection) as few:
        queries.sight_of(nadia)
    for number in range(30):
        plot.set(nadia, plot.file(f"{number}.pdf", plot.folder(f"Folder {number}")), Right.PRINT)
    with CaptureQueriesContext(connection) as many:
        queries.sight_of(nadia)
    assert len(few) == len(many) == 5


def test_what_changes_between_two_statements_is_never_seen_half(plot: Plot) -> None:
    """After the tree was read, a file goes where all is hidden and its old folder is opened: shown at no instant."""
    nadia = plot.guest("nadia@example.net")
    plot.set(nadia, item("Secret"), Right.NONE)
    plot.set(nadia, item("Finance"), Right.NONE)
    meddled = False

    def meddle(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal meddled
        found = execute(sql, params, many, context)
        if not meddled and 'FROM "datarooms_item"' in sql:
            meddled = True
            plot.move(item("Budget.pdf"), item("Secret"))
            plot.set(nadia, item("Finance"), None)
        return found

    with connection.execute_wrapper(meddle):
        names = [one.name for one in queries.sight_of(nadia).items]
    assert (meddled, names) == (True, ["Legal", "Statutes.pdf", "Finance"])


def test_room_that_never_rests_is_read_under_its_lock(plot: Plot) -> None:
    nadia = plot.guest("nadia@example.net")
    reads = 0

    def meddle(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal reads
        if '"datarooms_item"."parent_id"' in sql:
            reads += 1
            DataRoom.objects.filter(pk=plot.room.pk).update(revision=1000 + reads)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meddle):
        assert listed(queries.sight_of(nadia)) == EVERYTHING
    assert reads == 4
