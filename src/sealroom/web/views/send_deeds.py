# SPDX-License-Identifier: Apache-2.0
"""What is done to a send that went out: end and give back access, remind, take somebody off, call it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sealroom.httpkit.templatetags.kit import credit_count as said_credits
from sealroom.sends import flows
from sealroom.web import wording
from sealroom.web.answers import safe_next, wants_part
from sealroom.web.gates import MemberRequest, member_required
from sealroom.web.views.sends import answer


@require_POST
@member_required
def revoke(request: MemberRequest, send_id: str) -> HttpResponse:
    """End access: of all, of one person, or to one file. An open page closes with the next one."""
    people, files = _named(request)
    flows.revoke(request.actor, send_id, recipients=people, documents=files, now=timezone.now())
    if people:
        said = _("Access ended for %(who)s") % {"who": request.POST.get("who", "")}
    elif files:
        said = _("Access ended to %(who)s") % {"who": request.POST.get("who", "")}
    else:
        said = _("Access ended for everybody")
    return _answer(request, send_id, said, undo="web:restore")


@require_POST
@member_required
def restore(request: MemberRequest, send_id: str) -> HttpResponse:
    """Give access back."""
    people, files = _named(request)
    result = flows.restore(request.actor, send_id, recipients=people, documents=files, now=timezone.now())
    said = _("Access is given again")
    if result.charged:
        said = _("Access is given again, for %(credits)s") % {"credits": said_credits(result.charged)}
    return _answer(request, send_id, said)


@require_POST
@member_required
def remind(request: MemberRequest, send_id: str) -> HttpResponse:
    """Write again to those named, or to all who opened nothing. Free."""
    people, _files = _named(request)
    count = flows.remind(request.actor, send_id, recipients=people, now=timezone.now())
    said = _("Reminded: %(people)s") % {"people": wording.people(count)} if count else _("Nobody is left to remind")
    return _answer(request, send_id, said)


@require_POST
@member_required
def remove_recipient(request: MemberRequest, send_id: str, recipient_id: str) -> HttpResponse:
    """Take a person off for good."""
    flows.remove_recipient(request.actor, send_id, recipient_id, now=timezone.now())
    return _answer(request, send_id, _("Removed: %(who)s") % {"who": request.POST.get("who", "")})


@require_POST
@member_required
def cancel(request: MemberRequest, send_id: str) -> HttpResponse:
    """Call a send back within 15 minutes; gives back what nobody opened."""
    result = flows.cancel(request.actor, send_id, now=timezone.now())
    back = result.returned
    said = _("The send is cancelled.")
    if back > 0:
        said = ngettext(
            "The send is cancelled. %(n)s credit came back.", "The send is cancelled. %(n)s credits came back.", back
        ) % {"n": back}
    return _answer(request, send_id, said)


def _named(request: MemberRequest) -> tuple[list[str], list[str]]:
    return request.POST.getlist("recipient"), request.POST.getlist("document")


def _answer(request: MemberRequest, send_id: str, said: str, *, undo: str = "") -> HttpResponse:
    if wants_part(request):
        view, undo_url = request.POST.get("view", "row"), reverse(undo, args=[send_id]) if undo else ""
        return answer(request, send_id, view=view, now=timezone.now(), said=said, undo=undo_url)
    messages.success(request, said)
    return redirect(safe_next(request, reverse("web:send", args=[send_id])))
