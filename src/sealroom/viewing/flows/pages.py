# SPDX-License-Identifier: Apache-2.0
"""A page as a reader gets it: clear pixels in, a picture made for this reader alone out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access.flows import Admission
from sealroom.access.rules import Viewer, Watermark
from sealroom.accounts.rules import Actor
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.documents.models import Version
from sealroom.viewing import rules
from sealroom.viewing.flows.marks import mark_for
from sealroom.viewing.flows.openings import record_page
from sealroom.viewing.ports import get_stamper

CONTENT_TYPE = "image/jpeg"


@dataclass(frozen=True)
class PageImage:
    """A picture of a page, ready to be sent to one reader and never to be kept for another."""

    data: bytes
    content_type: str
    width: int
    height: int
    is_grey: bool


def render_page(admission: Admission, page: int, *, width: int, now: datetime) -> PageImage:
    """Page `page` (from 1) with the viewer's mark in its pixels, or without where the sender turned it off.

    `width` is brought to the next step the house draws, within the raster cap. That the reader got the page is written down
    before the bytes are returned (a thumbnail only as an opening). Raises `NotFound`, `NotReady`, `PageFailed`, `WorkshopBusy`.
    """
    image = draw_page(admission.version, page, width=width, wishes=admission.policy.watermark, viewer=admission.viewer, now=now)
    record_page(admission, page if width > rules.THUMBNAIL_WIDTH else None, now=now)
    return image


def preview_page(actor: Actor, document_id: str, page: int, *, width: int, now: datetime, version_id: str = "") -> PageImage:
    """A page of a document the actor may send, marked with his own address: a preview can leave the house as well as any page.

    With `version_id`, of a version that is not published yet (own documents only). Nothing is recorded. Raises as `render_page`.
    """
    if version_id:
        version = queries.get_version(actor, document_id, version_id)
    else:
        document = queries.get_document(actor, document_id)
        assert document.current is not None
        version = document.current
        version.document = document
    viewer = Viewer(actor.email, actor.name, actor.ip)
    return draw_page(version, page, width=width, wishes=Watermark(), viewer=viewer, now=now)


def draw_page(version: Version, page: int, *, width: int, wishes: Watermark | None, viewer: Viewer, now: datetime) -> PageImage:
    """Base, mark, bytes; records nothing."""
    raster = documents.base_page(version, page, width=width)
    mark = mark_for(wishes, viewer, width=raster.width, now=now)
    data = get_stamper().stamp(raster, mark)
    is_grey = raster.channels == 1 and (mark is None or len(set(mark.color)) == 1)
    return PageImage(data, CONTENT_TYPE, raster.width, raster.height, is_grey)
