# SPDX-License-Identifier: Apache-2.0
"""Composing, delivering, and learning that a message came back."""

from __future__ import annotations

import email.policy
from collections.abc import Mapping
from dataclasses import astuple, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, QuerySet
from django.template import Context, loader
from django.template.backends.django import Template
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from sealroom.core import jobs
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid
from sealroom.core.faults import fault_point
from sealroom.core.ids import new_id
from sealroom.core.jobs.rules import NORMAL, URGENT
from sealroom.mail import rules
from sealroom.mail.models import MailState, OutgoingMail, Suppression
from sealroom.mail.ports import Envelope, LookupFailed, Outcome, Stage, get_signer, get_text_records, get_transport
from sealroom.mail.queries import GATEWAY_KEY, GatewayState, SigningState, house_author, signing, signing_key
from sealroom.mail.rules import Decision, Fate, Signing
from sealroom.mail.signals import mail_bounced

KEPT = timedelta(days=7)
GATEWAY_SAYS = timedelta(seconds=30)
KEY_LOOKS, KEY_LOOKS_WRONG = timedelta(hours=1), timedelta(minutes=5)  # how long a look at the domain counts
# Bodies are encoded to 7 bits, so that no relay has a reason to change (or refuse) the bytes.
_WIRE = email.policy.SMTP.clone(cte_type="7bit")
_WIRE_UTF8 = email.policy.SMTPUTF8.clone(cte_type="7bit")


@transaction.atomic
def compose(
    template: str,
    *,
    to: str,
    key: str,
    language: str,
    context: Mapping[str, object],
    now: datetime,
    to_name: str = "",
    about: str = "",
    team: str = "",
    sender_name: str = "",
    reply_to: str = "",
    urgent: bool = False,
) -> OutgoingMail:
    """Render a message and put it up for delivery when the caller's transaction commits.

    Renders `<template>.subject.txt`, `<template>.txt` and `<template>.html` in `language`; lazily translated texts in `context` are
    in that language too, and `heading` is the subject unless given (the other common variables stand in `kit/mail/base.html`).
    The same `key` again gives the first
    message and sends nothing. `about` names what the message is for ("recipient:rcp_…"); `sender_name` and `reply_to` the person
    it is sent for. `urgent` is for what its reader waits for (codes). Raises `Invalid` for a bad address, and for a line break or
    control character in anything that becomes a header.
    """
    known = OutgoingMail.objects.filter(key=key).first()
    if known is not None:
        return known
    words = {"sender_name": sender_name, "sender_address": reply_to, "recipient_address": to, "to_name": to_name, **context}
    subject, text, html = _render(template, language, words)
    mail = OutgoingMail(
        key=key,
        about=about,
        team=team,
        to_address=_address("to", to),
        to_name=_header("to_name", to_name, most=200),
        sender_name=_header("sender_name", sender_name, most=200),
        reply_to=_address("reply_to", reply_to) if reply_to else "",
        subject=_header("subject", subject, most=300),
        language=language,
        urgent=urgent,
        message_id=f"<{new_id('m').lower()}@{_own_address().rpartition('@')[2]}>",
        created_at=now,
    )
    mail.seal_bodies(text, html)
    return _put_up(mail)


@transaction.atomic
def compose_whole(
    data: bytes, *, to: str, key: str, language: str, subject: str, now: datetime, about: str = "", team: str = ""
) -> OutgoingMail:
    """Put a message up that is ready made: its bytes, header and all, go to one address as they are, signed when a key is set.
    The words have the meaning of `compose`; a return path of ours names the message. Raises `Invalid` for a bad address."""
    mail = OutgoingMail(
        key=key,
        about=about,
        team=team,
        to_address=_address("to", to),
        subject=rules.one_line(subject),
        language=language,
        message_id=f"<{new_id('m').lower()}@{_own_address().rpartition('@')[2]}>",
        created_at=now,
    )
    mail.seal_whole(data)
    return _put_up(mail)


def _put_up(mail: OutgoingMail) -> OutgoingMail:
    """Keep a message unless its key is known, and have the kept one delivered on commit."""
    OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    kept = OutgoingMail.objects.get(key=mail.key)
    priority = URGENT if kept.urgent else NORMAL
    jobs.defer("mail.deliver", key=kept.public_id, lane=kept.team, priority=priority, mail_id=kept.pk)
    return kept


