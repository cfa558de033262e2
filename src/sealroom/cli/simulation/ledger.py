# SPDX-License-Identifier: Apache-2.0
"""Scenarios of a team's credits, played step by step by the product's own flows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from sealroom.accounts.rules import Actor
from sealroom.audit.rules import SYSTEM
from sealroom.billing import queries as billing_queries
from sealroom.billing.ports import Progress, get_gateway
from sealroom.cli.simulation import deals
from sealroom.cli.simulation.cast import ANYBODY, Cast
from sealroom.cli.simulation.clock import Clock
from sealroom.cli.simulation.deals import Deals
from sealroom.cli.simulation.report import Note
from sealroom.cli.simulation.rooms import Rooms
from sealroom.cli.simulation.scenario import BadFile, Fields, count, instant_of, need, shown, words
from sealroom.cli.simulation.takings import Taken, Takings
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.addresses import BadAddress
from sealroom.core.errors import DomainError, Invalid, NotFound
from sealroom.credits import flows as credits_flows
from sealroom.credits import queries as credits_queries
from sealroom.credits.rules import LotKind
from sealroom.sends import flows as sends
from sealroom.sends import queries as sends_queries
from sealroom.sends.flows.give_back import give_back
from sealroom.sends.rules import Addressee, SendRequest, SendSettings

Result = dict[str, Any]
log = logging.getLogger(__name__)

_NOTHING_YET = {"replayed": False, "charged": 0, "granted": 0, "restored": 0}


@dataclass(frozen=True)
class Played:
    """The answer to a scenario, and what people are told of each step beside it."""

    answer: Result
    notes: list[Note]


def play(scenario: Fields) -> Played:
    """Play one scenario and leave nothing behind. One result per step, also after a refusal. Raises `BadFile`."""
    with transaction.atomic():
        story = _Play(scenario)
        answer = story.answer()
        transaction.set_rollback(True)
    return Played(answer, story.notes)


class _Play:
    """One scenario on its way: the cast, the clock, what was told to admins and which charges were reversed."""

    def __init__(self, scenario: Fields) -> None:
        self.where = f"scenario {scenario.get('id')}"
        self.scenario = scenario
        till = get_gateway()
        assert isinstance(till, ScriptedTill)
        self.till = till
        till.forget()
        try:
            self.cast = Cast(scenario, self.where)
            self.deals = Deals(self.cast, self.till)
        except (DomainError, BadAddress) as refusal:
            raise BadFile(f"{self.where}: such a team cannot be ({refusal}).") from refusal
        self.rooms = Rooms(self.cast)
        self.clock = Clock(self.cast.team.pk)
        self.takings = Takings(self.cast.founder)
        self.taken: Taken = self.takings.since()
        self.notes: list[Note] = []
        self.reason = ""
        self.now = self.cast.anchor
        self.number = 0
        self._told = 0
        self._sent: dict[str, tuple[Actor, str]] = {}
        self._reversed: set[str] = set()

    def answer(self) -> Result:
        """Play all steps."""
        steps = [self._step(step) for step in self.scenario["steps"]]
        answer: Result = {"id": self.scenario.get("id"), "steps": steps}
        if isinstance(final := self.scenario.get("final"), dict):
            told = [kind for step in steps for kind in step["notifications"]]
            answer["final"] = self._filled({"balance": self.balance, "notifications": told}, final)
        return answer

    @property
    def balance(self) -> int:
        """Credits that may be spent now."""
        return credits_queries.meter(self.cast.team.pk, now=self.now).available

    def _step(self, step: Fields) -> Result:
        self.number += 1
        self.where = f"scenario {self.scenario.get('id')}, step {self.number}"
        if "at" in step:
            self.now = instant_of(step["at"], self.where)
        self.reason = ""
        self._let_time_pass(step)
        result = self._done(step)
        self.taken = self.takings.since()
        self.notes.append(Note(self.taken.words, self.reason))
        notices = credits_queries.list_notices(self.cast.team.pk, after=self._told)
        self._told = notices[-1].pk if notices else self._told
        result["notifications"] = [notice.kind for notice in notices]
        return self._filled(result, step.get("expect") or {})

    def _let_time_pass(self, step: Fields) -> None:
        if "renewals" in step:
            try:
                self.till.renewals = Progress(step["renewals"])
            except ValueError as error:
                raise BadFile(f"{self.where}: 'renewals' is succeeded or failed.") from error
        self.clock.pass_until(self.now)

    def _done(self, step: Fields) -> Result:
        op = step["op"]
        try:
            return _OPS[op](self, step) if op in _OPS else self._deal(step)
        except DomainError as refusal:
            return self._refused(op, refusal)
        except BadFile:
            raise
        except Exception:
            log.exception("%s failed", self.where)
            return {"result": "error", "code": "internal", "balance": self.balance}

    def _refused(self, op: str, refusal: DomainError) -> Result:
        result: Result = {"result": "refused", "code": refusal.code}
        self.reason = _why(refusal)
        if op in ("send", "replace_file"):
            result["charged"] = 0
            if "needed" in refusal.facts:
                result["needed"] = refusal.facts["needed"]
        elif op == "reverse":
            result["restored"] = 0
        elif op in ("promo_grant", *deals.GRANTS):
            result["granted"] = 0
        elif op in _USES:
            result |= self._used(op)
        return {**result, "balance": self.balance}

    def _filled(self, result: Result, asked: Fields) -> Result:
        """Also what a step is asked for beyond its own fields, as far as it can be told."""
        missing = [name for name in asked if name not in result]
        if not missing:
            return result
        meter = credits_queries.meter(self.cast.team.pk, now=self.now)
        facts: Result = {
            **_NOTHING_YET,
            **self.rooms.used,
            "result": "ok",
            "balance": meter.available,
            "available": meter.available,
            "allowance": meter.allowance,
            "promo": meter.promo,
            "used": meter.used,
            "period_start": shown(meter.period_start),
            "period_end": shown(meter.period_end),
            "resets_at": shown(meter.resets_at),
            "paid_cents": self.taken.paid,
            "invoices": list(self.taken.invoices),
            "customer_balance_cents": self.taken.balance,
            **self._plan(),
        }
        return {**result, **{name: facts.get(name) for name in missing}}

    def _plan(self) -> Result:
        plan = billing_queries.overview(self.cast.founder, now=self.now)
        blocks = sum(one.held for one in plan.options if one.extra.is_block)
        ends = plan.planned.effective_at if plan.planned is not None else None
        return {"plan": plan.plan.code, "interval": plan.interval, "blocks": blocks, "changes_at": shown(ends) if ends else None}

    # -- What a step may do ----------------------------------------------------------------------------------------------
    def _deal(self, step: Fields) -> Result:
        key = self._key(step)
        result = {"balance": None, **self.deals.play(step, self.where, key=key, now=self.now)}
        if result["balance"] is None:
            result["balance"] = self.balance
        self.deals.keep(key, result)
        return result

    def _key(self, step: Fields) -> str:
        return str(step.get("key") or f"step {self.number}")

    def _send(self, step: Fields) -> Result:
        actor, key = self.cast.actor(str(step.get("user") or ANYBODY)), self._key(step)
        files = dict.fromkeys(words(step, "files", self.where))
        chosen = [self.cast.document(name, actor, now=self.now)[0] for name in files]
        people = [address for kind in ("recipients", "to", "cc", "bcc") for address in words(step, kind, self.where)]
        people += [f"person-{number}@example.org" for number in range(1, count({"people": 0, **step}, "people", self.where) + 1)]
        request = SendRequest(
            documents=tuple(document.public_id for document in chosen),
            recipients=tuple(Addressee(address) for address in people),
            settings=SendSettings(watermark=None),  # a scenario may have any plan; the mark costs nothing
            notify=False,
        )
        sent = sends.send_documents(actor, request, key=key, now=self.now)
        self._sent[key] = actor, sent.send.public_id
        return _charged(sent.charged, sent.available, replayed=sent.replayed)

    def _replace_file(self, step: Fields) -> Result:
        name, key = need(step, "file", str, self.where), self._key(step)
        document, owner = self.cast.document(name, self.cast.actor(str(step.get("user") or ANYBODY)), now=self.now)
        version = self.cast.version(name, key, now=self.now)
        replaced = sends.replace(owner, document.public_id, version.public_id, key=key, now=self.now)
        return _charged(replaced.charged, replaced.available, replayed=replaced.replayed)

    def _tick(self, step: Fields) -> Result:
        return {"balance": credits_flows.roll(self.cast.team.pk, now=self.now).balance}

    def _reverse(self, step: Fields) -> Result:
        """The system's own reversal: a send that failed is ended and what was paid for it comes back, whatever its age."""
        key = need(step, "of", str, self.where)
        if key in self._reversed:
            return {"result": "ok", "restored": 0, "balance": self.balance, "replayed": True}
        with transaction.atomic():
            restored = self._give_back(key)
        self._reversed.add(key)
        return {"result": "ok", "restored": restored, "balance": self.balance}

    def _give_back(self, key: str) -> int:
        charge = credits_queries.charge_by_key(self.cast.team.pk, key)
        if charge is None:
            raise NotFound(key=key)
        if key in self._sent:
            actor, send_id = self._sent[key]
            sends.revoke(actor, send_id, now=self.now)
            send = sends_queries.get_send(actor, send_id)
            gone = list(send.recipients.all())
            back = give_back(send, gone, actor=None, reason="failed", oldest=None, charge_id=charge, now=self.now)
            return back.restored
        return credits_flows.reverse_charge(self.cast.team.pk, charge, reason="failed", now=self.now).restored

    def _promo_grant(self, step: Fields) -> Result:
        amount, ends = need(step, "credits", int, self.where), step.get("expires_at")
        issued = credits_flows.issue(
            self.cast.team.pk,
            LotKind.PROMO,
            amount,
            source_key=f"promo:{self.cast.team.pk}:{self._key(step)}",
            expires_at=instant_of(ends, self.where) if ends is not None else None,
            who=SYSTEM,
            now=self.now,
        )
        replayed = {"replayed": True} if issued.replayed else {}
        return {"result": "ok", "granted": issued.granted, "balance": issued.balance, **replayed}

    def _set_quota(self, step: Fields) -> Result:
        self.cast.set_quotas(need(step, "quota", dict, self.where), now=self.now)
        return {"result": "ok"}

    def _create_room(self, step: Fields) -> Result:
        self.rooms.create(step, self.where, now=self.now)
        return self._room_done(step)

    def _delete_room(self, step: Fields) -> Result:
        self.rooms.delete(step, self.where, now=self.now)
        return self._room_done(step)

    def _invite(self, step: Fields) -> Result:
        self.rooms.invite(step, self.where, now=self.now)
        return self._room_done(step)

    def _remove_guest(self, step: Fields) -> Result:
        self.rooms.remove(step, self.where, now=self.now)
        return self._room_done(step)

    def _room_done(self, step: Fields) -> Result:
        return {"result": "ok", **self._used(step["op"]), "balance": self.balance}

    def _used(self, op: str) -> Result:
        used = self.rooms.used
        return {name: used[name] for name in _USES[op]}


