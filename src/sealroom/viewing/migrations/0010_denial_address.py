# SPDX-License-Identifier: Apache-2.0
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("viewing", "0002_document_security")]

    operations = [
        migrations.AddField(
            model_name="denial",
            name="address",
            field=models.CharField(default="", max_length=254),
        ),
    ]
