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


class DeviceRefused(DomainError):
    """A client gets no tokens (yet): the code is one of RFC 8628 and RFC 6749, `interval` the seconds to leave between two
    questions."""

    code = "invalid_grant"


class AuthorizationPending(DeviceRefused):
    """The member has not answered yet."""

    code = "authorization_pending"


class SlowDown(DeviceRefused):
    """Asked again too soon."""

    code = "slow_down"


class AccessDenied(DeviceRefused):
    """The member said no."""

    code = "access_denied"


class ExpiredToken(DeviceRefused):
    """The member did not answer in time."""

    code = "expired_token"


class UnknownUserCode(DomainError):
    """No client waits under this code (any more)."""

    code = "unknown_user_code"


class TeamSuspended(DomainError):
    """The operator suspended the team: nothing goes out and nothing comes in until he resumes it (`reason`)."""

    code = "team_suspended"


class TooManyDevices(DomainError):
    """The member has as many devices or app passwords as allowed: `limit`."""

    code = "too_many_devices"
