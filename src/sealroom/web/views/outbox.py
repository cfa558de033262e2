# SPDX-License-Identifier: Apache-2.0
"""The outbox of an installation without SMTP, for its operator. The HTML part is untrusted: it has an address of its own and a
policy under which nothing in it runs, and nothing but our own mark loads."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sealroom.core.errors import NotFound
from sealroom.mail import queries
from sealroom.web.answers import page
from sealroom.web.gates import UserRequest, operator_required

_SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


@require_GET
@operator_required
def index(request: UserRequest) -> HttpResponse:
    """Messages, newest first."""
    return page(request, "web/outbox/index.html", {"mails": queries.list_outbox()})


@require_GET
@operator_required
def mail(request: UserRequest, mail_id: str) -> HttpResponse:
    """One message: text, and the HTML part in a sandboxed frame, the only one any page of ours may hold."""
    response = page(request, "web/outbox/mail.html", {"mail": queries.read_outbox(mail_id), "mail_id": mail_id})
    response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]  # noqa: SLF001 -- what csp_update does
    return response


@require_GET
@operator_required
def html_part(request: UserRequest, mail_id: str) -> HttpResponse:
    """The HTML part alone, as its reader's mail program would get it."""
    message = queries.read_outbox(mail_id)
    if not message.html:
        raise NotFound(kind="mail")
    return HttpResponse(message.html, headers={"X-Frame-Options": "SAMEORIGIN", "Content-Security-Policy": _SANDBOX})
