# SPDX-License-Identifier: Apache-2.0
"""Prices before the deed. They inform; a charge computes again under the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sealroom.access.rules import Access
from sealroom.accounts.rules import Actor
from sealroom.core.errors import Invalid
from sealroom.credits import queries as credit_queries
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document
from sealroom.sends import rules
from sealroom.sends.queries.find import charged_whom, get_send, live_items, live_uses_of, units_of
from sealroom.sends.queries.values import Quote, QuoteLine
from sealroom.sends.rules import Addressee, LineError

QUOTE_LINES = 1000


def quote(
    actor: Actor,
    documents: Sequence[str],
    recipients: Sequence[Addressee],
    *,
    send_id: str = "",
    access: str = Access.NAMED_CODE.value,
    now: datetime,
) -> Quote:
    """What sending would cost now, with that `access`: an open one has a link that names nobody, whose lines have recipient "".
    With `send_id`, recipients are added to that send (its documents when none are named), and Access is opened where it was not.
    Lines that cannot be written to are left out and named. Raises `NotFound`, `Invalid`."""
    if len(documents) > rules.MAX_DOCUMENTS or len(recipients) > 2 * rules.MAX_RECIPIENTS:
        raise Invalid({"documents" if len(documents) > rules.MAX_DOCUMENTS else "recipients": ["too_many"]})
    send = get_send(actor, send_id) if send_id else None
    if send is not None and not documents:
        found = [item.document for item in live_items(send)]
    else:
        found = [document_queries.get_document(actor, one) for one in dict.fromkeys(documents)]
    unique = rules.unique_recipients(recipients)
    addresses = [one.email for one in unique.accepted]
    link = ""
    if access in set(Access) and Access(access).is_open:
        link = send.open_link.public_id if send is not None and send.open_link is not None else rules.LINK_TO_BE
    if send is not None:
        present = send.recipients.filter(removed_at=None, address__in=addresses)
        known = set(present.values_list("address", flat=True))
        addresses = [address for address in addresses if address not in known]
    return _quote(actor, found, addresses, link=link, errors=unique.errors, now=now)


def quote_of_draft(actor: Actor, draft_id: str, *, recipients: Sequence[Addressee] | None = None, now: datetime) -> Quote:
    """What confirming the draft would cost now; with `recipients`, if it went to these. A mail that went out already is priced by
    what committing it again would add."""
    send = get_send(actor, draft_id)
    if recipients is None:
        errors: tuple[LineError, ...] = ()
        addresses = list(send.recipients.filter(removed_at=None).order_by("pk").values_list("address", flat=True))
    else:
        unique = rules.unique_recipients(recipients)
        addresses, errors = [one.email for one in unique.accepted], unique.errors
    link = rules.LINK_TO_BE if send.policy.value.access.is_open else ""
    if link and send.open_link is not None:
        link = send.open_link.public_id
    items = live_items(send)
    units = {} if items else dict.fromkeys(units_of(send, items), "")
    return _quote(actor, [item.document for item in items], addresses, link=link, errors=errors, words=units, now=now)


def quote_of_replacement(actor: Actor, document_id: str, version_id: str, *, now: datetime) -> Quote:
    """What publishing a version would cost now; `recipients` counts those it would reach, and open links."""
    version = document_queries.get_version(actor, document_id, version_id)
    uses = live_uses_of(version.document, now=now).select_related("send__policy", "send__open_link")
    reached = charged_whom([item.send for item in uses])
    price = credit_queries.price(actor.team_id, [rules.pair_key(version.public_id, one) for one in reached], now=now)
    return Quote(price.cost, price.available, price.after, price.enough, len(reached))


def _quote(
    actor: Actor,
    documents: Sequence[Document],
    addresses: Sequence[str],
    *,
    link: str,
    errors: tuple[LineError, ...],
    words: Mapping[str, str] | None = None,
    now: datetime,
) -> Quote:
    versions = {document.current.public_id: document.public_id for document in documents if document.current is not None}
    versions |= words or {}
    price = credit_queries.price(actor.team_id, rules.price(list(versions), addresses, sender=actor.email, open_link=link), now=now)
    whom = [(address, address) for address in addresses] + ([("", link)] if link else [])
    lines: tuple[QuoteLine, ...] = ()
    if len(versions) * len(whom) <= QUOTE_LINES:
        lines = tuple(
            QuoteLine(document, shown, int(rules.pair_key(version, key) in price.unpaid))
            for version, document in versions.items()
            for shown, key in whom
        )
    return Quote(price.cost, price.available, price.after, price.enough, len(addresses), lines, errors)
