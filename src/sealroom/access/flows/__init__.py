# SPDX-License-Identifier: Apache-2.0
"""What access does, by deed."""

from sealroom.access.flows.codes import ChallengeView, mail_code, request_code, verify_code
from sealroom.access.flows.gates import end_previews, issue_preview, open_link, try_passcode
from sealroom.access.flows.limits import prints_left, take_print
from sealroom.access.flows.links import (
    LinkSpec,
    create_link,
    create_links,
    create_shared_link,
    grant_documents,
    restore_document,
    restore_link,
    revoke_document,
    revoke_link,
)
from sealroom.access.flows.passes import Admission, Gate, Purpose, check_again, check_gate, check_link, check_pass, open_words
from sealroom.access.flows.policies import change_policy, create_policy, restore_policy, revoke_policy, set_passcode
from sealroom.access.flows.terms import accept_terms, make_terms, set_organization_terms, withdraw_organization_terms
from sealroom.access.flows.visitors import Meeting, Verified, end_passes, meet

__all__ = [
    "Admission",
    "ChallengeView",
    "Gate",
    "LinkSpec",
    "Meeting",
    "Purpose",
    "Verified",
    "accept_terms",
    "change_policy",
    "check_again",
    "check_gate",
    "check_link",
    "check_pass",
    "create_link",
    "create_links",
    "create_policy",
    "create_shared_link",
    "end_passes",
    "end_previews",
    "grant_documents",
    "issue_preview",
    "mail_code",
    "make_terms",
    "meet",
    "open_link",
    "open_words",
    "prints_left",
    "request_code",
    "restore_document",
    "restore_link",
    "restore_policy",
    "revoke_document",
    "revoke_link",
    "revoke_policy",
    "set_organization_terms",
    "set_passcode",
    "take_print",
    "try_passcode",
    "verify_code",
    "withdraw_organization_terms",
]
