# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, BILLING: what the plan is and how much of it is used, changing it, and the order before it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.accounts.rules import Capability
from sealroom.billing import flows, queries
from sealroom.billing.errors import BlockTerm, GatewayDown, PaymentFailed, QuotaInUse, StaleQuote
from sealroom.billing.flows import Outcome, Wish
from sealroom.billing.ports import get_gateway
from sealroom.billing.queries import Overview, Review
from sealroom.core.errors import DomainError, IdempotencyConflict, Invalid
from sealroom.core.ids import new_id
from sealroom.credits import queries as credits
from sealroom.httpkit.denials import note_bad_order
from sealroom.httpkit.templatetags.kit import credit_count as said_credits
from sealroom.web import plans
from sealroom.web.answers import done, page, part, wants_part
from sealroom.web.errors import Refusal, refusal_of
from sealroom.web.forms.billing import PlanOrder, read_order, reason_words, typed_items
from sealroom.web.gates import MemberRequest, admin_required

_buyers_only = admin_required(Capability.BUY)


@dataclass(frozen=True)
class Answer:
    """What the form of Modify plan came to: a review, or a refusal with sentences for single fields, or nothing yet."""

    order: PlanOrder | None = None
    review: Review | None = None
    refusal: Refusal | None = None
    errors: dict[str, str] = field(default_factory=dict)


@require_GET
@admin_required(Capability.SEE_BILLING)
def index(request: MemberRequest) -> HttpResponse:
    """BILLING begins with the plan."""
    return redirect("web:plan")


@require_GET
@admin_required(Capability.SEE_BILLING)
def plan(request: MemberRequest) -> HttpResponse:
    """Plan Usage & Details."""
    now = timezone.now()
    view, meter = queries.overview(request.actor, now=now), credits.meter(request.actor.team_id, now=now)
    names = plans.Names()
    context = {
        "view": view,
        "meter_now": meter,
        "price": plans.price_words(view),
        "quotas": plans.quota_rows(view, meter),
        "planned": plans.planned_words(view.planned, names) if view.planned else (),
        "owed": [(one, plans.money(one.due, one.currency)) for one in view.owed],
        "collects": get_gateway().saves_methods,
        "balance": plans.money(view.balance, view.currency) if view.balance and view.asks_money else "",
        "following": plans.money(view.following.total, view.currency) if view.following and view.asks_money else "",
        "trial_runs": view.trial_ends_at is not None and view.trial_ends_at > now,
        "is_free": view.plan.code == "free",
        "key": new_id("key"),
    }
    return page(request, "web/billing/plan.html", context)


@require_http_methods(["GET", "POST"])
@_buyers_only
def modify(request: MemberRequest) -> HttpResponse:
    """Modify plan; posting it leads to Review & checkout."""
    now = timezone.now()
    view = queries.overview(request.actor, now=now)
    if request.method == "GET":
        return page(request, "web/billing/modify.html", _modify_context(request, view, Answer()))
    answer = Answer()
    try:
        order = _ordered(request, view)
        quote = flows.quote_change(request.actor, _something(order), now=now)
    except (Invalid, BlockTerm, QuotaInUse) as error:
        answer = _refused(error, view, request)
    else:
        return redirect("web:plan_review", quote.public_id)
    status = answer.refusal.status if answer.refusal else 422
    return page(request, "web/billing/modify.html", _modify_context(request, view, answer), status=status)


@require_POST
@_buyers_only
def preview(request: MemberRequest) -> HttpResponse:
    """What the form comes to as it stands; nothing is kept."""
    now = timezone.now()
    view = queries.overview(request.actor, now=now)
    answer = Answer()
    try:
        order = read_order(request.POST, view)
        quote = flows.preview_change(request.actor, _something(order), now=now)
        answer = Answer(order, queries.review_of(quote, now=now))
    except (Invalid, BlockTerm, QuotaInUse) as error:
        answer = _refused(error, view, request)
    context = _modify_context(request, view, answer)
    if wants_part(request):
        return part(request, "web/billing/_preview.html", {**context, "oob": True})
    return page(request, "web/billing/modify.html", context)


@require_http_methods(["GET", "POST"])
@_buyers_only
def review(request: MemberRequest, quote_id: str) -> HttpResponse:
    """Review & checkout, and confirming it."""
    now = timezone.now()
    if request.method == "GET":
        return _review_page(request, queries.review(request.actor, quote_id, now=now))
    if request.POST.get("deed") == "renew":
        wish = Wish(**queries.review(request.actor, quote_id, now=now).quote.wish)
        return redirect("web:plan_review", flows.quote_change(request.actor, wish, now=now).public_id)
    key = request.POST.get("key", "")[:64] or quote_id
    try:
        outcome = flows.confirm_quote(request.actor, quote_id, key=f"{request.actor.user}:{key}", now=now)
    except StaleQuote as error:
        return _quoted_anew(request, str(error.facts.get("quote", "")), quote_id)
    except (PaymentFailed, GatewayDown, IdempotencyConflict) as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        return _review_page(request, queries.review(request.actor, quote_id, now=timezone.now()), refusal)
    return _confirmed(request, outcome)


@require_POST
@_buyers_only
def cancel(request: MemberRequest) -> HttpResponse:
    """Quote the end of the plan: Review & checkout says what happens and when, and asks."""
    return redirect("web:plan_review", flows.quote_change(request.actor, Wish(plan="free"), now=timezone.now()).public_id)


@require_POST
@_buyers_only
def keep(request: MemberRequest) -> HttpResponse:
    """Take back what is planned. It costs nothing; should it ever, it is reviewed first."""
    now = timezone.now()
    quote = flows.quote_change(request.actor, Wish(resume=True), now=now)
    if quote.due:
        return redirect("web:plan_review", quote.public_id)
    flows.confirm_quote(request.actor, quote.public_id, key=quote.public_id, now=now)
    return done(request, reverse("web:plan"), _("Your plan stays as it is."))


