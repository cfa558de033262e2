# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of billing: all teams, what they owe, the catalogue. Names and figures only: nothing here leads to what a
team sends, or to whom. Who calls has checked that the reader is an operator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value, When

from sealroom.accounts.models import Invitation, Membership, Team
from sealroom.billing import rules
from sealroom.billing.models import (
    BalanceEntry,
    BillingProfile,
    CatalogueEdition,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Payment,
    PaymentState,
    Plan,
    Subscription,
    SubscriptionItem,
)
from sealroom.billing.queries import plans
from sealroom.billing.queries.overview import InvoicePage, Overview, overview_of
from sealroom.billing.queries.standing import profile_of
from sealroom.core.errors import Invalid, NotFound
from sealroom.core.money import minor_units
from sealroom.credits import queries as credits_queries
from sealroom.credits.queries import Meter

# A team's billing in one word, the most pressing one first; a filter and a row mean the same by it.
STATES = ("suspended", "paused", "owed", "trial_ended", "trial", "cancels", "free", "comped", "active")
MOST = 100
SHOWN = 50
RECENT = timedelta(days=30)


@dataclass(frozen=True)
class TeamRow:
    """A team among all. `state` is one of `STATES`, `state_at` since or until when; `owed` sums its open invoices."""

    id: str
    name: str
    plan: str
    version: int
    interval: str
    state: str
    state_at: datetime | None
    next_billing_at: datetime | None
    credits_left: int
    allowance: int
    seats: int
    seat_limit: int
    currency: str
    balance: int
    open_invoices: int
    owed: int


@dataclass(frozen=True)
class TeamPage:
    """Some teams, newest first, and the cursor for those after them (None: no more)."""

    items: list[TeamRow]
    next: str | None


@dataclass(frozen=True)
class MoneyTotals:
    """Money of one currency over all teams: what is owed to us, what came in the last 30 days (less refunds), what customers have
    with us."""

    currency: str
    owed: int
    open_invoices: int
    received: int
    balance: int


@dataclass(frozen=True)
class OwnNumber:
    """A quota of a plan, and the operator's own number for one team in its place."""

    name: str
    of_plan: int
    own: int | None


@dataclass(frozen=True)
class TeamAccount:
    """Everything about one team's billing."""

    team: Team
    row: TeamRow
    plan: Plan
    overview: Overview
    meter: Meter
    own_credits: int | None
    own_numbers: tuple[OwnNumber, ...]
    profile: BillingProfile
    invoices: list[Invoice]
    payments: list[Payment]
    entries: list[BalanceEntry]


# -- All teams -------------------------------------------------------------------------------------------------------------
def list_teams(*, search: str = "", state: str = "", cursor: str | None = None, limit: int = SHOWN, now: datetime) -> TeamPage:
    """Teams, newest first. `search` looks for a part of the name or company, for an id, or for the address of a member or of the
    billing contact. Raises `Invalid` for a state or cursor that is none."""
    if state and state not in STATES:
        raise Invalid({"state": ["unknown"]})
    limit = max(1, min(limit, MOST))
    rows = _with_state(_found(search), now=now).order_by("-pk")
    if state:
        rows = rows.filter(Q(("state", state)))
    if cursor:
        before = Subscription.objects.filter(team__public_id=cursor).values_list("pk", flat=True).first()
        if before is None:
            raise Invalid({"cursor": ["unknown"]})
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    items = _rows(found[:limit], now=now)
    return TeamPage(items, items[-1].id if len(found) > limit else None)


def money_totals(*, now: datetime) -> list[MoneyTotals]:
    """What is owed, came in and is kept, by currency, those of the catalogue first."""
    owed = Invoice.objects.filter(status=InvoiceStatus.OPEN, due__gt=0).order_by()
    dues = {row["currency"]: row for row in owed.values("currency").annotate(sum=Sum("due"), count=Count("pk"))}
    paid = Payment.objects.filter(state=PaymentState.SUCCEEDED, settled_at__gt=now - RECENT).order_by()
    received = {row["currency"]: row["sum"] for row in paid.values("currency").annotate(sum=Sum(F("amount") - F("refunded")))}
    kept = BalanceEntry.objects.order_by().values("currency").annotate(sum=Sum("amount"))
    balances = {row["currency"]: row["sum"] for row in kept}
    sold = CatalogueEdition.objects.order_by("-pk").values_list("currencies", flat=True).first() or []
    codes = dict.fromkeys([*sold, *sorted({*dues, *received, *balances})])
    return [
        MoneyTotals(
            code,
            owed=dues[code]["sum"] if code in dues else 0,
            open_invoices=dues[code]["count"] if code in dues else 0,
            received=received.get(code, 0),
            balance=balances.get(code, 0),
        )
        for code in codes
    ]


# -- One team --------------------------------------------------------------------------------------------------------------
def get_team(team_id: str) -> Team:
    """A team by its public id. Raises `NotFound`."""
    team = Team.objects.filter(public_id=team_id, subscription__isnull=False).first()
    if team is None:
        raise NotFound(kind="team", id=team_id)
    return team


