# SPDX-License-Identifier: Apache-2.0
"""A table for the sums of usage by member and quarter of an hour."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("credits", "0002_only_grows")]

    operations = [
        migrations.CreateModel(
            name="UsageSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period_start", models.DateTimeField()),
                ("actor", models.CharField(max_length=32)),
                ("quarter", models.IntegerField()),
                ("used", models.BigIntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["team", "period_start", "actor", "quarter", "used"], name="usage_to_add_up"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["team", "period_start", "actor", "quarter"], name="usage_one_per_quarter"
                    )
                ],
            },
        ),
    ]
