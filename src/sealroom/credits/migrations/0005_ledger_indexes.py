# SPDX-License-Identifier: Apache-2.0
"""An index for each filter of the ledger page. Indexes rebuild no table: the triggers of 0002 stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credits", "0004_fill_usage_sums")]

    operations = [
        migrations.RemoveIndex(model_name="entry", name="entry_by_period"),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["team", "route", "-number"], name="entry_by_route")
        ),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["team", "period_start", "-number"], name="entry_by_start")
        ),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["team", "-at", "-number"], name="entry_by_time")
        ),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["team", "kind", "-number"], name="entry_by_kind")
        ),
    ]
