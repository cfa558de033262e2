# SPDX-License-Identifier: Apache-2.0
"""Who holds a pass becomes a reader, with the link's first opening as his."""

from django.db import migrations


def name_readers(apps, schema_editor):
    """A reader for each link and proved address; one statement per pass of the last 30 days."""
    passes = apps.get_model("access", "Pass")
    readers = apps.get_model("access", "Reader")
    for held in passes.objects.filter(reader=None).select_related("link").iterator():
        reader, _made = readers.objects.get_or_create(
            link=held.link, address=held.address, defaults={"first_opened_at": held.link.first_opened_at}
        )
        passes.objects.filter(pk=held.pk).update(reader=reader)


class Migration(migrations.Migration):
    dependencies = [("access", "0002_document_security")]
    operations = [migrations.RunPython(name_readers, migrations.RunPython.noop)]
