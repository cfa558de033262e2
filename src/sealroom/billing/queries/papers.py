# SPDX-License-Identifier: Apache-2.0
"""An invoice as it is printed: its parties as they were when it got its number, in the customer's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, pgettext

from sealroom.accounts.models import Team
from sealroom.accounts.rules import Actor, Capability
from sealroom.billing.models import AddOn, BillingProfile, Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, Plan
from sealroom.billing.ports import Paper, PaperLine
from sealroom.billing.queries.plans import extra_of
from sealroom.billing.queries.words import date_words, item_words, known_addons, line_words, plan_names, span_words, tax_words
from sealroom.billing.rules.money import Line, LineKind
from sealroom.core.errors import NotFound
from sealroom.core.wording import country_name, currency_name, money_text

__all__ = [
    "account_lines",
    "customer_snapshot",
    "get_paper",
    "invoice_number",
    "item_words",
    "known_addons",
    "line_of",
    "line_words",
    "lines_in_words",
    "paper_of",
    "plan_names",
    "seller_of_installation",
    "tax_words",
]


def get_paper(actor: Actor, invoice_id: str) -> Paper:
    """An invoice of the actor's team. Raises `Forbidden`, and `NotFound` for another team's and for one without a number."""
    actor.require(Capability.SEE_BILLING)
    rows = Invoice.objects.filter(team_id=actor.team_id, public_id=invoice_id).exclude(status=InvoiceStatus.DRAFT)
    invoice = rows.exclude(number=None).select_related("corrects").first()
    if invoice is None:
        raise NotFound
    return paper_of(invoice)


def paper_of(invoice: Invoice) -> Paper:
    """A numbered invoice as it is printed, in its customer's language."""
    language = invoice.language
    with translation.override(language):
        return Paper(
            language=language,
            title=gettext("Credit note") if invoice.kind == InvoiceKind.CREDIT_NOTE else gettext("Invoice"),
            number=invoice_number(invoice.number),
            currency=invoice.currency,
            seller=(str(invoice.seller.get("name", "")), *_lines(invoice.seller.get("address"))),
            customer=_customer_lines(invoice),
            facts=tuple(_facts(invoice)),
            lines=tuple(
                PaperLine(text, detail, row.quantity, row.unit_price, row.amount) for row, text, detail in lines_in_words(invoice)
            ),
            subtotal=invoice.subtotal,
            taxes=tuple((tax_words(tax["name"], tax["percent"]), tax["amount"]) for tax in invoice.taxes),
            total=invoice.total,
            balance_used=invoice.balance_used,
            due=invoice.due,
            notes=tuple(_notes(invoice)),
            words=_labels(invoice),
        )


def lines_in_words(invoice: Invoice) -> list[tuple[Line, str, str]]:
    """The lines of an invoice, each with its text and detail in the active language. Plans and add-ons are called as at the version
    that has the line's price, so that an invoice reads the same after the catalogue has changed."""
    rows = list(invoice.lines.order_by("position"))
    codes = {row.item.removeprefix("plan:") for row in rows}
    plans = list(Plan.objects.filter(code__in=codes).order_by("version"))
    addons = list(AddOn.objects.filter(code__in=codes).order_by("version"))
    found = []
    for row in rows:
        line = line_of(row)
        names = {plan.code: plan.name for plan in sorted(plans, key=lambda plan: _has_price(plan, line, invoice.currency))}
        extras = {addon.code: extra_of(addon) for addon in sorted(addons, key=lambda one: _has_price(one, line, invoice.currency))}
        found.append((line, *line_words(line, invoice.currency, names, extras)))
    return found


def line_of(row: InvoiceLine) -> Line:
    """A kept line as the value rules work with."""
    return Line(LineKind(row.kind), row.item, row.unit_price, row.quantity, row.amount, row.start, row.end)


def invoice_number(number: int | None) -> str:
    """A number as it is written: "SR-000123". Empty for what has none yet."""
    return "" if number is None else f"{settings.SEALROOM_INVOICE_PREFIX}{number:06d}"


def seller_of_installation() -> dict[str, object]:
    """Who sells, as an invoice keeps it: name, address and account in lines, VAT id."""
    return {
        "name": settings.SEALROOM_SELLER_NAME or urlsplit(settings.SEALROOM_BASE_URL).hostname,
        "address": list(settings.SEALROOM_SELLER_ADDRESS),
        "vat_id": settings.SEALROOM_SELLER_VAT_ID,
        "account": list(settings.SEALROOM_SELLER_ACCOUNT),
    }


def customer_snapshot(profile: BillingProfile | None, team: Team) -> dict[str, object]:
    """Who buys, as an invoice keeps it; a team that gave no company is called by its own name."""
    if profile is None:
        return {"company": team.name, "address": "", "country": "", "vat_id": ""}
    return {
        "company": profile.company or team.name,
        "address": profile.address,
        "country": profile.country,
        "vat_id": profile.vat_id,
    }


