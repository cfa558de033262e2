# SPDX-License-Identifier: Apache-2.0
"""What a sender does while a reader looks on: deeds on the data of a server (see `tests.journeys.backstage`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from tests.doors.portal.hall import Hall, make_hall
from tests.factories.accounts import make_persona
from tests.factories.documents import make_pdf, upload_ready
from tests.factories.films import make_film
from tests.factories.rooms import hand_of

from sealroom.access import queries as access
from sealroom.access.models import Link, PolicyRow
from sealroom.access.rules import Watermark
from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Route
from sealroom.core.ids import new_id
from sealroom.core.models import RateBucket
from sealroom.datarooms import flows as rooms
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.models import Guest
from sealroom.datarooms.rules import Right
from sealroom.sends import flows
from sealroom.sends.models import Recipient
from sealroom.sends.rules import Addressee, SendRequest, SendSettings


def send(
    *,
    to: str,
    pages: list[int],
    language: str = "en",
    permission: str = "view",
    expires_in: float | None = None,
    policy: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a team, upload PDFs with so many pages, send them; `policy`: further columns of its conditions."""

    now = timezone.now()
    owner = make_persona(f"{new_id('o').lower()}@example.com", team_name="Northwind", name="Olive Owner", now=now)
    documents = []
    for count in pages:
        texts = [f"Page {number} of the paper" for number in range(1, count + 1)]
        documents.append(upload_ready(owner.actor, make_pdf(texts), name=f"Term sheet {count}.pdf", now=timezone.now()))
    expires_at = None if expires_in is None else timezone.now() + timedelta(seconds=expires_in)
    request = SendRequest(
        documents=tuple(document.public_id for document in documents),
        recipients=(Addressee(to, "Nadia"),),
        subject="Papers for Thursday",
        message="Dear Nadia,\n\nsection 3 has changed.",
        settings=SendSettings(permission=permission, expires_at=expires_at),
        language=language,
    )
    result = flows.send_documents(owner.actor, request, key="stage", now=timezone.now())
    link = Recipient.objects.select_related("link").get(send=result.send).link
    assert link is not None
    PolicyRow.objects.filter(pk=link.policy_id).update(**policy or {})
    return {
        "to": to,
        "owner": owner.user.public_id,
        "send": result.send.public_id,
        "link": link.public_id,
        "url": access.link_url(link),
        "documents": [document.public_id for document in documents],
    }


def send_film(*, to: str, media: str | None, sound: bool = False) -> dict[str, Any]:
    """Send a short film, or a sound: its mark burned in (""), laid over ("laid_over") or none (None)."""
    now = timezone.now()
    owner = make_persona(f"{new_id('o').lower()}@example.com", team_name="Northwind", name="Olive Owner", now=now)
    data = make_film(size="", suffix="mp3", seconds=6) if sound else make_film(seconds=6)
    document = upload_ready(owner.actor, data, name="Talk.mp3" if sound else "Launch.mp4", now=now)
    watermark = None if media is None else Watermark(media=media)
    request = SendRequest(
        documents=(document.public_id,), recipients=(Addressee(to, "Nadia"),), settings=SendSettings(watermark=watermark)
    )
    result = flows.send_documents(owner.actor, request, key="stage", now=timezone.now())
    link = Recipient.objects.select_related("link").get(send=result.send).link
    assert link is not None
    return {"to": to, "owner": owner.user.public_id, "send": result.send.public_id, "url": access.link_url(link)}


def room(*, to: str, language: str = "en", right: str = "view") -> dict[str, Any]:
    """A data room with folders and files, and a guest in it."""
    now = timezone.now()
    owner = make_persona(f"{new_id('o').lower()}@example.com", team_name="Northwind", name="Olive Owner", now=now)
    hall = make_hall(owner)
    about = "# What this is\n\nThe papers of **Project Alder**.\n\n- first\n- second\n\n| Day | Deed |\n|---|---|\n| 1 | Read |"
    hall.change(shows_guests=True, about=about, banner="Offers until Friday, 18:00.")
    legal, hollow = hall.folder("Legal"), hall.folder("Minutes of the supervisory board, 2024 to 2026")
    for name, words in (
        ("Contract.pdf", "The quince clause"),
        ("Annex with a rather long name, signed copy of 12 March.pdf", "Annex"),
    ):
        hall.file(name, "Legal", words=words)
        hall.read(name)
    hall.file("Prices.pdf", words="Prices")
    hall.file("Figures.txt", data=b"figures")
    guest = hall.guest(to, Right(right))
    if right == Right.VIEW:
        hall.set(guest, Right.DOWNLOAD_ORIGINAL, "Legal")
    hall.guest("rival@elsewhere.example")
    assert guest.link is not None
    Link.objects.filter(pk=guest.link.pk).update(language=language)
    question = ask_in(hall, guest)
    return {
        "to": to,
        "url": access.link_url(guest.link),
        "room": f"{settings.SEALROOM_BASE_URL}{hall.at(guest)}",
        "folder": legal.public_id,
        "hollow": hollow.public_id,
        "question": question,
    }


def ask_in(hall: Hall, guest: Guest) -> str:
    """Ask a question about the contract as a guest, answered by the owner; its id."""
    now = timezone.now()
    contract, prices = (hall.items[name].public_id for name in ("Contract.pdf", "Prices.pdf"))
    asking = Asking("How long does the lease run?", "From which day on?\nAnd can it be ended?", item=contract)
    question = rooms.ask_question(hand_of(guest), asking, now=now).public_id
    rooms.reply_to_question(hall.lead, question, "Ten years from 1 March.", attachments=[prices], now=now)
    return question


def revoke(*, owner: str, send: str) -> dict[str, Any]:
    """Take a send back."""
    actor = actor_for(User.objects.get(public_id=owner), route=Route.WEB)
    assert actor is not None
    flows.revoke(actor, send, now=timezone.now())
    return {}


def forget_limits() -> dict[str, Any]:
    """Let nobody be counted any more. For the product all readers of a test process sit at one address, and it allows an address
    fewer codes in some minutes than they ask for together."""
    RateBucket.objects.all().delete()
    return {}


def send_all(*, wishes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Several sends at once, by name."""
    return {name: send(**wish) for name, wish in wishes.items()}


DEEDS: dict[str, Callable[..., dict[str, Any]]] = {
    "send": send,
    "send_all": send_all,
    "send_film": send_film,
    "room": room,
    "revoke": revoke,
    "forget_limits": forget_limits,
}
