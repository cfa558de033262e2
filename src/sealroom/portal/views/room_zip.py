# SPDX-License-Identifier: Apache-2.0
"""Many files of a room as one archive."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sealroom.datarooms import flows as rooms
from sealroom.datarooms.flows import LeftOut, Reason, Request
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import onward_status, page_view
from sealroom.portal.names import archive_name
from sealroom.portal.room_pages import visit
from sealroom.portal.views.pages import attachment


@require_POST
@page_view
def archive(request: HttpRequest, *, link_id: str) -> HttpResponseBase:
    """The items that were ticked (`items`), a folder's (`folder`), or with `all` everything the guest may take along."""
    visit(request, link_id)  # his language, and the gate he stands before
    chosen = [] if "all" in request.POST else request.POST.getlist("items")
    if "all" not in request.POST and not chosen:
        folder = request.POST.get("folder", "")
        where = urlencode({"folder": folder, "none": ""} if folder else {"none": ""})
        return onward_status(redirect(f"{reverse('portal:room', args=[link_id])}?{where}"))
    language = get_language() or "en"

    def report(left: Sequence[LeftOut]) -> str:
        with translation.override(language):  # the archive is written after the request's own language has ended
            return _report(left)

    asked = Request(visitor_cookie(request), link_id, client_address(request))
    name, chunks = rooms.pack(asked, chosen, report=report)
    return attachment(chunks, archive_name(name), "application/zip")


def _report(left: Sequence[LeftOut]) -> str:
    reasons = {
        Reason.NOT_ALLOWED: _("may only be read in the data room"),
        Reason.ENDED: _("access to it ended while this archive was made"),
        Reason.UNREADY: _("there is no copy of it that could be given"),
        Reason.FAULT: _("it could not be read at the moment"),
    }
    lines = [f"{one.number} {one.name}".strip() + f": {reasons[one.reason]}" for one in left]
    return "\r\n".join([_("These files are not in the archive:"), "", *lines, ""])
