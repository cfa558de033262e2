# SPDX-License-Identifier: Apache-2.0
"""Mails that mail programs handed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sealroom.accounts.rules import Actor, Route
from sealroom.documents.models import VersionState
from sealroom.sends.models import Deed, SendDocument, SendState

REMEMBERED = timedelta(hours=24)


def submission_key(actor: Actor, key: str, *, now: datetime) -> str | None:
    """The key of the deed to claim for a mail of this digest; None when it was taken within the last 24 hours. Of two equal mails
    at one time both get the same key, which only one can claim."""
    known = Deed.objects.filter(team_id=actor.team_id, actor_id=actor.user_id, key__startswith=f"smtp:{key}:")
    latest = known.order_by("-pk").first()
    if latest is None:
        return f"smtp:{key}:1"
    if latest.made_at > now - REMEMBERED:
        return None
    return f"smtp:{key}:{known.count() + 1}"


def failed_submissions(version_id: int) -> list[SendDocument]:
    """Places in mails that went out with a version which turned out to be unusable before anybody could read it, and were not taken
    back yet."""
    rows = SendDocument.objects.select_related("send__team", "document", "sent_version").filter(
        sent_version_id=version_id,
        sent_version__state=VersionState.FAILED,
        sent_version__ready_at=None,
        send__route=Route.SMTP,
        send__state=SendState.SENT,
        revoked_at=None,
    )
    return list(rows)
