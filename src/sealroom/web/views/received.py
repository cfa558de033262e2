# SPDX-License-Identifier: Apache-2.0
"""Received Files: what others sent to the member's own address. Opening goes through the recipient's door, with its code."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from sealroom.sends import queries
from sealroom.sends.rules import LIVE
from sealroom.web.answers import page
from sealroom.web.gates import MemberRequest, member_required


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The list, newest first."""
    rows = queries.received(request.user, now=timezone.now())
    return page(request, "web/received.html", {"rows": rows, "live": LIVE})
