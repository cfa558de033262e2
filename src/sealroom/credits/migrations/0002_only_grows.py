# SPDX-License-Identifier: Apache-2.0
"""The ledger only grows."""

from django.db import migrations

from sealroom.core.append_only import forbid_changes


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial")]
    operations = [forbid_changes("credits_entry")]
