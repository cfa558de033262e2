# SPDX-License-Identifier: Apache-2.0
"""What billing keeps: the catalogue as it was sold, which plan a team has and will have, quotes, invoices, payments. Money is in
integer minor units of the row's currency."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from sealroom.accounts.models import Team
from sealroom.core.ids import new_id


def new_quote_id() -> str:
    """Public id of a quote."""
    return new_id("quo")


def new_invoice_id() -> str:
    """Public id of an invoice."""
    return new_id("ivc")


def new_payment_id() -> str:
    """Public id of a payment."""
    return new_id("pay")


# -- The catalogue: rows are only added (triggers refuse the rest) -------------------------------------------------------------
class Plan(models.Model):
    """A plan at one version. Never changed once written: another offer, or another price, is another row."""

    code = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=60)
    credits = models.PositiveIntegerField()
    users = models.PositiveIntegerField()
    data_rooms = models.PositiveIntegerField()
    guests = models.PositiveIntegerField()
    storage_bytes = models.PositiveBigIntegerField()
    media_bytes = models.PositiveBigIntegerField()
    features = models.JSONField(default=list)
    trial_days = models.PositiveSmallIntegerField(default=0)
    prices = models.JSONField(default=dict)  # currency -> interval -> minor units
    addons = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="plan_one_per_version")]


class AddOn(models.Model):
    """An add-on at one version, as `Plan`."""

    code = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField(default=1)
    adds = models.JSONField(default=dict)
    feature = models.CharField(max_length=30, default="")
    prices = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="addon_one_per_version")]


class CatalogueEdition(models.Model):
    """What is of the whole catalogue: currencies, tax rates, and which plans and add-ons are on offer. The newest row counts."""

    at = models.DateTimeField()
    currencies = models.JSONField()
    taxes = models.JSONField(default=list)
    plans = models.JSONField(default=list)
    addons = models.JSONField(default=list)


# -- What a team has -----------------------------------------------------------------------------------------------------
class Interval(models.TextChoices):
    """How often a plan is billed. Credits reset monthly on either."""

    MONTH = "month"
    YEAR = "year"


class Subscription(models.Model):
    """Which plan a team has, from when. Billing cycles are counted from `anchor_at`. `credits_override` is a monthly allowance that
    differs from the plan's; `quota_overrides` maps a quota (`users`, `data_rooms`, …) to the operator's own number for this
    team. `version` grows with every change: what was quoted on an older one is stale.

    `billed_until`: cycles before it are invoiced or nobody's to pay. `arranged_until`: the cycle that ends then counts as paid in
    full, because the operator gave the plan. `comped`: the operator asks nothing for the plan, only for what is added."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="subscription")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    interval = models.CharField(max_length=5, choices=Interval.choices, default=Interval.MONTH)
    anchor_at = models.DateTimeField()
    credits_override = models.PositiveIntegerField(null=True)
    quota_overrides = models.JSONField(default=dict)
    trial_ends_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3, default="USD")
    comped = models.BooleanField(default=False)
    billed_until = models.DateTimeField(null=True)
    arranged_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)


class SubscriptionItem(models.Model):
    """Units of an add-on a team has; the add-on's version is the one it was bought at."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=20)
    addon = models.ForeignKey(AddOn, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "kind"], name="item_one_per_kind")]


class BlockTerm(models.Model):
    """Blocks of credits added in the middle of a cycle: they stay until `bound_until`, the end of the first cycle billed in
    full."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="terms")
    quantity = models.PositiveIntegerField()
    bound_until = models.DateTimeField()


class PendingChange(models.Model):
    """What a subscription becomes at `effective_at`: another plan or interval (empty: the same), fewer units of add-ons. Whoever
    looks after that instant sees it in force; the next deed writes it into the subscription. Its allowance is planned as a step of
    the wallet. `anchor_at`: a new billing cycle begins then. `term_paid` (with tax) was taken for blocks given up before their
    term; it comes back when the change is taken back."""

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="pending")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    interval = models.CharField(max_length=5, choices=Interval.choices, default="", blank=True)
    credits_override = models.PositiveIntegerField(null=True)
    anchor_at = models.DateTimeField(null=True)
    fewer = models.JSONField(default=dict)
    cancels = models.BooleanField(default=False)
    term_paid = models.PositiveBigIntegerField(default=0)
    effective_at = models.DateTimeField()


