# SPDX-License-Identifier: Apache-2.0
"""News of the accounts room for the rooms above."""

from django.dispatch import Signal

# A member's place ended. Keyword arguments: team_id (int), user_id (int), now (datetime). Sent in the transaction that ends it.
member_removed = Signal()
