# SPDX-License-Identifier: Apache-2.0
"""Received Files: what others sent to the member's own address. Opening goes through the recipient's door, with its code."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sealroom.sends import queries
from sealroom.sends.queries import ReceivedRow
from sealroom.sends.rules import State
from sealroom.web.answers import page
from sealroom.web.gates import MemberRequest, member_required
from sealroom.web.wording import Badge


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The list, newest first, by search and page."""
    search = request.GET.get("q", "").strip()[:200]
    found = queries.list_received(request.actor, search=search, cursor=request.GET.get("cursor", ""), now=timezone.now())
    context = {
        "rows": [(row, _badge(row)) for row in found.items],
        "search": search,
        "next_url": "?" + urlencode({"q": search, "cursor": found.next}) if found.next else "",
    }
    return page(request, "web/received.html", context)


def _badge(row: ReceivedRow) -> Badge | None:
    """What to know of one that cannot simply be opened, or was not yet."""
    if row.state == State.SCHEDULED:
        return Badge("neutral", "calendar", _("Not open yet"))
    if not row.is_live:
        return Badge("neutral", "clock" if row.state == State.EXPIRED else "ban", _("Ended"))
    return None if row.first_opened_at else Badge("accent", "", _("New"))