def deliver(mail_id: int, now: datetime) -> timedelta | None:
    """Try to hand a message over once; returns the wait until the next attempt, None when its fate is settled.

    The attempt is counted and committed before the network is touched, the answer after it, and only if no other attempt began
    meanwhile. A crash between the other side's "250" and our commit sends the same bytes under the same Message-ID once more: at
    least once, never lost.
    """
    mail = OutgoingMail.objects.filter(pk=mail_id, state__in=rules.OPEN).first()
    if mail is None:
        return None
    if not mail.urgent and Suppression.objects.filter(address=mail.to_address).exists():
        outcome = Outcome(550, "address suppressed after an earlier bounce", Stage.RECIPIENT)
        _settle(mail, outcome, Decision(Fate.BOUNCED), now)
        return None
    if not _open_mail(mail).update(attempts=F("attempts") + 1):
        return None
    mail.attempts += 1
    outcome = get_transport().deliver(_signed(_envelope(mail), now))
    if outcome.accepted:
        fault_point("after_smtp_250")
    decision = rules.decide(outcome.code, outcome.answer, outcome.stage, attempts=mail.attempts, urgent=mail.urgent)
    _settle(mail, outcome, decision, now)
    return decision.wait if decision.fate is Fate.RETRYING else None


def give_up(mail_id: int, now: datetime) -> None:
    """The job behind a message is dead (its worker died again and again): the message has failed."""
    mail = OutgoingMail.objects.filter(pk=mail_id, state__in=rules.OPEN).first()
    if mail is not None:
        _settle(mail, Outcome(0, "delivery job died"), Decision(Fate.FAILED), now)


@transaction.atomic
def record_bounce(reference: str, reason: str, now: datetime, *, permanent: bool = True) -> bool:
    """A delivery report came back for a message (public id, Message-ID or bounce address). A permanent one settles it as bounced,
    suppresses the address and tells the rooms above, once. False when nothing changed."""
    reference = rules.reference_of(reference) or reference
    found = OutgoingMail.objects.filter(public_id=reference) | OutgoingMail.objects.filter(message_id=reference)
    mail = found.first()
    if mail is None or not permanent:
        return False
    movable = [state for state in MailState.values if rules.may_move(state, Fate.BOUNCED)]
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=movable).update(
        state=MailState.BOUNCED, last_answer=rules.one_line(reason), settled_at=now
    )
    if not changed:
        return False
    _suppress(mail.to_address, reason, now)
    mail_bounced.send(OutgoingMail, about=mail.about, address=mail.to_address, permanent=True)
    return True


def lift_suppression(address: str) -> bool:
    """Write to the address again. False when it was not suppressed."""
    return bool(Suppression.objects.filter(address=canonical_address(address)).delete()[0])


def check_signing(*, now: datetime) -> SigningState:
    """Look up whether the domain of our signatures publishes our key, and remember it for an hour (what is wrong for five minutes).
    Asks the network: not within a transaction."""
    signer = get_signer()
    if signer is None:
        return signing()
    record = signer.record
    try:
        state = rules.judge_key(get_text_records().texts(record.name), record.text)
    except LookupFailed:
        state = Signing.UNREACHABLE
    kept = KEY_LOOKS if state is Signing.GOOD else KEY_LOOKS_WRONG
    cache.set(signing_key(record), (state.value, now), kept.total_seconds())
    return SigningState(state, record.name, record.text, now)


def note_gateway(state: GatewayState | None) -> None:
    """Remember for a while that a gateway runs; None: it stops. It says so again every `GATEWAY_SAYS`."""
    if state is None:
        cache.delete(GATEWAY_KEY)
    else:
        cache.set(GATEWAY_KEY, astuple(state), 3 * GATEWAY_SAYS.total_seconds())


def blank_settled(now: datetime) -> int:
    """Forget the bodies of messages whose fate was settled some days ago; returns how many."""
    old = OutgoingMail.objects.filter(settled_at__lt=now - KEPT).exclude(text_sealed=b"", whole_sealed=b"")
    return old.update(text_sealed=b"", html_sealed=b"", whole_sealed=b"")


@transaction.atomic
def _settle(mail: OutgoingMail, outcome: Outcome, decision: Decision, now: datetime) -> None:
    answer = rules.one_line(f"{outcome.code} {outcome.answer}")
    values: dict[str, object] = {"state": decision.fate.value, "last_answer": answer}
    if decision.fate is not Fate.RETRYING:
        values["settled_at"] = now
    if decision.fate is Fate.SENT:
        values["sent_at"] = now
    if not _open_mail(mail).update(**values):
        return  # a later attempt owns the message by now; its answer counts
    if decision.fate is Fate.SENT:
        Suppression.objects.filter(address=mail.to_address).delete()
    if decision.suppress:
        _suppress(mail.to_address, outcome.answer, now)
    if decision.fate in {Fate.BOUNCED, Fate.FAILED}:
        permanent = decision.fate is Fate.BOUNCED
        mail_bounced.send(OutgoingMail, about=mail.about, address=mail.to_address, permanent=permanent)


