# SPDX-License-Identifier: Apache-2.0
"""What the tests of the members' pages share: the real clock's now (views read it themselves), files and sends."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import send

from sealroom.documents.models import Document
from sealroom.sends.models import Send

HTMX = {"HX-Request": "true"}


@pytest.fixture
def present() -> datetime:
    """The instant at which the views believe they are."""
    return timezone.now()


@pytest.fixture
def files(owner: Persona, present: datetime) -> list[Document]:
    """Two files of the owner, ready."""
    return [make_document(owner, "Term sheet.pdf", now=present), make_document(owner, "Forecast.xlsx", pages=9, now=present)]


@pytest.fixture
def sent(owner: Persona, files: list[Document], present: datetime) -> Send:
    """Two files to five people."""
    return send(owner, files, now=present).send
