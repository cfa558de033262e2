# SPDX-License-Identifier: Apache-2.0
"""Copies a reader may take along: the stamped PDF, or the original where the sender allowed even that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.rules import Permission, Policy
from sealroom.core import ratelimit
from sealroom.core.errors import Forbidden, NotFound, RateLimited
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.documents.errors import PageFailed
from sealroom.mail import flows as mail
from sealroom.viewing.flows.marks import mark_for
from sealroom.viewing.flows.openings import record_download
from sealroom.viewing.flows.pages import draw_page
from sealroom.viewing.pdf import ImagePage, write_pdf
from sealroom.viewing.ports import get_stamper
from sealroom.viewing.queries import pdf_password

PRINT_WIDTH = 1600
"""Pixels across a page of a copy: 190 to the inch on A4."""

_PIECE = 1024 * 1024
_MAIL_EVERY = timedelta(hours=1)
Clock = Callable[[], datetime]


def download_pdf(admission: Admission, *, now: datetime, clock: Clock = timezone.now) -> Iterator[bytes]:
    """The document as a PDF of pictures with the reader's mark in their pixels, streamed in constant memory.

    The download is recorded before this returns. With `Policy.protect_pdf` the file is encrypted, and its password goes to the
    reader's address in a mail of its own (at most one an hour). Before every page access is asked again at `clock`'s time: when it
    has ended meanwhile (`NotAdmitted`, `Forbidden`) the stream breaks off, and no viewer takes the file for whole. A page that
    cannot be drawn says so in its place. Raises `Forbidden` (not allowed) and `NotFound` (nothing to show).
    """
    require(admission, Permission.DOWNLOAD_PDF)
    version = admission.version
    version.document = admission.document
    sizes = queries.page_sizes(version)
    if not sizes:
        raise NotFound(kind="page", number=1)
    password = pdf_password(admission.link, admission.document) if admission.policy.protect_pdf else ""
    with transaction.atomic():
        record_download(admission, form="pdf", now=now)
        if password:
            _mail_password(admission, password, now=now)

    def pages() -> Iterator[ImagePage]:
        for number, size in enumerate(sizes, start=1):
            _require(access.check_again(admission, now=clock()), Permission.DOWNLOAD_PDF)
            yield page_or_notice(admission, number, size, now=now)

    return write_pdf(admission.document.name, len(sizes), pages(), password=password)


def download_original(admission: Admission, *, now: datetime, clock: Clock = timezone.now) -> Iterator[bytes]:
    """The bytes as they were uploaded, unmarked. Recorded, and access asked again on the way, as in `download_pdf`. Raises
    `Forbidden`, `BlobMissing`."""
    require(admission, Permission.DOWNLOAD_ORIGINAL)
    version = admission.version
    version.document = admission.document
    source = documents.open_original(version)
    record_download(admission, form="original", now=now)

    def pieces() -> Iterator[bytes]:
        with closing(source):
            while piece := source.read(_PIECE):
                _require(access.check_again(admission, now=clock()), Permission.DOWNLOAD_ORIGINAL)
                yield piece

    return pieces()


def require(admission: Admission, permission: Permission) -> None:
    """Raise `Forbidden` for what the reader may not do; in a preview nothing is taken along by anybody."""
    if admission.is_preview:
        raise Forbidden(permission=permission.value, preview=True)
    _require(admission.policy, permission)


def page_or_notice(admission: Admission, number: int, size: tuple[float, float], *, now: datetime) -> ImagePage:
    """A page at the width of copies, marked; one that cannot be drawn says so in its place. Raises `WorkshopBusy` and the like."""
    wishes, viewer = admission.policy.watermark, admission.viewer
    try:
        image = draw_page(admission.version, number, width=PRINT_WIDTH, wishes=wishes, viewer=viewer, now=now)
    except PageFailed:
        return _notice(admission, number, size, now=now)
    return ImagePage(*size, image.data, image.width, image.height, image.is_grey)


def _mail_password(admission: Admission, password: str, *, now: datetime) -> None:
    """Apart from the file, so that who finds one has not the other. Who reads without an address gets it from the sender."""
    address, link = admission.reader.address, admission.link
    if not address:
        return
    try:
        ratelimit.take("viewing.pdf_password", f"{admission.reader.pk}:{admission.document.pk}", limit=1, per=_MAIL_EVERY, now=now)
    except RateLimited:
        return
    mail.compose(
        "viewing/mail/pdf_password",
        to=address,
        key=f"pdf-password:{admission.reader.pk}:{admission.document.pk}:{now.timestamp():.0f}",
        language=link.language,
        context={"password": password, "document": admission.document.name},
        about=f"link:{link.public_id}",
        team=link.team.public_id,
        urgent=True,
        now=now,
    )


def _require(policy: Policy, permission: Permission) -> None:
    if not policy.allows(permission):
        raise Forbidden(permission=permission.value)


def _notice(admission: Admission, number: int, size: tuple[float, float], *, now: datetime) -> ImagePage:
    columns = 800
    rows = max(1, min(2400, round(columns * size[1] / size[0])))
    mark = mark_for(admission.policy.watermark, admission.viewer, width=columns, now=now)
    with translation.override(admission.link.language):
        text = _("Page %(number)d cannot be shown.") % {"number": number}
    data = get_stamper().notice(columns, rows, text, mark)
    return ImagePage(*size, data, columns, rows, mark is None or len(set(mark.color)) == 1)
