# SPDX-License-Identifier: Apache-2.0
"""What access does, by deed."""

from sealroom.access.flows.codes import ChallengeView, Verified, mail_code, request_code, verify_code
from sealroom.access.flows.links import (
    LinkSpec,
    create_link,
    create_links,
    grant_documents,
    restore_document,
    restore_link,
    revoke_document,
    revoke_link,
)
from sealroom.access.flows.passes import Admission, Purpose, check_again, check_pass
from sealroom.access.flows.policies import change_policy, create_policy, restore_policy, revoke_policy
from sealroom.access.flows.visitors import Meeting, end_passes, meet

__all__ = [
    "Admission",
    "ChallengeView",
    "LinkSpec",
    "Meeting",
    "Purpose",
    "Verified",
    "change_policy",
    "check_again",
    "check_pass",
    "create_link",
    "create_links",
    "create_policy",
    "end_passes",
    "grant_documents",
    "mail_code",
    "meet",
    "request_code",
    "restore_document",
    "restore_link",
    "restore_policy",
    "revoke_document",
    "revoke_link",
    "revoke_policy",
    "verify_code",
]
