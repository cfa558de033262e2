# SPDX-License-Identifier: Apache-2.0
"""What every page of a data room has: who stands there, and the frame of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from sealroom.access import queries as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.queries import Landing, LandingState
from sealroom.access.rules import Verdict
from sealroom.datarooms import flows as rooms
from sealroom.datarooms import queries
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.queries import SeenItem
from sealroom.datarooms.rules import Audience, RoomState
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import speak
from sealroom.sends import queries as sends


def visit(request: HttpRequest, link_id: str) -> Hand:
    """Somebody in the room behind a link, now; and his language. Raises `NotAdmitted`."""
    now, ip, cookie = timezone.now(), client_address(request), visitor_cookie(request)
    found = access.landing(cookie, link_id, ip=ip, now=now)
    speak(request, found.language)
    if found.state is not LandingState.OPEN:
        raise NotAdmitted(reason=found.reason or Verdict.EMAIL.value, starts_at=found.starts_at)
    return rooms.visit(cookie, link_id, ip=ip, now=now)


@dataclass(frozen=True)
class Origin:
    """Where a document comes from, as viewer and player show it. `back` leads to its folder ("": it was sent, not laid into a
    room)."""

    sender: str
    sender_name: str
    room: str = ""
    back: str = ""


def origin_of(landing: Landing, document_id: str) -> Origin:
    """Who sent a document, or the room it lies in with the way back to its folder."""
    if not landing.rights:
        envelope = sends.envelope_of(landing.link_id)
        return Origin(envelope.sender, envelope.sender_name)
    sign = queries.sign_of(landing.link_id, document_id)
    back = reverse("portal:room", args=[landing.link_id])
    return Origin(sign.owner, sign.owner_name, sign.room, f"{back}?at={sign.item_id}" if sign.item_id else back)


@dataclass(frozen=True)
class Tab:
    """A part of the room."""

    label: str
    url: str
    active: bool = False
    count: int | None = None


def frame(hand: Hand, link_id: str, active: str) -> dict[str, object]:
    """What the template of every page of a room needs; `active` names the part that is shown."""
    room, sign = hand.room, queries.sign_of(link_id)
    parts = {"room": Tab(_("Documents"), reverse("portal:room", args=[link_id]))}
    if room.about.strip():
        parts["about"] = Tab(_("About"), reverse("portal:room_about", args=[link_id]))
    if room.shows_guests:
        parts["guests"] = Tab(_("Guests"), reverse("portal:room_guests", args=[link_id]))
    if room.question_audience != Audience.OFF or queries.has_questions(hand):
        parts["questions"] = Tab(_("Questions"), reverse("portal:room_questions", args=[link_id]))
    return {
        "link_id": link_id,
        "room_name": room.name,
        "logo_url": reverse("portal:room_logo", args=[link_id]) if room.logo_key else "",
        "banner": room.banner,
        "sign": sign,
        "reader": hand.address,
        "previewed": _previewed(hand) if hand.is_preview else "",
        "tabs": [replace(tab, active=name == active) for name, tab in parts.items()],
    }


def may_ask(hand: Hand) -> bool:
    """Whether he may ask a question now."""
    room = hand.room
    return not hand.is_preview and room.state == RoomState.OPEN and room.question_audience != Audience.OFF


def ask_url(hand: Hand, link_id: str, item_id: str) -> str:
    """Where a question about an item is asked, "" where none may be."""
    return f"{reverse('portal:room_questions', args=[link_id])}?{urlencode({'about': item_id})}" if may_ask(hand) else ""


def item_url(item: SeenItem, link_id: str) -> str:
    """Where an item is shown: a folder's list, a file's viewer; of a file that has none the folder it lies in."""
    room = reverse("portal:room", args=[link_id])
    if item.is_folder:
        return f"{room}?{urlencode({'folder': item.id})}"
    if can_show(item):
        return reverse("portal:viewer", args=[link_id, item.document_id])
    return f"{room}?{urlencode({'at': item.id})}"


def can_show(item: SeenItem) -> bool:
    """Whether an item can be opened here."""
    return item.is_folder or bool(item.pages) or item.is_media


def _previewed(hand: Hand) -> str:
    if hand.guest is not None:
        return hand.guest.name or hand.guest.address
    return hand.group.name if hand.group is not None else _("who leads the room")
