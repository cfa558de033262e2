# SPDX-License-Identifier: Apache-2.0
"""How a team's billing is said to operators: states, invoices and payments as badges, quotas and prices in words; and how a deed is
asked about once more."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from sealroom.accounts.rules import Route
from sealroom.audit.rules import ActorKind, Who
from sealroom.billing.models import Invoice, InvoiceStatus, Payment
from sealroom.billing.queries.offered import Sold
from sealroom.billing.queries.operating import STATES, TeamRow
from sealroom.billing.queries.words import quota_words
from sealroom.billing.rules import QUOTAS
from sealroom.httpkit.address import client_address
from sealroom.httpkit.templatetags.kit import moment_text, money, number
from sealroom.web.answers import page
from sealroom.web.gates import UserRequest
from sealroom.web.wording import Badge

_STATES: dict[str, tuple[str, str, str | Promise]] = {
    "suspended": ("danger", "pause", gettext_lazy("Suspended")),
    "paused": ("danger", "pause", pgettext_lazy("billing", "Paused")),
    "owed": ("warn", "clock", pgettext_lazy("billing", "Owed")),
    "trial_ended": ("neutral", "hourglass", gettext_lazy("Trial over")),
    "trial": ("accent", "hourglass", gettext_lazy("Trial")),
    "cancels": ("warn", "calendar", pgettext_lazy("billing", "Cancels")),
    "free": ("neutral", "circle", pgettext_lazy("billing", "Free plan")),
    "comped": ("neutral", "star", gettext_lazy("Free of charge")),
    "active": ("ok", "check", pgettext_lazy("billing", "Active")),
}
_INVOICES: dict[str, tuple[str, str, str | Promise]] = {
    InvoiceStatus.OPEN: ("warn", "clock", pgettext_lazy("an invoice", "Open")),
    InvoiceStatus.PAID: ("ok", "check", pgettext_lazy("an invoice", "Paid")),
    InvoiceStatus.VOID: ("neutral", "x", pgettext_lazy("an invoice", "Withdrawn")),
    InvoiceStatus.DRAFT: ("neutral", "pencil", pgettext_lazy("an invoice", "Being paid")),
}
_PAYMENTS: dict[str, tuple[str, str, str | Promise]] = {
    "created": ("neutral", "clock", pgettext_lazy("a payment", "Begun")),
    "pending": ("warn", "clock", pgettext_lazy("a payment", "Awaited")),
    "succeeded": ("ok", "check", pgettext_lazy("a payment", "Received")),
    "failed": ("danger", "alert", pgettext_lazy("a payment", "Failed")),
    "lapsed": ("neutral", "x", pgettext_lazy("a payment", "Lapsed")),
}
GATEWAYS: dict[str, str | Promise] = {"invoice": gettext_lazy("Bank transfer"), "stripe": "Stripe"}
REASONS: dict[str, str | Promise] = {
    "invoice": gettext_lazy("From an invoice below zero"),
    "late": gettext_lazy("Paid after it had lapsed"),
    "used": gettext_lazy("Used by an invoice"),
    "unused": gettext_lazy("Given back by an invoice"),
    "term": gettext_lazy("Term of credits taken back"),
}


@dataclass(frozen=True)
class Question:
    """What is asked before a deed: what will happen, the word of the button, and the way back."""

    title: str
    sentences: tuple[str, ...]
    button: str
    back: str
    danger: bool = False


@dataclass(frozen=True)
class SoldWords:
    """A version of a plan or an add-on on the catalogue page."""

    name: str
    code: str
    version: int
    teams: int
    on_offer: bool
    includes: tuple[str, ...]
    prices: tuple[str, ...]


def state_choices() -> list[tuple[str, str]]:
    """The states a list may be narrowed to."""
    return [(state, str(_STATES[state][2])) for state in STATES]


def state_badge(row: TeamRow) -> Badge:
    """A team's state with its day: "Trial until 3 Dec"."""
    tone, icon, word = _STATES[row.state]
    if row.state_at is None:
        return Badge(tone, icon, str(word))
    day = moment_text(row.state_at, "date")
    words = {
        "suspended": _("Suspended since %(day)s"),
        "paused": _("Paused since %(day)s"),
        "owed": _("Owed since %(day)s"),
        "trial": _("Trial until %(day)s"),
        "trial_ended": _("Trial over since %(day)s"),
        "cancels": _("Cancels on %(day)s"),
    }
    return Badge(tone, icon, words[row.state] % {"day": day})


def invoice_badge(invoice: Invoice) -> Badge:
    """How an invoice stands."""
    if invoice.kind == "credit_note":
        return Badge("neutral", "undo", pgettext("an invoice", "Credit note"))
    tone, icon, word = _INVOICES[invoice.status]
    return Badge(tone, icon, str(word))


def payment_badge(payment: Payment) -> Badge:
    """How a payment stands."""
    if payment.refunded:
        whole = payment.refunded == payment.amount
        return Badge("neutral", "undo", _("Paid back") if whole else _("Paid back in part"))
    tone, icon, word = _PAYMENTS[payment.state]
    return Badge(tone, icon, str(word))


def sold_words(sold: Sold) -> SoldWords:
    """A version of the catalogue in words."""
    if sold.plan is not None:
        offer = sold.plan
        numbers = [quota_words(name, getattr(offer, name)) for name in ("credits", *QUOTAS)]
        trial = [_("ends after %(n)s days") % {"n": number(offer.trial_days)}] if offer.trial_days else []
        prices = [
            _("%(price)s a month") % {"price": money(by["month"], code)}
            + " · "
            + _("%(price)s a year") % {"price": money(by["year"], code)}
            for code, by in offer.prices.items()
        ]
        includes = (*numbers, *(feature_words(name) for name in offer.features), *trial)
        return SoldWords(offer.name, offer.code, sold.version, sold.teams, sold.on_offer, includes, tuple(prices))
    extra = sold.addon
    assert extra is not None
    adds = [quota_words(name, count) for name, count in extra.adds.items()] or [feature_words(extra.feature)]
    prices = [_("%(price)s a month") % {"price": money(by["month"], code)} for code, by in extra.prices.items()]
    return SoldWords(", ".join(adds), extra.code, sold.version, sold.teams, sold.on_offer, (), tuple(prices))


def feature_words(feature: str) -> str:
    """A switch of a plan."""
    words = {
        "watermark": _("Dynamic watermark"),
        "screen_shield": _("Screen shield"),
        "api": _("API"),
        "file_permissions": _("Permissions for each file"),
    }
    return words.get(feature, feature)


def who_of(request: UserRequest) -> Who:
    """An operator as the trail names him."""
    user = request.user
    return Who(ActorKind.OPERATOR, user.public_id, label=user.email, route=Route.WEB, ip=client_address(request))


def is_confirmed(request: UserRequest) -> bool:
    """Whether the question was answered."""
    return request.POST.get("confirmed") == "yes"


def ask(request: UserRequest, question: Question) -> HttpResponse:
    """The page that asks once more; its button sends again what the first step sent."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", "confirmed"}
    ]
    return page(request, "web/operating/confirm.html", {"question": question, "kept": kept, "action": request.path})


def team_url(team_id: str) -> str:
    """The page of a team."""
    return reverse("web:operator_team", args=[team_id])
