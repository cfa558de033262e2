# SPDX-License-Identifier: Apache-2.0
"""Which paid pairs may be given back: those that nobody opened and on which no other live send rests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from sealroom.access.models import Grant, Link
from sealroom.accounts.rules import Actor
from sealroom.credits import flows as credit_flows
from sealroom.credits.flows import GivenBack
from sealroom.sends import queries, rules
from sealroom.sends.models import Message, Recipient, Send, SendDocument, SendState


def give_back(
    send: Send,
    recipients: Sequence[Recipient],
    *,
    actor: Actor | None,
    reason: str,
    oldest: datetime | None,
    charge_id: int | None = None,
    with_link: bool = False,
    now: datetime,
) -> GivenBack:
    """Return what may be returned of the pairs a send rests on, for some of its recipients, and `with_link` of those of its open
    link (no other send rests on them).

    Only those charged at `oldest` or later (None: ever) and, with `charge_id`, by that charge. Wallet and send are locked, and
    access was ended before: from then on nothing can become opened."""
    items = list(send.send_documents.select_related("document__current", "sent_version"))
    addresses = {one.address for one in recipients}
    kept = _opened(send, items) | _rested_on(send, items, recipients, now=now)
    pairs = [
        rules.pair_key(version, address)
        for item in items
        for version in _versions(item)
        for address in addresses
        if (item.document_id, address) not in kept
    ]
    pairs += _pairs_of_words(send, items, recipients, with_link=with_link)
    link = send.open_link if with_link else None
    if link is not None:
        seen = set(link.grants.exclude(first_opened_at=None).values_list("document_id", flat=True))
        unseen = [item for item in items if item.document_id not in seen]
        pairs += [rules.pair_key(version, link.public_id) for item in unseen for version in _versions(item)]
    return credit_flows.reverse_pairs(send.team_id, pairs, actor=actor, reason=reason, now=now, oldest=oldest, charge_id=charge_id)


def _versions(item: SendDocument) -> set[str]:
    """The version it went out with and the one it shows now; what lies between is older than 15 minutes or was given up."""
    return {version.public_id for version in (item.sent_version, item.document.current) if version is not None}


def _opened(send: Send, items: Sequence[SendDocument]) -> set[tuple[int, str]]:
    """(document, address) that were opened, in this send or any other of the team. Locks the grants of this send: an opening that
    is being written down is waited for."""
    documents = [item.document_id for item in items]
    addresses = send.recipients.values("address")
    list(
        Grant.objects.select_for_update(no_key=True)
        .filter(link__policy_id=send.policy_id)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    opened = Grant.objects.filter(document__in=documents, link__team_id=send.team_id, link__address__in=addresses)
    found = set(opened.exclude(first_opened_at=None).values_list("document_id", "link__address"))
    read = _readers_of_words(send)
    return found | {(document, address) for document in documents for address in read}


def _readers_of_words(send: Send) -> set[str]:
    """Who saw the protected words of a send, by address. They count as an opening of all of it. Locks its links: a reading that is
    being written down is waited for (`access.flows.open_words`)."""
    if not Message.objects.filter(send=send).exists():
        return set()
    links = Link.objects.select_for_update(no_key=True).filter(policy_id=send.policy_id).order_by("pk")
    return {link.address for link in links if link.first_opened_at is not None}


def _pairs_of_words(send: Send, items: Sequence[SendDocument], recipients: Sequence[Recipient], *, with_link: bool) -> list[str]:
    """Of a send without documents: the pairs of its words that nobody read."""
    if items:
        return []
    read = _readers_of_words(send)
    whom = [one.address for one in recipients if one.address not in read]
    link = send.open_link if with_link else None
    whom += [link.public_id] if link is not None and link.first_opened_at is None else []
    return [rules.pair_key(unit, one) for unit in queries.units_of(send, []) for one in dict.fromkeys(whom)]


def _rested_on(
    send: Send, items: Sequence[SendDocument], recipients: Sequence[Recipient], *, now: datetime
) -> set[tuple[int, str]]:
    """(document, address) that another live send of the team also rests on, or another place in this one (the address was removed
    and added again)."""
    live = queries.live_sends(now=now).filter(team_id=send.team_id, state=SendState.SENT)
    rows = Recipient.objects.exclude(pk__in=[one.pk for one in recipients]).filter(
        Q(send__send_documents__revoked_at=None),
        send__in=live,
        send__send_documents__document__in=[item.document_id for item in items],
        address__in=send.recipients.values("address"),
        removed_at=None,
        link__revoked_at=None,
    )
    return set(rows.values_list("send__send_documents__document_id", "address"))
