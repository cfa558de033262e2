# SPDX-License-Identifier: Apache-2.0
"""What mail clients are told."""

from __future__ import annotations

from sealroom.accounts.rules import Actor
from sealroom.sends.models import MailRules
from sealroom.sends.rules import MailPolicy


def mail_policy(actor: Actor) -> MailPolicy:
    """The policy in force in the actor's team."""
    return policy_of_team(actor.team_id)


def policy_of_team(team_id: int) -> MailPolicy:
    """The policy in force in a team."""
    row = MailRules.objects.filter(team_id=team_id).first()
    if row is None:
        return MailPolicy()
    values = {name: getattr(row, name) for name in MailPolicy.__dataclass_fields__}
    return MailPolicy(**values | {"internal_domains": tuple(row.internal_domains)})
