# SPDX-License-Identifier: Apache-2.0
"""What guests are written: invitations, reminders, news, each in their language, and nothing of what is hidden from them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sealroom.access.models import Link
from sealroom.access.queries import link_url
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.core.models import Job
from sealroom.datarooms import flows, queries, tasks
from sealroom.datarooms.models import DataRoom, Guest, RightRow
from sealroom.datarooms.rules import Invitation, Invited
from sealroom.mail.models import OutgoingMail
from tests.datarooms.plots import Plot
from tests.factories.accounts import Persona
from tests.factories.sends import jobs_named

pytestmark = pytest.mark.django_db
NADIA, OMAR = "nadia@example.net", "omar@example.net"


@pytest.fixture
def room(owner: Persona, now: datetime) -> DataRoom:
    return flows.create_room(owner.actor, "Project Alder", now=now)


@pytest.fixture
def plot(room: DataRoom, owner: Persona, now: datetime) -> Plot:
    """Files in it came an hour after the guests."""
    assert room.policy is not None
    return Plot(room, owner, room.policy, now + timedelta(hours=1))


def invite(owner: Persona, room: DataRoom, invitation: Invitation, now: datetime) -> list[Guest]:
    return flows.invite(owner.actor, room.public_id, invitation, now=now)


def letter_to(address: str, kind: str) -> OutgoingMail:
    return OutgoingMail.objects.get(to_address=address, key__startswith=f"room-{kind}:")


def told(kind: str) -> list[str]:
    return sorted(OutgoingMail.objects.filter(key__startswith=f"room-{kind}:").values_list("to_address", flat=True))


def url_of(guest: Guest) -> str:
    return link_url(Link.objects.get(pk=guest.link_id or 0))


def test_invitation_says_who_invites_where_and_until_when(room: DataRoom, owner: Persona, now: datetime) -> None:
    ends = datetime.fromisoformat("2027-01-12T17:00:00+00:00")
    wish = Invitation((Invited(NADIA, "Nadia"),), message="Bids by Friday.\n<b>Bold</b>", access_until=ends)
    (guest,) = invite(owner, room, wish, now)
    mail = letter_to(NADIA, "invitation")
    assert (mail.subject, mail.sender_name, mail.reply_to, mail.to_name, mail.about) == (
        "Olive Owner invites you to “Project Alder”",
        "Olive Owner",
        owner.email,
        "Nadia",
        f"guest:{guest.public_id}",
    )
    for body in (mail.text, mail.html):
        assert body.count(url_of(guest)) >= 1
        for words in ("Bids by Friday.", "Open until 12 January 2027", "17:00 UTC", "a 6-digit code"):
            assert words in body
    assert "> Bids by Friday." in mail.text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in mail.html
    guest.refresh_from_db()
    assert guest.told_at == now


def test_french_guest_reads_french(room: DataRoom, owner: Persona, now: datetime) -> None:
    invite(owner, room, Invitation((Invited(NADIA),), language="fr"), now)
    mail = letter_to(NADIA, "invitation")
    assert mail.subject == "Olive Owner vous invite dans «\u202fProject Alder\u202f»"
    assert "Ouvrir la salle de données" in mail.text


def test_nobody_is_written_to_without_notice_and_nothing_is_half_done(room: DataRoom, owner: Persona, now: datetime) -> None:
    invite(owner, room, Invitation((Invited(NADIA),), has_notice=False), now)
    with pytest.raises(Invalid):
        invite(owner, room, Invitation((Invited(OMAR, "Omar\nBcc: x@example.org\x00"),)), now)
    assert (OutgoingMail.objects.count(), Guest.objects.count()) == (0, 1)


def test_long_invitations_are_written_by_jobs_once(room: DataRoom, owner: Persona, now: datetime) -> None:
    people = tuple(Invited(f"g{number}@example.org") for number in range(13))
    guests = invite(owner, room, Invitation(people), now)
    assert len(told("invitation")) == 10
    flows.revoke_guest(owner.actor, room.public_id, guests[12].public_id, now=now)
    for job in jobs_named("datarooms.write_letters") * 2:
        tasks.write_letters(**job)
    assert len(told("invitation")) == 12


def test_reminder_goes_to_who_has_not_come_once_an_hour(room: DataRoom, owner: Persona, now: datetime) -> None:
    nadia, omar = invite(owner, room, Invitation((Invited(NADIA), Invited(OMAR))), now)
    Guest.objects.filter(pk=omar.pk).update(came_at=now)
    with pytest.raises(RateLimited) as refusal:
        flows.remind(owner.actor, room.public_id, now=now + timedelta(minutes=59))
    assert refusal.value.facts == {"retry_after": 60}
    assert flows.remind(owner.actor, room.public_id, now=now + timedelta(hours=1)) == 1
    assert told("reminder") == [NADIA]
    assert letter_to(NADIA, "reminder").subject == "Olive Owner reminds you of “Project Alder”"
    assert url_of(nadia) in letter_to(NADIA, "reminder").text
    with pytest.raises(NotFound):
        flows.remind(owner.actor, room.public_id, guests=[omar.public_id, "gst_forged"], now=now + timedelta(hours=1))
    assert flows.remind(owner.actor, room.public_id, guests=[omar.public_id], now=now + timedelta(hours=1)) == 1


# -- News --------------------------------------------------------------------------------------------------------------------
def test_news_names_what_each_guest_may_see_and_nothing_else(room: DataRoom, plot: Plot, owner: Persona, now: datetime) -> None:
    nadia, omar = invite(owner, room, Invitation((Invited(NADIA), Invited(OMAR)), has_notice=False), now)
    group = flows.create_group(owner.actor, room.public_id, "Bidders", now=now)
    flows.set_members(owner.actor, room.public_id, group.public_id, [omar.public_id], now=now)
    plot.file("Plan.pdf", plot.folder("Open"))
    hidden = plot.folder("Hush")
    plot.file("Secret.pdf", hidden)
    RightRow.objects.create(room=room, guest=nadia, item=hidden, right="none")
    quiet = plot.now + queries.QUIET
    assert queries.rooms_with_news(now=quiet - timedelta(seconds=1)) == []
    assert flows.tell_updates(room.pk, now=quiet - timedelta(seconds=1)) == 0
    assert queries.rooms_with_news(now=quiet) == [room.pk]
    assert flows.tell_updates(room.pk, now=quiet) == 2
    mail = letter_to(NADIA, "news")
    assert (mail.subject, "Plan.pdf" in mail.text) == ("1 new file in “Project Alder”", True)
    for body in (mail.text, mail.html, mail.subject):
        assert "Secret" not in body
        assert "Hush" not in body
    assert letter_to(OMAR, "news").subject == "2 new files in “Project Alder”"
    assert (queries.rooms_with_news(now=quiet), flows.tell_updates(room.pk, now=quiet)) == ([], 0)


def test_news_is_for_those_who_may_come_now(room: DataRoom, plot: Plot, owner: Persona, now: datetime) -> None:
    later = now + timedelta(days=5)
    invite(owner, room, Invitation((Invited(NADIA),), has_notice=False, access_from=later), now)
    invite(owner, room, Invitation((Invited("ended@example.org"),), has_notice=False, access_until=now + timedelta(minutes=5)), now)
    (out, blind) = invite(owner, room, Invitation((Invited(OMAR), Invited("blind@example.org")), has_notice=False), now)
    flows.revoke_guest(owner.actor, room.public_id, out.public_id, now=now)
    RightRow.objects.create(room=room, guest=blind, right="none")
    plot.file("Plan.pdf")
    assert flows.tell_updates(room.pk, now=plot.now + queries.QUIET) == 0
    assert (OutgoingMail.objects.count(), queries.rooms_with_news(now=later)) == (0, [])


@pytest.mark.parametrize("change", [{"sends_updates": False}, {"state": "closed"}, {"state": "archived"}])
def test_quiet_rooms_send_no_news(room: DataRoom, plot: Plot, owner: Persona, now: datetime, change: dict[str, object]) -> None:
    invite(owner, room, Invitation((Invited(NADIA),), has_notice=False), now)
    plot.file("Plan.pdf")
    DataRoom.objects.filter(pk=room.pk).update(**change)
    assert queries.rooms_with_news(now=plot.now + queries.QUIET) == []
    assert flows.tell_updates(room.pk, now=plot.now + queries.QUIET) == 0


def test_chore_puts_up_one_job_per_room(room: DataRoom, plot: Plot, owner: Persona, now: datetime) -> None:
    invite(owner, room, Invitation((Invited(NADIA),), has_notice=False), now)
    plot.now = now - timedelta(days=30)
    old = plot.file("Plan.pdf")
    tasks.look_for_news()
    assert Job.objects.filter(name="datarooms.tell_updates").count() == 0  # it was there before the guest
    Guest.objects.update(updates_told_at=old.changed_at - timedelta(days=1))
    for _ in range(2):
        tasks.look_for_news()
    assert jobs_named("datarooms.tell_updates") == [{"room_id": room.pk}]
