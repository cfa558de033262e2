# SPDX-License-Identifier: Apache-2.0
"""Setting and clearing rights: many at once, all or none, and only what the actor may."""

from __future__ import annotations

from datetime import datetime

import pytest

from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows as billing
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.credits.models import Entry
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import FeatureMissing
from sealroom.datarooms.models import DataRoom, Guest, Item, RightRow
from sealroom.datarooms.rules import MOST_RIGHT_CHANGES, Right, RightChange, RoomState
from tests.datarooms.plots import make_room
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


class Scene:
    """A room with Legal/Plan.pdf, a guest and a group."""

    def __init__(self, owner: Persona, now: datetime) -> None:
        self.plot, self.owner, self.now = make_room(owner, now=now), owner, now
        self.legal = self.plot.folder("Legal")
        self.plan = self.plot.file("Plan.pdf", self.legal)
        self.bidders = self.plot.group("Bidders")
        self.nadia = self.plot.guest("nadia@example.net")

    def set(self, *changes: RightChange, by: Persona | None = None) -> int:
        return flows.set_rights((by or self.owner).actor, self.plot.room.public_id, changes, now=self.now)

    def revision(self) -> int:
        return DataRoom.objects.get(pk=self.plot.room.pk).revision

    def take_feature_away(self) -> None:
        billing.set_plan(self.owner.team, "pro", who=SYSTEM, now=self.now)


@pytest.fixture
def scene(owner: Persona, now: datetime) -> Scene:
    return Scene(owner, now)


def change(right: Right | None, *, on: Item | None = None, guest: Guest | None = None, group: object = None) -> RightChange:
    group_id = getattr(group, "public_id", "")
    return RightChange(on.public_id if on else "", guest.public_id if guest else "", group_id, right)


def rows() -> set[tuple[str, str, str]]:
    """What is set: on what, for whom, which right."""
    return {
        (row.item.name if row.item else "", row.guest.address if row.guest else row.group.name, row.right)  # type: ignore[union-attr]
        for row in RightRow.objects.select_related("item", "guest", "group")
    }


def trail() -> list[dict[str, object]]:
    return [event.facts for event in Event.objects.filter(verb=Verb.RIGHTS_CHANGED).order_by("number")]


def test_sets_changes_and_clears_at_once_with_one_line_in_the_trail(scene: Scene) -> None:
    plot, room_id = scene.plot, scene.plot.room.public_id
    plot.set(scene.nadia, scene.legal, Right.PRINT)
    plot.set(scene.bidders, None, Right.VIEW)
    before = scene.revision()
    done = scene.set(
        change(Right.NONE, on=scene.legal, guest=scene.nadia),
        change(None, group=scene.bidders),
        change(Right.DOWNLOAD_PDF, on=scene.plan, group=scene.bidders),
        change(Right.VIEW, guest=scene.nadia),
    )
    assert done == 4
    assert rows() == {
        ("Legal", "nadia@example.net", "none"),
        ("Plan.pdf", "Bidders", "download_pdf"),
        ("", "nadia@example.net", "view"),
    }
    assert scene.revision() == before + 1
    nadia, bidders = scene.nadia.public_id, scene.bidders.public_id
    assert trail() == [
        {
            "room": room_id,
            "rights": [
                f"{scene.legal.public_id} {nadia} none",
                f"{room_id} {bidders} cleared",
                f"{scene.plan.public_id} {bidders} download_pdf",
                f"{room_id} {nadia} view",
            ],
        }
    ]


def test_it_shows_at_the_next_look(scene: Scene) -> None:
    assert [item.name for item in queries.sight_of(scene.nadia).items] == ["Legal", "Plan.pdf"]
    scene.set(change(Right.NONE, on=scene.plan, guest=scene.nadia))
    assert [item.name for item in queries.sight_of(scene.nadia).items] == ["Legal"]
    scene.set(change(None, on=scene.plan, guest=scene.nadia))
    assert [item.name for item in queries.sight_of(scene.nadia).items] == ["Legal", "Plan.pdf"]


def test_what_is_so_already_is_no_change(scene: Scene) -> None:
    scene.plot.set(scene.nadia, scene.plan, Right.PRINT)
    before = scene.revision()
    assert scene.set(change(Right.PRINT, on=scene.plan, guest=scene.nadia), change(None, on=scene.legal, guest=scene.nadia)) == 0
    assert (scene.revision(), trail()) == (before, [])


def test_co_owner_may_and_has_no_rights_of_his_own(scene: Scene, member: Persona) -> None:
    leader = scene.plot.guest(member.email, role="co_owner")
    assert scene.set(change(Right.PRINT, guest=scene.nadia), by=member) == 1
    with pytest.raises(Invalid) as refusal:
        scene.set(change(Right.PRINT, guest=scene.nadia), change(Right.NONE, guest=leader))
    assert refusal.value.errors == {"guest": ["co_owner"]}


