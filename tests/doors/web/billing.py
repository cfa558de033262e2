# SPDX-License-Identifier: Apache-2.0
"""What the tests of the billing pages share: addresses, the words of a page, and the key in its form."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

PLAN, MODIFY, PREVIEW, INVOICES, DETAILS = (
    "/admin/plan/", "/admin/plan/modify/", "/admin/plan/preview/", "/admin/billing/invoices/", "/admin/billing/details/",
)  # fmt: skip
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
MID = datetime(2026, 11, 16, 8, tzinfo=UTC)  # half of the 30-day cycle
NEXT = datetime(2026, 12, 1, 8, tzinfo=UTC)


def words(response: Any) -> str:
    """The words of a page, tags and runs of space left out."""
    page = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ").replace("\u202f", " ")
    return re.sub(r"\s+([,.])", r"\1", re.sub(r"\s+", " ", text)).strip()


def key_of(response: Any) -> str:
    """The idempotency key in a page's form."""
    found = re.search(r'name="key" value="([^"]+)"', response.content.decode())
    assert found is not None
    return found.group(1)
