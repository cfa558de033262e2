# SPDX-License-Identifier: Apache-2.0
"""Printing: a counted right to some pages, and each of these pages once."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.rules import Permission
from sealroom.core.errors import Invalid, NotFound
from sealroom.documents import queries
from sealroom.viewing import rules
from sealroom.viewing.errors import PrintOver
from sealroom.viewing.flows.downloads import page_or_notice, require
from sealroom.viewing.flows.openings import record_print
from sealroom.viewing.flows.pages import CONTENT_TYPE, PageImage
from sealroom.viewing.models import PrintedPage, PrintJob


@transaction.atomic
def start_print(admission: Admission, first: int, last: int, *, now: datetime) -> PrintJob:
    """Issue the right to print pages `first` to `last` once, within `rules.PRINT_LIFE`, in the browser that was admitted.

    One print is counted, whatever becomes of the paper: a printer cannot be asked. Raises `Forbidden` (no right, or none left) and
    `Invalid` for pages that are not there, or more than `rules.MOST_PRINTED`; neither counts anything.
    """
    require(admission, Permission.PRINT)
    pages = admission.version.pages or 0
    if not 1 <= first <= last <= pages:
        raise Invalid({"pages": ["out_of_range"]}, pages=pages)
    if last - first >= rules.MOST_PRINTED:
        raise Invalid({"pages": ["too_many"]}, limit=rules.MOST_PRINTED)
    access.take_print(admission, now=now)
    record_print(admission, first=first, last=last, now=now)
    return PrintJob.objects.create(
        grant=admission.grant,
        version=admission.version,
        browser_pass_id=admission.pass_pk,
        first_page=first,
        last_page=last,
        made_at=now,
        expires_at=now + rules.PRINT_LIFE,
    )


def print_page(admission: Admission, job_id: str, number: int, *, now: datetime) -> PageImage:
    """A page of a job, marked, at the width of copies; each page once. A page that cannot be drawn says so on the paper.

    The page is claimed before it is drawn, so that of two requests at once one gets it, and given back when drawing was
    impossible just now. Raises `NotFound` (not this browser's job, or not in it), `PrintOver`, `Forbidden` when the right was taken
    away meanwhile, `WorkshopBusy`.
    """
    require(admission, Permission.PRINT)
    mine = PrintJob.objects.filter(public_id=job_id, grant=admission.grant, browser_pass_id=admission.pass_pk)
    job = mine.filter(first_page__lte=number, last_page__gte=number).first()
    if job is None:
        raise NotFound(kind="page", number=number)
    if now >= job.expires_at or job.version_id != admission.version.pk:
        raise PrintOver(job=job_id)
    version = admission.version
    version.document = admission.document
    claim = _claim(job, number)
    try:
        size = queries.page_sizes(version)[number - 1]
        page = page_or_notice(admission, number, size, now=now)
    except BaseException:
        claim.delete()
        raise
    return PageImage(page.jpeg, CONTENT_TYPE, page.columns, page.rows, page.is_grey)


def _claim(job: PrintJob, number: int) -> PrintedPage:
    try:
        with transaction.atomic():
            return PrintedPage.objects.create(job=job, page=number)
    except IntegrityError as error:
        raise PrintOver(job=job.public_id, page=number) from error
