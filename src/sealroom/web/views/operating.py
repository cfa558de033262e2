# SPDX-License-Identifier: Apache-2.0
"""The operator's pages: every team's billing, payments to confirm, the catalogue. Names and figures; nothing of what teams send.

Every deed asks once more on a page of its own before it is done, with a script or without one."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sealroom.billing import flows, queries
from sealroom.billing.errors import GatewayDown, PaymentFailed
from sealroom.billing.models import Invoice, InvoiceStatus, Payment, PaymentState
from sealroom.billing.ports import get_printer
from sealroom.billing.queries import offered, operating
from sealroom.billing.queries.operating import MoneyTotals, TeamAccount
from sealroom.billing.queries.papers import invoice_number, item_words, lines_in_words, paper_of, tax_words
from sealroom.core.errors import Invalid
from sealroom.core.ids import new_id
from sealroom.httpkit.templatetags.kit import day_text, moment_text, money, number
from sealroom.web import operators
from sealroom.web.answers import done, page
from sealroom.web.forms.operating import GB, CreditsForm, PlanForm, QuotaForm, RefundForm, VoidForm
from sealroom.web.gates import UserRequest, operator_required
from sealroom.web.operators import Question, ask, is_confirmed, team_url, who_of


# -- Pages -------------------------------------------------------------------------------------------------------------------
@require_GET
@operator_required
def teams(request: UserRequest) -> HttpResponse:
    """All teams, newest first."""
    now, state, search = timezone.now(), request.GET.get("state", ""), request.GET.get("q", "").strip()[:200]
    state = state if state in operating.STATES else ""
    found = operating.list_teams(search=search, state=state, cursor=request.GET.get("cursor") or None, now=now)
    query = {"q": search, "state": state}
    context = {
        "rows": [(row, operators.state_badge(row)) for row in found.items],
        "totals": _totals(operating.money_totals(now=now)) if queries.asks_money() else [],
        "search": search,
        "state": state,
        "states": operators.state_choices(),
        "asks_money": queries.asks_money(),
        "next_url": "?" + urlencode({**query, "cursor": found.next}) if found.next else "",
        "first_url": "?" + urlencode(query) if request.GET.get("cursor") else "",
    }
    return page(request, "web/operating/teams.html", context)


@require_GET
@operator_required
def team(request: UserRequest, team_id: str) -> HttpResponse:
    """One team: what it has, owes and paid."""
    return _team_page(request, operating.team_account(team_id, now=timezone.now()))


@require_GET
@operator_required
def payments(request: UserRequest) -> HttpResponse:
    """Open invoices of all teams, oldest first."""
    search = request.GET.get("q", "").strip()[:200]
    found = operating.list_all_invoices(only_open=True, search=search, cursor=request.GET.get("cursor") or None)
    context = {
        "rows": [(one, invoice_number(one.number)) for one in found.items],
        "search": search,
        "by_transfer": settings.SEALROOM_PAYMENT_GATEWAY == "invoice",
        "next_url": "?" + urlencode({"q": search, "cursor": found.next}) if found.next else "",
        "now": timezone.now(),
    }
    return page(request, "web/operating/payments.html", context)


@require_GET
@operator_required
def invoice(request: UserRequest, invoice_id: str) -> HttpResponse:
    """One invoice, its payments, and what can be done with them."""
    return _invoice_page(request, operating.any_invoice(invoice_id))


@require_GET
@operator_required
def invoice_pdf(request: UserRequest, invoice_id: str) -> HttpResponse:
    """The invoice on paper, as a file."""
    paper = paper_of(operating.any_invoice(invoice_id))
    disposition = content_disposition_header(as_attachment=True, filename=f"{paper.number}.pdf") or "attachment"
    return HttpResponse(get_printer().print(paper), content_type="application/pdf", headers={"Content-Disposition": disposition})


@require_GET
@operator_required
def catalogue(request: UserRequest) -> HttpResponse:
    """What is on offer. Read only: the file is the source."""
    state = offered.catalogue_state()
    context = {
        "catalogue": state,
        "plans": [operators.sold_words(one) for one in state.plans],
        "addons": [operators.sold_words(one) for one in state.addons],
        "taxes": [(tax["country"], tax_words(tax["name"], tax["percent"]), tax["reverse_charge"]) for tax in state.edition.taxes],
    }
    return page(request, "web/operating/catalogue.html", context)


# -- Deeds on a team ---------------------------------------------------------------------------------------------------------
@require_POST
@operator_required
def set_plan(request: UserRequest, team_id: str) -> HttpResponse:
    """Give the team a plan."""
    account, now = operating.team_account(team_id, now=timezone.now()), timezone.now()
    form = _plan_form(account, request)
    if not form.is_valid():
        return _team_page(request, account, plan_form=form)
    given = form.cleaned_data
    code = given.pop("plan")
    name = next(plan.name for plan in queries.list_plans() if plan.code == code)
    if not is_confirmed(request):
        return ask(request, _about_plan(account, name, given["at"], comped=given["comped"]))
    flows.set_plan(account.team, code, **given, who=who_of(request), now=now)
    return done(request, team_url(team_id), _("%(team)s has the plan %(plan)s.") % {"team": account.team.name, "plan": name})


@require_POST
@operator_required
def set_quotas(request: UserRequest, team_id: str) -> HttpResponse:
    """Give the team numbers of its own."""
    account, now = operating.team_account(team_id, now=timezone.now()), timezone.now()
    form = _quota_form(account, request)
    if not form.is_valid():
        return _team_page(request, account, quota_form=form)
    numbers = form.numbers()
    if not is_confirmed(request):
        chosen = [f"{form.fields[name].label}: {number(form.cleaned_data[name])}" for name in numbers if numbers[name] is not None]
        sentences = (
            _("They count at once. What exists above them stays; making more is refused."),
            *(chosen or [_("All numbers are the plan’s again.")]),
        )
        title = _("Give %(team)s these numbers?") % {"team": account.team.name}
        return ask(request, Question(title, sentences, _("Set the numbers"), team_url(team_id)))
    flows.set_quotas(account.team, numbers, who=who_of(request), now=now)
    return done(request, team_url(team_id), _("Saved."))


@require_POST
@operator_required
def grant_credits(request: UserRequest, team_id: str) -> HttpResponse:
    """Give the team promotional credits."""
    account, now = operating.team_account(team_id, now=timezone.now()), timezone.now()
    form = CreditsForm(request.POST)
    if not form.is_valid():
        return _team_page(request, account, credits_form=form)
    given, ends = form.cleaned_data, form.expires_at()
    words = {"team": account.team.name, "n": number(given["credits"])}
    if not is_confirmed(request):
        until = _("They count through %(day)s.") % {"day": day_text(given["expires"])} if ends else _("They never expire.")
        title = ngettext("Give %(team)s %(n)s credit?", "Give %(team)s %(n)s credits?", given["credits"]) % words
        return ask(
            request, Question(title, (_("They come on top of the plan’s, at once."), until), _("Give credits"), team_url(team_id))
        )
    flows.grant_credits(
        account.team, given["credits"], expires_at=ends, key=given["key"], note=given["note"], who=who_of(request), now=now
    )
    told = ngettext("%(team)s got %(n)s credit.", "%(team)s got %(n)s credits.", given["credits"]) % words
    return done(request, team_url(team_id), told)


# -- Deeds on invoices -------------------------------------------------------------------------------------------------------
@require_POST
@operator_required
def confirm(request: UserRequest, invoice_id: str) -> HttpResponse:
    """The money of an open invoice is on the account."""
    row, now = operating.any_invoice(invoice_id), timezone.now()
    words = {"number": invoice_number(row.number), "team": row.team.name, "amount": money(row.due, row.currency)}
    to_payments = request.POST.get("from") == "payments"
    back = reverse("web:operator_payments") if to_payments else _invoice_url(invoice_id)
    if not is_confirmed(request):
        sentences = (
            _("What it was for comes into force at once, and the team is told."),
            _("This cannot be undone; a refund can be made."),
        )
        title = _("Has %(amount)s from %(team)s for %(number)s arrived?") % words
        return ask(request, Question(title, sentences, _("It has arrived"), back))
    granted = flows.confirm_transfer(invoice_id, who=who_of(request), now=now)
    told = _("%(number)s of %(team)s is paid.") % words
    if granted:
        told += " " + ngettext("%(n)s credit was issued.", "%(n)s credits were issued.", granted) % {"n": number(granted)}
    if operating.any_invoice(invoice_id).status != InvoiceStatus.PAID:
        told = _("%(number)s had lapsed. The money is kept as the balance of %(team)s.") % words
    return done(request, back, told)


@require_POST
@operator_required
def void(request: UserRequest, invoice_id: str) -> HttpResponse:
    """Withdraw an open invoice."""
    row, now = operating.any_invoice(invoice_id), timezone.now()
    form = VoidForm(request.POST)
    if not form.is_valid():
        return _invoice_page(request, row, void_form=form)
    words = {"number": invoice_number(row.number), "team": row.team.name}
    if not is_confirmed(request):
        sentences = (
            _("It is not asked for any more; its number stays taken. A purchase that waits for it does not happen."),
            _("Reason: %(reason)s") % form.cleaned_data,
        )
        title = _("Withdraw %(number)s of %(team)s?") % words
        return ask(request, Question(title, sentences, _("Withdraw the invoice"), _invoice_url(invoice_id), danger=True))
    try:
        flows.void_invoice(invoice_id, who=who_of(request), reason=form.cleaned_data["reason"], now=now)
    except Invalid:
        return _invoice_page(request, operating.any_invoice(invoice_id), problem=_("This invoice is not open any more."))
    return done(request, _invoice_url(invoice_id), _("%(number)s is withdrawn.") % words)


@require_POST
@operator_required
def refund(request: UserRequest, payment_id: str) -> HttpResponse:
    """Pay a part or all of a payment back."""
    payment, now = operating.any_payment(payment_id), timezone.now()
    row = operating.any_invoice(payment.invoice.public_id)
    form = _refund_form(payment, request)
    if not form.is_valid():
        return _invoice_page(request, row, refund_form=form, refund_of=payment_id)
    amount = form.cleaned_data["amount"]
    words = {"amount": money(amount, payment.currency), "team": row.team.name}
    if not is_confirmed(request):
        by_hand = payment.gateway == "invoice"
        how = _("You transfer it yourself; this writes it down.") if by_hand else _("The payment provider pays it back.")
        sentences = (how, _("A credit note is written. What was bought stays as it is."))
        title = _("Pay %(amount)s back to %(team)s?") % words
        return ask(request, Question(title, sentences, _("Pay back"), _invoice_url(row.public_id), danger=True))
    try:
        note = flows.refund(payment_id, amount, key=form.cleaned_data["key"], who=who_of(request), now=now)
    except (PaymentFailed, GatewayDown, Invalid) as error:
        return _invoice_page(request, row, refund_form=form, refund_of=payment_id, problem=_why_no_refund(error))
    return done(request, _invoice_url(note.public_id), _("%(amount)s paid back to %(team)s.") % words)


# -- How ---------------------------------------------------------------------------------------------------------------------
def _totals(found: list[MoneyTotals]) -> list[MoneyTotals]:
    """The first currency, and those in which there is anything."""
    return [one for place, one in enumerate(found) if not place or one.owed or one.received or one.balance]


def _invoice_url(invoice_id: str) -> str:
    return reverse("web:operator_invoice", args=[invoice_id])


def _team_page(
    request: UserRequest,
    account: TeamAccount,
    *,
    plan_form: PlanForm | None = None,
    quota_form: QuotaForm | None = None,
    credits_form: CreditsForm | None = None,
) -> HttpResponse:
    shown = account.overview
    context = {
        "team": account.team,
        "row": account.row,
        "billed": account,
        "shown": shown,
        "badge": operators.state_badge(account.row),
        "addons": [
            (item_words(one.extra.code, one.held, {}, {one.extra.code: one.extra}), one.fewer) for one in shown.options if one.held
        ],
        "invoices": [(one, invoice_number(one.number), operators.invoice_badge(one)) for one in account.invoices],
        "payments": [
            (
                one,
                invoice_number(one.invoice.number),
                operators.payment_badge(one),
                operators.GATEWAYS.get(one.gateway, one.gateway),
            )
            for one in account.payments
        ],
        "entries": [
            (one, operators.REASONS.get(one.reason, one.reason), invoice_number(one.invoice.number) if one.invoice else "")
            for one in account.entries
        ],
        "plan_form": plan_form or _plan_form(account),
        "quota_form": quota_form or _quota_form(account),
        "credits_form": credits_form or CreditsForm(initial={"key": new_id("prm")}),
        "opened": "plan" if plan_form else "quotas" if quota_form else "credits" if credits_form else "",
    }
    refused = plan_form or quota_form or credits_form
    return page(request, "web/operating/team.html", context, status=422 if refused else 200)


def _plan_form(account: TeamAccount, request: UserRequest | None = None) -> PlanForm:
    shown = account.overview
    initial = {
        "plan": account.plan.code,
        "interval": shown.interval,
        "credits": account.own_credits,
        "comped": shown.comped,
    }
    return PlanForm(request.POST if request else None, initial=initial, plans=queries.list_plans())


def _quota_form(account: TeamAccount, request: UserRequest | None = None) -> QuotaForm:
    own = {
        one.name: one.own // GB if one.name.endswith("_bytes") else one.own for one in account.own_numbers if one.own is not None
    }
    of_plan = {one.name: one.of_plan for one in account.own_numbers}
    return QuotaForm(request.POST if request else None, initial=own, of_plan=of_plan)


def _about_plan(account: TeamAccount, plan: str, at: object, *, comped: bool) -> Question:
    when = _("It counts from now on, whatever the team has and uses.")
    if at is not None:
        when = _("A new cycle starts on %(moment)s.") % {"moment": moment_text(at, "full")}  # type: ignore[arg-type]
    pays = _("No invoices are written.") if comped else _("The running cycle counts as paid; the next one is invoiced.")
    words = {"team": account.team.name, "plan": plan}
    sentences = (when, pays) if queries.asks_money() else (when,)
    return Question(_("Give %(team)s the plan %(plan)s?") % words, sentences, _("Set the plan"), team_url(account.team.public_id))


def _invoice_page(
    request: UserRequest,
    row: Invoice,
    *,
    void_form: VoidForm | None = None,
    refund_form: RefundForm | None = None,
    refund_of: str = "",
    problem: str = "",
) -> HttpResponse:
    owed = row.status == InvoiceStatus.OPEN and row.due > 0
    payments = [
        (
            one,
            operators.payment_badge(one),
            operators.GATEWAYS.get(one.gateway, one.gateway),
            (refund_form if one.public_id == refund_of else None) or _refund_form(one),
        )
        for one in row.payments.all()
    ]
    context = {
        "invoice": row,
        "number": invoice_number(row.number),
        "badge": operators.invoice_badge(row),
        "lines": lines_in_words(row),
        "taxes": [(tax_words(tax["name"], tax["percent"]), tax["amount"]) for tax in row.taxes],
        "owed": owed,
        "payments": payments,
        "corrects": (row.corrects.public_id, invoice_number(row.corrects.number)) if row.corrects else None,
        "notes": [(note.public_id, invoice_number(note.number), note.total) for note in row.credit_notes.all()],
        "void_form": void_form or VoidForm(),
        "opened": refund_of or ("void" if void_form else ""),
        "problem": problem,
    }
    return page(request, "web/operating/invoice.html", context, status=422 if void_form or refund_of or problem else 200)


def _refund_form(payment: Payment, request: UserRequest | None = None) -> RefundForm:
    """A form for what is left of a payment; one that has nothing left is not shown."""
    left = payment.amount - payment.refunded if payment.state == PaymentState.SUCCEEDED else 0
    return RefundForm(request.POST if request else None, left=left, currency=payment.currency, key=new_id("rfd"))


def _why_no_refund(error: Exception) -> str:
    if isinstance(error, GatewayDown):
        return _("The payment provider did not answer. Try again: the same refund is never made twice.")
    if isinstance(error, PaymentFailed):
        return _("The payment provider refused the refund. Nothing was changed.")
    return _("Not so much is left of this payment.")
