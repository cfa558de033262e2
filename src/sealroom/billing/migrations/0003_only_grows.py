# SPDX-License-Identifier: Apache-2.0
"""What was sold and what was billed is not rewritten."""

from django.db import migrations

from sealroom.core.append_only import forbid_changes, freeze_columns

FROZEN = (
    "team_id", "subscription_id", "kind", "currency", "subtotal", "taxes", "total", "balance_used", "due", "reverse_charge",
    "language", "customer", "seller", "quote_id", "corrects_id", "cycle_start", "opened_at", "due_at",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_money")]
    operations = [
        forbid_changes("billing_plan"),
        forbid_changes("billing_addon"),
        forbid_changes("billing_catalogueedition"),
        forbid_changes("billing_invoiceline"),
        forbid_changes("billing_balanceentry"),
        freeze_columns("billing_invoice", FROZEN, once="number"),
    ]
