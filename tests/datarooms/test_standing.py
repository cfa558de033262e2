# SPDX-License-Identifier: Apache-2.0
"""What a guest's browser gets of a document at each request, through the gate in front of every byte."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Grant, Link
from sealroom.access.rules import Permission, Verdict
from sealroom.datarooms import queries
from sealroom.datarooms.models import Guest, Item
from sealroom.datarooms.rules import Right, RoomState, Source
from tests.datarooms.plots import make_room
from tests.factories.access import IP, make_pass
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


class Scene:
    """A room with Legal/Secret/Plan.pdf, a guest Nadia in the group Bidders, and her browser, past the gates."""

    def __init__(self, owner: Persona, now: datetime) -> None:
        self.plot = make_room(owner, now=now)
        self.legal = self.plot.folder("Legal")
        self.secret = self.plot.folder("Secret", self.legal)
        self.plan = self.plot.file("Plan.pdf", self.secret)
        self.bidders = self.plot.group("Bidders")
        self.nadia = self.plot.guest("nadia@example.net", self.bidders)
        self.cookie = make_pass(link_of(self.nadia), now=now)
        self.now = now

    def ask(self, item: Item | None = None, *, now: datetime | None = None) -> str:
        """The permission Nadia is given on a file, or why she is not."""
        document = (item or self.plan).document
        assert document is not None
        link = link_of(self.nadia).public_id
        try:
            admission = access.check_pass(self.cookie, link, document.public_id, ip=IP, now=now or self.now)
        except NotAdmitted as refusal:
            return str(refusal.facts["reason"])
        assert admission.document == document
        return admission.policy.permission.value

    def enter(self) -> str:
        """Whether she comes in at the room's door, or why not."""
        try:
            access.check_link(self.cookie, link_of(self.nadia).public_id, ip=IP, now=self.now)
        except NotAdmitted as refusal:
            return str(refusal.facts["reason"])
        return "in"


@pytest.fixture
def scene(owner: Persona, now: datetime) -> Scene:
    return Scene(owner, now)


def link_of(guest: Guest) -> Link:
    assert guest.link is not None
    return guest.link


NOT_FOUND, REVOKED = Verdict.NOT_FOUND.value, Verdict.REVOKED.value


def test_where_nothing_is_set_the_default_holds(scene: Scene) -> None:
    assert scene.ask() == "view"
    scene.plot.change(default_right=Right.DOWNLOAD_PDF)
    assert scene.ask() == "download_pdf"
    scene.plot.change(default_right=Right.NONE)
    assert scene.ask() == NOT_FOUND


def test_nearest_item_decides_and_no_access_is_a_setting(scene: Scene) -> None:
    scene.plot.set(scene.nadia, None, Right.DOWNLOAD_ORIGINAL)
    assert scene.ask() == "download_original"
    scene.plot.set(scene.nadia, scene.legal, Right.PRINT)
    assert scene.ask() == "print"
    scene.plot.set(scene.bidders, scene.secret, Right.NONE)
    assert scene.ask() == NOT_FOUND
    scene.plot.set(scene.nadia, scene.plan, Right.VIEW)
    assert scene.ask() == "view"
    scene.plot.set(scene.nadia, scene.plan, None)
    assert scene.ask() == NOT_FOUND
    scene.plot.set(scene.bidders, scene.secret, None)
    assert scene.ask() == "print"


def test_own_right_goes_before_groups_and_of_groups_the_highest_holds(scene: Scene) -> None:
    lenders = scene.plot.group("Lenders")
    scene.plot.set(scene.bidders, scene.secret, Right.DOWNLOAD_PDF)
    scene.plot.set(lenders, scene.secret, Right.DOWNLOAD_ORIGINAL)
    assert scene.ask() == "download_pdf"
    lenders.members.create(guest=scene.nadia)
    assert scene.ask() == "download_original"
    scene.plot.set(scene.nadia, scene.secret, Right.NONE)
    assert scene.ask() == NOT_FOUND


def test_contributor_may_take_the_original_along(scene: Scene) -> None:
    scene.plot.set(scene.bidders, None, Right.CONTRIBUTE)
    assert scene.ask() == Permission.DOWNLOAD_ORIGINAL.value


def test_co_owner_reads_everything(scene: Scene) -> None:
    scene.plot.set(scene.bidders, scene.legal, Right.NONE)
    Guest.objects.filter(pk=scene.nadia.pk).update(role="co_owner")
    assert scene.ask() == "download_original"


def test_moved_file_goes_and_comes_at_the_next_request(scene: Scene) -> None:
    scene.plot.set(scene.nadia, scene.secret, Right.NONE)
    assert scene.ask() == NOT_FOUND
    scene.plot.move(scene.plan, scene.legal)
    assert scene.ask() == "view"
    scene.plot.move(scene.plan, scene.secret)
    assert scene.ask() == NOT_FOUND
    scene.plot.move(scene.plan, None)
    assert scene.ask() == "view"


def test_right_holds_far_down_a_tree(scene: Scene) -> None:
    folder = scene.secret
    for number in range(30):
        folder = scene.plot.folder(f"Level {number}", folder)
    deep = scene.plot.file("Deep.pdf", folder)
    assert scene.ask(deep) == "view"
    scene.plot.set(scene.bidders, scene.legal, Right.PRINT)
    assert scene.ask(deep) == "print"
    scene.plot.set(scene.bidders, folder, Right.NONE)
    assert (scene.ask(deep), scene.ask()) == (NOT_FOUND, "print")


