# SPDX-License-Identifier: Apache-2.0
"""Refusals of the mail room. Bad input is `core.errors.Invalid`."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class BadMove(DomainError):
    """A message cannot go from its state to that one."""

    code = "mail_bad_move"
