# SPDX-License-Identifier: Apache-2.0
"""What readers wrote back to a mail, and the files that came with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from sealroom.core.errors import NotFound
from sealroom.documents import flows as documents
from sealroom.sends import queries
from sealroom.web.answers import page
from sealroom.web.gates import MemberRequest, member_required

CHUNK = 256 * 1024


@require_safe
@member_required
def replies(request: MemberRequest, send_id: str) -> HttpResponse:
    """The replies to a send, newest first."""
    send = queries.get_send(request.actor, send_id)
    rows = queries.list_replies(request.actor, send_id)
    return page(request, "web/sends/replies.html", {"send_id": send_id, "title": queries.title_of_send(send), "rows": rows})


@require_safe
@member_required
def file(request: MemberRequest, send_id: str, document_id: str) -> StreamingHttpResponse:
    """A file of a reply as it came. It is only ever an attachment: a stranger made it, and no browser shows it here."""
    document = queries.document_of_reply(request.actor, send_id, document_id)
    if document.current is None:
        raise NotFound(kind="document", id=document_id)
    document.current.document = document
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=document.name) or "attachment",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    chunks = _read(documents.open_original(document.current))
    return StreamingHttpResponse(chunks, content_type="application/octet-stream", headers=headers)


def _read(source: BinaryIO) -> Iterator[bytes]:
    with closing(source):
        while chunk := source.read(CHUNK):
            yield chunk
