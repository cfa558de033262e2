# SPDX-License-Identifier: Apache-2.0
"""News of documents for the rooms above. Fired at least once: receivers must stand a repetition."""

from __future__ import annotations

from django.dispatch import Signal

version_ready = Signal()
"""`version_id`: the version's pages are known and page 1 can be read."""

version_failed = Signal()
"""`version_id`: the version cannot be viewed nor sent; its `error_code` says why."""
