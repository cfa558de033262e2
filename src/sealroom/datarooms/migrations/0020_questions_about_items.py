# SPDX-License-Identifier: Apache-2.0
"""Whether a question is about an item is kept beside the item, which may be deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datarooms", "0011_links_of_rooms")]

    operations = [
        migrations.AddField(model_name="question", name="is_about_item", field=models.BooleanField(default=False)),
    ]
