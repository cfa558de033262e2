# SPDX-License-Identifier: Apache-2.0
"""A member's own contacts."""

from __future__ import annotations

from django.db.models import F, Q

from sealroom.accounts.rules import Actor
from sealroom.core.errors import Invalid, NotFound
from sealroom.sends.models import Contact
from sealroom.sends.queries.values import ContactPage, ContactRow

MOST_CONTACTS = 100
_FARTHEST = 1_000_000


def list_contacts(actor: Actor, *, search: str = "", cursor: str = "", limit: int = 25) -> ContactPage:
    """The actor's contacts, those he sent to last first. `search` is the beginning of the address or of a word of the name or
    company."""
    words = search.strip()[:200]
    rows = Contact.objects.filter(team_id=actor.team_id, owner_id=actor.user_id)
    if words:
        begins = Q(address__istartswith=words)
        for field in ("name", "company"):
            begins |= Q(**{f"{field}__istartswith": words}) | Q(**{f"{field}__icontains": f" {words}"})
        rows = rows.filter(begins)
    if cursor and not (cursor.isascii() and cursor.isdigit() and int(cursor[:10]) <= _FARTHEST):
        raise Invalid({"cursor": ["unknown"]})
    start, limit = int(cursor or 0), max(1, min(limit, MOST_CONTACTS))
    found = list(rows.order_by(F("last_sent_at").desc(nulls_last=True), "-pk")[start : start + limit + 1])
    items = tuple(
        ContactRow(one.public_id, one.address, one.name, one.company, one.added_at, one.last_sent_at) for one in found[:limit]
    )
    return ContactPage(items, str(start + limit) if len(found) > limit else "")


def get_contact(actor: Actor, contact_id: str) -> Contact:
    """One of the actor's contacts. Raises `NotFound`."""
    found = Contact.objects.filter(team_id=actor.team_id, owner_id=actor.user_id, public_id=contact_id).first()
    if found is None:
        raise NotFound(kind="contact", id=contact_id)
    return found
