# SPDX-License-Identifier: Apache-2.0
"""The protected words of a mail, and the pictures among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.core.secrets import seal_text
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import TooLarge
from sealroom.documents.kinds import Kind
from sealroom.documents.models import Version, VersionState
from sealroom.sends import queries, rules
from sealroom.sends.errors import DocumentFailed, NotADraft, NotReady
from sealroom.sends.flows.deeds import RETRY_AFTER, lock_send
from sealroom.sends.models import Message, Picture, Send, SendState, new_picture_id


def put_words(
    actor: Actor, draft_id: str, *, html: str = "", text: str = "", inline: Mapping[str, str] | None = None, now: datetime
) -> Send:
    """Give a draft protected words, cleaned, in the place of those it had; none at all takes them away. `inline` names the
    documents that are the pictures of the HTML, by Content-ID. Raises `TooLarge` beyond 1 MB, `NotADraft`, `NotFound`, `Invalid`
    (no picture, too many), `NotReady` (a picture is still inspected: `retry_after`), `DocumentFailed`."""
    actor.require(Capability.SEND)
    require_size(html + text)
    if html and text:
        raise Invalid({"text": ["send this or html"]})
    with transaction.atomic():
        send = lock_send(queries.get_send(actor, draft_id))
        if send.state != SendState.DRAFT:
            raise NotADraft(send=send.public_id)
        keep_words(actor, send, html or rules.words_from_text(text), inline or {}, now=now)
        send.revision += 1
        send.updated_at = now
        send.save(update_fields=["revision", "updated_at"])
        return send


def keep_words(actor: Actor, send: Send, html: str, inline: Mapping[str, str], *, now: datetime) -> None:
    """Clean and seal the words of a draft that is locked or new, in the caller's transaction. Raises as `put_words`."""
    if len(inline) > rules.MOST_PICTURES:
        raise Invalid({"inline": ["too_many"]})
    names = {cid.strip().strip("<>"): new_picture_id() for cid in inline}
    words = rules.clean_words(html, names)
    Picture.objects.filter(message__send=send).delete()
    if not rules.says_something(words):
        Message.objects.filter(send=send).delete()
        return
    sealed = {"sealed": seal_text(words, purpose="message"), "updated_at": now}
    message, _ = Message.objects.update_or_create(send=send, defaults=sealed)
    shown = rules.shown_pictures(words)
    for (cid, document), name in zip(inline.items(), names.values(), strict=True):
        if name in shown:
            _add_picture(message, name, _picture(actor, document, cid))


def require_size(words: str) -> None:
    """Raise `TooLarge` for words over 1 MB, as they came."""
    size = len(words.encode("utf-8", "replace"))
    if size > rules.MOST_BODY:
        raise TooLarge(limit=rules.MOST_BODY, actual=size)


def _picture(actor: Actor, document_id: str, cid: str) -> Version:
    version = document_queries.get_document(actor, document_id).current
    if version is None or version.kind != Kind.IMAGE:
        raise Invalid({"inline": ["not_a_picture"]}, cid=cid)
    if version.state == VersionState.FAILED:
        raise DocumentFailed(document=document_id, name=version.name, error=version.error_code or "corrupt", **version.error_facts)
    if not document_queries.is_sendable(version):
        raise NotReady(document=document_id, name=version.name, reason="preparing", retry_after=RETRY_AFTER)
    return version


def _add_picture(message: Message, name: str, version: Version) -> None:
    """As large as it is at 96 pixels an inch, but no larger than pages show it."""
    across, down = document_queries.page_sizes(version)[0]
    width = max(1, min(rules.MOST_ACROSS, round(across * 96 / 72)))
    Picture.objects.create(
        message=message, public_id=name, version=version, width=width, height=max(1, round(width * down / across))
    )