def _open_mail(mail: OutgoingMail) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(pk=mail.pk, state__in=rules.OPEN, attempts=mail.attempts)


def _suppress(address: str, reason: str, now: datetime) -> None:
    Suppression.objects.bulk_create([Suppression(address=address, reason=rules.one_line(reason), at=now)], ignore_conflicts=True)


def _render(template: str, language: str, words: Mapping[str, object]) -> tuple[str, str, str]:
    base_url = settings.SEALROOM_BASE_URL
    common = {
        "product_name": rules.PRODUCT,
        "base_url": base_url,
        "host": urlsplit(base_url).netloc,
        "mark_url": f"{base_url}/static/kit/img/mark-180.png",
        "support_address": settings.SEALROOM_SUPPORT_ADDRESS,
        "language": language,
    }
    with translation.override(language):
        values = {**common, **words}
        subject = _render_plain(f"{template}.subject.txt", values).strip()
        values = {"heading": subject, **values, "subject": subject}
        text = _render_plain(f"{template}.txt", values).strip() + "\n"
        html = loader.render_to_string(f"{template}.html", values)
    return subject, text, html


def _render_plain(name: str, values: Mapping[str, object]) -> str:
    template = loader.get_template(name)
    assert isinstance(template, Template)
    return template.template.render(Context(dict(values), autoescape=False))


def _envelope(mail: OutgoingMail) -> Envelope:
    own = _own_address()
    bounce_to = rules.bounce_address(own, mail.public_id)
    if mail.whole_sealed:
        return Envelope(bounce_to, mail.to_address, mail.whole, mail.public_id, mail.created_at)
    display, own = house_author(mail.sender_name, mail.language)
    needs_utf8 = not mail.to_address.isascii() or not mail.reply_to.isascii()
    message = EmailMessage(policy=_WIRE_UTF8 if needs_utf8 else _WIRE)
    message["From"] = _mailbox(display, own)
    message["To"] = _mailbox(mail.to_name, mail.to_address)
    if mail.reply_to:
        message["Reply-To"] = _mailbox(mail.sender_name, mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    message["Content-Language"] = mail.language  # after the parts: setting content clears every Content- header
    message.set_boundary(f"=_{mail.public_id}")  # a retry sends the very same bytes
    return Envelope(bounce_to, mail.to_address, message.as_bytes(), mail.public_id, mail.created_at)


def _signed(envelope: Envelope, now: datetime) -> Envelope:
    """Last of all, because whatever changes a message afterwards breaks its signature."""
    signer = get_signer()
    return replace(envelope, data=signer.sign(envelope.data)) if signer is not None and _may_sign(now) else envelope


def _may_sign(now: datetime) -> bool:
    """A signature that its domain does not know makes receivers distrust the mail more than none; what nobody could be asked about
    is no reason against it."""
    known = signing()
    if known.state is Signing.UNCHECKED:
        known = check_signing(now=now)
    return known.state in {Signing.GOOD, Signing.UNREACHABLE}


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)


def _own_address() -> str:
    return parseaddr(settings.SEALROOM_MAIL_FROM)[1]


def _address(field: str, text: str) -> str:
    try:
        return canonical_address(text)
    except BadAddress as error:
        raise Invalid({field: ["bad_address"]}) from error


def _header(field: str, text: str, *, most: int) -> str:
    if not rules.is_header_safe(text):
        raise Invalid({field: ["control_character"]})
    return text[:most]


def local_time(at: datetime, zone: str) -> str:
    """An instant as letters say it, in a reader's or a sender's time zone and in UTC, such as "12 January 2027, 18:00 (Paris),
    17:00 UTC"."""
    local, utc = at.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo("UTC"))
    form = _("j F Y, H:i")
    if local.utcoffset() == utc.utcoffset():
        return f"{date_format(utc, form)} UTC"
    city = zone.rpartition("/")[2].replace("_", " ")
    same_day = local.date() == utc.date()
    return f"{date_format(local, form)} ({city}), {date_format(utc, 'H:i' if same_day else form)} UTC"
