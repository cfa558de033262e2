# SPDX-License-Identifier: Apache-2.0
"""A file of a send through its versions: when each came, and what readers did with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.core.errors import NotFound
from sealroom.documents import queries as documents
from sealroom.httpkit.templatetags.kit import duration
from sealroom.sends import queries
from sealroom.viewing import queries as viewing
from sealroom.web import wording


@dataclass(frozen=True)
class ShownVersion:
    """A version with its readers. `opens` is of the page that was opened most; `read` how many of its pages somebody saw."""

    number: int
    name: str
    pages: str
    size: int
    at: datetime
    is_current: bool
    opens: int
    read: int
    time: str


@dataclass(frozen=True)
class ShownHistory:
    """A file with its versions, the latest first."""

    id: str
    name: str
    versions: tuple[ShownVersion, ...]


def versions_of(actor: Actor, send_id: str, document_id: str) -> ShownHistory:
    """The versions of a file of the actor's own send. Raises `NotFound` for a file of another."""
    send = queries.get_send(actor, send_id)
    item = send.send_documents.select_related("document").filter(document__public_id=document_id).first()
    if item is None:
        raise NotFound(kind="document", id=document_id)
    links = [one.link_id for one in send.recipients.all() if one.link_id is not None]
    links += [send.open_link_id] if send.open_link_id is not None else []
    seen: dict[int, list[viewing.PageInsight]] = {}
    for one in viewing.insight_by_page(links, item.document.pk):
        seen.setdefault(one.version_id, []).append(one)
    shown = []
    for row in item.document.versions.order_by("-number"):
        version, pages = documents.version_view(row, current_id=item.document.current_id), seen.get(row.pk, [])
        active = sum(one.active_ms for one in pages)
        shown.append(
            ShownVersion(
                number=version.number,
                name=version.name,
                pages=wording.pages(version.pages),
                size=version.size,
                at=version.created_at,
                is_current=version.is_current,
                opens=max((one.opens for one in pages), default=0),
                read=len(pages),
                time=duration(active // 1000) if active >= 1000 else "",
            )
        )
    return ShownHistory(item.document.public_id, item.document.name, tuple(shown))