def team_account(team_id: str, *, now: datetime) -> TeamAccount:
    """A team's billing with its newest invoices, payments and changes of its balance. Raises `NotFound`."""
    subscription = _with_state(Subscription.objects.filter(team__public_id=team_id), now=now).first()
    if subscription is None:
        raise NotFound(kind="team", id=team_id)
    team = subscription.team
    current = plans.in_force(subscription, now=now)
    own = subscription.quota_overrides
    return TeamAccount(
        team=team,
        row=_rows([subscription], now=now)[0],
        plan=current.plan,
        overview=overview_of(team.pk, now=now),
        meter=credits_queries.meter(team.pk, now=now),
        own_credits=current.credits_override,
        own_numbers=tuple(OwnNumber(name, getattr(current.plan, name), own.get(name)) for name in rules.QUOTAS),
        profile=profile_of(team.pk),
        invoices=list(_numbered().filter(team=team).order_by("-number")[:SHOWN]),
        payments=list(Payment.objects.filter(invoice__team=team).select_related("invoice").order_by("-pk")[:SHOWN]),
        entries=list(team.balance_entries.select_related("invoice").order_by("-pk")[:SHOWN]),
    )


# -- Invoices --------------------------------------------------------------------------------------------------------------
def any_invoice(invoice_id: str) -> Invoice:
    """A numbered invoice of any team, with its lines and payments. Raises `NotFound`."""
    rows = _numbered().select_related("corrects", "subscription").prefetch_related("lines", "payments", "credit_notes")
    invoice = rows.filter(public_id=invoice_id).first()
    if invoice is None:
        raise NotFound(kind="invoice", id=invoice_id)
    return invoice


def find_invoice(reference: str) -> Invoice:
    """An invoice by its number as people write it (12, SR-000012) or its id. Raises `NotFound`."""
    number = _number_in(reference)
    chosen = Q(public_id=reference) if number is None else Q(number=number)
    invoice = _numbered().filter(chosen).first()
    if invoice is None:
        raise NotFound(kind="invoice", id=reference)
    return invoice


def any_payment(payment_id: str) -> Payment:
    """A payment of any team. Raises `NotFound`."""
    payment = Payment.objects.select_related("invoice__team").filter(public_id=payment_id).first()
    if payment is None:
        raise NotFound(kind="payment", id=payment_id)
    return payment


def list_all_invoices(*, only_open: bool, search: str = "", cursor: str | None = None, limit: int = SHOWN) -> InvoicePage:
    """Invoices of all teams: open ones that are owed, oldest first, or all, newest first. `search`: a number, an amount to pay, or
    a part of the team's name. Raises `Invalid` for a cursor that is none."""
    limit = max(1, min(limit, MOST))
    rows = _numbered().filter(_matching(search.strip()))
    if only_open:
        rows = rows.filter(status=InvoiceStatus.OPEN, due__gt=0)
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise Invalid({"cursor": ["unknown"]})
        rows = rows.filter(number__gt=int(cursor)) if only_open else rows.filter(number__lt=int(cursor))
    found = list(rows.order_by("number" if only_open else "-number")[: limit + 1])
    return InvoicePage(found[:limit], str(found[limit - 1].number) if len(found) > limit else None)


# -- How ---------------------------------------------------------------------------------------------------------------------
def _found(search: str) -> QuerySet[Subscription]:
    rows = Subscription.objects.all()
    words = search.strip()
    if not words:
        return rows
    members = Membership.objects.filter(team=OuterRef("team"), removed_at=None, user__email=words.lower())
    profiles = BillingProfile.objects.filter(Q(company__icontains=words) | Q(contact_email__iexact=words), team=OuterRef("team"))
    named = Q(team__name__icontains=words) | Q(team__public_id=words)
    return rows.filter(named | Q(Exists(members)) | Q(Exists(profiles)))


def _with_state(rows: QuerySet[Subscription], *, now: datetime) -> QuerySet[Subscription]:
    """Subscriptions with what their state is (see `STATES`), computed by the database, so that a page of one state needs no walk
    over all teams. A planned change counts from its instant on, written down or not."""
    renewals = Invoice.objects.filter(subscription=OuterRef("pk"), kind=InvoiceKind.RENEWAL, status=InvoiceStatus.OPEN, due__gt=0)
    replaced = Q(pending__effective_at__lte=now, pending__plan__isnull=False)
    rows = rows.annotate(
        owed_since=Subquery(renewals.order_by("opened_at").values("opened_at")[:1]),
        plan_now=Case(When(replaced, then=F("pending__plan__code")), default=F("plan__code")),
        trial_until=Case(When(replaced, then=None), default=F("trial_ends_at")),
        balance=Subquery(
            BalanceEntry.objects.filter(team=OuterRef("team")).order_by("-pk").values("balance_after")[:1],
        ),
    )
    state = Case(
        When(team__suspended_at__isnull=False, then=Value("suspended")),
        When(owed_since__lte=now - plans.GRACE, then=Value("paused")),
        When(owed_since__isnull=False, then=Value("owed")),
        When(trial_until__lte=now, then=Value("trial_ended")),
        When(trial_until__gt=now, then=Value("trial")),
        When(pending__cancels=True, pending__effective_at__gt=now, then=Value("cancels")),
        When(plan_now=rules.FREE, then=Value("free")),
        When(comped=True, then=Value("comped")),
        default=Value("active"),
        output_field=CharField(),
    )
    items = Prefetch("items", SubscriptionItem.objects.select_related("addon"))
    return rows.annotate(state=state).select_related("team", "plan", "pending__plan").prefetch_related(items)


