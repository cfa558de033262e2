# SPDX-License-Identifier: Apache-2.0
"""What billing writes to people: every admin of the team and its billing contact, each once per event and in their own language, in
the transaction of what happened.

Each letter is a function that says the words in the active language; `_send` renders it for every reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import get_language, gettext, ngettext, pgettext

from sealroom.accounts.models import Team
from sealroom.accounts.queries import admins_of
from sealroom.billing.models import BillingProfile, Invoice, Payment, Subscription
from sealroom.billing.queries.papers import account_lines, invoice_number, lines_in_words, tax_words
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.wording import currency_name, day_text, money_text
from sealroom.mail import flows as mail

SCHEDULED = ("cancelled", "downgraded", "reduced", "interval")


@dataclass(frozen=True)
class _Reader:
    name: str  # in the key of the mail
    address: str
    to_name: str
    language: str
    zone: str

    def day(self, moment: datetime) -> str:
        """A day on this reader's clock, with its year."""
        return day_text(moment.astimezone(ZoneInfo(self.zone)).date(), get_language() or "en")


@dataclass(frozen=True)
class _Letter:
    subject: str
    paragraphs: list[str]
    button: tuple[str, str]  # words, path
    rows: list[tuple[str, str]] | None = None  # label, value; sums, the last one strong
    facts: list[str] | None = None


def tell_paid(invoice: Invoice, *, now: datetime) -> None:
    """The receipt: what was bought, what it cost, what of it came from the balance."""
    number = invoice_number(invoice.number)

    def words(reader: _Reader) -> _Letter:
        total = _money(invoice.total, invoice)
        text = gettext("Thank you. Invoice {number} of {day} for the team {team} is paid.")
        day = reader.day(invoice.opened_at or now)
        return _Letter(
            gettext("Receipt {number}: {amount}").format(number=number, amount=total),
            [text.format(number=number, day=day, team=invoice.team.name)],
            (gettext("See the invoice"), _path(invoice)),
            _sums(invoice, pgettext("an amount", "Paid")),
            [gettext("The invoice can be downloaded there as a PDF."), _in_currency(invoice)],
        )

    _send(invoice.team, "paid", invoice.public_id, words, about=f"invoice:{invoice.public_id}", now=now)


def tell_owed(invoice: Invoice, *, now: datetime) -> None:
    """An invoice that is to be paid by bank transfer: account, reference, by when."""
    number = invoice_number(invoice.number)

    def words(reader: _Reader) -> _Letter:
        amount = _money(invoice.due, invoice)
        rows = [(gettext("Amount"), amount), (gettext("Reference"), number)]
        if invoice.due_at is not None:
            rows.append((gettext("To be paid by"), reader.day(invoice.due_at)))
        rows += [(gettext("Account"), line) for line in account_lines(invoice)]
        text = gettext("Invoice {number} for the team {team} is waiting for your transfer of {amount}.")
        return _Letter(
            gettext("Invoice {number}: {amount} to be transferred").format(number=number, amount=amount),
            [
                text.format(number=number, team=invoice.team.name, amount=amount),
                gettext("Please give the reference, so that we can find your payment."),
            ],
            (gettext("See the invoice"), _path(invoice)),
            rows,
            [_in_currency(invoice)],
        )

    _send(invoice.team, "owed", invoice.public_id, words, about=f"invoice:{invoice.public_id}", now=now)


def tell_failed(invoice: Invoice, *, reason: str, next_try: datetime | None, last_day: datetime, now: datetime) -> None:
    """A renewal could not be collected: why (a word of `ports.DECLINES`), when it is tried again (None: not any more), and from
    when on sending waits. Once per try: the next try is part of the key."""
    number = invoice_number(invoice.number)

    def words(reader: _Reader) -> _Letter:
        amount = _money(invoice.due, invoice)
        text = gettext("We could not collect {amount} for the team {team} (invoice {number}).")
        until = gettext("If it is not paid by {day}, sending pauses. Until then nothing changes, and credits reset as usual.")
        paragraphs = [
            f"{text.format(amount=amount, team=invoice.team.name, number=number)} {_reason(reason)}",
            until.format(day=reader.day(last_day)),
        ]
        if next_try is not None:
            again = gettext("We try again on {day}. You can also pay now, or give another payment method.")
            paragraphs.insert(1, again.format(day=reader.day(next_try)))
        return _Letter(
            gettext("Payment of {amount} failed").format(amount=amount),
            paragraphs,
            (gettext("Pay the invoice"), _path(invoice)),
        )

    key = f"{invoice.public_id}:{next_try.isoformat() if next_try else 'last'}"
    _send(invoice.team, "failed", key, words, about=f"invoice:{invoice.public_id}", now=now)


