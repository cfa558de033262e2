# SPDX-License-Identifier: Apache-2.0
"""How allauth meets the house: mail goes through the mail room, addresses are canonical."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Overrides follow."""