# Which quotas a step about data rooms tells of.
_USES = {
    "create_room": ("rooms_used",),
    "delete_room": ("rooms_used", "guests_used"),
    "invite": ("guests_used",),
    "remove_guest": ("guests_used",),
}


def _why(refusal: DomainError) -> str:
    if isinstance(refusal, Invalid):
        return "; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in refusal.errors.items())
    until = refusal.facts.get("until")
    return f"until {until}" if until else ""


def _charged(charged: int, balance: int, *, replayed: bool) -> Result:
    result: Result = {"result": "ok", "charged": charged, "balance": balance}
    return {**result, "replayed": True} if replayed else result


_OPS: dict[str, Callable[[_Play, Fields], Result]] = {
    "send": _Play._send,  # noqa: SLF001 -- the table of this class
    "replace_file": _Play._replace_file,  # noqa: SLF001
    "tick": _Play._tick,  # noqa: SLF001
    "reverse": _Play._reverse,  # noqa: SLF001
    "promo_grant": _Play._promo_grant,  # noqa: SLF001
    "set_quota": _Play._set_quota,  # noqa: SLF001
    "create_room": _Play._create_room,  # noqa: SLF001
    "delete_room": _Play._delete_room,  # noqa: SLF001
    "invite": _Play._invite,  # noqa: SLF001
    "remove_guest": _Play._remove_guest,  # noqa: SLF001
}
