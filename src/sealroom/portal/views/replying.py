# SPDX-License-Identifier: Apache-2.0
"""Writing back to the sender of a mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sealroom.core.errors import DomainError, RateLimited
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import onward_status, page_view
from sealroom.portal.errors import retry_after
from sealroom.portal.views.files import show
from sealroom.sends import flows as sends
from sealroom.sends.flows import Incoming

CHUNK = 256 * 1024
_REFUSED = {"type_refused", "too_large", "storage_quota", "storage_full", "invalid", "rate_limited"}


@require_POST
@page_view
def reply(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """Take a reply in; what cannot be taken stands beside the form, with what was written still in it."""
    text = request.POST.get("text", "")
    files = [Incoming(file.name or "", file.size or 0, file.chunks(CHUNK)) for file in request.FILES.getlist("files")]
    try:
        sends.reply(visitor_cookie(request), link_id, text=text, files=files, ip=client_address(request), now=timezone.now())
    except DomainError as error:
        if error.code not in _REFUSED:
            raise
        status = 429 if isinstance(error, RateLimited) else 422
        response = show(request, link_id, status=status, reply_text=text, reply_error=_sentence(error))
        if seconds := retry_after(error):
            response.headers["Retry-After"] = seconds
        return response
    return onward_status(redirect(reverse("portal:files", kwargs={"link_id": link_id}) + "?list&replied#reply"))


def _sentence(error: DomainError) -> str:
    if error.code == "rate_limited":
        return _("You have replied very often. Try again later.")
    if error.code == "type_refused":
        return _("This kind of file is not accepted.")
    if error.code in {"storage_quota", "storage_full"}:
        return _("The reply cannot be taken in now. Write to the sender.")
    reasons = error.facts.get("errors")
    if isinstance(reasons, dict) and "text" in reasons:
        is_long = "too_long" in reasons["text"]
        return _("This is too long: at most 10,000 characters.") if is_long else _("Write something, or add a file.")
    return _("Too many files, or they are too large.")
