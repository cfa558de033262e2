# SPDX-License-Identifier: Apache-2.0
"""What becomes of a wish to change a plan: what happens at once and is charged for the rest of the cycle, what waits for its end,
and what is refused. Pure.

More is at once, less is at the end of the billing cycle (it is paid for until then); product.md 3 and billing.md are the source.
Where nobody pays (`Standing.free_of_charge`) everything is at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sealroom.billing.errors import BlockTerm, QuotaInUse
from sealroom.billing.rules import money
from sealroom.billing.rules.money import Line, LineKind, Priced, Span
from sealroom.billing.rules.offers import FREE, STANDING, Extra, Held, Offer, limits_of_offer
from sealroom.core.errors import Invalid
from sealroom.credits.rules import boundary

NO_NUMBERS: Mapping[str, int] = {}


@dataclass(frozen=True)
class Later:
    """What a subscription becomes at the end of its cycle: another plan or interval (None: the same), fewer units of add-ons.
    `cancels`: it ends then, with all add-ons (`plan` is the free one)."""

    plan: Offer | None = None
    interval: str | None = None
    fewer: Mapping[str, int] = field(default_factory=dict)
    cancels: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is planned."""
        return self.plan is None and self.interval is None and not self.fewer and not self.cancels


NOTHING_LATER = Later()


@dataclass(frozen=True)
class Standing:
    """What a team has. `paid`: what was paid in this cycle by item (None: everything, by an arrangement of the operator's).
    `bound`: blocks whose term does not end with this cycle. `following` is the next cycle. `quotas`: the operator's own numbers.
    `comped`: he asks nothing for the plan, only for what is added to it."""

    plan: Offer
    interval: str
    currency: str
    held: Mapping[str, Held]
    cycle: Span
    following: Span
    trial_ends_at: datetime | None = None
    paid: Mapping[str, int] | None = None
    bound: int = 0
    bound_until: datetime | None = None
    later: Later = NOTHING_LATER
    quotas: Mapping[str, int] = field(default_factory=dict)
    free_of_charge: bool = False
    comped: bool = False

    def quantity(self, code: str) -> int:
        """Units held of an add-on."""
        return self.held[code].quantity if code in self.held else 0

    @property
    def blocks(self) -> int:
        """Blocks of credits held."""
        return sum(one.quantity for one in self.held.values() if one.extra.is_block)


@dataclass(frozen=True)
class Wanted:
    """A wish. `quantities` are the units one wants to have of an add-on from now on (what is not named stays as it is, a planned
    reduction too); `add` are units on top of those held, whatever is planned. `cancel` and `resume` end the subscription, or take
    back what was planned."""

    plan: Offer | None = None
    interval: str | None = None
    quantities: Mapping[str, int] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True)
