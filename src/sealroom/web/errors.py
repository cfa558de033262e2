# SPDX-License-Identifier: Apache-2.0
"""The one table of this door: the code of a refusal -> status, title, sentence with the facts, and where help is.

Sentences name what happened and what to do, never who is to blame. A code that is missing here is answered as an error of ours,
and `tests/doors/web/test_errors.py` fails, because it asks every `DomainError` of the house for its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sealroom.accounts.rules import Capability
from sealroom.core.errors import DomainError
from sealroom.httpkit.templatetags.kit import human_size, moment_text, number

Words = str | Promise


@dataclass(frozen=True)
class Row:
    """One code's answer. `text` may hold %(fact)s; `link` is (capability that sees it or None, URL name with or without a query,
    words)."""

    status: int
    title: Words
    text: Words
    link: tuple[Capability | None, str, Words] | None = None


@dataclass(frozen=True)
class Refusal:
    """What a person is shown."""

    status: int
    code: str
    title: str
    text: str
    action_url: str = ""
    action_label: str = ""


class SignedOut(DomainError):
    """The session ended while a page was open."""

    code = "signed_out"


_BUY = (Capability.BUY, "web:plan_modify?focus=credits", _("Get more credits"))
_PLAN = (Capability.SEE_BILLING, "web:plan", _("See plan and usage"))

TABLE: dict[str, Row] = {
    # Everybody's
    "not_found": Row(
        404, _("There is nothing here"), _("The link may be incomplete, or what it led to is no longer available to you.")
    ),
    "forbidden": Row(403, _("You may not do this"), _("Ask an admin of your team to do it, or to give you the right.")),
    "invalid": Row(422, _("Something is missing or does not fit"), _("Check what you entered and try again.")),
    "rate_limited": Row(429, _("Too many tries"), _("Try again in %(retry_after)s seconds.")),
    "idempotency_conflict": Row(
        409, _("This was already sent in another form"), _("Reload the page: it shows what was sent. Nothing was charged twice.")
    ),
    "signed_out": Row(
        403,
        _("You were signed out"),
        _("What you typed is still here. Sign in and go on."),
        (None, "account_login", _("Sign in in a new tab")),
    ),
    # Mail programs
    "unknown_user_code": Row(
        404,
        _("No mail program waits under this code"),
        _("Codes live ten minutes and serve once. Begin the sign-in in the mail program again."),
        (None, "web:connect", _("Enter another code")),
    ),
    "too_many_devices": Row(409, _("There are too many of these"), _("At most %(limit)s at one time. Revoke one first.")),
    # Credits and plan
    "insufficient_credits": Row(
        402,
        _("Not enough credits"),
        _(
            "This needs %(needed)s credits and %(available)s are left: %(missing)s are missing. Nothing was sent and nothing "
            "charged. Credits reset on %(resets_at)s."
        ),
        _BUY,
    ),
    "payment_due": Row(402, _("A payment is due"), _("Sending is paused until it has arrived. Ending access always works."), _PLAN),
    "team_suspended": Row(
        403,
        _("Your team is suspended"),
        _("The reason given: %(reason)s. Ask whoever runs this installation. Ending access, exporting and paying always work."),
    ),
    "payment_failed": Row(402, _("The payment did not go through"), _("%(reason)s Nothing was changed."), _PLAN),
    "gateway_down": Row(
        503,
        _("The payment provider does not answer"),
        _("Nothing is charged twice. Look at plan and usage in a few minutes before you try again."),
        _PLAN,
    ),
    "block_term": Row(
        409,
        _("These credits stay for now"),
        _(
            "Credits added in the middle of a cycle stay until a whole cycle was paid for them. Blocks that can go now: "
            "%(removable)s."
        ),
        _PLAN,
    ),
    "quota_in_use": Row(
        409,
        _("More is in use than that would allow"),
        _("In use: %(quotas)s. Remove what is too much, then change the plan."),
        _PLAN,
    ),
    "plan_ended": Row(402, _("The plan has ended"), _("Nothing can be sent until your team has a plan again."), _PLAN),
    "seat_quota": Row(
        403,
        _("Every seat is taken"),
        _("Seats in use: %(used)s of %(limit)s. Remove a member or withdraw an invitation."),
        _PLAN,
    ),
    "room_quota": Row(
        403, _("Every data room is in use"), _("%(used)s of %(limit)s data rooms exist. Delete one that nobody needs."), _PLAN
    ),
    "guest_quota": Row(
        403,
        _("Every guest place is taken"),
        _("%(used)s of %(limit)s guests have a place. Remove somebody from every room, or invite fewer people."),
        _PLAN,
    ),
    "not_a_member": Row(
        403,
        _("Only members of the team lead its data rooms"),
        _("Not in the team: %(addresses)s. Invite them to the team first, or into the room as guests."),
    ),
    "storage_quota": Row(
        403, _("The storage is full"), _("%(used)s of %(limit)s are in use. Delete documents that nobody needs."), _PLAN
    ),
    # Files
    "too_large": Row(413, _("This file is too large"), _("A file may have up to %(limit)s. Split it, or make it smaller.")),
    "too_many_uploads": Row(
        409,
        _("Too many uploads are open"),
        _("%(limit)s have begun and not ended. Finish some, or wait a day: they end by themselves."),
    ),
    "offset_conflict": Row(409, _("This upload goes on elsewhere"), _("Another tab may be sending it. Reload the page.")),
    "checksum_mismatch": Row(460, _("A part of the file arrived damaged"), _("It is sent again. Nothing was kept of it.")),
    "tus_version": Row(412, _("This way of uploading is not known here"), _("Reload the page and choose the file again.")),
    "type_refused": Row(
        415,
        _("This kind of file is not accepted"),
        _("Programs, archives and files that are not what their name says are refused."),
    ),
    "storage_full": Row(503, _("The server has no room left"), _("The file was not kept. Try again later.")),
    "empty_file": Row(422, _("This file is empty"), _("Choose it again, or check it on your computer.")),
    "password_required": Row(
        422,
        _("A file is protected by a password"),
        _("Type its password in the file’s row, or upload a copy without one. Nothing was charged."),
    ),
    "password_wrong": Row(422, _("The password does not open the file"), _("Check how it is written, and try again.")),
    "corrupt": Row(
        422, _("A file is damaged"), _("It could not be read. Save it again and upload the new copy. Nothing was charged.")
    ),
    "converter_missing": Row(
        422, _("This kind of file cannot be shown here"), _("Save it as a PDF and upload that. Nothing was charged.")
    ),
    "infected": Row(
        422,
        _("A virus was found in a file"),
        _("Nobody can open it. Remove it, check your computer and upload a clean copy. Nothing was charged."),
    ),
    "limit_scan": Row(
        422,
        _("A file is too large for the virus scanner"),
        _("Split it into smaller files, or ask whoever runs this installation. Nothing was charged."),
    ),
    "scanner_down": Row(503, _("The virus scanner does not answer"), _("Try again in a few minutes. Nothing was charged.")),
    "limit_pages": Row(422, _("A file has too many pages"), _("Split it into smaller files. Nothing was charged.")),
    "limit_pixels": Row(422, _("An image is too large"), _("Make it smaller and upload it again. Nothing was charged.")),
    "limit_time": Row(422, _("A file takes too long to prepare"), _("Save it as a PDF and upload that. Nothing was charged.")),
    "limit_duration": Row(422, _("A film or sound is too long"), _("Cut it into shorter parts. Nothing was charged.")),
    "media_quota": Row(
        403,
        _("Media bandwidth is used up"),
        _("%(used)s of %(limit)s were sent in this period. It starts anew on %(resets_at)s."),
        _PLAN,
    ),
    "limit_memory": Row(422, _("A file needs too much memory"), _("Save it as a PDF and upload that. Nothing was charged.")),
    "limit_size": Row(422, _("A file grows too large when it is opened"), _("Split it into smaller files. Nothing was charged.")),
    "page_failed": Row(422, _("This page could not be drawn"), _("The other pages are not affected.")),
    "page_missing": Row(404, _("There is no such page"), _("The file has fewer pages.")),
    "blob_missing": Row(500, _("A file is missing in the store"), _("Tell whoever runs this installation.")),
    "blob_corrupt": Row(500, _("A file is damaged in the store"), _("Tell whoever runs this installation.")),
    "workshop_failed": Row(422, _("A file could not be prepared"), _("Save it as a PDF and upload that. Nothing was charged.")),
    "workshop_busy": Row(503, _("Many files are being prepared"), _("Try again in a moment. Nothing was charged.")),
    "workshop_interrupted": Row(503, _("The preparation was interrupted"), _("Try again in a moment. Nothing was charged.")),
    "in_use": Row(
        409,
        _("This document is in use"),
        _("End the sends that hold it first. If it is your terms of access, put another text in force first."),
    ),
    # Data rooms
    "export_running": Row(409, _("An export is being made"), _("Wait until it is ready; then ask for another one.")),
    "question_closed": Row(409, _("The question is closed"), _("Open it again first, or ask a new one.")),
    "questions_off": Row(409, _("This data room takes no questions"), _("Those who lead it can change that in its settings.")),
    "room_closed": Row(
        409, _("Nothing can be changed here"), _("The data room is archived, closed, or in the trash. Open it again first.")
    ),
    "room_full": Row(
        409,
        _("The data room is full"),
        _("A data room holds up to %(limit)s folders and files. Delete what nobody needs from its trash, or open another one."),
    ),
    "too_deep": Row(
        422, _("The folders lie too deep"), _("Folders can lie in one another up to %(limit)s deep. Put this further up.")
    ),
    "too_many_items": Row(422, _("This is too much at once"), _("Up to %(limit)s folders and files go at once. Take fewer.")),
    "cycle": Row(409, _("A folder cannot be put into itself"), _("Choose a folder that does not lie in it.")),
    "name_taken": Row(409, _("This name is taken"), _("Something else in the folder is called “%(name)s”. Choose another name.")),
    # Sends
    "not_ready": Row(409, _("A file is still being prepared"), _("Try again when it is ready. Nothing was charged.")),
    "too_late": Row(409, _("It is too late for that"), _("A send can be cancelled for 15 minutes. You can still end access.")),
    "stale_quote": Row(409, _("The price has changed"), _("Look at the new price and confirm it again. Nothing was charged.")),
    "feature_missing": Row(
        403,
        _("Your plan does not include this setting"),
        _("Switch it off, or have an admin add it to the plan."),
        (Capability.BUY, "web:plan_modify", _("Modify plan")),
    ),
    "stale_draft": Row(409, _("The draft was changed meanwhile"), _("Reload the page to see how it is now. Nothing was sent.")),
    "already_sent": Row(409, _("This was sent already"), _("You find it in Manage Sent Files."), (None, "web:sends", _("Show it"))),
    "not_live": Row(409, _("This send has ended"), _("Give access again, or choose a later end, before you change it.")),
    "prints_used_up": Row(403, _("It was printed as often as allowed"), _("The sender limited how often it may be printed.")),
    "print_over": Row(410, _("This print has ended"), _("Each page of a print goes out once, within ten minutes. Print again.")),
    "document_failed": Row(
        422, _("A file cannot be sent"), _("Its row says why. Remove it and send the others. Nothing was charged.")
    ),
    # People
    "already_in_team": Row(409, _("You belong to a team already"), _("A person has one team at a time.")),
    "already_member": Row(409, _("This person is a member already"), _("You find them in the list of members.")),
    "already_invited": Row(409, _("This address is invited already"), _("Send the invitation again, or withdraw it first.")),
    "last_admin": Row(409, _("A team needs an admin"), _("Make somebody else an admin first.")),
}

# Why no money came (the words of `billing.ports.DECLINES`), as people are told.
DECLINES: dict[str, Words] = {
    "card_declined": _("The card was declined: ask your bank, or pay with another card."),
    "insufficient_funds": _("The card has too little money or credit left: pay with another card."),
    "expired_card": _("The card has expired: save a new one."),
    "authentication_failed": _("Your bank wants you to confirm the payment, and that did not happen."),
    "method_missing": _("No way to pay is saved, or it exists no more: save a card."),
    "processing_error": _("The payment provider could not process it: try again later, or pay with another card."),
    "cancelled": _("The payment was not finished."),
}
QUOTAS: dict[str, Words] = {
    "users": _("users"),
    "data_rooms": _("data rooms"),
    "guests": _("guests"),
    "storage_bytes": _("storage"),
}


def refusal_of(error: DomainError, *, may_see: frozenset[Capability] = frozenset()) -> Refusal:
    """What to answer to a refusal, in the active language and zone. `may_see` decides on links only some may follow."""
    row = TABLE.get(error.code)
    if row is None:
        return Refusal(500, error.code, str(_("Something went wrong")), str(_("Please try again, or write to the support.")))
    title = str(row.title)
    try:
        text = str(row.text) % _said(error.code, error.facts)
    except (KeyError, TypeError, ValueError):
        text = ""
    if row.link and (row.link[0] is None or row.link[0] in may_see):
        route, mark, query = row.link[1].partition("?")
        return Refusal(row.status, error.code, title, text, reverse(route) + mark + query, str(row.link[2]))
    return Refusal(row.status, error.code, title, text)


def answer_refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A page that says it; for htmx a message laid over the page.

    htmx leaves the page alone on 4xx, so its answer is 422 with the place to put it; the true status stands in X-Status.
    """
    actor = getattr(request, "actor", None)
    refusal = refusal_of(error, may_see=actor.capabilities if actor else frozenset())
    context = {
        "refusal": refusal,
        "title": refusal.title,
        "advice": refusal.text,
        "status": refusal.status,
        "code": refusal.code,
        "action_url": refusal.action_url or (reverse("web:send_files") if actor else ""),
        "action_label": refusal.action_label or _("Go to Send Files"),
        "request_id": getattr(request, "request_id", ""),
    }
    if request.headers.get("HX-Request") == "true":
        headers = {
            "HX-Retarget": "#toasts",
            "HX-Reswap": "beforeend",
            "HX-Reselect": "[data-toast]",
            "X-Status": str(refusal.status),
        }
        return HttpResponse(render_to_string("web/_refusal.html", context, request), status=422, headers=headers)
    response = HttpResponse(render_to_string("kit/error.html", context, request), status=refusal.status)
    if error.code == "rate_limited":
        response.headers["Retry-After"] = str(error.facts.get("retry_after", 1))
    return response


def _said(code: str, facts: Mapping[str, object]) -> dict[str, str]:
    return {name: _say(name, value, in_bytes=code in {"too_large", "storage_quota"}) for name, value in facts.items()}


def _say(name: str, value: object, *, in_bytes: bool) -> str:
    if name == "reason" and value in DECLINES:
        return str(DECLINES[str(value)])
    if isinstance(value, list | tuple):
        return ", ".join(_used(one) if name == "quotas" else str(one) for one in value)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return human_size(value) if in_bytes else number(value)
    if name.endswith("_at") and isinstance(value, str):
        value = parse_datetime(value) or value
    if isinstance(value, datetime):
        return moment_text(value, "full")
    return str(value)


def _used(quota: Mapping[str, object]) -> str:
    """ "users: 5 of 3"."""
    code = str(quota.get("quota", ""))
    counts = {name: _say(name, quota.get(name, 0), in_bytes=code == "storage_bytes") for name in ("used", "limit")}
    return gettext("%(quota)s: %(used)s of %(limit)s") % {"quota": QUOTAS.get(code, code), **counts}
