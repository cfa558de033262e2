# SPDX-License-Identifier: Apache-2.0
"""What happens to a mail between the end of its data and the answer: read, uploaded, inspected, sent. Blocking; run in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime, formataddr, getaddresses
from io import SEEK_END
from typing import BinaryIO, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries as account_queries
from sealroom.accounts.rules import Actor, SmtpSignIn
from sealroom.core import ratelimit
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import DomainError, RateLimited
from sealroom.core.faults import fault_point
from sealroom.core.ids import new_id
from sealroom.core.people import Addressee
from sealroom.core.secrets import keyring
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.mail.queries import house_author
from sealroom.sends import flows as sends
from sealroom.sends import queries as send_queries
from sealroom.sends import rules as send_rules
from sealroom.sends.queries import Insert
from sealroom.sends.rules import MailPolicy
from sealroom.smtp import files, mime, replies
from sealroom.smtp.errors import reply_for
from sealroom.smtp.files import File, Mail
from sealroom.smtp.meetings import meetings_of
from sealroom.smtp.replies import Refused, Reply
from sealroom.smtp.rewrite import Block, Stamp, loop_mark, rewrite, set_apart, was_here
from sealroom.smtp.words import letter, words_of

INSPECTED_WITHIN = 10.0  # seconds for each file
INSPECTED_IN_ALL = 50.0  # seconds for all: programs wait a minute for the answer to a mail
_PAUSE = 0.1
_PIECE = 1 << 16
_PER = timedelta(minutes=1)
log = structlog.get_logger("sealroom.smtp")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Envelope:
    """Who a mail is from and whom it goes to, by canonical address, as the program said outside of the mail."""

    sender: str
    recipients: tuple[str, ...]


def sign_in(login: str, password: str, ip: str) -> SmtpSignIn | Reply:
    """The member, or what his program is told: a database that is not there is no wrong password."""
    found = guarded(lambda: _sign_in(login, password, ip))
    return replies.NO_SIGN_IN_NOW if found == replies.TRY_LATER else found


def refusal_of_sender(signed: SmtpSignIn, address: str) -> Reply | None:
    """What is answered to a sender who is not the member; None when the address is one of his own."""
    return guarded(lambda: None if _is_own(_afresh(signed), address) else replies.NOT_YOUR_ADDRESS)


def take(signed: SmtpSignIn, envelope: Envelope, source: BinaryIO) -> Reply:
    """Everything a mail asks for, or a refusal; closes `source`. When it says yes, all is committed."""
    with closing(source):
        return guarded(lambda: _take(_afresh(signed), envelope, source))


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


def _sign_in(login: str, password: str, ip: str) -> SmtpSignIn | Reply:
    try:
        found = accounts.sign_in_by_app_password(login, password, ip=ip, now=timezone.now())
    except RateLimited:
        return replies.TOO_MANY_SIGN_INS
    return found or replies.WRONG_PASSWORD


def _afresh(signed: SmtpSignIn) -> Actor:
    """The member as he is now: who was removed, or whose password was revoked, sends nothing on a connection that is still open."""
    found = account_queries.still_signed_in(signed)
    if found is None:
        raise Refused(replies.FORBIDDEN)
    return found.actor


def _is_own(actor: Actor, address: str) -> bool:
    try:
        canonical = canonical_address(address)
    except BadAddress:
        return False
    return canonical in {actor.email, *account_queries.senders_of(actor)}


def _take(actor: Actor, envelope: Envelope, source: BinaryIO) -> Reply:
    ratelimit.take("smtp.mails", actor.user, limit=settings.SEALROOM_SUBMISSION_PER_MINUTE, per=_PER, now=timezone.now())
    mail = files.read(source)
    if mail.sender[1] != envelope.sender and not _is_own(actor, mail.sender[1]):
        raise Refused(replies.NOT_YOUR_ADDRESS)
    if was_here(mail, key=_loop_key()):
        raise Refused(replies.LOOP)
    recipients = _addressees(mail, envelope)
    sends.require_mail(actor, recipients, [(file.name, file.size) for file in mail.files])
    _require_clean(mail, source)
    asked = sends.Submission(
        files.key_of(actor.user, mail, envelope.recipients), recipients, subject=mail.subject, sender=mail.sender[1]
    )
    policy = send_queries.mail_policy(actor)
    words = words_of(source, mail) if send_rules.protects_words(policy, mail.subject) else ""
    stamp = _stamp(actor, mail, policy)
    if mail.files or words:
        if send_queries.submission_key(actor, asked.key, now=timezone.now()) is None:
            return replies.TAKEN  # the same mail again: its program did not hear the answer, and nothing is uploaded twice
        _protect(actor, mail, source, replace(asked, words=words), stamp)
    else:
        sends.relay(actor, asked, rewrite(source, mail, None, stamp=stamp), now=timezone.now())
    fault_point("after_submission_commit")
    return replies.TAKEN


def _require_clean(mail: Mail, source: BinaryIO) -> None:
    """What stays in the mail meets the virus scanner here; files do when they are prepared. A scanner that does not answer refuses
    the mail for now. Raises `Infected`, `LimitScan`, `ScannerDown`."""
    places = sorted((file.part.start, file.part.end) for file in mail.files)
    documents.require_clean(_around(source, places))
    for part in mail.root.leaves():
        if (part.start, part.end) not in places:
            documents.require_clean(mime.content(source, part))


def _around(source: BinaryIO, places: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The mail as it came, without what lies at these places."""
    at = 0
    for start, end in (*places, (source.seek(0, SEEK_END), 0)):
        source.seek(at)
        while at < start:
            piece = source.read(min(_PIECE, start - at))
            at += len(piece)
            yield piece
        at = end


