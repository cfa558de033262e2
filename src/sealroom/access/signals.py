# SPDX-License-Identifier: Apache-2.0
"""News of access for the rooms above."""

from __future__ import annotations

from django.dispatch import Signal

link_opened = Signal()
"""A link's documents were asked for by an admitted reader for the first time: `link_id` (int), `grant_id` (int; None for the words
beside them), `now`. Sent within the transaction that records it."""

admission_refused = Signal()
"""Someone was not admitted: `link_id` (int), `grant_id` (int | None), `reason` (str), `address` (str,
"" = not proved), `ip` (str), `now`."""
