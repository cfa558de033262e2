# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, BILLING: invoices, and the payments on them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sealroom.accounts.rules import Capability
from sealroom.billing import flows, queries
from sealroom.billing.errors import GatewayDown, PaymentFailed
from sealroom.billing.models import Invoice, InvoiceStatus, PaymentState
from sealroom.billing.ports import get_gateway, get_printer
from sealroom.billing.queries.papers import account_lines, get_paper, invoice_number, lines_in_words, tax_words
from sealroom.core.errors import NotFound
from sealroom.core.ids import new_id
from sealroom.web import papers, plans
from sealroom.web.answers import done, page, part, wants_part
from sealroom.web.errors import DECLINES, Refusal, refusal_of
from sealroom.web.gates import MemberRequest, admin_required

PAGE = 25
LOOKS = 5  # how often the payment page asks by itself whether the money came

_billing_only = admin_required(Capability.SEE_BILLING)
_buyers_only = admin_required(Capability.BUY)


@require_GET
@_billing_only
def index(request: MemberRequest) -> HttpResponse:
    """All invoices, and every payment that was tried."""
    found = queries.list_invoices(request.actor, cursor=request.GET.get("cursor") or None, limit=PAGE)
    names = plans.Names()
    first = not request.GET.get("cursor")
    context = {
        "rows": [papers.invoice_row(one, invoice_number(one.number), names) for one in found.items],
        "payments": [
            papers.payment_row(one, invoice_number(one.invoice.number))
            for one in (queries.list_payments(request.actor) if first else ())
        ],
        "next_url": "?" + urlencode({"cursor": found.next}) if found.next else "",
        "first_url": "" if first else reverse("web:invoices"),
        "asks_money": queries.asks_money(),
    }
    return page(request, "web/billing/invoices.html", context)


@require_GET
@_billing_only
def invoice(request: MemberRequest, invoice_id: str) -> HttpResponse:
    """One invoice with its lines, taxes and payments."""
    return _invoice_page(request, queries.get_invoice(request.actor, invoice_id))


@require_GET
@_billing_only
def invoice_pdf(request: MemberRequest, invoice_id: str) -> HttpResponse:
    """The invoice on paper, as a file."""
    paper = get_paper(request.actor, invoice_id)
    disposition = content_disposition_header(as_attachment=True, filename=f"{paper.number}.pdf") or "attachment"
    return HttpResponse(get_printer().print(paper), content_type="application/pdf", headers={"Content-Disposition": disposition})


@require_POST
@_buyers_only
def pay(request: MemberRequest, invoice_id: str) -> HttpResponse:
    """Pay an owed invoice now."""
    if not get_gateway().asks_money:  # the operator has changed his mind about asking for money
        raise NotFound(kind="invoice", id=invoice_id)
    try:
        payment = flows.pay_invoice(request.actor, invoice_id, now=timezone.now())
    except (PaymentFailed, GatewayDown) as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        return _invoice_page(request, queries.get_invoice(request.actor, invoice_id), refusal)
    if payment.state == PaymentState.SUCCEEDED:
        return done(request, reverse("web:invoice", args=[invoice_id]), _("Payment received. Thank you."))
    return redirect(reverse("web:payment", args=[payment.public_id]) + ("?go=1" if payment.next_url else ""))


@require_GET
@_billing_only
def payment(request: MemberRequest, payment_id: str) -> HttpResponse:
    """How a payment stands and what is to be done; the customer comes back here from the gateway's page."""
    return page(request, "web/billing/payment.html", _payment_context(request, payment_id, looks=0))


@require_POST
@_buyers_only
def payment_check(request: MemberRequest, payment_id: str) -> HttpResponse:
    """Ask what became of a payment."""
    row = queries.get_payment(request.actor, payment_id)
    flows.reconcile(row.pk, now=timezone.now())
    if not wants_part(request):
        return redirect("web:payment", payment_id)
    text = request.POST.get("looks", "")
    looks = int(text) + 1 if text.isascii() and text.isdigit() and len(text) < 3 else LOOKS
    return part(request, "web/billing/_payment.html", _payment_context(request, payment_id, looks=looks))


# -- How ---------------------------------------------------------------------------------------------------------------------
def _invoice_page(request: MemberRequest, row: Invoice, refusal: Refusal | None = None) -> HttpResponse:
    number = invoice_number(row.number)
    owed = row.status == InvoiceStatus.OPEN and row.due > 0
    transfer = owed and not get_gateway().saves_methods
    context = {
        "invoice": row,
        "number": number,
        "badge": papers.invoice_badge(row),
        "lines": [(text, detail, plans.money(line.amount, row.currency)) for line, text, detail in lines_in_words(row)],
        "subtotal": plans.money(row.subtotal, row.currency),
        "taxes": [(tax_words(tax["name"], tax["percent"]), plans.money(tax["amount"], row.currency)) for tax in row.taxes],
        "total": plans.money(row.total, row.currency),
        "balance": plans.money(-row.balance_used, row.currency) if row.balance_used else "",
        "due": plans.money(row.due, row.currency) if owed else "",
        "customer": [row.customer.get("company", ""), *str(row.customer.get("address", "")).splitlines()],
        "vat_id": row.customer.get("vat_id", ""),
        "payments": [papers.payment_row(one, number) for one in row.payments.all()],
        "may_pay": owed and get_gateway().saves_methods,
        "pay_to": account_lines(row) if transfer else [],
        "transfer": transfer,
        "corrects": invoice_number(row.corrects.number) if row.corrects else "",
        "key": new_id("key"),
        "refusal": refusal,
    }
    return page(request, "web/billing/invoice.html", context, status=refusal.status if refusal else 200)


def _payment_context(request: MemberRequest, payment_id: str, *, looks: int) -> dict[str, object]:
    row = queries.get_payment(request.actor, payment_id)
    bill = row.invoice
    by_transfer = row.gateway == "invoice"
    waits = row.state in {PaymentState.CREATED, PaymentState.PENDING}
    quote = bill.quote
    return {
        "payment": row,
        "invoice": bill,
        "number": invoice_number(bill.number),
        "amount": plans.money(row.amount, row.currency),
        "badge": papers.payment_badge(row),
        "waits": waits,
        "by_transfer": by_transfer,
        "pay_to": account_lines(bill) if by_transfer else [],
        "reason": str(DECLINES.get(row.failure, "")),
        "granted": quote.effect.get("granted", 0) if quote is not None else 0,
        "lines": [(text, plans.money(line.amount, bill.currency)) for line, text, _detail in lines_in_words(bill)],
        "again_url": _again_url(row.state, bill, now_open=quote is not None and not quote.confirm_key),
        "go": waits and bool(row.next_url) and request.GET.get("go") == "1",
        "looks": looks,
        "looks_again": waits and not by_transfer and looks < LOOKS and request.GET.get("go") != "1",
    }


def _again_url(state: str, bill: Invoice, *, now_open: bool) -> str:
    """Where a payment that came to nothing can be tried again."""
    if state not in {PaymentState.FAILED, PaymentState.LAPSED}:
        return ""
    if bill.number is not None and bill.status == InvoiceStatus.OPEN:
        return reverse("web:invoice", args=[bill.public_id])
    if bill.quote is not None and now_open and state == PaymentState.FAILED:
        return reverse("web:plan_review", args=[bill.quote.public_id])
    return reverse("web:plan_modify")
