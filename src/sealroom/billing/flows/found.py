# SPDX-License-Identifier: Apache-2.0
"""A team begins: its place, its plan, its wallet and the credits of its first period."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import Team, User
from sealroom.billing import rules
from sealroom.billing.flows.catalogue import ensure_catalogue
from sealroom.billing.flows.renew import plan_trial_letters
from sealroom.billing.flows.subscription import trial_end
from sealroom.billing.models import CatalogueEdition, Interval, Subscription
from sealroom.billing.queries import edition, offer_of, plan_by_code
from sealroom.credits import flows as credits_flows


@transaction.atomic
def found_team(
    user: User,
    *,
    name: str,
    time_zone: str,
    language: str,
    now: datetime,
    plan: str = "",
    interval: str = Interval.MONTH,
    credits: int | None = None,  # noqa: A002 -- the word of the trade
    is_demo: bool = False,
) -> Team:
    """Make a team with `user` as its admin, on a plan (default: the installation's), with its first credits.

    Billing and credits count from `now`. `credits` is a monthly allowance of the team's own. A plan with trial days ends after
    them. Raises `Invalid` (also for an unknown plan) and `AlreadyInTeam`.
    """
    if not CatalogueEdition.objects.exists():
        ensure_catalogue()
    chosen = plan_by_code(plan or rules.default_plan(settings.SEALROOM_DEFAULT_PLAN, settings.SEALROOM_PAYMENT_GATEWAY))
    team = accounts.create_team(user, name=name, time_zone=time_zone, language=language, now=now, is_demo=is_demo)
    ends_at = trial_end(chosen, now)
    end = rules.cycle_end(now, interval, now)
    Subscription.objects.create(
        team=team,
        plan=chosen,
        interval=interval,
        anchor_at=now,
        credits_override=credits,
        trial_ends_at=ends_at,
        currency=edition().currencies[0],
        billed_until=end,
        arranged_until=end,
    )
    amount = rules.allowance_of(offer_of(chosen), credits)
    credits_flows.open_wallet(team, amount=amount, anchor_at=now, now=now)
    if ends_at is not None:
        credits_flows.set_step(team.pk, 0, effective_at=ends_at, anchor_at=ends_at, now=now)
        plan_trial_letters(team, ends_at)
    return team


@transaction.atomic
def set_up(token: str, *, email: str, password: str, person: str, team: str, time_zone: str, language: str, now: datetime) -> User:
    """Make an installation's first user, an operator, and his team: both or neither, so that a team that cannot be founded leaves
    the one-time link usable. Raises `NotFound` for a link that is used or unknown, and `Invalid`."""
    user = accounts.use_setup_link(
        token, email=email, name=person, password=password, language=language, time_zone=time_zone, now=now
    )
    found_team(user, name=team, time_zone=time_zone, language=language, now=now)
    return user
