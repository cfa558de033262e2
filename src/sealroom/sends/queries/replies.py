# SPDX-License-Identifier: Apache-2.0
"""What readers wrote back, for the sender of the mail alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.core.errors import NotFound
from sealroom.core.secrets import unseal_text
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import Infected
from sealroom.documents.models import Document
from sealroom.sends.models import Reply, Send, SendState
from sealroom.sends.queries.find import get_send

MOST_REPLIES = 500


@dataclass(frozen=True)
class ReplyFile:
    """A file of a reply. `state` as of every document; "deleted" when the sender threw it away, "infected" for a virus."""

    id: str
    name: str
    size: int
    state: str


@dataclass(frozen=True)
class ReplyRow:
    """A reply. `address` was proved by a code, or is whom the link was made for."""

    id: str
    address: str
    name: str
    text: str
    at: datetime
    files: tuple[ReplyFile, ...]


def mail_behind(link_id: str) -> Send | None:
    """The mail behind a link, when there is one. Only for a browser that was let in."""
    rows = Send.objects.select_related("policy", "team", "sender")
    return rows.filter(policy__links__public_id=link_id, is_mail=True, state=SendState.SENT, deleted_at=None).first()


def list_replies(actor: Actor, send_id: str) -> list[ReplyRow]:
    """The replies to one of the actor's own sends, newest first, at most 500. Raises `NotFound`."""
    rows = list(Reply.objects.filter(send=get_send(actor, send_id)).order_by("-at", "-pk")[:MOST_REPLIES])
    ids = [one for row in rows for one in row.documents]
    found = {one.public_id: one for one in Document.objects.select_related("current").filter(public_id__in=ids)}
    return [
        ReplyRow(
            id=row.public_id,
            address=row.address,
            name=row.name,
            text=unseal_text(bytes(row.sealed), purpose="reply"),
            at=row.at,
            files=tuple(_file(found[one]) for one in row.documents if one in found),
        )
        for row in rows
    ]


def count_replies(send: Send) -> int:
    """How many replies a send has."""
    return Reply.objects.filter(send=send).count()


def document_of_reply(actor: Actor, send_id: str, document_id: str) -> Document:
    """A file that came with a reply to one of the actor's own sends. Raises `NotFound`."""
    replies = Reply.objects.filter(send=get_send(actor, send_id)).values_list("documents", flat=True)
    if not any(document_id in one for one in replies):
        raise NotFound(kind="document", id=document_id)
    return document_queries.get_own_document(actor, document_id)


def _file(document: Document) -> ReplyFile:
    version = document.current
    state = "deleted" if document.deleted_at is not None else version.state if version is not None else "failed"
    if version is not None and version.is_infected and state != "deleted":
        state = Infected.code
    return ReplyFile(document.public_id, document.name, version.size if version is not None else 0, state)
