# SPDX-License-Identifier: Apache-2.0
"""How a mail goes out, whoever wrote it: held to what the team decided, charged once, with a link for each. The one place for mail
clients' commits and for mails handed in by SMTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import TooLarge
from sealroom.sends import queries, rules
from sealroom.sends.errors import (
    ExternalBlocked,
    InvalidRecipient,
    NoRecipients,
    NothingToProtect,
    NotReady,
    TooManyFiles,
    TooManyRecipients,
)
from sealroom.sends.flows.deeds import RETRY_AFTER
from sealroom.sends.flows.draft import find_documents, put_recipients
from sealroom.sends.flows.send import deliver, failure_of, items_of, problem_of
from sealroom.sends.flows.settings import require_preset
from sealroom.sends.flows.values import SendResult
from sealroom.sends.models import Deed, Message, Send, SendDocument
from sealroom.sends.rules import Addressee, MailPolicy


def require_mail(actor: Actor, recipients: Sequence[Addressee], files: Iterable[tuple[str, int]]) -> None:
    """Refuse a mail for what its team decided, before anything of it is taken in; `files` by name and size. Raises
    `TeamSuspended`, and as `go_out`."""
    actor.require_active()
    policy = queries.policy_of_team(actor.team_id)
    checked_recipients(policy, recipients)
    _check_sizes(policy, list(files))


def checked_recipients(policy: MailPolicy, lines: Sequence[Addressee]) -> tuple[Addressee, ...]:
    """To whom a mail goes, each once. Raises `InvalidRecipient`, `NoRecipients`, `TooManyRecipients`, `ExternalBlocked`."""
    unique = rules.unique_recipients(lines)
    if unique.errors:
        raise InvalidRecipient(recipients=[one.text for one in unique.errors])
    if not unique.accepted:
        raise NoRecipients
    most = rules.most_recipients(policy)
    if len(unique.accepted) > most:
        raise TooManyRecipients(limit=most, actual=len(unique.accepted))
    outside = rules.outsiders(policy, (one.email for one in unique.accepted))
    if outside:
        raise ExternalBlocked(addresses=outside)
    return unique.accepted


def go_out(
    actor: Actor,
    send: Send,
    deed: Deed,
    recipients: Sequence[Addressee],
    *,
    delivery: str,
    notify: bool,
    may_wait: bool = False,
    now: datetime,
) -> SendResult:
    """Let the draft of a mail go out to people who were checked: one charge, rights, a link for each; in the caller's transaction,
    send locked or new. `notify`: we write to them; `may_wait`: files may still be in
    preparation, but not before the virus scanner has seen them.

    Raises `NothingToProtect`, `TooManyFiles`, `TooLarge`, `NotReady`, `DocumentFailed`, and what `deliver` raises."""
    _check_files(actor, send, may_wait=may_wait)
    require_preset(actor, send)
    put_recipients(send, recipients, now=now)
    send.notify, send.delivery = notify, delivery
    return deliver(actor, send, deed, now=now)


def _check_files(actor: Actor, send: Send, *, may_wait: bool) -> None:
    items = items_of(send)
    if not items and not Message.objects.filter(send=send).exists():
        raise NothingToProtect
    for item in items:
        find_documents(actor, [item.document.public_id])  # a colleague may have taken it from the library since
        _check_file(item, send.policy.permission, may_wait=may_wait)
    sizes = [(item.document.name, item.document.current.size if item.document.current else 0) for item in items]
    _check_sizes(queries.policy_of_team(send.team_id), sizes)


def _check_file(item: SendDocument, permission: str, *, may_wait: bool) -> None:
    document = item.document
    problem = problem_of(document, permission)
    if problem == "unviewable":
        raise NotReady(document=document.public_id, name=document.name, reason=problem)
    if problem:
        raise failure_of(document, problem)
    assert document.current is not None
    may_go = document_queries.is_cleared(document.current) if may_wait else document_queries.is_sendable(document.current)
    if not may_go:
        raise NotReady(document=document.public_id, name=document.name, reason="preparing", retry_after=RETRY_AFTER)


def _check_sizes(policy: MailPolicy, files: Sequence[tuple[str, int]]) -> None:
    most = rules.most_files(policy)
    if len(files) > most:
        raise TooManyFiles(limit=most, actual=len(files))
    for name, size in files:
        if policy.max_file_bytes is not None and size > policy.max_file_bytes:
            raise TooLarge(limit=policy.max_file_bytes, actual=size, name=name)
