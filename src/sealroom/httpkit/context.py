# SPDX-License-Identifier: Apache-2.0
"""What every template may show of the installation itself."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, object]:
    """Support address, host, theme of the reader."""
    return installation() | {"theme": getattr(getattr(request, "user", None), "theme", "") or ""}


def installation() -> dict[str, object]:
    """What is known without asking the database."""
    return {
        "product_name": "Sealroom",
        "support_address": settings.SEALROOM_SUPPORT_ADDRESS,
        "base_url": settings.SEALROOM_BASE_URL,
    }
