# SPDX-License-Identifier: Apache-2.0
"""What happens to a mail between the end of its data and the answer: read, uploaded, inspected, sent. Blocking; run in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime, getaddresses
from typing import BinaryIO, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries as account_queries
from sealroom.accounts.rules import Actor
from sealroom.core import ratelimit
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import DomainError, RateLimited
from sealroom.core.faults import fault_point
from sealroom.core.ids import new_id
from sealroom.core.people import Addressee
from sealroom.core.secrets import keyring
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.sends import flows as sends
from sealroom.sends import queries as send_queries
from sealroom.sends import rules as send_rules
from sealroom.smtp import files, mime, replies
from sealroom.smtp.block import block_for
from sealroom.smtp.errors import reply_for
from sealroom.smtp.files import File, Mail
from sealroom.smtp.replies import Refused, Reply
from sealroom.smtp.rewrite import Stamp, loop_mark, rewrite, was_here

INSPECTED_WITHIN = 10.0  # seconds for each file
INSPECTED_IN_ALL = 50.0  # seconds for all: programs wait a minute for the answer to a mail
_PAUSE = 0.1
_PER = timedelta(minutes=1)
log = structlog.get_logger("sealroom.smtp")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Envelope:
    """Who a mail is from and whom it goes to, by canonical address, as the program said outside of the mail."""

    sender: str
    recipients: tuple[str, ...]


def sign_in(login: str, password: str, ip: str) -> Actor | Reply:
    """The member, or what his program is told: a database that is not there is no wrong password."""
    found = guarded(lambda: _sign_in(login, password, ip))
    return replies.NO_SIGN_IN_NOW if found == replies.TRY_LATER else found


def refusal_of_sender(actor: Actor, address: str) -> Reply | None:
    """What is answered to a sender who is not the member; None when the address is one of his own."""
    return guarded(lambda: None if _is_own(actor, address) else replies.NOT_YOUR_ADDRESS)


def take(actor: Actor, envelope: Envelope, source: BinaryIO) -> Reply:
    """Everything a mail asks for, or a refusal; closes `source`. When it says yes, all is committed."""
    with closing(source):
        return guarded(lambda: _take(actor, envelope, source))


def guarded(deed: Callable[[], Answer]) -> Answer | Reply:
    """Run a deed in a thread that has the database to itself; what it refuses becomes a reply."""
    close_old_connections()
    try:
        return deed()
    except Refused as refusal:
        return refusal.reply
    except DomainError as error:
        return reply_for(error)
    except (DatabaseError, OSError):
        log.warning("mail not taken", exc_info=True)
        return replies.TRY_LATER
    except Exception:
        log.exception("mail not taken")
        return replies.TRY_LATER
    finally:
        close_old_connections()


def _sign_in(login: str, password: str, ip: str) -> Actor | Reply:
    try:
        actor = accounts.sign_in_by_app_password(login, password, ip=ip, now=timezone.now())
    except RateLimited:
        return replies.TOO_MANY_SIGN_INS
    return actor or replies.WRONG_PASSWORD


def _is_own(actor: Actor, address: str) -> bool:
    try:
        canonical = canonical_address(address)
    except BadAddress:
        return False
    return canonical in {actor.email, *account_queries.senders_of(actor)}


def _take(actor: Actor, envelope: Envelope, source: BinaryIO) -> Reply:
    ratelimit.take("smtp.mails", actor.user, limit=settings.SEALROOM_SUBMISSION_PER_MINUTE, per=_PER, now=timezone.now())
    mail = files.read(source)
    if not _is_own(actor, mail.sender[1]):
        raise Refused(replies.NOT_YOUR_ADDRESS)
    if was_here(mail, key=_loop_key()):
        raise Refused(replies.LOOP)
    recipients = _addressees(mail, envelope)
    _hold_to_policy(actor, mail, envelope)
    key = files.key_of(actor.user, mail, envelope.recipients)
    if send_queries.submission_key(actor, key, now=timezone.now()) is None:
        return replies.TAKEN  # the same mail again: its program did not hear the answer
    stamp = _stamp(mail)
    if not mail.files:
        asked = sends.Submission(key, recipients, subject=mail.subject)
        sends.relay(actor, asked, lambda _url: rewrite(source, mail, None, stamp=stamp), now=timezone.now())
    else:
        _protect(actor, mail, source, sends.Submission(key, recipients, subject=mail.subject), stamp)
    fault_point("after_submission_commit")
    return replies.TAKEN


def _protect(actor: Actor, mail: Mail, source: BinaryIO, asked: sends.Submission, stamp: Stamp) -> None:
    """Upload, wait for the inspection, send. What was uploaded for nothing is removed."""
    uploaded: list[str] = []
    done = False
    names = _names(actor, mail)

    def copy(url: str) -> bytes:
        block = block_for(url, sender=actor.name or actor.email, names=names, language=actor.language)
        return rewrite(source, mail, block, stamp=stamp)

    try:
        for file in mail.files:
            uploaded.append(_upload(actor, file, source))  # noqa: PERF401 -- known one by one, for the case of a refusal
        _wait_for_inspection(actor, uploaded)
        ready = sends.Submission(asked.key, asked.recipients, tuple(uploaded), asked.subject)
        done = sends.submit(actor, ready, copy, now=timezone.now())
    finally:
        if not done:
            _remove(actor, uploaded)


def _upload(actor: Actor, file: File, source: BinaryIO) -> str:
    try:
        chunks = mime.content(source, file.part)
        return documents.accept_upload(actor, chunks, name=file.name, size=file.size, now=timezone.now()).public_id
    except DomainError as error:
        raise Refused(reply_for(error, name=file.name)) from error


def _wait_for_inspection(actor: Actor, uploaded: Sequence[str]) -> None:
    """Until every file is known to be good or bad, or the time is over; then the rest is found out afterwards."""
    ends = time.monotonic() + min(INSPECTED_WITHIN * len(uploaded), INSPECTED_IN_ALL)
    while time.monotonic() < ends:
        if all(document_queries.is_settled(actor, one) for one in uploaded):
            return
        time.sleep(_PAUSE)


def _remove(actor: Actor, uploaded: Sequence[str]) -> None:
    for one in uploaded:
        with suppress(DomainError, DatabaseError):
            documents.delete_document(actor, one, now=timezone.now())


def _hold_to_policy(actor: Actor, mail: Mail, envelope: Envelope) -> None:
    """What the team's admin decided for mail programs; a gateway cannot ask, so it protects whatever the mode."""
    policy = send_queries.mail_policy(actor)
    if len(mail.files) > (most := send_rules.most_files(policy)):
        raise Refused(replies.too_many_files(most))
    if len(envelope.recipients) > (most := send_rules.most_recipients(policy)):
        raise Refused(replies.too_many_recipients(most))
    for file in mail.files:
        if policy.max_file_bytes is not None and file.size > policy.max_file_bytes:
            raise Refused(replies.file_too_big(file.name))
    for address in send_rules.outsiders(policy, envelope.recipients):
        raise Refused(replies.outsider(address))


