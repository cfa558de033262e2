# SPDX-License-Identifier: Apache-2.0
"""What the tests of the members' pages share: the real clock's now (views read it themselves), files and sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.conf import LazySettings
from django.utils import timezone
from tests.doors.web.billing import MID, START
from tests.factories.access import make_document
from tests.factories.accounts import Persona, make_persona
from tests.factories.sends import send

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.billing import ports
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


@pytest.fixture
def by_transfer(settings: LazySettings) -> Iterator[None]:
    """The gateway that waits for bank transfers."""
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    settings.SEALROOM_SELLER_ACCOUNT = ["IBAN XX00 0000 0000 0000", "BIC EXAMPLEX"]
    ports.get_gateway.cache_clear()
    yield
    ports.get_gateway.cache_clear()


@pytest.fixture
def mid(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """The views' clock stands in the middle of a cycle of 30 days; call it to set it to another instant."""

    def set_clock(now: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now)

    set_clock(MID)
    return set_clock


@pytest.fixture
def buyer(db: None, mid: Callable[[datetime], None]) -> Persona:
    """Admin of a team on the monthly Pro plan since the start of the cycle."""
    persona = make_persona("buyer@example.com", team_name="Buyers", name="Bea Buyer", now=START)
    billing.set_plan(persona.team, "pro", at=START, interval="month", who=SYSTEM, now=MID)
    return persona
