# SPDX-License-Identifier: Apache-2.0
"""Deeds of the accounts room, one file for each kind."""

from sealroom.accounts.flows.app_passwords import make_app_password, revoke_app_password, sign_in_by_app_password
from sealroom.accounts.flows.devices import (
    Asked,
    Tokens,
    answer_device,
    ask_for_device,
    end_by_token,
    exchange_code,
    find_request,
    refresh_tokens,
    revoke_device,
)
from sealroom.accounts.flows.invite import accept_invitation, invite_member, resend_invitation, withdraw_invitation
from sealroom.accounts.flows.keys import create_key, revoke_key
from sealroom.accounts.flows.profile import update_profile
from sealroom.accounts.flows.setup import add_operator, make_setup_link, make_user, use_setup_link
from sealroom.accounts.flows.team import (
    add_member,
    change_role,
    create_team,
    remove_member,
    resume_team,
    suspend_team,
    update_team,
)

__all__ = [
    "Asked",
    "Tokens",
    "accept_invitation",
    "add_member",
    "add_operator",
    "answer_device",
    "ask_for_device",
    "change_role",
    "create_key",
    "create_team",
    "end_by_token",
    "exchange_code",
    "find_request",
    "invite_member",
    "make_app_password",
    "make_setup_link",
    "make_user",
    "refresh_tokens",
    "remove_member",
    "resend_invitation",
    "resume_team",
    "revoke_app_password",
    "revoke_device",
    "revoke_key",
    "sign_in_by_app_password",
    "suspend_team",
    "update_profile",
    "update_team",
    "use_setup_link",
    "withdraw_invitation",
]
