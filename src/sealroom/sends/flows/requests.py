# SPDX-License-Identifier: Apache-2.0
"""Somebody who was not invited asks the sender to be. Whoever asks learns nothing: the door's answer and its work are the same for
every link and address, and what differs happens in a job."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction

from sealroom.access import queries as access_queries
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core import jobs, ratelimit
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid, NotFound
from sealroom.core.ids import digest
from sealroom.core.secrets import seal_text, unseal_text
from sealroom.sends import queries, rules
from sealroom.sends.flows import letters
from sealroom.sends.flows.deeds import lock_send, once
from sealroom.sends.flows.recipients import add_to
from sealroom.sends.flows.values import AddResult
from sealroom.sends.models import AccessRequest, Send, SendState
from sealroom.sends.rules import Addressee

_PER_IP = (20, timedelta(hours=1))
_PER_LINK = (30, timedelta(hours=1))
_PER_ADDRESS = (10, timedelta(days=1))
_MOST_PENDING = 200  # of one send: more would bury those that matter
_DECLINED_STAYS = timedelta(days=7)
_MOST_NOTE = 500
_MOST_TYPED = 320


def request_access(reference: str, *, address: str, name: str = "", note: str = "", ip: str, now: datetime) -> None:
    """Ask the sender behind a link (by token or id) to invite `address`. Answers nothing, whatever stands behind it: for a link
    that never was or ended, for the sender, for who is in the send already, asks already, or was declined within a week, nothing
    happens.

    The address is not proved: the invitation goes there, and reading takes what it takes everybody. Raises `Invalid` for what is no
    address, name or note, and `RateLimited` by client, link and address; a refused request costs none of these."""
    clean, errors = rules.clean_name(name[: rules.MAX_NAME + 1]), {}
    try:
        typed = canonical_address(address[:_MOST_TYPED])
    except BadAddress:
        errors["address"] = ["bad_address"]
    if clean is None:
        errors["name"] = ["bad_name"]
    line = " ".join(note.split())
    if len(line) > _MOST_NOTE or not line.isprintable():
        errors["note"] = ["too_long" if line.isprintable() else "control_character"]
    if errors:
        raise Invalid(errors)
    with transaction.atomic():
        for purpose, subject, (limit, per) in (
            ("sends.ask.ip", ratelimit.source_of(ip), _PER_IP),
            ("sends.ask.link", _target(reference), _PER_LINK),
            ("sends.ask.address", typed, _PER_ADDRESS),
        ):
            ratelimit.take(purpose, subject, limit=limit, per=per, now=now)
        # Sealed: what a stranger wrote about himself must not lie in clear in the table of jobs.
        asked = seal_text(json.dumps([typed, clean, line, ip]), purpose="access-request").hex()
        jobs.defer("sends.take_request", link=_target(reference), asked=asked, at=now.isoformat())


def take_request(link: str, asked: str, *, now: datetime) -> bool:
    """The deferred half of `request_access`: write the request down and tell the sender. `link` and `asked` are as it put them up.
    True when there is something new to decide. Safe to run twice."""
    address, name, note, ip = json.loads(unseal_text(bytes.fromhex(asked), purpose="access-request"))
    found = Send.objects.filter(policy__links__public_id=link, state=SendState.SENT, deleted_at=None).first()
    if found is None:
        return False
    with transaction.atomic():
        send = lock_send(found)
        if rules.state_of(send.facts, now=now) not in rules.LIVE or not _is_news(send, address, now=now):
            return False
        try:
            with transaction.atomic():
                request = AccessRequest.objects.create(send=send, address=address, name=name, note=note, ip=ip, asked_at=now)
        except IntegrityError:
            return False
        letters.tell_asked(request, cost=queries.cost_of_request(request, now=now), now=now)
        who = Who(ActorKind.VISITOR, request.public_id, team=send.team.public_id, label=address, route="portal", ip=ip)
        audit.record(who, Verb.ACCESS_ASKED, "send", send.public_id, now=now, request=request.public_id)
    return True


def approve_request(actor: Actor, request_id: str, *, key: str, now: datetime) -> AddResult:
    """Invite who asked: charged, mailed and refused as by `add_recipients`, once per `key`. Raises `NotFound` for a request that
    was declined."""
    actor.require(Capability.SEND)
    return once(partial(_approve, actor, request_id, key=key, now=now))


def decline_request(actor: Actor, request_id: str, *, now: datetime) -> None:
    """Decide against a request; who asked is told nothing. Again: nothing. Raises `NotFound` for one that was approved."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        request = queries.get_request(actor, request_id)
        lock_send(request.send)
        request.refresh_from_db(fields=["decided_at", "recipient"])
        if request.decided_at is not None:
            if request.recipient_id is not None:
                raise NotFound(kind="request", id=request_id)
            return
        _decide(actor, request, granted=False, now=now)


@transaction.atomic
def _approve(actor: Actor, request_id: str, *, key: str, now: datetime) -> AddResult:
    request = queries.get_request(actor, request_id)
    if request.decided_at is not None and request.recipient_id is None:
        raise NotFound(kind="request", id=request_id)
    person = Addressee(request.address, request.name)
    result = add_to(actor, request.send.public_id, (person,), key=key, notify=True, now=now)
    request.refresh_from_db(fields=["decided_at", "recipient"])  # the send is locked now: nobody else decides meanwhile
    if request.decided_at is None:
        request.recipient = result.send.recipients.filter(address=request.address, removed_at=None).first()
        _decide(actor, request, granted=True, now=now)
    elif request.recipient_id is None:
        raise NotFound(kind="request", id=request_id)
    return result


def _decide(actor: Actor, request: AccessRequest, *, granted: bool, now: datetime) -> None:
    AccessRequest.objects.filter(pk=request.pk).update(decided_at=now, decided_by=actor.user_id, recipient=request.recipient)
    audit.record(
        actor.who,
        Verb.ACCESS_ASKED_DECIDED,
        "send",
        request.send.public_id,
        now=now,
        request=request.public_id,
        granted=granted,
        address=request.address,
    )


def _target(reference: str) -> str:
    """A link's id for its token and its id alike, and something stable of the same kind where there is no link."""
    link = access_queries.find_link(reference)
    return link.public_id if link is not None else digest(reference)


def _is_news(send: Send, address: str, *, now: datetime) -> bool:
    if address == send.sender.email or send.recipients.filter(address=address, removed_at=None).exists():
        return False
    requests = send.access_requests.all()
    declined = requests.filter(address=address, recipient=None, decided_at__gt=now - _DECLINED_STAYS)
    return not declined.exists() and requests.filter(decided_at=None).count() < _MOST_PENDING
