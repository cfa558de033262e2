# SPDX-License-Identifier: Apache-2.0
"""The API's one table from refusal codes to statuses and sentences (RFC 9457 problem+json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from sealroom.accounts.rules import Actor
from sealroom.core.errors import DomainError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# code: (status, sentence). The sentence says what happened and what to do; numbers stand beside it as facts. docs/api/errors.md
# lists the same codes.
TABLE: Mapping[str, tuple[int, _StrPromise]] = {
    "invalid": (400, gettext_lazy("Some fields are not as they must be; 'errors' names them.")),
    "authorization_pending": (400, gettext_lazy("The sign-in has not been confirmed in the browser yet; ask again.")),
    "slow_down": (400, gettext_lazy("You ask too often; leave 'interval' seconds between two questions.")),
    "access_denied": (400, gettext_lazy("The sign-in was refused in the browser.")),
    "expired_token": (400, gettext_lazy("The sign-in was not confirmed in time; begin again.")),
    "invalid_grant": (400, gettext_lazy("This code or token is not valid any more; sign in again.")),
    "bad_signature": (400, gettext_lazy("The message does not prove where it comes from.")),
    "unauthenticated": (401, gettext_lazy("Send a valid API key as 'Authorization: Bearer …'.")),
    "signed_out": (401, gettext_lazy("Sign in to go on.")),
    "insufficient_credits": (402, gettext_lazy("Too few credits are left; nothing was sent and nothing was charged.")),
    "payment_due": (402, gettext_lazy("A payment is due; an admin can settle it under Billing.")),
    "payment_failed": (402, gettext_lazy("The payment did not go through; nothing was changed. 'reason' says why.")),
    "forbidden": (403, gettext_lazy("Your role or the scopes of this key do not allow this.")),
    "team_suspended": (403, gettext_lazy("The team is suspended; ask whoever runs this installation. 'reason' says why.")),
    "plan_required": (403, gettext_lazy("The team's plan does not include this.")),
    "feature_missing": (403, gettext_lazy("The team's plan does not include this setting; 'feature' names it.")),
    "room_quota": (403, gettext_lazy("All data rooms of the plan are in use.")),
    "guest_quota": (403, gettext_lazy("All guest places of the plan are in use.")),
    "sender_not_allowed": (403, gettext_lazy("The mail may not come from this address; 'senders' lists those you proved.")),
    "external_blocked": (403, gettext_lazy("Your team sends to its own domains only; 'addresses' names those elsewhere.")),
    "not_a_member": (403, gettext_lazy("Only members of the team lead its data rooms; 'addresses' names who is none.")),
    "seat_quota": (403, gettext_lazy("All seats of the plan are in use.")),
    "storage_quota": (403, gettext_lazy("The plan's storage is full; delete documents or get more.")),
    "media_quota": (403, gettext_lazy("Readers were sent all the audio and video of the plan in this period.")),
    "last_admin": (403, gettext_lazy("A team keeps at least one admin; make somebody else an admin first.")),
    "not_admitted": (403, gettext_lazy("Access was not given.")),
    "code_wrong": (403, gettext_lazy("The code is not the one that was sent.")),
    "code_expired": (403, gettext_lazy("The code has expired; ask for a new one.")),
    "code_worn_out": (403, gettext_lazy("The code is used up; ask for a new one.")),
    "passcode_wrong": (403, gettext_lazy("The passcode is not the one in force.")),
    "prints_used_up": (403, gettext_lazy("The document was printed as often as its sender allows.")),
    "print_over": (410, gettext_lazy("The print job has ended; each of its pages goes out once, within ten minutes.")),
    "unknown_user_code": (404, gettext_lazy("No mail program waits under this code.")),
    "not_found": (404, gettext_lazy("There is no such thing here.")),
    "page_missing": (404, gettext_lazy("The document has no page of this number.")),
    "method_not_allowed": (405, gettext_lazy("This address takes other methods; the header 'Allow' names them.")),
    "idempotency_conflict": (409, gettext_lazy("This Idempotency-Key was used for another request; use a new one.")),
    "stale_quote": (409, gettext_lazy("Prices or amounts changed meanwhile; ask for a new quote.")),
    "block_term": (409, gettext_lazy("These credits stay until a whole billing cycle was paid for them; 'until' says when.")),
    "quota_in_use": (409, gettext_lazy("More is in use than the smaller plan allows; 'quotas' names what.")),
    "not_ready": (409, gettext_lazy("A document is still being prepared; try again when its state is 'ready'.")),
    "export_running": (409, gettext_lazy("Another export of this data room is being made.")),
    "question_closed": (409, gettext_lazy("The question is closed; nothing can be added to it.")),
    "questions_off": (409, gettext_lazy("This data room takes no questions.")),
    "room_closed": (409, gettext_lazy("Nothing can be changed in this data room: it is archived, closed, or in the trash.")),
    "cycle": (409, gettext_lazy("A folder cannot be put into itself.")),
    "name_taken": (409, gettext_lazy("Something else in this folder has that name; 'name' tells which.")),
    "room_full": (409, gettext_lazy("A data room holds no more folders and files than 'limit'.")),
    "too_many_uploads": (409, gettext_lazy("Too many uploads have begun and not ended; finish some or end them (DELETE).")),
    "offset_conflict": (409, gettext_lazy("The upload stands elsewhere; ask for its offset (HEAD) and go on from there.")),
    "too_late": (409, gettext_lazy("This can no longer be cancelled; revoke it instead.")),
    "terms_stale": (409, gettext_lazy("Other terms are in force meanwhile; show them before they are accepted.")),
    "too_many_devices": (409, gettext_lazy("No more than 'limit' of these at one time; revoke one first.")),
    "in_use": (
        409,
        gettext_lazy(
            "This document is in use, as 'where' tells; end those sends first or pass end_sends=true, withdraw terms first."
        ),
    ),
    "already_sent": (409, gettext_lazy("This is not a draft any more; read it under /sends.")),
    "stale_draft": (409, gettext_lazy("The draft was changed meanwhile; read it again, then send its 'revision'.")),
    "not_live": (409, gettext_lazy("This send has not gone out or has ended; restore it or set a later end first.")),
    "already_member": (409, gettext_lazy("This address belongs to a member of the team.")),
    "already_invited": (409, gettext_lazy("This address has an open invitation; withdraw it first.")),
    "already_in_team": (409, gettext_lazy("This user belongs to a team already.")),
    "mail_bad_move": (409, gettext_lazy("This mail has gone out or was given up.")),
    "gone": (410, gettext_lazy("Access has ended.")),
    "tus_version": (412, gettext_lazy("Send 'Tus-Resumable: 1.0.0'; no other version is spoken here.")),
    "too_large": (413, gettext_lazy("The file or message is larger than allowed.")),
    "too_many_files": (413, gettext_lazy("One mail has no more files than 'limit'.")),
    "too_many_recipients": (413, gettext_lazy("One mail goes to no more recipients than 'limit'.")),
    "type_refused": (415, gettext_lazy("This kind of file is not accepted, or its content belies its name.")),
    "invalid_recipient": (422, gettext_lazy("Some recipients cannot be written to; 'recipients' lists them.")),
    "no_recipients": (422, gettext_lazy("Add at least one recipient.")),
    "nothing_to_protect": (422, gettext_lazy("Add a file, or protect the text.")),
    "too_deep": (422, gettext_lazy("Folders lie no deeper in one another than 'limit'.")),
    "too_many_items": (422, gettext_lazy("One request is about no more folders and files than 'limit'.")),
    "password_required": (422, gettext_lazy("The file is protected by a password; give it to /documents/{id}/unlock.")),
    "password_wrong": (422, gettext_lazy("The password does not open the file; try another.")),
    "corrupt": (422, gettext_lazy("The file cannot be read; check it in the program that made it and upload again.")),
    "converter_missing": (
        422,
        gettext_lazy(
            "This server cannot convert this kind of file; upload it as PDF, or send it with the right to download the original."
        ),
    ),
    "unviewable": (422, gettext_lazy("This file cannot be shown page by page; send it with the right to download the original.")),
    "infected": (422, gettext_lazy("A virus was found in the file; remove it, and send a clean copy. 'signature' names it.")),
    "limit_scan": (422, gettext_lazy("The file is larger than the virus scanner takes; split it, or ask your operator.")),
    "limit_pages": (422, gettext_lazy("The file has more pages than allowed.")),
    "limit_pixels": (422, gettext_lazy("The image has more pixels than allowed.")),
    "limit_size": (422, gettext_lazy("The file, or what it unpacks to, is larger than allowed.")),
    "limit_time": (422, gettext_lazy("Preparing the file took longer than allowed.")),
    "limit_duration": (422, gettext_lazy("The film or sound plays longer than allowed.")),
    "limit_memory": (422, gettext_lazy("Preparing the file needs more memory than allowed.")),
    "page_failed": (422, gettext_lazy("This page cannot be drawn.")),
    "workshop_failed": (422, gettext_lazy("The file could not be prepared; upload it again, or as PDF.")),
    "document_failed": (422, gettext_lazy("A document could not be prepared; its 'error' says why.")),
    "document_deleted": (422, gettext_lazy("A document of this send was deleted.")),
    "checksum_mismatch": (460, gettext_lazy("The bytes that came are not those of the checksum; send them again.")),
    "rate_limited": (429, gettext_lazy("Too many requests; wait and try again.")),
    "blob_missing": (500, gettext_lazy("Stored bytes are missing; tell your operator the request id.")),
    "blob_corrupt": (500, gettext_lazy("Stored bytes are damaged; tell your operator the request id.")),
    "error": (500, gettext_lazy("Something went wrong on our side; try again or write to support with the request id.")),
    "busy": (503, gettext_lazy("The server is busy; nothing was changed. Try again in a few seconds.")),
    "gateway_down": (
        503,
        gettext_lazy("The payment provider does not answer; nothing is charged twice. Try again in a few minutes."),
    ),
    "scanner_down": (503, gettext_lazy("The virus scanner does not answer; nothing was taken. Try again in a few minutes.")),
    "workshop_busy": (503, gettext_lazy("Too many files are being prepared; try again in a few seconds.")),
    "workshop_interrupted": (503, gettext_lazy("Preparing the file was interrupted; try again in a few seconds.")),
    "storage_full": (503, gettext_lazy("The server has no room for files left; nothing was changed.")),
}
_LIMIT = (422, gettext_lazy("The file is beyond a limit; the facts name it."))
PROBLEM_TYPE = "application/problem+json"
RETRY_STATUSES = {429, 503}
RETRY_SECONDS = 2  # when the refusal does not say


def entry_for(code: str) -> tuple[int, _StrPromise]:
    """Status and sentence of a code; limits that have no sentence of their own share one."""
    return TABLE.get(code) or (_LIMIT if code.startswith("limit_") else TABLE["error"])


def problem(request: HttpRequest, code: str, facts: Mapping[str, object] | None = None) -> HttpResponse:
    """The refusal as problem+json, with the facts as members beside it."""
    status, sentence = entry_for(code)
    facts = dict(facts or {})
    body: dict[str, object] = {
        "type": f"urn:sealroom:error:{code}",
        "title": str(sentence),
        "status": status,
        "code": code,
        "request_id": getattr(request, "request_id", ""),
    }
    body |= {name: value for name, value in facts.items() if name not in body}
    response = HttpResponse(json.dumps(body, default=str), status=status, content_type=PROBLEM_TYPE)
    if status in RETRY_STATUSES:
        response.headers["Retry-After"] = str(facts.get("retry_after", RETRY_SECONDS))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sealroom"'
    return response


def problem_for(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a room's refusal."""
    code, facts = error.code, dict(error.facts)
    if code == "document_failed":
        code = str(facts.pop("error", "")) or code
    elif code == "not_ready" and facts.get("reason") == "unviewable":
        code = "unviewable"
    focus = {"insufficient_credits": "credits", "feature_missing": str(facts.get("feature", ""))}.get(code)
    if focus is not None and _is_admin(request):
        facts["buy_url"] = settings.SEALROOM_BASE_URL + reverse("web:plan_modify") + f"?focus={focus}"
    return problem(request, code, facts)


def _is_admin(request: HttpRequest) -> bool:
    actor = getattr(request, "auth", None)
    return isinstance(actor, Actor) and actor.role == "admin"
