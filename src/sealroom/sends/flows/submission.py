# SPDX-License-Identifier: Apache-2.0
"""A mail handed in by a mail program: decided, charged and put up for delivery in one transaction, before the program hears yes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from django.db import transaction

from sealroom.access import queries as access_queries
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.core.faults import fault_point
from sealroom.credits import flows as credit_flows
from sealroom.mail import flows as mail
from sealroom.sends import queries, rules
from sealroom.sends.flows import letters
from sealroom.sends.flows.deeds import claim, lock_send, lock_wallet, once
from sealroom.sends.flows.draft import find_documents, make_draft, put_documents
from sealroom.sends.flows.mail_out import checked_recipients, go_out
from sealroom.sends.flows.words import keep_words, require_size
from sealroom.sends.models import DeedKind, Send, SendDocument
from sealroom.sends.queries import Insert
from sealroom.sends.rules import Addressee, SendRequest

Copy = Callable[[Insert], bytes]
"""Makes the whole message for one recipient out of the way to what was taken from it, with his own link."""


@dataclass(frozen=True)
class Submission:
    """What a mail asks for. `key` is the same for the same mail to the same people (hexadecimal digest); `recipients` are those of
    the envelope, with the place each had in the header; `documents` were uploaded for this mail. `words`: HTML to protect, with
    the documents that are its `pictures` by Content-ID."""

    key: str
    recipients: tuple[Addressee, ...]
    documents: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    words: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)


def submit(actor: Actor, submission: Submission, copy: Copy, *, now: datetime) -> bool:
    """Send documents, words or both by a mail of the sender's own: charge, give rights, put one copy for each recipient up for
    delivery. True when it was done; False when the same mail was taken within the last 24 hours: then nothing happens.

    Documents may still be in preparation: who follows the link meanwhile is told so, and `take_back_failed` mends what fails.
    Raises `InsufficientCredits`, `PaymentDue`, `Invalid`, `FeatureMissing`, what `mail_out.go_out` and `words.keep_words` raise.
    """
    actor.require(Capability.SEND)
    return once(partial(_submit, actor, submission, copy, now=now))


def relay(actor: Actor, submission: Submission, data: bytes, *, now: datetime) -> bool:
    """Hand on a mail with nothing to protect as it is, free. As `submit`, and likewise once."""
    actor.require(Capability.SEND)
    return once(partial(_relay, actor, submission, data, now=now))


def take_back_failed(version_id: int, *, now: datetime) -> int:
    """A file that went out with a mail can never be shown: end it in that send, give its credits back, tell the sender. Returns the
    credits; again: 0."""
    returned = 0
    for item in queries.failed_submissions(version_id):
        with transaction.atomic():
            returned += _take_back(item, now=now)
    return returned


@transaction.atomic
def _submit(actor: Actor, submission: Submission, copy: Copy, *, now: datetime) -> bool:
    key = queries.submission_key(actor, submission.key, now=now)
    if key is None:
        return False
    deed, is_new = claim(actor, DeedKind.SEND, key=key, digest=submission.key, now=now)
    if not is_new:
        return False
    recipients = checked_recipients(queries.policy_of_team(actor.team_id), submission.recipients)
    send = _draft(actor, submission, now=now)
    deed.send = send
    deed.save(update_fields=["send"])
    go_out(actor, send, deed, recipients, delivery="server", notify=False, may_wait=True, now=now)  # the mail has the links
    for recipient in send.recipients.select_related("link").order_by("pk"):
        assert recipient.link is not None
        insert = queries.insert_of(send, access_queries.link_url(recipient.link), is_personal=True)
        _put_up(send, actor, recipient.address, f"recipient:{recipient.public_id}", copy(insert))
    fault_point("before_submission_commit")
    return True


@transaction.atomic
def _relay(actor: Actor, submission: Submission, data: bytes, *, now: datetime) -> bool:
    key = queries.submission_key(actor, submission.key, now=now)
    if key is None or not claim(actor, DeedKind.SEND, key=key, digest=submission.key, now=now)[1]:
        return False
    for one in submission.recipients:
        mail.compose_whole(
            data,
            to=one.email,
            key=f"{key}:{actor.user}:{one.email}"[:200],
            language=actor.language,
            subject=submission.subject,
            about=f"relayed:{actor.user}",
            team=actor.team,
            now=now,
        )
    return True


def _draft(actor: Actor, submission: Submission, *, now: datetime) -> Send:
    preset, settings = queries.default_settings(actor, now=now)
    request = SendRequest(
        documents=submission.documents,
        recipients=submission.recipients,
        subject=submission.subject[: rules.MAX_SUBJECT],
        settings=settings,
        preset=preset.id if preset else "",
    )
    send = make_draft(actor, request, now=now)
    send.is_mail, send.from_address, send.confirmed_at = True, submission.sender, now
    put_documents(send, find_documents(actor, submission.documents))
    if submission.words:
        require_size(submission.words)
        keep_words(actor, send, submission.words, submission.pictures, now=now)
    return send


def _put_up(send: Send, actor: Actor, address: str, about: str, data: bytes) -> None:
    assert send.sent_at is not None
    mail.compose_whole(
        data,
        to=address,
        key=f"submitted:{about}",
        language=send.language,
        subject=send.subject,
        about=about,
        team=actor.team,
        now=send.sent_at,
    )


def _take_back(item: SendDocument, *, now: datetime) -> int:
    lock_wallet(item.send.team_id, now=now)
    send = lock_send(item.send)
    if not SendDocument.objects.filter(pk=item.pk, revoked_at=None).update(revoked_at=now):
        return 0
    version = item.sent_version
    assert version is not None
    addresses: Sequence[str] = list(send.recipients.values_list("address", flat=True))
    pairs = [rules.pair_key(version.public_id, address) for address in addresses]
    given = credit_flows.reverse_pairs(send.team_id, pairs, actor=None, reason="failed", now=now)
    letters.tell_failed_file(send, item.document.name, key=f"{send.public_id}:{version.public_id}", now=now)
    who = replace(SYSTEM, team=send.team.public_id)
    audit.record(who, Verb.SEND_HELD, "send", send.public_id, now=now, reason=version.error_code or "corrupt")
    return given.restored
