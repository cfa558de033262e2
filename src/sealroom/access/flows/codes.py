# SPDX-License-Identifier: Apache-2.0
"""Proving an address by a code: asked for, mailed, tried.

Whoever asks learns nothing: an invited address, another one and a link that never was are answered alike, after the same
statements on the database. What differs happens later, in the job that mails the code or does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext

from sealroom.access import queries, rules
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong
from sealroom.access.flows.visitors import Verified, make_pass, visitor_who
from sealroom.access.models import Challenge, Link, Visitor
from sealroom.access.rules import lifetimes
from sealroom.access.signals import admission_refused
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import codes, jobs, ratelimit
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.codes import CodeState, CodeVerdict
from sealroom.core.errors import Invalid
from sealroom.core.ids import digest
from sealroom.core.jobs.rules import URGENT
from sealroom.core.secrets import keyring, seal_text, unseal_text
from sealroom.mail import flows as mail

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.]")
_MOST_TYPED = 320
_UNCAPPED = 2**31 - 1


@dataclass(frozen=True)
class ChallengeView:
    """What a browser that asked for a code is told: the address as it typed it, and until when the code would live."""

    id: str
    shown_address: str
    expires_at: datetime


@transaction.atomic
def request_code(visitor: Visitor, reference: str, address: str, *, ip: str, language: str = "", now: datetime) -> ChallengeView:
    """Promise a code to `address` for the link of `reference` (token or link id); an earlier one of this browser for it is burned.

    The answer and the work are the same for an invited address, another one, and a link that never was. Invited is whom the link
    names and, where access is open, whoever has an address the lists of domains welcome. The code goes to the address in its
    canonical form, never to the typed spelling. Raises `Invalid` for what is no address, and `RateLimited` beyond 3
    codes per address in 10 minutes, 20 a day, or the caps of the client's IP and of an open link; a refused request costs none of
    these.
    """
    try:
        typed = canonical_address(address[:_MOST_TYPED])
    except BadAddress:
        raise Invalid({"address": ["bad_address"]}) from None
    link = queries.find_link(reference)
    target = queries.challenge_target(link, reference)
    _take(typed, ip, target, is_open=link is not None and link.policy.value.access.is_open, now=now)
    Challenge.objects.filter(visitor=visitor, target_digest=target, passed_at=None).update(tries=codes.TRIES)
    code = codes.new_code()
    challenge = Challenge(
        target_digest=target, link=link, visitor=visitor, address_digest=digest(typed), shown_address=typed, made_at=now, ip=ip
    )
    code_digest = _code_digest(challenge, code)
    opened = queries.link_for(link, typed)
    is_invited = opened is not None and rules.is_invited(opened.policy.value, invited=opened.address, address=typed)
    challenge.code_digest = code_digest if is_invited else ""
    challenge.save(force_insert=True)
    sealed = seal_text(code, purpose="code").hex()
    jobs.defer("access.mail_code", priority=URGENT, challenge_id=challenge.public_id, sealed=sealed)
    return ChallengeView(challenge.public_id, typed, now + codes.LIFETIME)


@transaction.atomic
def mail_code(challenge_id: str, sealed: str, *, now: datetime) -> None:
    """The deferred half of `request_code`: mail the code to the address (the one the link keeps or, of an open link, the canonical
    form of the typed one), or nothing when it was not invited. Either is written to the trail of the team. Safe to run twice."""
    challenge = Challenge.objects.select_related("link__team", "visitor").filter(public_id=challenge_id).first()
    if challenge is None or challenge.link is None:
        return
    link, invited = challenge.link, bool(challenge.code_digest)
    if invited and now - challenge.made_at < codes.LIFETIME:
        mail.compose(
            "access/mail/code",
            to=challenge.shown_address,
            to_name=link.name if link.address == challenge.shown_address else "",
            key=f"code:{challenge.public_id}",
            language=link.language,
            context=_letter(unseal_text(bytes.fromhex(sealed), purpose="code"), language=link.language),
            about=f"challenge:{challenge.public_id}",
            team=link.team.public_id,
            urgent=True,
            now=now,
        )
    if not invited:
        admission_refused.send(
            Link, link_id=link.pk, grant_id=None, reason=rules.Verdict.EMAIL.value, address="", ip=challenge.ip, now=now
        )
    who = visitor_who(challenge.visitor, link, label=challenge.shown_address, ip=challenge.ip)
    audit.record(who, Verb.CODE_REQUESTED, "link", link.public_id, now=now, invited=invited)


def verify_code(visitor: Visitor, reference: str, code: str, *, remember: bool, ip: str, now: datetime) -> Verified:
    """Try a code that this browser asked for, for this link.

    The try is spent and committed before the code is looked at, so that of any number of guesses at once at most five are judged.
    The right code makes a pass, gives the browser a new secret (the old one is worthless from then on), and is used up. Raises
    `CodeWrong(tries_left)`, `CodeExpired`, `CodeWornOut`; `Invalid` for what is not six digits (costs no try); `RateLimited`.
    """
    typed = _SEPARATORS.sub("", code[:40])
    if len(typed) != codes.DIGITS or not (typed.isascii() and typed.isdigit()):
        raise Invalid({"code": ["six_digits"]})
    limit, per = rules.TRIES_PER_IP
    ratelimit.take("access.try", ratelimit.source_of(ip), limit=limit, per=per, now=now)
    link = queries.find_link(reference)
    challenge, tries_before = _spend_try(visitor, queries.challenge_target(link, reference))
    state = CodeState(challenge.code_digest, challenge.made_at, tries_before)
    verdict = codes.judge_code(state, _code_digest(challenge, typed), now=now)
    opened = queries.link_for(link, challenge.shown_address)
    if verdict is CodeVerdict.RIGHT and opened is not None:
        return _pass_gate(visitor, opened, challenge, remember=remember, ip=ip, now=now)
    if link is not None:
        who = visitor_who(visitor, link, label=challenge.shown_address, ip=ip)
        audit.record(who, Verb.CODE_FAILED, "link", link.public_id, now=now, verdict=verdict.value)
    if verdict is CodeVerdict.EXPIRED:
        raise CodeExpired
    if verdict is CodeVerdict.WORN_OUT:
        raise CodeWornOut
    raise CodeWrong(tries_left=codes.TRIES - tries_before - 1)


def _take(typed: str, ip: str, target: str, *, is_open: bool, now: datetime) -> None:
    """All or none: a refusal by one limit rolls back what was taken from the others. Of every link codes are counted, so that all
    are the same work; only an open one, whose codes go wherever a stranger says, has a cap."""
    per_link = rules.CODES_PER_OPEN_LINK if is_open else (_UNCAPPED, rules.CODES_PER_OPEN_LINK[1])
    with transaction.atomic():
        for purpose, subject, (limit, per) in (
            ("access.code", typed, rules.CODES_PER_ADDRESS),
            ("access.code.day", typed, rules.CODES_PER_ADDRESS_A_DAY),
            ("access.code.ip", ratelimit.source_of(ip), rules.CODES_PER_IP),
            ("access.code.link", target, per_link),
        ):
            ratelimit.take(purpose, subject, limit=limit, per=per, now=now)


def _code_digest(challenge: Challenge, code: str) -> str:
    bound_to = "\n".join((challenge.public_id, str(challenge.visitor_id), challenge.target_digest, challenge.address_digest))
    return codes.code_digest(code, key=keyring().derive("code-digest"), bound_to=bound_to)


@transaction.atomic(durable=True)
def _spend_try(visitor: Visitor, target: str) -> tuple[Challenge, int]:
    """The browser's last challenge for the target, with one try taken from it, and how many were taken before. Durable: whatever
    becomes of the request, the try is gone."""
    challenge = Challenge.objects.filter(visitor=visitor, target_digest=target).order_by("-made_at", "-pk").first()
    if challenge is None:
        raise CodeExpired
    spent = Challenge.objects.filter(pk=challenge.pk, tries__lt=codes.TRIES, passed_at=None).update(tries=F("tries") + 1)
    if not spent:
        raise CodeWornOut
    challenge.refresh_from_db(fields=["tries", "code_digest", "made_at"])
    return challenge, challenge.tries - 1


@transaction.atomic
def _pass_gate(visitor: Visitor, link: Link, challenge: Challenge, *, remember: bool, ip: str, now: datetime) -> Verified:
    used = Challenge.objects.filter(pk=challenge.pk, passed_at=None).update(passed_at=now)
    if not used:
        raise CodeWornOut
    address = challenge.shown_address  # canonical, and the one the code was mailed to; an open link's own is ""
    times = lifetimes.new_pass_times(remember=remember, now=now)
    verified = make_pass(visitor, link, reader=address, proved=address, times=times, now=now)
    who = visitor_who(visitor, link, label=address, ip=ip)
    audit.record(who, Verb.ACCESS_PROVED, "link", link.public_id, now=now, remembered=remember)
    return verified


def _letter(code: str, *, language: str) -> dict[str, object]:
    with translation.override(language):
        heading = gettext("Your code")
    return {"heading": heading, "code": code, "minutes": int(codes.LIFETIME.total_seconds() // 60)}
