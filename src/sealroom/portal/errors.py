# SPDX-License-Identifier: Apache-2.0
"""What recipients are told: one table from a refusal's code to status, sentence and, where something can be done, the gate."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.access.errors import NotAdmitted
from sealroom.core.errors import DomainError

Words = str | Promise
ASK_SENDER = _("Ask the sender if you still need these documents.")


@dataclass(frozen=True)
class Refusal:
    """How a door answers: `gate` names the hurdle that can still be taken ("" when none can)."""

    status: int
    title: Words
    advice: Words
    gate: str = ""
    may_ask: bool = False  # the sender could be asked for access


NOTHING = Refusal(
    404, _("There is nothing here"), _("The link may be incomplete, or this is not for you. Open the link in your e-mail again.")
)
REFUSALS: dict[str, Refusal] = {
    # Verdicts of admission; all but "email" are told only to a browser that proved the address.
    "email": Refusal(
        401, _("Confirm your address again"), _("For your protection you are asked for a code after a while."), gate="email"
    ),
    "not_found": NOTHING,
    "revoked": Refusal(410, _("The sender has ended access."), ASK_SENDER, may_ask=True),
    "expired": Refusal(410, _("Access has expired."), ASK_SENDER, may_ask=True),
    "withheld": Refusal(403, _("This is not available."), _("Ask the sender, who can tell you why.")),
    "team_suspended": Refusal(403, _("This is not available."), _("Ask the sender, who can tell you why.")),
    "infected": Refusal(422, _("This file is not available."), _("A virus was found in it. Ask the sender for another copy.")),
    "not_started": Refusal(
        403, _("Access has not started yet."), _("Come back at the time the sender has set. The same link will work."), gate="start"
    ),
    "used_up": Refusal(410, _("You have opened this as often as the sender allows."), ASK_SENDER, may_ask=True),
    "domain": Refusal(
        403,
        _("Your address is not among those admitted."),
        _("The sender shares these documents with certain organisations only. Another address of yours may be admitted."),
        gate="domain",
        may_ask=True,
    ),
    "ip": Refusal(
        403,
        _("This cannot be opened from where you are."),
        _("The sender allows certain networks only, such as an office's."),
        gate="ip",
    ),
    "country": Refusal(
        403, _("This cannot be opened from where you are."), _("The sender allows certain countries only."), gate="ip"
    ),
    "passcode": Refusal(
        403, _("A passcode is needed"), _("The sender has set a passcode and tells it to you by another way."), gate="passcode"
    ),
    "terms": Refusal(403, _("Terms have to be accepted"), _("Read and accept the sender's terms to go on."), gate="nda"),
    # Passcode and terms, prints.
    "passcode_wrong": Refusal(422, _("This is not the passcode."), _("Check capitals and blanks, and try again.")),
    "terms_stale": Refusal(409, _("The terms have changed meanwhile."), _("Please read the new text."), gate="nda"),
    "prints_used_up": Refusal(
        403, _("You have printed this as often as the sender allows."), _("You can still read it here."), gate="rights"
    ),
    # Rights and requests.
    "forbidden": Refusal(
        403,
        _("The sender does not allow this."),
        _("You can read the document here; what else you may do stands above its pages."),
        gate="rights",
    ),
    "print_over": Refusal(
        410, _("This print has ended."), _("Each page of a print goes out once, within ten minutes. Print again.")
    ),
    "invalid": Refusal(400, _("This request could not be read"), _("Go back, check what you entered and try again.")),
    "media_quota": Refusal(
        403, _("This cannot be played at the moment."), _("The sender’s plan is used up for now. Tell the sender."), gate="rights"
    ),
    "rate_limited": Refusal(429, _("Too many tries"), _("Wait a little and try again.")),
    "page_failed": Refusal(
        422, _("This page could not be shown."), _("The other pages are not affected. Try again, or ask the sender.")
    ),
    "workshop_busy": Refusal(503, _("The server is busy"), _("Try again in a few seconds.")),
    "workshop_interrupted": Refusal(503, _("The server is busy"), _("Try again in a few seconds.")),
    "not_ready": Refusal(409, _("This file is still being prepared."), _("Try again in a few seconds.")),
    # Data rooms.
    "question_closed": Refusal(409, _("This question is closed."), _("Ask a new one if something is still open.")),
    "questions_off": Refusal(409, _("This data room takes no questions."), _("Write to whoever invited you.")),
    "guest_quota": Refusal(
        403, _("There is no place left in this data room."), _("Ask who gave you the link to make room for you.")
    ),
    "storage_quota": Refusal(403, _("There is no room for this file."), _("Nothing was kept. Tell the owner of the data room.")),
    "storage_full": Refusal(503, _("The server has no room left."), _("The file was not kept. Try again later.")),
    "too_large": Refusal(413, _("This file is too large."), _("Split it, or make it smaller.")),
    "type_refused": Refusal(
        422, _("Files of this kind are not taken."), _("Programs and archives cannot be shown. Choose a document.")
    ),
    "offset_conflict": Refusal(409, _("This upload goes on elsewhere."), _("Another tab may be sending it. Reload the page.")),
    "checksum_mismatch": Refusal(460, _("A part of the file arrived damaged."), _("It is sent again. Nothing was kept of it.")),
    "tus_version": Refusal(412, _("This way of uploading is not known here."), _("Reload the page and choose the file again.")),
    "room_closed": Refusal(
        409, _("Nothing can be changed here any more."), _("The data room is archived. You can still read what is there.")
    ),
    "room_full": Refusal(409, _("The data room is full."), _("Tell whoever invited you.")),
    "too_many_uploads": Refusal(409, _("Too many uploads are open."), _("Try again in an hour.")),
    "too_deep": Refusal(422, _("The folders lie too deep in one another."), _("Put this into a folder further up.")),
    "too_many_items": Refusal(422, _("This is too much at once."), _("Take fewer folders and files.")),
    "cycle": Refusal(409, _("A folder cannot be put into itself."), _("Choose a folder that does not lie in it.")),
    "name_taken": Refusal(409, _("This name is taken."), _("Choose another name.")),
    # The code.
    "code_wrong": Refusal(422, _("This is not the code we sent."), _("Check the digits and try again.")),
    "code_expired": Refusal(422, _("This code has expired."), _("Ask for another one.")),
    "code_worn_out": Refusal(429, _("This code can no longer be used."), _("It was tried too often. Ask for another one.")),
}
FAULT = Refusal(500, _("Something went wrong on our side"), _("Try again in a moment."))


def code_of(error: DomainError) -> str:
    """The stable code of a refusal; of "not admitted" it is the reason."""
    return error.reason if isinstance(error, NotAdmitted) else error.code


def refusal_for(error: DomainError) -> Refusal:
    """The row of the table. A code that nobody foresaw is answered as a fault of ours, not as a leak of its name."""
    return REFUSALS.get(code_of(error), FAULT)


def retry_after(error: DomainError) -> str:
    """Seconds for the header of that name, or ""."""
    seconds = error.facts.get("retry_after")
    return str(seconds) if isinstance(seconds, int) else ""
