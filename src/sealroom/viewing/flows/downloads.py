# SPDX-License-Identifier: Apache-2.0
"""Copies a reader may take along: the stamped PDF, or the original where the sender allowed even that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.rules import Permission, Policy
from sealroom.core.errors import Forbidden, NotFound
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.documents.errors import PageFailed
from sealroom.viewing.flows.marks import mark_for
from sealroom.viewing.flows.openings import record_download
from sealroom.viewing.flows.pages import draw_page
from sealroom.viewing.pdf import ImagePage, write_pdf
from sealroom.viewing.ports import get_stamper

PRINT_WIDTH = 1600
"""Pixels across a page of a copy: 190 to the inch on A4."""

_PIECE = 1024 * 1024
Clock = Callable[[], datetime]


def download_pdf(admission: Admission, *, now: datetime, clock: Clock = timezone.now) -> Iterator[bytes]:
    """The document as a PDF of pictures with the reader's mark in their pixels, streamed in constant memory.

    The download is recorded before this returns. Before every page access is asked again at `clock`'s time: when it has ended
    meanwhile (`NotAdmitted`, `Forbidden`) the stream breaks off, and no viewer takes the file for whole. A page that cannot be
    drawn says so in its place. Raises `Forbidden` (not allowed) and `NotFound` (nothing to show).
    """
    _require(admission.policy, Permission.DOWNLOAD_PDF)
    version = admission.version
    version.document = admission.document
    sizes = queries.page_sizes(version)
    if not sizes:
        raise NotFound(kind="page", number=1)
    record_download(admission, form="pdf", now=now)

    def pages() -> Iterator[ImagePage]:
        for number, size in enumerate(sizes, start=1):
            _require(access.check_again(admission, now=clock()), Permission.DOWNLOAD_PDF)
            yield _page(admission, number, size, now=now)

    return write_pdf(admission.document.name, len(sizes), pages())


def download_original(admission: Admission, *, now: datetime, clock: Clock = timezone.now) -> Iterator[bytes]:
    """The bytes as they were uploaded, unmarked. Recorded, and access asked again on the way, as in `download_pdf`. Raises
    `Forbidden`, `BlobMissing`."""
    _require(admission.policy, Permission.DOWNLOAD_ORIGINAL)
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


def _require(policy: Policy, permission: Permission) -> None:
    if not policy.allows(permission):
        raise Forbidden(permission=permission.value)


def _page(admission: Admission, number: int, size: tuple[float, float], *, now: datetime) -> ImagePage:
    wishes, viewer = admission.policy.watermark, admission.viewer
    try:
        image = draw_page(admission.version, number, width=PRINT_WIDTH, wishes=wishes, viewer=viewer, now=now)
    except PageFailed:
        return _notice(admission, number, size, now=now)
    return ImagePage(*size, image.data, image.width, image.height, image.is_grey)


def _notice(admission: Admission, number: int, size: tuple[float, float], *, now: datetime) -> ImagePage:
    columns = 800
    rows = max(1, min(2400, round(columns * size[1] / size[0])))
    mark = mark_for(admission.policy.watermark, admission.viewer, width=columns, now=now)
    with translation.override(admission.link.language):
        text = _("Page %(number)d cannot be shown.") % {"number": number}
    data = get_stamper().notice(columns, rows, text, mark)
    return ImagePage(*size, data, columns, rows, mark is None or len(set(mark.color)) == 1)