def _protect(actor: Actor, mail: Mail, source: BinaryIO, asked: sends.Submission, stamp: Stamp) -> None:
    """Upload, wait for the inspection, send. What was uploaded for nothing is removed."""
    uploaded: list[str] = []
    done = False
    meetings = meetings_of(source, mail) if asked.words else ()

    def copy(insert: Insert) -> bytes:
        block = Block(insert.text, insert.html)
        if asked.words:
            return letter(mail, block, stamp=stamp, meetings=meetings)
        return rewrite(source, mail, set_apart(block), stamp=stamp)

    try:
        for file in (*mail.files, *(mail.pictures if asked.words else ())):
            uploaded.append(_upload(actor, file, source))  # noqa: PERF401 -- known one by one, for the case of a refusal
        _wait_for_inspection(actor, uploaded)
        documents_of_files, shown = uploaded[: len(mail.files)], uploaded[len(mail.files) :]
        pictures = dict(zip((file.part.cid for file in mail.pictures), shown, strict=False))
        ready = replace(asked, documents=tuple(documents_of_files), pictures=pictures)
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


def _addressees(mail: Mail, envelope: Envelope) -> tuple[Addressee, ...]:
    """The recipients of the envelope with the name and place the header gives them; who is in none stays hidden."""
    known: dict[str, tuple[str, str]] = {}
    for kind in ("cc", "to"):
        values = [mime.decoded(str(value)) for value in mail.root.fields.get_all(kind, ())]
        for name, address in getaddresses(values):
            with suppress(BadAddress):
                known[canonical_address(address)] = (name[:120], kind)
    return tuple(Addressee(one, *known.get(one, ("", "bcc"))) for one in envelope.recipients)


def _stamp(actor: Actor, mail: Mail, policy: MailPolicy) -> Stamp:
    """Where the mail came through, the mark against loops, what its program left out, and where the team wants that, us as its
    author with the member's address for answers."""
    now, host = timezone.now(), settings.SEALROOM_SUBMISSION_HOST
    lines = [
        f"Received: by {host} with ESMTPSA id {new_id('m')}; {format_datetime(now)}",
        loop_mark(new_id("m"), key=_loop_key()),
    ]
    if not mail.root.fields.get("Date"):
        lines.append(f"Date: {format_datetime(now)}")
    if not mail.root.fields.get("Message-ID"):
        lines.append(f"Message-ID: <{new_id('m').lower()}@{host}>")
    if policy.author != "via":
        return Stamp(tuple(lines))
    name, address = mail.sender
    lines.append("From: " + formataddr(house_author(" ".join((name or actor.name or address).split()), actor.language)))
    if not mail.root.fields.get("Reply-To"):
        lines.append("Reply-To: " + formataddr((name, address)))
    return Stamp(tuple(lines), drops=frozenset({"from", "sender"}))


def _loop_key() -> bytes:
    return keyring().derive("smtp-gateway")
