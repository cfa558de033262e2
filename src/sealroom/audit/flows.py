# SPDX-License-Identifier: Apache-2.0
"""Writing the trail. Called inside the transaction of the deed, so that deed and trace stand or fall together."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.audit import rules
from sealroom.audit.models import ChainHead, Event, Label
from sealroom.audit.rules import Verb, Who


@transaction.atomic
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
) -> Event:
    """Append one event to the chain of `team` (a public id; default `who.team`; "" is the installation's own chain).

    `label` is the personal name behind `subject`; it and the doer's are kept apart from the chain so that they can be erased:
    never put a name or an address into `facts`. Facts are texts, whole numbers, truth values, times, or lists of these.
    Serialises writers of one team until the caller's transaction ends, so call it last.
    """
    chain = who.team if team is None else team
    _remember(who.id, who.label)
    _remember(subject, label)
    head = _lock_head(chain)
    event = Event(
        team=chain,
        number=head.number + 1,
        at=now,
        verb=verb.value,
        actor_kind=who.kind.value,
        actor=rules.safe_text(who.id, most=64),
        route=str(who.route),
        subject_kind=subject_kind,
        subject=rules.safe_text(subject, most=64),
        facts=rules.safe_facts(facts),
        ip=who.ip,
        previous_hash=head.hash,
    )
    event.hash = rules.link_hash(head.hash, event.hashed_values())
    event.save(force_insert=True)
    ChainHead.objects.filter(team=chain).update(number=event.number, hash=event.hash)
    return event


def erase_label(key: str) -> bool:
    """Blank the personal name behind an id (lawful erasure); the chain stays whole. False when there was none."""
    return bool(Label.objects.filter(key=key).update(text=""))


def _lock_head(team: str) -> ChainHead:
    head = ChainHead.objects.select_for_update(no_key=True).filter(team=team).first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(team=team)], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update(no_key=True).get(team=team)
    return head


def _remember(key: str, text: str) -> None:
    if not key or not text:
        return
    key, text = rules.safe_text(key, most=64), rules.safe_text(text, most=320)
    if Label.objects.filter(key=key, text=text).exists():
        return
    Label.objects.bulk_create([Label(key=key, text=text)], update_conflicts=True, unique_fields=["key"], update_fields=["text"])
