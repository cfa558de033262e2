# SPDX-License-Identifier: Apache-2.0
"""Deeds of the accounts room, one file for each kind."""

from sealroom.accounts.flows.invite import accept_invitation, invite_member, resend_invitation, withdraw_invitation
from sealroom.accounts.flows.keys import create_key, revoke_key
from sealroom.accounts.flows.profile import update_profile
from sealroom.accounts.flows.setup import add_operator, make_setup_link, make_user, use_setup_link
from sealroom.accounts.flows.team import add_member, change_role, create_team, remove_member, update_team

__all__ = [
    "accept_invitation",
    "add_member",
    "add_operator",
    "change_role",
    "create_key",
    "create_team",
    "invite_member",
    "make_setup_link",
    "make_user",
    "remove_member",
    "resend_invitation",
    "revoke_key",
    "update_profile",
    "update_team",
    "use_setup_link",
    "withdraw_invitation",
]
