# SPDX-License-Identifier: Apache-2.0
"""The mails of a data room to its guests, each in his own language: invitation, reminder, news of files.

The first few of a deed are composed in its transaction, the rest by jobs in batches, so that two thousand guests do not hold a
lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext, ngettext

from sealroom.access import queries as access_queries
from sealroom.access.rules import Access, Policy
from sealroom.accounts.models import User
from sealroom.core import jobs
from sealroom.datarooms import queries
from sealroom.datarooms.models import DataRoom, Guest
from sealroom.datarooms.rules import RoomState
from sealroom.mail import flows as mail

INVITATION, REMINDER = "invitation", "reminder"
INLINE = 10  # composed within the deed
BATCH = 50  # composed in one transaction of a job
_MOST_FILES = 20


def write_soon(guests: Sequence[Guest], kind: str, *, now: datetime) -> None:
    """Write an invitation or a reminder to guests of one room. In the caller's transaction."""
    Guest.objects.filter(pk__in=[guest.pk for guest in guests]).update(told_at=now)
    _write([guest.pk for guest in guests[:INLINE]], kind, at=now)
    for start in range(INLINE, len(guests), BATCH):
        batch = guests[start : start + BATCH]
        ids = ",".join(str(guest.pk) for guest in batch)
        jobs.defer("datarooms.write_letters", lane=batch[0].room.team.public_id, guests=ids, kind=kind, at=now.isoformat())


@transaction.atomic
def write_letters(guests: str, kind: str, *, at: datetime) -> None:
    """The job's half: a batch of guests (primary keys, by commas). Run twice, it writes nobody twice."""
    _write([int(one) for one in guests.split(",")], kind, at=at)


def tell_updates(room_id: int, *, now: datetime) -> int:
    """Write to each guest of a room which files came since he was told last, if he may see any; returns to how many. Who is out, or
    cannot come yet, is not written to, and finds everything when he comes."""
    room = DataRoom.objects.select_related("team", "owner", "policy").get(pk=room_id)
    latest, told = queries.latest_file_at(room), 0
    if latest is None or latest > now - queries.QUIET:
        return 0
    for found in queries.guests_behind(room, latest).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            guest = _guests().select_for_update(of=("self",), no_key=True).get(pk=found)
            told += _tell(guest, now=now)
            Guest.objects.filter(pk=guest.pk).update(updates_told_at=latest)
    return told


def _tell(guest: Guest, *, now: datetime) -> bool:
    room, until = guest.room, guest.access_until
    if not _is_reachable(guest) or not room.sends_updates or (until is not None and now >= until):
        return False
    if guest.access_from is not None and now < guest.access_from:
        return False
    assert room.policy is not None
    if room.policy.expires_at is not None and now >= room.policy.expires_at:
        return False
    names = queries.news_for(guest)
    if not names:
        return False
    assert guest.link is not None
    with translation.override(guest.link.language):
        heading = ngettext("{n} new file in “{room}”", "{n} new files in “{room}”", len(names))
        context = _context(guest, room.owner) | {
            "heading": heading.format(n=len(names), room=room.name),
            "files": _files(names),
            "facts": [],
        }
    key = f"room-news:{guest.public_id}:{guest.updates_told_at}"
    _compose("updates", guest, room.owner, context, key=key, now=now)
    return True


def _write(guests: Sequence[int], kind: str, *, at: datetime) -> None:
    for guest in _guests().filter(pk__in=guests).order_by("pk"):
        if not _is_reachable(guest) or guest.link is None:
            continue
        by, room = guest.invited_by, guest.room
        with translation.override(guest.link.language):
            invitation, reminder = gettext("{sender} invites you to “{room}”"), gettext("{sender} reminds you of “{room}”")
            heading = invitation if kind == INVITATION else reminder
            context = _context(guest, by) | {
                "heading": heading.format(sender=by.name or by.email, room=room.name),
                "note": guest.message,
                "facts": _facts(guest, by),
            }
        _compose(kind, guest, by, context, key=f"room-{kind}:{guest.public_id}:{at.isoformat()}", now=at)


def _guests() -> QuerySet[Guest]:
    return Guest.objects.select_related("room__team", "room__policy", "room__owner", "link", "invited_by")


def _is_reachable(guest: Guest) -> bool:
    room = guest.room
    is_in = guest.removed_at is None and guest.revoked_at is None and guest.link is not None
    return is_in and room.deleted_at is None and room.trashed_at is None and room.state == RoomState.OPEN


def _compose(template: str, guest: Guest, by: User, context: dict[str, object], *, key: str, now: datetime) -> None:
    assert guest.link is not None
    mail.compose(
        f"datarooms/mail/{template}",
        to=guest.address,
        to_name=guest.name,
        key=key,
        language=guest.link.language,
        context=context,
        about=f"guest:{guest.public_id}",
        team=guest.room.team.public_id,
        sender_name=by.name or by.email,
        reply_to=by.email,
        now=now,
    )


def _context(guest: Guest, by: User) -> dict[str, object]:
    """What every letter says, in the language in force."""
    assert guest.link is not None
    assert guest.room.policy is not None
    return {
        "preview": _way_in(guest.room.policy.value),
        "sender_address": by.email,
        "recipient_address": guest.address,
        "button_url": access_queries.link_url(guest.link),
        "button_label": gettext("Open the data room"),
        "host": urlsplit(settings.SEALROOM_BASE_URL).netloc,
    }


def _files(names: Sequence[str]) -> list[dict[str, str]]:
    files = [{"name": name, "ext": PurePath(name).suffix.removeprefix("."), "note": ""} for name in names[:_MOST_FILES]]
    more = len(names) - _MOST_FILES
    if more > 0:
        rest = ngettext("and {n} more file", "and {n} more files", more).format(n=more)
        files.append({"name": rest, "ext": "", "note": ""})
    return files


def _facts(guest: Guest, by: User) -> list[str]:
    """When and how the guest comes in. His own dates and the room's both bind; the narrower ones are said."""
    assert guest.room.policy is not None
    policy = guest.room.policy.value
    starts = [moment for moment in (policy.starts_at, guest.access_from) if moment is not None]
    ends = [moment for moment in (policy.expires_at, guest.access_until) if moment is not None]
    facts = []
    if starts:
        facts.append(gettext("Opens on {time}.").format(time=mail.local_time(max(starts), by.time_zone)))
    if ends:
        facts.append(gettext("Open until {time}.").format(time=mail.local_time(min(ends), by.time_zone)))
    facts.append(_way_in(policy))
    if policy.passcode_hash:
        facts.append(gettext("You will be asked for a passcode, which the sender tells you in another way."))
    if policy.access is Access.NAMED_QUICK:
        facts.append(gettext("This link is yours: whoever has it reads in your name. Please do not forward this mail."))
    return facts


def _way_in(policy: Policy) -> str:
    if policy.access.needs_code:
        return gettext("When you open it, a 6-digit code is sent to this address. No account, nothing to install.")
    return gettext("One click opens it. No account, nothing to install.")