class BillingProfile(models.Model):
    """Who pays: what stands on invoices, where they go, and the payment method as the gateway names it (no card data)."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="billing_profile")
    company = models.CharField(max_length=120, default="", blank=True)
    address = models.CharField(max_length=400, default="", blank=True)  # lines
    country = models.CharField(max_length=2, default="", blank=True)
    vat_id = models.CharField(max_length=20, default="", blank=True)
    contact_email = models.CharField(max_length=254, default="", blank=True)
    customer_ref = models.CharField(max_length=255, default="", blank=True)
    method_ref = models.CharField(max_length=255, default="", blank=True)
    method_label = models.CharField(max_length=60, default="", blank=True)  # "visa 4242"
    method_expires = models.CharField(max_length=7, default="", blank=True)  # "2028-04"


# -- Buying --------------------------------------------------------------------------------------------------------------
class Quote(models.Model):
    """The Review & checkout page: a wish, what it comes to, what it costs at `change_at`, for as long as subscription `version`
    stands and until `expires_at`. Confirming charges exactly this."""

    public_id = models.CharField(max_length=32, unique=True, default=new_quote_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="quotes")
    made_by = models.CharField(max_length=32)
    subscription_version = models.PositiveIntegerField()
    change_at = models.DateTimeField()
    cycle_end = models.DateTimeField()  # of the cycle it was made in
    expires_at = models.DateTimeField()
    wish = models.JSONField()
    effect = models.JSONField()
    lines = models.JSONField()
    currency = models.CharField(max_length=3)
    subtotal = models.BigIntegerField()
    taxes = models.JSONField(default=list)
    total = models.BigIntegerField()
    balance_used = models.PositiveBigIntegerField()
    due = models.PositiveBigIntegerField()
    confirmed_at = models.DateTimeField(null=True)
    confirm_key = models.CharField(max_length=255, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "confirm_key"], condition=~Q(confirm_key=""), name="quote_one_per_key")
        ]


class InvoiceStatus(models.TextChoices):
    """Draft: being paid, has no number. Open: numbered and owed. Paid and void are final."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"


class InvoiceKind(models.TextChoices):
    """What called for an invoice."""

    CHANGE = "change"
    RENEWAL = "renewal"
    CREDIT_NOTE = "credit_note"


class Invoice(models.Model):
    """A bill. Its figures and its parties are frozen once it has a number (triggers); numbers have no gaps. `due` is the total less
    the customer balance it used. `cycle_start` of a renewal is unique per subscription."""

    public_id = models.CharField(max_length=32, unique=True, default=new_invoice_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=11, choices=InvoiceKind.choices)
    status = models.CharField(max_length=5, choices=InvoiceStatus.choices, default=InvoiceStatus.DRAFT)
    number = models.PositiveIntegerField(null=True, unique=True)
    currency = models.CharField(max_length=3)
    subtotal = models.BigIntegerField()
    taxes = models.JSONField(default=list)  # [{name, percent, amount}]
    total = models.BigIntegerField()
    balance_used = models.PositiveBigIntegerField(default=0)
    due = models.PositiveBigIntegerField()
    reverse_charge = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="en")
    customer = models.JSONField(default=dict)  # as printed: company, address, country, vat_id
    seller = models.JSONField(default=dict)
    quote = models.OneToOneField(Quote, null=True, on_delete=models.PROTECT, related_name="invoice")
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="credit_notes")
    cycle_start = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)  # failed tries and notices so far

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "cycle_start"], condition=Q(kind="renewal"), name="invoice_one_renewal_per_cycle"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "void"]) | Q(number__isnull=False), name="invoice_numbered_when_owed"
            ),
        ]
        indexes = [models.Index(fields=["team", "-id"], name="invoice_by_team")]


class InvoiceLine(models.Model):
    """A line of an invoice, before tax; never changed."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9)
    item = models.CharField(max_length=30)
    unit_price = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="line_one_per_position")]


class PaymentState(models.TextChoices):
    """Created: about to ask the gateway. Pending: the gateway or the customer has to act. The other three are final."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LAPSED = "lapsed"


class Payment(models.Model):
    """One try to collect an invoice. `reference` is the gateway's name for it, `key` our idempotency key there."""

    public_id = models.CharField(max_length=32, unique=True, default=new_payment_id)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=10)
    state = models.CharField(max_length=9, choices=PaymentState.choices, default=PaymentState.CREATED)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    key = models.CharField(max_length=120, unique=True)
    reference = models.CharField(max_length=255, null=True, unique=True)
    next_url = models.CharField(max_length=2000, default="")
    failure = models.CharField(max_length=60, default="")
    by = models.CharField(max_length=32, default="")  # the member who confirmed, "" for a renewal
    refunded = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)  # when a process last began to ask the gateway
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(refunded__lte=F("amount")), name="payment_refunded_within_amount")]


class BalanceEntry(models.Model):
    """A change of what a customer has with us: a negative invoice (+), a late payment (+), use by an invoice (-). Only added to."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="balance_entries")
    at = models.DateTimeField()
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=20)
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="balance_entries")
    source_key = models.CharField(max_length=120, unique=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance_after__gte=0), name="customer_balance_not_negative")]


class GatewayEvent(models.Model):
    """A message of the gateway that proved its origin. Its effect is in the same transaction; `applied` says whether it had one."""

    gateway = models.CharField(max_length=10)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=60)
    reference = models.CharField(max_length=255, default="", db_index=True)
    created = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()
    applied = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once")]


class Numbering(models.Model):
    """The next number of a series; the row is locked while a number is taken, so that none is lost."""

    series = models.CharField(max_length=20, unique=True)
    next_number = models.PositiveIntegerField(default=1)