def test_revoked_and_removed_guests_are_out(scene: Scene, now: datetime) -> None:
    Guest.objects.filter(pk=scene.nadia.pk).update(revoked_at=now)
    assert (scene.ask(), scene.enter()) == (REVOKED, REVOKED)
    Guest.objects.filter(pk=scene.nadia.pk).update(revoked_at=None)
    assert (scene.ask(), scene.enter()) == ("view", "in")
    Guest.objects.filter(pk=scene.nadia.pk).update(removed_at=now)
    assert (scene.ask(), scene.enter()) == (REVOKED, REVOKED)


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        ({"state": RoomState.ARCHIVED}, ("view", "in")),
        ({"state": RoomState.CLOSED}, (REVOKED, REVOKED)),
        ({"trashed_at": datetime.fromisoformat("2026-11-22T14:00Z")}, (REVOKED, REVOKED)),
        ({"deleted_at": datetime.fromisoformat("2026-11-22T14:00Z")}, (REVOKED, REVOKED)),
    ],
)
def test_state_of_the_room_lets_guests_in_or_not(scene: Scene, changes: dict[str, object], answers: tuple[str, str]) -> None:
    scene.plot.change(**changes)
    assert (scene.ask(), scene.enter()) == answers


def test_access_dates_are_half_open(scene: Scene, now: datetime) -> None:
    """The pass itself lives half an hour without a request, so the dates are moved and not the clock."""
    second = timedelta(seconds=1)

    def within(since: datetime | None, until: datetime | None) -> str:
        Guest.objects.filter(pk=scene.nadia.pk).update(access_from=since, access_until=until)
        return scene.ask()

    assert within(now, None) == "view"
    assert within(now + second, None) == Verdict.NOT_STARTED.value
    assert within(None, now + second) == "view"
    assert within(None, now) == Verdict.EXPIRED.value
    assert within(now - second, now + second) == "view"


def test_trashed_file_is_gone(scene: Scene) -> None:
    scene.plot.trash(scene.plan)
    assert scene.ask() == NOT_FOUND


def test_document_of_another_room_is_not_there(scene: Scene, owner: Persona, now: datetime) -> None:
    other = make_room(owner, "Project Birch", now=now)
    offer = other.file("Offer.pdf")
    assert scene.ask(offer) == NOT_FOUND
    again = other.guest("nadia@example.net")
    other.set(again, None, Right.CONTRIBUTE)
    assert (scene.ask(offer), scene.ask()) == (NOT_FOUND, "view")
    assert queries.right_on(again, offer).right is Right.CONTRIBUTE


def test_guests_of_two_rooms_have_two_standings(scene: Scene, owner: Persona, now: datetime) -> None:
    other = make_room(owner, "Project Birch", now=now)
    offer = other.file("Offer.pdf").document
    assert offer is not None
    again = other.guest("nadia@example.net")
    scene.plot.set(scene.nadia, None, Right.NONE)
    assert queries.standing_of(link_of(again).pk, "nadia@example.net", offer.public_id).permission is Permission.VIEW
    assert scene.ask() == NOT_FOUND


def test_open_link_stands_for_who_proved_an_address_and_has_a_place(scene: Scene, owner: Persona, now: datetime) -> None:
    link = link_of(scene.plot.guest("open@example.net"))
    Guest.objects.filter(link=link).update(link=None)
    scene.plot.change(open_link=link)
    document = scene.plan.document
    assert document is not None
    assert queries.standing_of(link.pk, "open@example.net", document.public_id).permission is Permission.VIEW
    assert queries.standing_of(link.pk, "", document.public_id).is_out
    newcomer = queries.standing_of(link.pk, "other@example.net", document.public_id)
    assert (newcomer.is_out, newcomer.permission) == (False, None)  # may come as far as joining, and sees nothing


def test_link_that_is_no_guests_stands_for_nothing(scene: Scene) -> None:
    assert queries.standing_of(0, "nadia@example.net", "").is_out


def test_no_document_in_particular_gives_no_right(scene: Scene) -> None:
    standing = queries.standing_of(link_of(scene.nadia).pk, "nadia@example.net", "")
    assert (standing.permission, standing.is_out) == (None, False)


def test_hidden_document_leaves_no_grant(scene: Scene) -> None:
    scene.plot.set(scene.nadia, scene.secret, Right.NONE)
    scene.ask()
    assert not Grant.objects.filter(link=scene.nadia.link).exists()


def test_explanation_names_item_and_group(scene: Scene) -> None:
    scene.plot.set(scene.bidders, scene.legal, Right.PRINT)
    held = queries.right_on(scene.nadia, scene.plan)
    assert (held.right, held.source, held.item, held.group) == (Right.PRINT, Source.GROUP, scene.legal.pk, scene.bidders.pk)


def test_asking_takes_four_statements(scene: Scene) -> None:
    document = scene.plan.document
    assert document is not None
    queries.standing_of(link_of(scene.nadia).pk, "", document.public_id)
    with CaptureQueriesContext(connection) as asked:
        queries.standing_of(link_of(scene.nadia).pk, "", document.public_id)
    assert len(asked) == 4
