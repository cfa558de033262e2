# SPDX-License-Identifier: Apache-2.0
"""What a reader writes back to the sender of a mail, from the page where he reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access.flows import Gate
from sealroom.accounts import queries as account_queries
from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core import ratelimit
from sealroom.core.errors import Forbidden, Invalid
from sealroom.core.secrets import seal_text
from sealroom.documents import flows as document_flows
from sealroom.documents.errors import TooLarge
from sealroom.documents.models import Document
from sealroom.sends import queries, rules
from sealroom.sends.flows import letters
from sealroom.sends.models import Reply, Send


@dataclass(frozen=True)
class Incoming:
    """A file on its way in. `size` in bytes."""

    name: str
    size: int
    chunks: Iterable[bytes]


def reply(cookie: str | None, link_id: str, *, text: str, files: Sequence[Incoming] = (), ip: str, now: datetime) -> Reply:
    """Hand words and files to the sender of a mail, past the live check of the link. The files become documents of the sender,
    taken in and inspected like every upload; the sender is told by a mail that says nothing of what they are.

    Raises `NotAdmitted`, `Forbidden` (no mail, an anonymous reader, a preview, a sender who left), `Invalid` (text, files),
    `TooLarge`, what `documents.flows.accept_upload` raises, and `RateLimited` beyond 20 replies a day of one reader.
    """
    gate = access.check_link(cookie, link_id, ip=ip, now=now)
    send = queries.mail_behind(link_id)
    address = gate.held.reader.address
    if send is None or not address or gate.held.preview_by_id is not None:
        raise Forbidden
    sender = account_queries.actor_of_user(send.sender_id, send.team_id)
    if sender is None:
        raise Forbidden
    words = _checked(text, files)
    limit, per = rules.REPLIES_PER_READER
    ratelimit.take("sends.reply", f"{send.pk}:{address}", limit=limit, per=per, now=now)
    who = Who(ActorKind.VISITOR, gate.held.visitor.public_id, team=send.team.public_id, label=address, route="portal", ip=ip)
    documents = [_take_in(sender, one, who=who, now=now) for one in files]
    return _write_down(send, gate, words, documents, who=who, now=now)


def _checked(text: str, files: Sequence[Incoming]) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words and not files:
        raise Invalid({"text": ["required"]})
    if len(words) > rules.MAX_MESSAGE:
        raise Invalid({"text": ["too_long"]})
    if len(files) > rules.MOST_REPLY_FILES:
        raise Invalid({"files": ["too_many"]})
    if sum(one.size for one in files) > rules.MOST_REPLY_BYTES:
        raise TooLarge(limit=rules.MOST_REPLY_BYTES)
    return words


def _take_in(sender: Actor, file: Incoming, *, who: Who, now: datetime) -> Document:
    return document_flows.accept_upload(sender, file.chunks, name=file.name, size=file.size, brought_by=who, now=now)


@transaction.atomic
def _write_down(send: Send, gate: Gate, words: str, documents: Sequence[Document], *, who: Who, now: datetime) -> Reply:
    made = Reply.objects.create(
        send=send,
        address=gate.held.reader.address,
        name=gate.viewer.name,
        sealed=seal_text(words, purpose="reply"),
        documents=[one.public_id for one in documents],
        at=now,
    )
    letters.tell_replied(made, now=now)
    audit.record(who, Verb.REPLIED, "send", send.public_id, now=now, reply=made.public_id, files=len(documents))
    return made
