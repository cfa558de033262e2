# SPDX-License-Identifier: Apache-2.0
"""Who read what, told in few statements."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.access.models import Grant
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.viewing import flows, queries
from sealroom.viewing.queries import Insight, PageInsight
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, make_pdf, upload_ready
from tests.factories.viewing import admit, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workshop(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWorkshop()
    for name in ("pages", "prepare"):
        monkeypatch.setattr(import_module(f"sealroom.documents.flows.{name}"), "get_workshop", lambda: fake)


def test_insight_tells_opens_pages_and_time(owner: Persona) -> None:
    document = upload_ready(owner.actor, make_pdf("abcd"))
    other = upload_ready(owner.actor, make_pdf("a"))
    link = make_link(document, other)
    reader = admit(link, document)
    later = NOW + timedelta(hours=2)
    for page in (1, 2, 3):
        flows.render_page(reader, page, width=800, now=NOW)
    flows.heartbeat(reader, {1: 3000, 2: 2000}, now=NOW + timedelta(seconds=10))
    flows.render_page(reader, 1, width=800, now=later)
    flows.heartbeat(reader, {1: 1000}, now=later + timedelta(seconds=10))
    flows.record_download(reader, form="pdf", now=later + timedelta(seconds=11))
    flows.record_denial(Grant.objects.get(link=link, document=other).pk, "revoked", ip="", now=later)
    assert queries.insight_by_link([link.pk]) == {
        (link.pk, document.pk): Insight(
            opens=2,
            first_opened_at=NOW,
            last_opened_at=later,
            last_seen_at=later + timedelta(seconds=11),
            pages_seen=2,
            pages=4,
            active_ms=6000,
            completion=50,
            downloads=1,
        ),
        (link.pk, other.pk): Insight(denials=1),
    }
    version = document.current_id
    assert version is not None
    assert queries.insight_by_page([link.pk], document.pk) == [
        PageInsight(version, 1, 2, 4000),
        PageInsight(version, 2, 1, 2000),
        PageInsight(version, 3, 1, 0),
    ]
    assert [(view.pages, view.active_ms) for view in queries.list_openings([link.pk])] == [(1, 1000), (3, 5000)]


def test_pages_handed_out_count_where_no_browser_reports(owner: Persona) -> None:
    document = upload_ready(owner.actor, make_pdf("abcd"))
    link = make_link(document)
    reader = admit(link, document)
    for page in (1, 2, 3):
        flows.render_page(reader, page, width=800, now=NOW)
    insight = queries.insight_by_link([link.pk])[link.pk, document.pk]
    assert (insight.pages_seen, insight.completion, insight.active_ms) == (3, 75, 0)


def test_insight_asks_as_much_for_many_links_as_for_one(owner: Persona) -> None:
    document = upload_ready(owner.actor)
    links = [make_link(document, address=f"reader{number}@example.com") for number in range(12)]
    for link in links:
        flows.render_page(admit(link, document), 1, width=800, now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queries.insight_by_link([link.pk for link in links])
    assert (len(found), len(asked)) == (12, 4)
    assert queries.insight_by_link([]) == {}
