# SPDX-License-Identifier: Apache-2.0
"""News of viewing for the rooms above."""

from __future__ import annotations

from django.dispatch import Signal

first_opened = Signal()
"""`grant_id`: this grant's document was opened for the first time. Once per grant; fired inside the transaction that wrote it, so
that what a receiver writes or defers stands or falls with it."""
