# SPDX-License-Identifier: Apache-2.0
"""News of lower rooms that concern sends. Each only puts a job up: what follows happens in a transaction and lock order of its own,
and an error here must not undo what the lower room did."""

from __future__ import annotations

from datetime import datetime

from django.dispatch import receiver

from sealroom.access.signals import link_opened
from sealroom.core import jobs
from sealroom.documents.signals import version_failed, version_ready
from sealroom.mail.signals import mail_bounced


@receiver([version_ready, version_failed])
def look_at_waiting_sends(sender: object, *, version_id: int, **_: object) -> None:
    """A document is ready, or never will be."""
    jobs.defer("sends.look_at_version", key=str(version_id), version_id=version_id)


@receiver(mail_bounced)
def note_bounce(sender: object, *, about: str, address: str, permanent: bool, **_: object) -> None:
    """A mail to a recipient will never arrive."""
    kind, _colon, whose = about.partition(":")
    if permanent and kind == "recipient":
        jobs.defer("sends.record_bounce", key=whose, recipient_id=whose)
    elif kind == "relayed":
        jobs.defer("sends.tell_relay_bounced", key=f"{whose}:{address}"[:200], user_id=whose, address=address)


@receiver(link_opened)
def tell_sender(sender: object, *, link_id: int, grant_id: int | None, now: datetime, **_: object) -> None:
    """A recipient opened for the first time."""
    jobs.defer("sends.tell_opened", key=str(link_id), link_id=link_id, grant_id=grant_id, at=now.isoformat())
