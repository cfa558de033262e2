# SPDX-License-Identifier: Apache-2.0
"""What is done with plans and seats."""

from sealroom.billing.flows.catalogue import catalogue_of_installation, ensure_catalogue
from sealroom.billing.flows.found import found_team, set_up
from sealroom.billing.flows.plan import change_plan_now, schedule_plan, set_plan, set_quotas
from sealroom.billing.flows.seats import invite_member

__all__ = [
    "catalogue_of_installation",
    "change_plan_now",
    "ensure_catalogue",
    "found_team",
    "invite_member",
    "schedule_plan",
    "set_plan",
    "set_quotas",
    "set_up",
]
