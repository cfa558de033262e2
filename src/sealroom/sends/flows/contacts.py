# SPDX-License-Identifier: Apache-2.0
"""Contacts: written down when a member sends, kept by hand, read from files. They are the member's own and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid
from sealroom.sends import queries, rules
from sealroom.sends.flows.values import ImportResult
from sealroom.sends.models import Contact, Recipient, Send

_BATCH = 500


def save_contact(actor: Actor, contact_id: str, *, address: str, name: str = "", company: str = "", now: datetime) -> Contact:
    """Write a contact down (`contact_id` ""), or change one. Raises `Invalid`, `NotFound`."""
    actor.require(Capability.SEND)
    clean = {"name": rules.clean_name(name), "company": rules.clean_name(company)}
    errors = {field: ["bad_name"] for field, text in clean.items() if text is None}
    try:
        canonical = canonical_address(address)
    except BadAddress:
        errors["address"] = ["bad_address"]
    if errors:
        raise Invalid(errors)
    contact = queries.get_contact(actor, contact_id) if contact_id else _new(actor, now=now)
    contact.address, contact.name, contact.company = canonical, clean["name"] or "", clean["company"] or ""
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        raise Invalid({"address": ["known"]}) from None
    return contact


def delete_contact(actor: Actor, contact_id: str) -> None:
    """Forget a contact; sends are not touched. Raises `NotFound`."""
    actor.require(Capability.SEND)
    queries.get_contact(actor, contact_id).delete()


@transaction.atomic
def import_contacts(actor: Actor, data: str | bytes, *, now: datetime) -> ImportResult:
    """Write down everybody a CSV file names (`rules.read_people`); who is known gets the name and company it gives. Lines that are
    nobody are left out and named."""
    actor.require(Capability.SEND)
    found = rules.read_people(data)
    known = _known(actor.team_id, actor.user_id, [one.email for one in found.accepted])
    new, changed = [], []
    for person in found.accepted:
        contact = known.get(person.email)
        if contact is None:
            contact = _new(actor, now=now)
            contact.address, contact.name, contact.company = person.email, person.name, person.company
            new.append(contact)
        elif (person.name, person.company) != (contact.name, contact.company):
            contact.name, contact.company = person.name or contact.name, person.company or contact.company
            changed.append(contact)
    Contact.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
    Contact.objects.bulk_update(changed, ["name", "company"], batch_size=_BATCH)
    return ImportResult(len(new), len(changed), found.errors)


def note_contacts(send: Send, recipients: Sequence[Recipient], *, now: datetime) -> None:
    """Remember whom a sender wrote to, in the transaction of the deed. A name he gave before stays."""
    others = [one for one in recipients if one.address != send.sender.email]
    known = _known(send.team_id, send.sender_id, [one.address for one in others])
    new = [
        Contact(team_id=send.team_id, owner_id=send.sender_id, address=one.address, name=one.name, added_at=now, last_sent_at=now)
        for one in others
        if one.address not in known
    ]
    names = {one.address: one.name for one in others}
    for contact in known.values():
        contact.name, contact.last_sent_at = contact.name or names[contact.address], now
    Contact.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
    Contact.objects.bulk_update(known.values(), ["name", "last_sent_at"], batch_size=_BATCH)


def _new(actor: Actor, *, now: datetime) -> Contact:
    return Contact(team_id=actor.team_id, owner_id=actor.user_id, added_at=now)


def _known(team_id: int, owner_id: int, addresses: Sequence[str]) -> dict[str, Contact]:
    found: dict[str, Contact] = {}
    for start in range(0, len(addresses), _BATCH):
        rows = Contact.objects.filter(team_id=team_id, owner_id=owner_id, address__in=addresses[start : start + _BATCH])
        found |= {row.address: row for row in rows}
    return found