def tell_paused(invoice: Invoice, *, now: datetime) -> None:
    """The days of grace are over: sending waits for the payment of this invoice."""
    number = invoice_number(invoice.number)

    def words(reader: _Reader) -> _Letter:
        amount = _money(invoice.due, invoice)
        text = gettext("Invoice {number} ({amount}) has not been paid. The team {team} cannot send anything until it is.")
        return _Letter(
            gettext("Sending is paused until {amount} is paid").format(amount=amount),
            [
                text.format(number=number, amount=amount, team=invoice.team.name),
                gettext("What was sent stays open. Revoking, removing, deleting and exporting still work. Nothing is deleted."),
            ],
            (gettext("Pay the invoice"), _path(invoice)),
        )

    _send(invoice.team, "paused", invoice.public_id, words, about=f"invoice:{invoice.public_id}", now=now)


def tell_resumed(team: Team, *, now: datetime) -> None:
    """It was paid and sending works again. At most once a day."""

    def words(reader: _Reader) -> _Letter:
        text = gettext("Your payment has arrived. The team {team} can send again.")
        return _Letter(gettext("Sending works again"), [text.format(team=team.name)], (gettext("See the plan"), _plan()))

    _send(team, "resumed", f"{team.public_id}:{now:%Y-%m-%d}", words, about=f"team:{team.public_id}", now=now)


def tell_scheduled(team: Team, *, what: str, effective_at: datetime, key: str, now: datetime) -> None:
    """A change that waits for the end of the cycle: `what` is one of `SCHEDULED`. Once per `key`."""

    def words(reader: _Reader) -> _Letter:
        subject, text = _scheduled(what)
        day = reader.day(effective_at)
        return _Letter(
            subject.format(day=day),
            [
                text.format(team=team.name, day=day),
                gettext("Until then everything stays as it is, and you can take the change back."),
            ],
            (gettext("See the plan"), _plan()),
        )

    _send(team, "scheduled", key, words, about=f"team:{team.public_id}", now=now)


def tell_kept(payment: Payment, *, now: datetime) -> None:
    """Money came after what it was for had lapsed: it is kept, the customer chooses again."""
    invoice = payment.invoice

    def words(reader: _Reader) -> _Letter:
        amount = _money(payment.amount, invoice)
        text = gettext(
            "Your payment of {amount} for the team {team} came after the offer it was for had ended, so nothing was changed."
        )
        return _Letter(
            gettext("{amount} kept as your balance").format(amount=amount),
            [
                text.format(amount=amount, team=invoice.team.name),
                gettext("The money is kept as your balance and used for what you buy next. Please choose again."),
            ],
            (gettext("Choose again"), _plan()),
        )

    _send(invoice.team, "kept", payment.public_id, words, about=f"payment:{payment.public_id}", now=now)


def tell_trial_ends(team: Team, *, ends_at: datetime, days: int, now: datetime) -> None:
    """The trial ends in so many days. Once per trial and number of days."""

    def words(reader: _Reader) -> _Letter:
        subject = ngettext("Your trial ends in {n} day", "Your trial ends in {n} days", days).format(n=days)
        text = gettext("The trial of the team {team} ends on {day}. Choose a plan before then to go on sending without a break.")
        return _Letter(
            subject,
            [
                text.format(team=team.name, day=reader.day(ends_at)),
                gettext("Without a plan, sending pauses. What was sent stays open, and nothing is deleted."),
            ],
            (gettext("Choose a plan"), _plan()),
        )

    key = f"{team.public_id}:{ends_at.isoformat()}:{days}"
    _send(team, "trial_ends", key, words, about=f"team:{team.public_id}", now=now)


def tell_trial_ended(team: Team, *, now: datetime) -> None:
    """The trial is over. Once per trial, however often it is told."""
    ended = Subscription.objects.filter(team=team).values_list("trial_ends_at", flat=True).first()

    def words(reader: _Reader) -> _Letter:
        text = gettext("The trial of the team {team} is over. Choose a plan to send again.")
        return _Letter(
            gettext("Your trial has ended"),
            [
                text.format(team=team.name),
                gettext("What was sent stays open. Revoking, deleting and exporting still work. Nothing is deleted."),
            ],
            (gettext("Choose a plan"), _plan()),
        )

    key = f"{team.public_id}:{ended.isoformat() if ended else ''}"
    _send(team, "trial_ended", key, words, about=f"team:{team.public_id}", now=now)


