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


NOTHING = Refusal(
    404, _("There is nothing here"), _("The link may be incomplete, or this is not for you. Open the link in your e-mail again.")
)
REFUSALS: dict[str, Refusal] = {
    # Verdicts of admission; all but "email" are told only to a browser that proved the address.
    "email": Refusal(
        401, _("Confirm your address again"), _("For your protection you are asked for a code after a while."), gate="email"
    ),
    "not_found": NOTHING,
    "revoked": Refusal(410, _("The sender has ended access."), ASK_SENDER),
    "expired": Refusal(410, _("Access has expired."), ASK_SENDER),
    "not_started": Refusal(
        403, _("Access has not started yet."), _("Come back at the time the sender has set. The same link will work."), gate="start"
    ),
    # Rights and requests.
    "forbidden": Refusal(
        403, _("Downloading is not allowed."), _("The sender lets you read this document here, not keep a copy."), gate="rights"
    ),
    "invalid": Refusal(400, _("This request could not be read"), _("Go back, check what you entered and try again.")),
    "rate_limited": Refusal(429, _("Too many tries"), _("Wait a little and try again.")),
    "page_failed": Refusal(
        422, _("This page could not be shown."), _("The other pages are not affected. Try again, or ask the sender.")
    ),
    "workshop_busy": Refusal(503, _("The server is busy"), _("Try again in a few seconds.")),
    "workshop_interrupted": Refusal(503, _("The server is busy"), _("Try again in a few seconds.")),
    "not_ready": Refusal(409, _("This file is still being prepared."), _("Try again in a few seconds.")),
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
