# SPDX-License-Identifier: Apache-2.0
"""The gates beside the code: holding the link, the passcode; and the sender's look through a recipient's eyes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password
from django.db import transaction

from sealroom.access import queries, rules
from sealroom.access.errors import PasscodeWrong
from sealroom.access.flows.passes import Gate, check_gate
from sealroom.access.flows.visitors import Verified, make_pass, meet, renew_secret, visitor_who
from sealroom.access.models import Link, Pass, PolicyRow, Visitor
from sealroom.access.rules import Verdict, lifetimes
from sealroom.access.signals import admission_refused
from sealroom.accounts.models import User
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import ratelimit
from sealroom.core.errors import NotFound


@transaction.atomic
def open_link(visitor: Visitor, reference: str, *, ip: str, now: datetime) -> Verified:
    """Give a browser a pass because it holds a link that asks for no code. Never done by looking at a page: mail scanners look.

    Raises `NotFound` for every other link, ended ones included, and `RateLimited` beyond the cap of the client's IP.
    """
    limit, per = rules.OPENINGS_PER_IP
    ratelimit.take("access.open", ratelimit.source_of(ip), limit=limit, per=per, now=now)
    link = queries.find_link(reference)
    if link is None or not queries.may_open_without_code(link, now=now):
        raise NotFound(kind="link", id=reference)
    times = lifetimes.new_pass_times(remember=False, now=now)
    verified = make_pass(visitor, link, reader=link.address, proved="", times=times, now=now)
    who = visitor_who(visitor, link, label=link.address, ip=ip)
    audit.record(who, Verb.ACCESS_PROVED, "link", link.public_id, now=now, remembered=False, by="link")
    return verified


def try_passcode(cookie: str | None, link_id: str, clear: str, *, ip: str, now: datetime) -> Verified:
    """Try the passcode of a link whose earlier gates this browser passed.

    The try is spent and committed before it is compared: of any number at once at most 5 wrong ones in 15 minutes from one IP, and
    50 an hour in all, are judged for a link; a right one is given back. The right one is noted on the pass and changes the
    browser's secret. Raises `NotAdmitted` (an earlier gate), `PasscodeWrong`, `RateLimited`, `Invalid`.
    """
    gate = check_gate(cookie, link_id, ip=ip, now=now, upto=Verdict.PASSCODE)
    if not gate.policy.passcode_hash or gate.held.preview_by_id is not None:
        return _pass_on(gate, now=now)
    typed = rules.checked_passcode(clear)
    left = _spend(gate.link, ip, now=now)
    if check_password(typed, gate.policy.passcode_hash):
        for purpose, subject, _limit, _per in _limits(gate.link, ip):
            ratelimit.give_back(purpose, subject, now=now)
        return _pass_on(gate, now=now)
    _write_failure(gate, ip, now=now)
    raise PasscodeWrong(tries_left=left)


@transaction.atomic
def issue_preview(link: Link, *, by: User, cookie: str | None, user_agent: str, now: datetime) -> Verified:
    """Let a sender see what a recipient of this link would: for ten minutes, in his own browser, with nothing to fulfil, nothing
    counted and nothing recorded of it. Whether he may is for the caller to know."""
    visitor = meet(cookie, user_agent=user_agent, now=now).visitor
    times = lifetimes.preview_times(now=now)
    return make_pass(visitor, link, reader=link.address, proved="", times=times, now=now, preview_by=by)


def end_previews(policy: PolicyRow, *, by: str, now: datetime) -> None:
    """End the looks of one person (an address) through all links under a policy: he may not take them any more."""
    Pass.objects.filter(link__policy=policy, preview_by__email=by, ended_at=None).update(ended_at=now)


@transaction.atomic
def _pass_on(gate: Gate, *, now: datetime) -> Verified:
    Pass.objects.filter(pk=gate.held.pk).update(passcode_version=gate.policy.passcode_version)
    return renew_secret(gate.held, now=now)


def _limits(link: Link, ip: str) -> tuple[tuple[str, str, int, timedelta], ...]:
    source = f"{link.public_id}:{ratelimit.source_of(ip)}"
    return (
        ("access.passcode.source", source, *rules.PASSCODES_PER_SOURCE),
        ("access.passcode.link", link.public_id, *rules.PASSCODES_PER_LINK),
    )


@transaction.atomic(durable=True)
def _spend(link: Link, ip: str, *, now: datetime) -> int:
    """Take a try from both limits, or from none; returns how many are left from here. Durable: whatever becomes of the request,
    the try is gone."""
    for purpose, subject, limit, per in _limits(link, ip):
        ratelimit.take(purpose, subject, limit=limit, per=per, now=now)
    return min(limit - ratelimit.taken(purpose, subject, now=now) for purpose, subject, limit, _per in _limits(link, ip))


@transaction.atomic
def _write_failure(gate: Gate, ip: str, *, now: datetime) -> None:
    link, address = gate.link, gate.held.address
    reason = Verdict.PASSCODE.value
    admission_refused.send(Link, link_id=link.pk, grant_id=None, reason=reason, address=address, ip=ip, now=now)
    who = visitor_who(gate.held.visitor, link, label=address, ip=ip)
    audit.record(who, Verb.PASSCODE_FAILED, "link", link.public_id, now=now)