def account_lines(invoice: Invoice) -> list[str]:
    """Where an invoice that is to be paid by transfer is paid to; nothing where no account is given."""
    return _lines(invoice.seller.get("account")) or list(settings.SEALROOM_SELLER_ACCOUNT)


# -- How ---------------------------------------------------------------------------------------------------------------------
def _has_price(sold: Plan | AddOn, line: Line, currency: str) -> bool:
    return line.unit_price in sold.prices.get(currency, {}).values()


def _facts(invoice: Invoice) -> list[tuple[str, str]]:
    facts = []
    if invoice.opened_at is not None:
        facts.append((gettext("Date"), date_words(invoice.opened_at)))
    if invoice.corrects is not None:
        facts.append((gettext("Corrects invoice"), invoice_number(invoice.corrects.number)))
    span = _cycle_of(invoice)
    if span:
        facts.append((gettext("Period"), span))
    if _is_owed(invoice) and invoice.due_at is not None:
        facts.append((gettext("To be paid by"), date_words(invoice.due_at)))
    facts.append((gettext("Status"), _status(invoice)))
    if invoice.seller.get("vat_id"):
        facts.append((gettext("Seller’s VAT number"), str(invoice.seller["vat_id"])))
    if invoice.customer.get("vat_id"):
        facts.append((gettext("Customer’s VAT number"), str(invoice.customer["vat_id"])))
    return facts


def _cycle_of(invoice: Invoice) -> str:
    """The cycle a renewal is for."""
    if invoice.kind != InvoiceKind.RENEWAL:
        return ""
    ends = [row.end for row in invoice.lines.filter(kind=LineKind.RECURRING)]
    return span_words(invoice.cycle_start, max(ends)) if invoice.cycle_start and ends else ""


def _status(invoice: Invoice) -> str:
    if invoice.status == InvoiceStatus.VOID:
        return pgettext("an invoice", "Withdrawn")
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return pgettext("a credit note", "Issued")
    if invoice.status == InvoiceStatus.PAID:
        return gettext("Paid on {day}").format(day=date_words(invoice.paid_at)) if invoice.paid_at else gettext("Paid")
    return pgettext("an invoice", "Open")


def _notes(invoice: Invoice) -> list[str]:
    notes = []
    if invoice.status == InvoiceStatus.VOID:
        notes.append(_void_note(invoice.voided_at))
    if invoice.reverse_charge:
        notes.append(gettext("Reverse charge: the customer is liable for the VAT."))
    if invoice.total < 0 and invoice.kind != InvoiceKind.CREDIT_NOTE:
        amount = money_text(-invoice.total, invoice.currency, invoice.language)
        notes.append(gettext("{amount} is kept as your balance and used for your next invoices.").format(amount=amount))
    account = account_lines(invoice)
    if _is_owed(invoice) and settings.SEALROOM_PAYMENT_GATEWAY == "invoice" and account:
        amount = money_text(invoice.due, invoice.currency, invoice.language)
        text = gettext("Please transfer {amount} to this account and give {number} as the reference:")
        notes += [text.format(amount=amount, number=invoice_number(invoice.number)), *account]
    return notes


def _void_note(at: datetime | None) -> str:
    if at is None:
        return gettext("This invoice was withdrawn. It is not to be paid.")
    return gettext("This invoice was withdrawn on {day}. It is not to be paid.").format(day=date_words(at))


def _is_owed(invoice: Invoice) -> bool:
    return invoice.status == InvoiceStatus.OPEN and invoice.due > 0


def _customer_lines(invoice: Invoice) -> tuple[str, ...]:
    customer = invoice.customer
    country = str(customer.get("country") or "")
    lines = [str(customer.get("company", "")), *_lines(customer.get("address"))]
    return (*lines, country_name(country, invoice.language)) if country else tuple(lines)


def _labels(invoice: Invoice) -> dict[str, str]:
    """The words an adapter prints beside the values. `due` is missing where nothing is or was to be paid."""
    labels = {
        "number": pgettext("of an invoice", "Number"),
        "from": pgettext("the seller", "From"),
        "to": pgettext("the customer", "Billed to"),
        "description": gettext("Description"),
        "quantity": gettext("Quantity"),
        "unit_price": gettext("Unit price"),
        "amount": gettext("Amount"),
        "subtotal": gettext("Subtotal"),
        "total": gettext("Total"),
        "balance_used": gettext("Taken from your balance"),
        "currency": gettext("Amounts in {currency}").format(currency=currency_name(invoice.currency, invoice.language)),
        "page": gettext("Page {page} of {pages}"),
    }
    if invoice.status != InvoiceStatus.VOID and invoice.kind != InvoiceKind.CREDIT_NOTE:
        labels["due"] = pgettext("an amount", "Paid") if invoice.status == InvoiceStatus.PAID else gettext("To pay")
    return labels


def _lines(text: object) -> list[str]:
    """The lines of an address that is kept as a text or as a list."""
    parts: Iterable[object] = text if isinstance(text, list) else str(text or "").splitlines()
    return [line for part in parts if (line := str(part).strip())]