def _rows(found: Sequence[Subscription], *, now: datetime) -> list[TeamRow]:
    """Rows for subscriptions that `_with_state` read; a bounded number of statements for however many."""
    teams = [one.team_id for one in found]
    meters = credits_queries.meters(teams, now=now)
    members = Membership.objects.filter(team_id__in=teams, removed_at=None)
    invited = Invitation.objects.filter(team_id__in=teams, accepted_at=None, withdrawn_at=None, expires_at__gt=now)
    seats = [_by_team(rows.order_by().values_list("team_id").annotate(Count("pk"))) for rows in (members, invited)]
    owed = Invoice.objects.filter(team_id__in=teams, status=InvoiceStatus.OPEN, due__gt=0).order_by()
    dues = {row["team_id"]: row for row in owed.values("team_id").annotate(count=Count("pk"), sum=Sum("due"))}
    rows = []
    for one in found:
        current = plans.in_force(one, now=now)
        limits = _limits(one, current, now=now)
        meter, due = meters[one.team_id], dues.get(one.team_id)
        rows.append(
            TeamRow(
                id=one.team.public_id,
                name=one.team.name,
                plan=current.plan.name,
                version=current.plan.version,
                interval=current.interval,
                state=one.state,  # type: ignore[attr-defined]
                state_at=_state_at(one),
                next_billing_at=_next_billing_at(one, current, now=now),
                credits_left=meter.available,
                allowance=meter.allowance,
                seats=sum(counted.get(one.team_id, 0) for counted in seats),
                seat_limit=limits.users,
                currency=one.currency,
                balance=one.balance or 0,  # type: ignore[attr-defined]
                open_invoices=due["count"] if due else 0,
                owed=due["sum"] if due else 0,
            )
        )
    return rows


def _by_team(counted: QuerySet[Membership, tuple[int, int]] | QuerySet[Invitation, tuple[int, int]]) -> dict[int, int]:
    return dict(counted)


def _limits(one: Subscription, current: plans.InForce, *, now: datetime) -> rules.Limits:
    return rules.limits_of_offer(
        plans.offer_of(current.plan),
        credits_override=current.credits_override,
        quotas=one.quota_overrides,
        trial_ends_at=current.trial_ends_at,
        now=now,
        held=current.held,
    )


def _state_at(one: Subscription) -> datetime | None:
    """Since when the team is suspended, money is owed, sending is paused; until when a trial or a plan goes on."""
    state, since = one.state, one.owed_since  # type: ignore[attr-defined]
    if state == "suspended":
        return one.team.suspended_at
    if state in {"paused", "owed"}:
        return since + plans.GRACE if state == "paused" else since  # type: ignore[no-any-return]
    if state in {"trial", "trial_ended"}:
        return one.trial_until  # type: ignore[attr-defined,no-any-return]
    return one.pending.effective_at if state == "cancels" else None


def _next_billing_at(one: Subscription, current: plans.InForce, *, now: datetime) -> datetime | None:
    """When the next invoice is written; None where nobody asks for money."""
    if one.comped or not plans.asks_money():
        return None
    pending = current.pending
    then, interval = current.plan, current.interval
    if pending is not None:
        then, interval = pending.plan or then, pending.interval or interval
    costs = plans.offer_of(then).price(one.currency, interval)
    if pending is None or not pending.cancels:
        costs += sum(held.extra.price(one.currency, interval) * held.quantity for held in current.held)
    return rules.cycle_end(current.anchor_at, current.interval, now) if costs else None


def _numbered() -> QuerySet[Invoice]:
    return Invoice.objects.exclude(number=None).exclude(status=InvoiceStatus.DRAFT).select_related("team")


def _matching(search: str) -> Q:
    """What a person typed: a number as written or a part of it, an amount with or without decimals, or a name."""
    if not search:
        return Q()
    condition = Q(team__name__icontains=search)
    number = _number_in(search)
    if number is not None:
        condition |= Q(number=number)
    text = re.sub(r"[\s'\u202f\xa0]", "", search).replace(",", ".").strip("€$£¥")
    for currency in Invoice.objects.order_by().values_list("currency", flat=True).distinct():
        try:
            condition |= Q(currency=currency, due=minor_units(text, currency))
        except ValueError:
            continue
    return condition


def _number_in(text: str) -> int | None:
    prefix = settings.SEALROOM_INVOICE_PREFIX
    digits = text.strip().upper().removeprefix(prefix.upper()).removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
