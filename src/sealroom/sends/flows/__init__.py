# SPDX-License-Identifier: Apache-2.0
"""What is done with sends, by deed. Every deed takes the actor, who must own the send (a colleague's does not exist for him), and
`now`, which is the only clock."""

from sealroom.sends.flows.contacts import delete_contact, import_contacts, save_contact
from sealroom.sends.flows.control import cancel, change_settings, restore, revoke
from sealroom.sends.flows.documents import delete_document, replace
from sealroom.sends.flows.draft import add_draft_documents, delete_draft, save_draft
from sealroom.sends.flows.letters import tell_of_virus, tell_opened, tell_relay_bounced, write_all_due
from sealroom.sends.flows.mail_commit import commit_mail, note_handed_over
from sealroom.sends.flows.mail_draft import Envelope, purge_drafts
from sealroom.sends.flows.mail_out import require_mail
from sealroom.sends.flows.mail_policy import set_mail_policy
from sealroom.sends.flows.presets import remove_preset, save_preset, set_presets_only
from sealroom.sends.flows.preview import preview
from sealroom.sends.flows.recipients import add_recipients, record_bounce, remind, remove_recipient
from sealroom.sends.flows.removal import delete_send
from sealroom.sends.flows.replies import Incoming, reply
from sealroom.sends.flows.requests import approve_request, decline_request, request_access, take_request
from sealroom.sends.flows.send import confirm, send_documents, try_dispatch
from sealroom.sends.flows.submission import Copy, Submission, relay, submit, take_back_failed
from sealroom.sends.flows.values import AddResult, DraftResult, ImportResult, Preview, ReplaceResult, SendResult
from sealroom.sends.flows.words import put_words

__all__ = [
    "AddResult",
    "Copy",
    "DraftResult",
    "Envelope",
    "ImportResult",
    "Incoming",
    "Preview",
    "ReplaceResult",
    "SendResult",
    "Submission",
    "add_draft_documents",
    "add_recipients",
    "approve_request",
    "cancel",
    "change_settings",
    "commit_mail",
    "confirm",
    "decline_request",
    "delete_contact",
    "delete_document",
    "delete_draft",
    "delete_send",
    "import_contacts",
    "note_handed_over",
    "preview",
    "purge_drafts",
    "put_words",
    "record_bounce",
    "relay",
    "remind",
    "remove_preset",
    "remove_recipient",
    "replace",
    "reply",
    "request_access",
    "require_mail",
    "restore",
    "revoke",
    "save_contact",
    "save_draft",
    "save_preset",
    "send_documents",
    "set_mail_policy",
    "set_presets_only",
    "submit",
    "take_back_failed",
    "take_request",
    "tell_of_virus",
    "tell_opened",
    "tell_relay_bounced",
    "try_dispatch",
    "write_all_due",
]
