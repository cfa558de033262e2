# SPDX-License-Identifier: Apache-2.0
"""Every pass has its reader; evidence only grows."""

import django.db.models.deletion
from django.db import migrations, models

from sealroom.core.append_only import forbid_changes


class Migration(migrations.Migration):
    dependencies = [("access", "0003_readers_of_passes")]
    operations = [
        migrations.AlterField(
            model_name="pass",
            name="reader",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="passes", to="access.reader"
            ),
        ),
        forbid_changes("access_acceptance"),
    ]
