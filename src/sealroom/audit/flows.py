# SPDX-License-Identifier: Apache-2.0
"""Writing the trail. Called inside the transaction of the deed, so that deed and trace stand or fall together."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.audit import rules
from sealroom.audit.models import ChainHead, Event, Label
from sealroom.audit.rules import Verb, Who
from sealroom.core.statements import Columns, execute, insert

_HEAD = Columns(ChainHead, "number", "hash")
_LABEL = Columns(Label, "key")


@transaction.atomic(savepoint=False)
def record(
    who: Who,
    verb: Verb,
    subject_kind: str,
    subject: str,
    *,
    now: datetime,
    label: str = "",
    team: str | None = None,
    **facts: object,
) -> None:
    """Append one event to the chain of `team` (a public id; default `who.team`; "" is the installation's own chain).

    `label` is the personal name behind `subject`; it and the doer's are kept apart from the chain so that they can be erased:
    never put a name or an address into `facts`. Facts are texts, whole numbers, truth values, times, or lists of these.
    Serialises writers of one team until the caller's transaction ends, so call it last.
    """
    chain = who.team if team is None else team
    _remember(who.id, who.label)
    _remember(subject, label)
    number, previous = _lock_head(chain)
    event = Event(
        team=chain,
        number=number + 1,
        at=now,
        verb=verb.value,
        actor_kind=who.kind.value,
        actor=rules.safe_text(who.id, most=64),
        route=str(who.route),
        subject_kind=subject_kind,
        subject=rules.safe_text(subject, most=64),
        facts=rules.safe_facts(facts),
        ip=who.ip,
        previous_hash=previous,
    )
    event.hash = rules.link_hash(previous, event.hashed_values())
    insert(event)
    execute("UPDATE audit_chainhead SET number = %s, hash = %s WHERE team = %s", event.number, event.hash, chain)


def erase_label(key: str) -> bool:
    """Blank the personal name behind an id (lawful erasure); the chain stays whole. False when there was none."""
    return bool(Label.objects.filter(key=key).update(text=""))


def _lock_head(team: str) -> tuple[int, str]:
    """Number and hash of the chain's last event, held until the transaction ends."""
    found = _HEAD.lock("WHERE team = %s", team)
    if not found:
        ChainHead.objects.bulk_create([ChainHead(team=team)], ignore_conflicts=True)
        found = _HEAD.lock("WHERE team = %s", team)
    ((number, last),) = found
    return number, last


def _remember(key: str, text: str) -> None:
    if not key or not text:
        return
    key, text = rules.safe_text(key, most=64), rules.safe_text(text, most=320)
    if _LABEL.select("WHERE key = %s AND text = %s", key, text):
        return
    Label.objects.bulk_create([Label(key=key, text=text)], update_conflicts=True, unique_fields=["key"], update_fields=["text"])