def _names(actor: Actor, mail: Mail) -> list[str]:
    """What the mail says its files are called: nothing where names may be secrets."""
    shows = send_queries.mail_policy(actor).names_files
    return [file.name if shows else "" for file in mail.files]


def _addressees(mail: Mail, envelope: Envelope) -> tuple[Addressee, ...]:
    """The recipients of the envelope with the name and place the header gives them; who is in none stays hidden."""
    known: dict[str, tuple[str, str]] = {}
    for kind in ("cc", "to"):
        values = [mime.decoded(str(value)) for value in mail.root.fields.get_all(kind, ())]
        for name, address in getaddresses(values):
            with suppress(BadAddress):
                known[canonical_address(address)] = (name[:120], kind)
    return tuple(Addressee(one, *known.get(one, ("", "bcc"))) for one in envelope.recipients)


def _stamp(mail: Mail) -> Stamp:
    """Where the mail came through, the mark against loops, and what its program left out."""
    now, host = timezone.now(), settings.SEALROOM_SUBMISSION_HOST
    lines = [
        f"Received: by {host} with ESMTPSA id {new_id('m')}; {format_datetime(now)}",
        loop_mark(new_id("m"), key=_loop_key()),
    ]
    if not mail.root.fields.get("Date"):
        lines.append(f"Date: {format_datetime(now)}")
    if not mail.root.fields.get("Message-ID"):
        lines.append(f"Message-ID: <{new_id('m').lower()}@{host}>")
    return Stamp(tuple(lines))


def _loop_key() -> bytes:
    return keyring().derive("smtp-gateway")
