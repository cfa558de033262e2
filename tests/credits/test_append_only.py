# SPDX-License-Identifier: Apache-2.0
"""The database refuses to change or remove a ledger line, whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from sealroom.credits.models import Entry
from tests.factories.accounts import Persona


def test_line_is_never_updated(owner: Persona) -> None:
    with pytest.raises(IntegrityError, match="credits_entry only grows"), transaction.atomic():
        Entry.objects.update(delta=1)
    assert Entry.objects.get().delta == 1500


def test_line_is_never_deleted(owner: Persona) -> None:
    with pytest.raises(IntegrityError, match="credits_entry only grows"), transaction.atomic():
        Entry.objects.all().delete()
    assert Entry.objects.count() == 1


def test_line_is_safe_from_raw_statements(owner: Persona) -> None:
    for statement in ("UPDATE credits_entry SET note = 'x'", "DELETE FROM credits_entry"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
