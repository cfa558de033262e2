# SPDX-License-Identifier: Apache-2.0
"""Fill the sums of usage from the ledger, team by team. Running it again counts afresh."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db import migrations
from django.db.models import F

_EPOCH, _QUARTER = datetime(1970, 1, 1, tzinfo=UTC), timedelta(minutes=15)


def fill(apps, schema_editor):
    Entry, UsageSum = apps.get_model("credits", "Entry"), apps.get_model("credits", "UsageSum")
    using = schema_editor.connection.alias
    for team in apps.get_model("credits", "Wallet").objects.using(using).values_list("team_id", flat=True):
        UsageSum.objects.using(using).filter(team_id=team).delete()
        lines = Entry.objects.using(using).filter(team_id=team, charge__period_start=F("period_start"))
        sums = Counter()
        facts = lines.values_list("period_start", "charge__actor", "charge__at", "delta")
        for start, actor, at, delta in facts.iterator(chunk_size=2000):
            sums[start, actor, (at - _EPOCH) // _QUARTER] -= delta
        UsageSum.objects.using(using).bulk_create(
            (
                UsageSum(team_id=team, period_start=start, actor=actor, quarter=quarter, used=used)
                for (start, actor, quarter), used in sums.items()
            ),
            batch_size=500,
        )


class Migration(migrations.Migration):
    dependencies = [("credits", "0003_usage_sums")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
