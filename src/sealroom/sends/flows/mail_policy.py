# SPDX-License-Identifier: Apache-2.0
"""What an admin decides about mail clients."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.sends import rules
from sealroom.sends.models import MailRules
from sealroom.sends.rules import MailPolicy


@transaction.atomic
def set_mail_policy(actor: Actor, policy: MailPolicy, *, now: datetime) -> MailPolicy:
    """Put a policy in force for all mail clients of the team; they hear of it with their next look at `GET /me`, and every commit
    is held to it. Raises `Forbidden`, `Invalid`."""
    actor.require(Capability.MANAGE_TEAM)
    kept = rules.checked_mail_policy(policy)
    values = asdict(kept) | {"internal_domains": list(kept.internal_domains)}
    MailRules.objects.update_or_create(team_id=actor.team_id, defaults=values)
    audit.record(actor.who, Verb.MAIL_POLICY_CHANGED, "team", actor.team, now=now, mode=kept.mode, min_bytes=kept.min_bytes)
    return kept
