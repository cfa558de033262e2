# SPDX-License-Identifier: Apache-2.0
"""The trail only grows."""

from django.db import migrations

from sealroom.core.append_only import forbid_changes


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [forbid_changes("audit_event")]
