# SPDX-License-Identifier: Apache-2.0
"""What a member should know before a mail goes out, beside its price. Nothing here refuses anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from sealroom.accounts.rules import Actor
from sealroom.documents.models import VersionState
from sealroom.sends import rules
from sealroom.sends.models import Send
from sealroom.sends.queries.find import get_send, live_items
from sealroom.sends.queries.mail import policy_of_team
from sealroom.sends.rules import Addressee

TITLES: dict[str, str | Promise] = {
    "external": gettext_lazy("Some recipients are outside of your organization."),
    "looks_like_list": gettext_lazy("Some addresses look like lists: whoever reads them can open what you send."),
    "unprotectable": gettext_lazy("Some files cannot be shown on a page, and are not sent like that."),
    "large": gettext_lazy("Some files are large; their readers may wait for them."),
}


@dataclass(frozen=True)
class MailWarning:
    """A stable code (`TITLES`), and which addresses or documents it is about."""

    code: str
    addresses: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


def warnings_of_draft(actor: Actor, draft_id: str, recipients: Sequence[Addressee] | None = None) -> list[MailWarning]:
    """What to say of a mail client's draft that would go to these (or those written down). Raises `NotFound`."""
    send = get_send(actor, draft_id)
    if recipients is None:
        addresses = list(send.recipients.filter(removed_at=None).order_by("pk").values_list("address", flat=True))
    else:
        addresses = [one.email for one in rules.unique_recipients(recipients).accepted]
    policy = policy_of_team(send.team_id)
    found = [
        MailWarning("external", addresses=tuple(rules.outside(policy, addresses))),
        MailWarning("looks_like_list", addresses=tuple(one for one in addresses if rules.looks_like_list(one))),
        *_of_documents(send),
    ]
    return [one for one in found if one.addresses or one.documents]


def _of_documents(send: Send) -> list[MailWarning]:
    blank, large = [], []
    for item in live_items(send):
        version = item.document.current
        if version is None:
            continue
        if version.state == VersionState.FAILED or (
            version.state == VersionState.READY and not version.is_viewable and send.policy.permission != "download_original"
        ):
            blank.append(item.document.public_id)
        if version.size > rules.LARGE_FILE:
            large.append(item.document.public_id)
    return [MailWarning("unprotectable", documents=tuple(blank)), MailWarning("large", documents=tuple(large))]