def test_only_those_who_lead_may(scene: Scene, member: Persona, stranger: Persona) -> None:
    for nobody in (member, stranger):
        with pytest.raises(NotFound):
            scene.set(change(Right.PRINT, guest=scene.nadia), by=nobody)
    scene.plot.guest(member.email)
    with pytest.raises(Forbidden):
        scene.set(change(Right.PRINT, guest=scene.nadia), by=member)
    assert rows() == set()


def test_nothing_of_another_room_or_of_the_past_is_found_and_nothing_is_half_done(scene: Scene, now: datetime) -> None:
    other = make_room(scene.owner, "Project Birch", now=now)
    past, gone = scene.plot.guest("gone@example.net"), scene.plot.folder("Gone")
    Guest.objects.filter(pk=past.pk).update(removed_at=now)
    scene.plot.trash(gone)
    good = change(Right.PRINT, on=scene.legal, guest=scene.nadia)
    forged = [
        change(Right.VIEW, on=other.folder("There"), guest=scene.nadia),
        change(Right.VIEW, guest=other.guest("nadia@example.net")),
        change(Right.VIEW, group=other.group("Bidders")),
        change(Right.VIEW, guest=past),
        change(Right.VIEW, on=gone, guest=scene.nadia),
        RightChange("itm_nothing", scene.nadia.public_id, "", Right.VIEW),
        RightChange("", "gst_nobody", "", None),
        RightChange("", "", "grp_nobody", Right.VIEW),
        RightChange("", scene.bidders.public_id, "", Right.VIEW),
    ]
    before = scene.revision()
    for wrong in forged:
        with pytest.raises(NotFound):
            scene.set(good, wrong)
    assert (rows(), scene.revision(), trail()) == (set(), before, [])


def test_changes_must_make_sense_in_themselves(scene: Scene) -> None:
    nadia, bidders = scene.nadia.public_id, scene.bidders.public_id
    for changes, reasons in [
        ([], ["required"]),
        ([RightChange("", nadia, bidders, Right.VIEW)], ["one_person"]),
        ([RightChange("", "", "", Right.VIEW)], ["one_person"]),
        ([RightChange("", nadia, "", Right.VIEW), RightChange("", nadia, "", None)], ["twice"]),
        ([RightChange(f"itm_{n}", nadia, "", Right.VIEW) for n in range(MOST_RIGHT_CHANGES + 1)], ["too_many"]),
    ]:
        with pytest.raises(Invalid) as refusal:
            scene.set(*changes)
        assert refusal.value.errors == {"changes": reasons}


def test_rights_on_single_files_are_a_feature_of_the_plan(scene: Scene) -> None:
    scene.set(change(Right.PRINT, on=scene.plan, guest=scene.nadia))
    scene.take_feature_away()
    with pytest.raises(FeatureMissing) as refusal:
        scene.set(change(Right.VIEW, on=scene.legal, guest=scene.nadia), change(Right.VIEW, on=scene.plan, group=scene.bidders))
    assert refusal.value.facts == {"feature": "file_permissions"}
    assert rows() == {("Plan.pdf", "nadia@example.net", "print")}


def test_without_the_feature_folders_the_room_and_clearing_work_and_what_is_set_holds(scene: Scene) -> None:
    scene.set(change(Right.PRINT, on=scene.plan, guest=scene.nadia))
    scene.take_feature_away()
    assert queries.right_on(scene.nadia, scene.plan).right is Right.PRINT
    scene.set(
        change(Right.VIEW, on=scene.legal, guest=scene.nadia),
        change(Right.NONE, group=scene.bidders),
        change(Right.PRINT, on=scene.plan, guest=scene.nadia),  # as it is: nothing is wished for anew
    )
    scene.set(change(None, on=scene.plan, guest=scene.nadia))
    assert rows() == {("Legal", "nadia@example.net", "view"), ("", "Bidders", "none")}


@pytest.mark.parametrize("state", [RoomState.ARCHIVED, RoomState.CLOSED])
def test_it_works_in_every_state_of_the_room(scene: Scene, state: RoomState) -> None:
    scene.plot.change(state=state)
    assert scene.set(change(Right.NONE, guest=scene.nadia)) == 1


def test_many_at_once_are_all_written_and_cost_no_credits(scene: Scene) -> None:
    entries = Entry.objects.count()
    folders = [scene.plot.folder(f"Folder {number}") for number in range(60)]
    changes = [change(Right.PRINT, on=one, guest=scene.nadia) for one in folders]
    changes += [change(Right.VIEW, on=one, group=scene.bidders) for one in folders]
    assert scene.set(*changes) == 120
    assert scene.set(*[change(Right.NONE, on=one, guest=scene.nadia) for one in folders]) == 60
    assert {row for row in rows() if row[1] == "nadia@example.net"} == {(one.name, "nadia@example.net", "none") for one in folders}
    assert Entry.objects.count() == entries
