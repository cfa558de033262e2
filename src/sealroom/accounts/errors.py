# SPDX-License-Identifier: Apache-2.0
"""Refusals of the accounts room."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class LastAdmin(DomainError):
    """A team keeps at least one admin."""

    code = "last_admin"


class AlreadyMember(DomainError):
    """The address belongs to a member of this team."""

    code = "already_member"


class AlreadyInvited(DomainError):
    """The address has an open invitation of this team."""

    code = "already_invited"


class AlreadyInTeam(DomainError):
    """The user has an active place in a team; one at a time."""

    code = "already_in_team"