# -- How ---------------------------------------------------------------------------------------------------------------------
def _ordered(request: MemberRequest, view: Overview) -> PlanOrder:
    """What the form orders; nonsense leaves a line in the audit trail."""
    try:
        return read_order(request.POST, view)
    except Invalid as error:
        note_bad_order(request, request.actor, error.errors)
        raise


def _something(order: PlanOrder) -> Wish:
    if order.is_empty:
        raise Invalid({"changes": ["nothing"]})
    return order.wish


def _refused(error: DomainError, view: Overview, request: MemberRequest) -> Answer:
    """A refusal in words, and beside which field it belongs. Nothing to change is no refusal, only nothing yet."""
    if isinstance(error, Invalid) and "changes" in error.errors:
        return Answer()
    errors: dict[str, str] = {}
    refusal = refusal_of(error)
    most = {option.extra.code: option.extra.most for option in view.options}
    if isinstance(error, Invalid):
        for name, reasons in error.errors.items():
            code = name.partition(".")[2] or name
            errors[code] = reason_words(reasons[0], most=most.get(code))
        if "items" in errors or "currency" in errors or "plan" in errors or "interval" in errors:
            refusal = Refusal(refusal.status, refusal.code, refusal.title, " ".join(dict.fromkeys(errors.values())))
    elif isinstance(error, BlockTerm):
        errors |= {option.extra.code: refusal.text for option in view.options if option.extra.is_block and option.held}
    elif isinstance(error, QuotaInUse):
        errors |= _quota_fields(error, view, request)
    return Answer(refusal=refusal, errors=errors)


def _quota_fields(error: QuotaInUse, view: Overview, request: MemberRequest) -> dict[str, str]:
    """The fields that would leave too little: what adds to that quota and was lowered, else the plan."""
    typed = typed_items(request.POST, view)
    found: dict[str, str] = {}
    quotas = error.facts["quotas"]
    assert isinstance(quotas, list)
    for one in quotas:
        text = refusal_of(QuotaInUse(quotas=[one])).text
        lowered = [
            option.extra.code
            for option in view.options
            if one["quota"] in option.extra.adds and typed.get(option.extra.code, str(option.held)) != str(option.held)
        ]
        found |= dict.fromkeys(lowered or ["plan"], text)
    return found


def _modify_context(request: MemberRequest, view: Overview, answer: Answer) -> dict[str, object]:
    now, names = timezone.now(), plans.Names()
    typed = typed_items(request.POST, view)
    chosen = request.POST.get("plan", "")[:20] or view.plan.code
    interval = request.POST.get("interval", "")[:5] or view.interval
    options = plans.option_rows(view, typed, names, errors=answer.errors, focus=request.GET.get("focus", "")[:20])
    meter = credits.meter(request.actor.team_id, now=now)
    return {
        "view": view,
        "cards": plans.plan_cards(view, queries.plan_choices(request.actor, now=now), chosen),
        "plan_error": answer.errors.get("plan", "") or answer.errors.get("items", ""),
        "interval": interval,
        "quantities": [one for one in options if not one.is_switch],
        "switches": [one for one in options if one.is_switch],
        "quotas": plans.quota_rows(view, meter, answer.review),
        "has_after": answer.review is not None,
        "order": plans.checkout(answer.review, names, asks_money=view.asks_money) if answer.review else None,
        "refusal": answer.refusal,
        "following": plans.money(view.following.total, view.currency) if view.following and view.asks_money else "",
    }


def _review_page(request: MemberRequest, shown: Review, refusal: Refusal | None = None) -> HttpResponse:
    now = timezone.now()
    view = queries.overview(request.actor, now=now)
    invoice = getattr(shown.quote, "invoice", None)
    payment = invoice.payments.order_by("-pk").first() if invoice is not None else None
    context = {
        "view": view,
        "shown": shown,
        "order": plans.checkout(shown, plans.Names(), asks_money=view.asks_money),
        "quotas": [row for row in plans.quota_rows(view, credits.meter(request.actor.team_id, now=now), shown) if row.after],
        "collects": get_gateway().saves_methods,
        "key": new_id("key"),
        "payment": payment,
        "refusal": refusal,
    }
    return page(request, "web/billing/review.html", context, status=refusal.status if refusal else 200)


def _quoted_anew(request: MemberRequest, new: str, old: str) -> HttpResponse:
    if new:
        return done(request, reverse("web:plan_review", args=[new]), _("The price was renewed. Please look at it again."))
    if queries.review(request.actor, old, now=timezone.now()).state == "confirmed":
        return redirect("web:plan_review", old)
    return done(request, reverse("web:plan_modify"), _("Your plan has changed meanwhile. Please choose again."))


def _confirmed(request: MemberRequest, outcome: Outcome) -> HttpResponse:
    if outcome.state == "pending" and outcome.payment is not None:
        go = "?go=1" if outcome.next_url else ""
        return redirect(reverse("web:payment", args=[outcome.payment.public_id]) + go)
    if outcome.state == "scheduled":
        day = plans.day(outcome.quote.cycle_end, long=True)
        return done(request, reverse("web:plan"), _("Noted. It takes effect on %(day)s.") % {"day": day})
    if outcome.granted:
        words = _("Payment received. %(credits)s added.") if outcome.payment else _("%(credits)s added.")
        return done(request, reverse("web:plan"), words % {"credits": said_credits(outcome.granted)})
    words = _("Payment received. Your plan is changed.") if outcome.payment else _("Your plan is changed.")
    return done(request, reverse("web:plan"), words)