def tell_refunded(invoice_credit_note: Invoice, *, amount: int, now: datetime) -> None:
    """Money goes back to the way it was paid; `amount` in minor units, the note is its paper."""
    note = invoice_credit_note

    def words(reader: _Reader) -> _Letter:
        sum_text = _money(amount, note)
        number = invoice_number(note.number)
        corrected = invoice_number(note.corrects.number) if note.corrects else ""
        text = gettext(
            "We are paying {amount} back to the team {team}. It goes the way it was paid and can take some days to arrive."
        )
        paragraphs = [text.format(amount=sum_text, team=note.team.name)]
        if corrected:
            paper = gettext("Credit note {number} corrects invoice {corrected}.")
            paragraphs.append(paper.format(number=number, corrected=corrected))
        return _Letter(
            gettext("Refund of {amount}").format(amount=sum_text), paragraphs, (gettext("See the credit note"), _path(note))
        )

    _send(note.team, "refunded", note.public_id, words, about=f"invoice:{note.public_id}", now=now)


# -- How ---------------------------------------------------------------------------------------------------------------------
def _send(team: Team, event: str, key: str, words: Callable[[_Reader], _Letter], *, about: str, now: datetime) -> None:
    for reader in _readers(team):
        with translation.override(reader.language):
            letter = words(reader)
        label, path = letter.button
        mail.compose(
            "billing/mail/letter",
            to=reader.address,
            to_name=reader.to_name,
            key=f"billing.{event}:{key}:{reader.name}",
            language=reader.language,
            context={
                "subject_line": letter.subject,
                "paragraphs": letter.paragraphs,
                "rows": letter.rows or [],
                "strong_end": event == "paid",
                "facts": letter.facts or [],
                "button_label": label,
                "button_url": f"{settings.SEALROOM_BASE_URL}{path}",
            },
            about=about,
            team=team.public_id,
            now=now,
        )


def _readers(team: Team) -> list[_Reader]:
    """The admins, and the billing contact unless he is one of them or has no address that can be written to."""
    readers = [_Reader(one.public_id, one.email, one.name, one.language, one.time_zone) for one in admins_of(team.pk)]
    contact = BillingProfile.objects.filter(team=team).values_list("contact_email", flat=True).first()
    try:
        address = canonical_address(contact) if contact else ""
    except BadAddress:
        address = ""
    if address and address not in {canonical_address(reader.address) for reader in readers}:
        readers.append(_Reader("contact", address, "", team.language, team.time_zone))
    return readers


def _sums(invoice: Invoice, last: str) -> list[tuple[str, str]]:
    """The invoice's lines and sums, as on the paper."""
    rows = [
        (f"{text} ({detail})" if detail else text, _money(line.amount, invoice)) for line, text, detail in lines_in_words(invoice)
    ]
    rows += [(tax_words(tax["name"], tax["percent"]), _money(tax["amount"], invoice)) for tax in invoice.taxes]
    rows.append((gettext("Total"), _money(invoice.total, invoice)))
    if invoice.balance_used:
        rows.append((gettext("Taken from your balance"), _money(-invoice.balance_used, invoice)))
    return [*rows, (last, _money(invoice.due, invoice))]


def _reason(reason: str) -> str:
    sentences = {
        "card_declined": gettext("The bank declined the card."),
        "insufficient_funds": gettext("There was not enough money on the account."),
        "expired_card": gettext("The card has expired."),
        "authentication_failed": gettext("The bank asked for a confirmation that was not given."),
        "method_missing": gettext("There is no payment method on file."),
        "processing_error": gettext("Something went wrong at the payment provider."),
        "cancelled": gettext("The payment was cancelled."),
    }
    return sentences.get(reason, gettext("The payment did not go through."))


def _scheduled(what: str) -> tuple[str, str]:
    """Subject and first sentence, with {day} and {team} to be filled in."""
    if what == "cancelled":
        return (
            gettext("Your subscription ends on {day}"),
            gettext("The subscription of the team {team} ends on {day}. From then on nothing can be sent; nothing is deleted."),
        )
    if what == "downgraded":
        return (
            gettext("Your plan changes on {day}"),
            gettext("The team {team} moves to a smaller plan on {day}."),
        )
    if what == "interval":
        return (
            gettext("Your billing interval changes on {day}"),
            gettext("The team {team} is billed at another interval from {day} on."),
        )
    assert what == "reduced", what
    return gettext("Your add-ons change on {day}"), gettext("The team {team} has fewer add-ons from {day} on.")


def _in_currency(invoice: Invoice) -> str:
    name = currency_name(invoice.currency, get_language() or "en")
    return gettext("Amounts in {currency}").format(currency=name)


def _money(minor: int, invoice: Invoice) -> str:
    return money_text(minor, invoice.currency, get_language() or "en")


def _path(invoice: Invoice) -> str:
    return f"/admin/billing/invoices/{invoice.public_id}/"


def _plan() -> str:
    return "/admin/plan/"
