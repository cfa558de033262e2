# SPDX-License-Identifier: Apache-2.0
"""The one live check in front of every byte of a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access.models import Grant, Link
from sealroom.access.rules import Policy, Viewer
from sealroom.documents.models import Document, Version


@dataclass(frozen=True)
class Admission:
    """Everything a door may act on after the check, as it stood at that instant. Not to be kept for another request."""

    link: Link
    grant: Grant
    document: Document
    version: Version
    policy: Policy
    viewer: Viewer
    pass_id: str
    pass_pk: int


def check_pass(cookie: str | None, link_id: str, document_id: str, *, ip: str, now: datetime) -> Admission:
    """Admit a browser to a document, or raise `NotAdmitted(reason)`."""
    raise NotImplementedError