class AtOnce:
    """What happens when it is paid: another plan or interval (None: the same), `more` units of add-ons, units that are `dropped`
    because the new plan includes what they add. `restarts`: a new cycle begins at that instant."""

    plan: Offer | None = None
    interval: str | None = None
    more: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    restarts: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing happens at once."""
        return self.plan is None and self.interval is None and not self.more and not self.dropped


@dataclass(frozen=True)
class Decision:
    """What a wish comes to. `later` replaces all that was planned before. `lines` are charged now, `cycle` is the one after the
    change, `term_blocks` the blocks whose next cycle is among the lines because they are given up before it."""

    at_once: AtOnce
    later: Later
    lines: tuple[Line, ...]
    cycle: Span
    term_blocks: int = 0


def decide(
    standing: Standing, wanted: Wanted, extras: Mapping[str, Extra], *, usage: Mapping[str, int] = NO_NUMBERS, now: datetime
) -> Decision:
    """Decide a wish. Raises `Invalid` (unknown, beyond bounds, nothing to change), `BlockTerm`, `QuotaInUse` with the numbers."""
    if wanted.plan is not None and wanted.plan.code == FREE:
        return _cancelled(standing, wanted.plan)
    quantities = _quantities(standing, wanted, extras)
    at_once, later = _plan_and_interval(standing, wanted)
    at_once, later = _units(standing, wanted, quantities, at_once, later)
    if standing.free_of_charge:
        at_once, later = _all_at_once(standing, at_once, later)
    if at_once.is_empty and _same(later, standing.later):
        raise Invalid({"changes": ["nothing"]})
    _check_addons(standing, at_once)
    cycle = Span(now, boundary(now, 1, at_once.interval or standing.interval)) if at_once.restarts else standing.cycle
    term = _term_blocks(standing, later, at_once, extras)
    _check_usage(standing, at_once, later, usage, now=now)
    lines = () if standing.free_of_charge else tuple(_lines(standing, at_once, extras, cycle, term=term, now=now))
    return Decision(at_once, later, lines, cycle, term)


def after(standing: Standing, decision: Decision, extras: Mapping[str, Extra]) -> Standing:
    """What the team has once a decision is in force, before anything planned."""
    at_once = decision.at_once
    held = dict(standing.held)
    for code, count in at_once.more.items():
        held[code] = Held(held[code].extra if code in held else extras[code], standing.quantity(code) + count)
    for code, count in at_once.dropped.items():
        held[code] = Held(held[code].extra, held[code].quantity - count)
    interval = at_once.interval or standing.interval
    following = standing.following
    if at_once.restarts:
        following = Span(decision.cycle.end, boundary(decision.cycle.start, 2, interval))
    return replace(
        standing,
        plan=at_once.plan or standing.plan,
        interval=interval,
        held={code: one for code, one in held.items() if one.quantity},
        cycle=decision.cycle,
        following=following,
        trial_ends_at=None if at_once.plan else standing.trial_ends_at,
        later=decision.later,
        comped=standing.comped and at_once.plan is None,
    )


def at_end(standing: Standing) -> Standing:
    """What the team has once what is planned is in force too."""
    later = standing.later
    held = {} if later.cancels else _less(standing.held, later.fewer)
    plan = later.plan or standing.plan
    comped = standing.comped and later.plan is None
    interval = later.interval or standing.interval
    return replace(standing, plan=plan, interval=interval, held=held, later=NOTHING_LATER, comped=comped)


def recurring(standing: Standing, cycle: Span) -> list[Line]:
    """The lines of a whole cycle: the plan (unless it is comped) and each add-on. Nothing for a plan without a price."""
    items = [] if standing.comped else [_priced_plan(standing.plan, standing.interval, standing.currency)]
    items += [_priced(one, standing) for one in standing.held.values()]
    return [money.full(one, cycle=cycle) for one in items if one.unit_price and one.quantity]


def upward(old: Offer, new: Offer, *, currency: str, interval: str) -> bool:
    """Whether `new` is the bigger plan: by price where both are sold, else by what they include."""
    if old.sold and new.sold and old.price(currency, interval) != new.price(currency, interval):
        return new.price(currency, interval) > old.price(currency, interval)
    return new.credits >= old.credits


# -- How ---------------------------------------------------------------------------------------------------------------------
def _cancelled(standing: Standing, free: Offer) -> Decision:
    if standing.plan.code == FREE or standing.later.cancels:
        raise Invalid({"changes": ["nothing"]})
    later = Later(plan=free, cancels=True)
    term = 0 if standing.free_of_charge else standing.bound
    lines = tuple(_term_lines(standing, standing.held, term))
    return Decision(AtOnce(), later, lines, standing.cycle, term)


def _quantities(standing: Standing, wanted: Wanted, extras: Mapping[str, Extra]) -> dict[str, int]:
    """The units wanted of each add-on named. Raises `Invalid` by field."""
    errors: dict[str, list[str]] = {}
    for field_name, numbers in (("items", wanted.quantities), ("add", wanted.add)):
        for code, count in numbers.items():
            extra = standing.held[code].extra if code in standing.held else extras.get(code)
            total = count + (standing.quantity(code) if field_name == "add" else 0)
            problem = _problem(extra, count, total, standing)
            if problem:
                errors[f"{field_name}.{code}"] = [problem]
    if wanted.add.keys() & wanted.quantities.keys():
        errors["add"] = ["also in items"]
    if errors:
        raise Invalid(errors)
    return dict(wanted.quantities)


def _problem(extra: Extra | None, count: int, total: int, standing: Standing) -> str:
    if extra is None:
        return "unknown"
    if not isinstance(count, int) or isinstance(count, bool):
        return "not a whole number"
    if count < 0:
        return "negative"
    if total > extra.most:
        return "too_many"
    if not standing.free_of_charge and total > standing.quantity(extra.code) and not extra.price(standing.currency, "month"):
        return "not_sold"
    return ""


def _plan_and_interval(standing: Standing, wanted: Wanted) -> tuple[AtOnce, Later]:
    """What the plan and the interval of a wish come to; what was planned for them before stays unless it is named anew."""
    later = NOTHING_LATER if wanted.resume else standing.later
    if wanted.plan is None and wanted.interval is None:
        return AtOnce(), later
    plan, interval = wanted.plan or standing.plan, wanted.interval or standing.interval
    later = replace(later, plan=None, interval=None, cancels=False)
    if plan.code == standing.plan.code:
        plan = standing.plan  # the version that was bought
    elif not plan.sold and not standing.free_of_charge:
        raise Invalid({"plan": ["not_sold"]})
    if plan.code != standing.plan.code and not upward(standing.plan, plan, currency=standing.currency, interval=interval):
        return AtOnce(), replace(later, plan=plan, interval=interval if interval != standing.interval else None)
    starts = plan.code != standing.plan.code and not standing.plan.sold  # from a trial or the free plan
    longer = interval == "year" and standing.interval == "month" and plan.sold
    if interval != standing.interval and not (starts or longer):
        later = replace(later, interval=interval)
        interval = standing.interval
    at_once = AtOnce(
        plan if plan.code != standing.plan.code else None,
        interval if interval != standing.interval else None,
        restarts=starts or (longer and interval != standing.interval),
    )
    return at_once, later


def _units(
    standing: Standing, wanted: Wanted, quantities: Mapping[str, int], at_once: AtOnce, later: Later
) -> tuple[AtOnce, Later]:
    """What the units of a wish come to: more at once, less at the end, and a switch the new plan includes is dropped."""
    more = {code: count for code, count in wanted.add.items() if count}
    fewer = dict(later.fewer)
    for code, count in quantities.items():
        fewer.pop(code, None)
        if count > standing.quantity(code):
            more[code] = count - standing.quantity(code)
        elif count < standing.quantity(code):
            fewer[code] = standing.quantity(code) - count
    dropped = {}
    if at_once.plan is not None:
        for code, one in standing.held.items():
            if one.quantity and one.extra.feature in at_once.plan.features and one.extra.feature:
                dropped[code] = one.quantity
                fewer.pop(code, None)
    return replace(at_once, more=more, dropped=dropped), replace(later, fewer=fewer)


def _all_at_once(standing: Standing, at_once: AtOnce, later: Later) -> tuple[AtOnce, Later]:
    """Nobody pays: nothing waits."""
    dropped = {**at_once.dropped, **later.fewer}
    plan, interval = at_once.plan or later.plan, at_once.interval or later.interval
    return AtOnce(plan, interval, at_once.more, dropped, at_once.restarts), NOTHING_LATER


def _check_addons(standing: Standing, at_once: AtOnce) -> None:
    plan = at_once.plan or standing.plan
    if not at_once.more:
        return
    if not plan.addons:
        raise Invalid({"items": ["plan_without_addons"]}, plan=plan.code)
    included = {code: ["included"] for code in at_once.more if code in plan.features}
    if included:
        raise Invalid({f"items.{code}": reasons for code, reasons in included.items()}, plan=plan.code)


def _term_blocks(standing: Standing, later: Later, at_once: AtOnce, extras: Mapping[str, Extra]) -> int:
    """How many blocks are given up before a whole cycle was billed for them. Raises `BlockTerm` when only they are reduced."""
    if standing.free_of_charge:
        return 0
    if later.cancels:  # bought although the end is planned: what is new has its term, too
        return sum(count for code, count in at_once.more.items() if extras[code].is_block)
    given_up = sum(count for code, count in later.fewer.items() if code in standing.held and standing.held[code].extra.is_block)
    removable = max(0, standing.blocks - standing.bound)
    if given_up <= removable:
        return 0
    if later.plan is None:
        until = standing.bound_until.strftime("%Y-%m-%dT%H:%M:%SZ") if standing.bound_until else ""
        raise BlockTerm(removable=removable, bound=standing.bound, until=until)
    return given_up - removable


def _check_usage(standing: Standing, at_once: AtOnce, later: Later, usage: Mapping[str, int], *, now: datetime) -> None:
    """Refuse what would leave more in use than allowed. What grows nothing is not asked, and cancelling never is."""
    plan = later.plan or at_once.plan or standing.plan
    held = _less(standing.held, {**at_once.dropped, **later.fewer})
    for code, count in at_once.more.items():
        if code in standing.held:
            held[code] = Held(standing.held[code].extra, held[code].quantity + count if code in held else count)
    before = limits_of_offer(
        standing.plan, credits_override=None, quotas=standing.quotas, trial_ends_at=None, now=now, held=standing.held.values()
    )
    then = limits_of_offer(plan, credits_override=None, quotas=standing.quotas, trial_ends_at=None, now=now, held=held.values())
    over = [
        {"quota": name, "used": usage[name], "limit": getattr(then, name)}
        for name in STANDING
        if usage.get(name, 0) > getattr(then, name) and getattr(then, name) < getattr(before, name)
    ]
    if over:
        raise QuotaInUse(quotas=over)


def _lines(
    standing: Standing, at_once: AtOnce, extras: Mapping[str, Extra], cycle: Span, *, term: int, now: datetime
) -> list[Line]:
    lines: list[Line] = []
    if at_once.restarts:
        lines += _unused(standing, now=now)
        then = after(standing, Decision(at_once, NOTHING_LATER, (), cycle), extras)
        lines += [replace(line, kind=LineKind.CHARGE) for line in recurring(then, cycle)]
    else:
        lines += _prorated(standing, at_once, extras, now=now)
    given = {code: Held(extras[code], 0) for code in at_once.more if code in extras} | dict(standing.held)
    return [line for line in lines if line.unit_price] + _term_lines(standing, given, term)


def _unused(standing: Standing, *, now: datetime) -> list[Line]:
    items = [_priced_plan(standing.plan, standing.interval, standing.currency, standing.paid)]
    items += [_priced(one, standing) for one in standing.held.values()]
    return [money.credit(one, cycle=standing.cycle, since=now) for one in items if one.quantity]


def _prorated(standing: Standing, at_once: AtOnce, extras: Mapping[str, Extra], *, now: datetime) -> list[Line]:
    lines: list[Line] = []
    interval, currency = standing.interval, standing.currency
    if at_once.plan is not None:
        old = _priced_plan(standing.plan, interval, currency, standing.paid)
        lines += money.prorate([old], [_priced_plan(at_once.plan, interval, currency)], cycle=standing.cycle, change_at=now)
    for code, count in at_once.dropped.items():
        gone = replace(_priced(standing.held[code], standing), quantity=count)
        lines.append(money.credit(gone, cycle=standing.cycle, since=now))
    for code, count in at_once.more.items():
        extra = standing.held[code].extra if code in standing.held else extras[code]
        lines.append(money.charge(Priced(code, extra.price(currency, interval), count), cycle=standing.cycle, since=now))
    return lines


def _term_lines(standing: Standing, held: Mapping[str, Held], blocks: int) -> list[Line]:
    """The next cycle of blocks that are given up before it."""
    if not blocks:
        return []
    extra = next(one.extra for one in held.values() if one.extra.is_block)
    price = Priced(extra.code, extra.price(standing.currency, standing.interval), blocks)
    return [money.full(price, cycle=standing.following, kind=LineKind.TERM)]


def _priced_plan(plan: Offer, interval: str, currency: str, paid: Mapping[str, int] | None = None) -> Priced:
    item = f"plan:{plan.code}"
    return Priced(item, plan.price(currency, interval), 1, None if paid is None else paid.get(item, 0))


def _priced(one: Held, standing: Standing) -> Priced:
    paid = None if standing.paid is None else standing.paid.get(one.extra.code, 0)
    return Priced(one.extra.code, one.extra.price(standing.currency, standing.interval), one.quantity, paid)


def _less(held: Mapping[str, Held], fewer: Mapping[str, int]) -> dict[str, Held]:
    left = {code: Held(one.extra, one.quantity - fewer.get(code, 0)) for code, one in held.items()}
    return {code: one for code, one in left.items() if one.quantity > 0}


def _same(one: Later, other: Later) -> bool:
    def plain(later: Later) -> tuple[object, ...]:
        return (later.plan.code if later.plan else None, later.interval, dict(later.fewer), later.cancels)

    return plain(one) == plain(other)
