# SPDX-License-Identifier: Apache-2.0
"""Printing: counted when it is issued, bound to a browser, every page once, marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import numpy as np
import pytest
import simplejpeg

from sealroom.access.flows import Admission
from sealroom.access.models import PolicyRow, Tally
from sealroom.access.rules import Permission, Policy
from sealroom.audit.models import Event
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.documents import flows as documents
from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.documents.errors import WorkshopBusy
from sealroom.viewing import flows, queries, rules
from sealroom.viewing.errors import PrintOver
from sealroom.viewing.models import Opening, PrintedPage, PrintJob
from tests.factories.access import make_document
from tests.factories.access import make_link as link_of
from tests.factories.accounts import Persona, make_persona
from tests.factories.documents import NOW, make_pdf, upload_ready
from tests.factories.viewing import admit, make_link
from tests.processes import Database, do, race

PRINT = Policy(permission=Permission.PRINT)


@pytest.fixture(autouse=True)
def workshop(monkeypatch: pytest.MonkeyPatch) -> FakeWorkshop:
    """The workshop for tests in the place of the sandbox."""
    fake = FakeWorkshop()
    for name in ("pages", "prepare"):
        monkeypatch.setattr(import_module(f"sealroom.documents.flows.{name}"), "get_workshop", lambda: fake)
    return fake


@pytest.fixture
def admission(owner: Persona, db: None) -> Admission:
    """Nadia, who may print a document of three pages."""
    document = upload_ready(owner.actor, make_pdf(("one", "two", "three")))
    return admit(make_link(document, policy=PRINT), document, policy=PRINT)


def test_job_is_counted_written_down_and_told(admission: Admission) -> None:
    job = flows.start_print(admission, 1, 2, now=NOW)
    assert (job.first_page, job.last_page, job.expires_at) == (1, 2, NOW + rules.PRINT_LIFE)
    assert Tally.objects.get().prints == 1
    assert Opening.objects.get().printed_at == NOW
    assert Event.objects.filter(verb="document.printed").count() == 1
    link, document = admission.link.pk, admission.document.pk
    assert queries.insight_by_link([link])[link, document].prints == 1


def test_every_page_goes_out_once_and_marked(admission: Admission) -> None:
    job = flows.start_print(admission, 1, 2, now=NOW).public_id
    page = flows.print_page(admission, job, 2, now=NOW)
    clear = documents.base_page(admission.version, 2)
    base = np.frombuffer(clear.pixels, np.uint8).reshape(clear.height, clear.width).astype(int)
    printed = simplejpeg.decode_jpeg(page.data, "GRAY")[:, :, 0].astype(int)
    assert page.width == 1600
    assert (np.abs(printed - base) > 20).mean() > 0.002
    with pytest.raises(PrintOver):
        flows.print_page(admission, job, 2, now=NOW)
    assert flows.print_page(admission, job, 1, now=NOW).data[:2] == b"\xff\xd8"


@pytest.mark.parametrize("page", [0, 3, 4])
def test_pages_outside_of_the_job_are_not_found(admission: Admission, page: int) -> None:
    job = flows.start_print(admission, 1, 2, now=NOW).public_id
    with pytest.raises(NotFound):
        flows.print_page(admission, job, page, now=NOW)


def test_job_ends_after_ten_minutes(admission: Admission) -> None:
    job = flows.start_print(admission, 1, 1, now=NOW).public_id
    with pytest.raises(PrintOver):
        flows.print_page(admission, job, 1, now=NOW + timedelta(minutes=10))


def test_job_is_of_one_browser(admission: Admission) -> None:
    job = flows.start_print(admission, 1, 1, now=NOW).public_id
    other = admit(admission.link, admission.document, policy=PRINT, device="Safari")
    with pytest.raises(NotFound):
        flows.print_page(other, job, 1, now=NOW)


def test_right_that_was_taken_away_ends_the_job(admission: Admission) -> None:
    job = flows.start_print(admission, 1, 1, now=NOW).public_id
    with pytest.raises(Forbidden):
        flows.print_page(replace(admission, policy=Policy()), job, 1, now=NOW)


def test_page_is_given_back_when_it_could_not_be_drawn_now(admission: Admission, workshop: FakeWorkshop) -> None:
    job = flows.start_print(admission, 2, 2, now=NOW).public_id
    workshop.failures[2] = "workshop_busy"
    with pytest.raises(WorkshopBusy):
        flows.print_page(admission, job, 2, now=NOW)
    assert PrintedPage.objects.count() == 0
    workshop.failures.clear()
    assert flows.print_page(admission, job, 2, now=NOW).data[:2] == b"\xff\xd8"


def test_broken_page_is_printed_as_a_sentence(admission: Admission, workshop: FakeWorkshop) -> None:
    job = flows.start_print(admission, 2, 2, now=NOW).public_id
    workshop.failures[2] = "page_failed"
    assert flows.print_page(admission, job, 2, now=NOW).data[:2] == b"\xff\xd8"


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 4), (4, 4)])
def test_pages_that_are_not_there_cost_nothing(admission: Admission, first: int, last: int) -> None:
    with pytest.raises(Invalid):
        flows.start_print(admission, first, last, now=NOW)
    assert (PrintJob.objects.count(), Tally.objects.count()) == (0, 0)


def test_who_may_only_view_prints_nothing(admission: Admission) -> None:
    with pytest.raises(Forbidden):
        flows.start_print(replace(admission, policy=Policy()), 1, 1, now=NOW)


def test_preview_prints_and_takes_nothing_and_leaves_no_trace(admission: Admission) -> None:
    preview = replace(admission, is_preview=True)
    assert flows.render_page(preview, 1, width=800, now=NOW).data[:2] == b"\xff\xd8"
    assert flows.heartbeat(preview, {1: 1000}, now=NOW + timedelta(seconds=5)) == 0
    for deed in (
        lambda: flows.start_print(preview, 1, 1, now=NOW),
        lambda: flows.download_pdf(replace(preview, policy=Policy(permission=Permission.DOWNLOAD_PDF)), now=NOW),
        lambda: flows.download_original(replace(preview, policy=Policy(permission=Permission.DOWNLOAD_ORIGINAL)), now=NOW),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert (Opening.objects.count(), PrintJob.objects.count()) == (0, 0)


def begin_printing() -> tuple[int, int]:
    """A link whose readers may print seven times: its key and the document's."""
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    sent = link_of(owner, "nadia@example.com", [make_document(owner, now=NOW)], now=NOW)
    PolicyRow.objects.filter(pk=sent.link.policy_id).update(permission="print", max_prints=7)
    return sent.link.pk, sent.documents[0].pk


def print_five_times(link_id: int, document_id: int, browser: int) -> int:
    from sealroom.access.models import Link  # noqa: PLC0415 -- app ready
    from sealroom.documents.models import Document  # noqa: PLC0415 -- app ready

    link = Link.objects.select_related("policy", "team").get(pk=link_id)
    policy = link.policy.value
    admission = admit(link, Document.objects.get(pk=document_id), policy=policy, device=f"Browser {browser}")
    issued = 0
    for _attempt in range(5):
        try:
            flows.start_print(admission, 1, 1, now=NOW)
            issued += 1
        except Forbidden:
            continue
    return issued


@pytest.mark.slow
def test_of_fifty_prints_at_once_no_more_than_the_limit_are_issued(database: Database) -> None:
    link, document = do(database, begin_printing)
    assert sum(race(database, print_five_times, [(link, document, browser) for browser in range(10)])) == 7
