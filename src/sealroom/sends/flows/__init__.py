# SPDX-License-Identifier: Apache-2.0
"""What is done with sends, by deed. Every deed takes the actor, who must own the send (a colleague's does not exist for him), and
`now`, which is the only clock."""

from sealroom.sends.flows.control import cancel, change_settings, restore, revoke
from sealroom.sends.flows.documents import delete_document, replace
from sealroom.sends.flows.draft import add_draft_documents, delete_draft, save_draft
from sealroom.sends.flows.letters import tell_opened, write_all_due
from sealroom.sends.flows.recipients import add_recipients, record_bounce, remind, remove_recipient
from sealroom.sends.flows.send import confirm, send_documents, try_dispatch
from sealroom.sends.flows.values import AddResult, DraftResult, ReplaceResult, SendResult

__all__ = [
    "AddResult",
    "DraftResult",
    "ReplaceResult",
    "SendResult",
    "add_draft_documents",
    "add_recipients",
    "cancel",
    "change_settings",
    "confirm",
    "delete_document",
    "delete_draft",
    "record_bounce",
    "remind",
    "remove_recipient",
    "replace",
    "restore",
    "revoke",
    "save_draft",
    "send_documents",
    "tell_opened",
    "try_dispatch",
    "write_all_due",
]
