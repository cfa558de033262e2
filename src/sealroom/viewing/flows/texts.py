# SPDX-License-Identifier: Apache-2.0
"""Words of a document outside its pictures, for readers who may copy; outline, links and sheets for everybody who may look."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sealroom.access.flows import Admission
from sealroom.core.errors import Forbidden
from sealroom.documents import flows as documents
from sealroom.documents.ports import Hit, PageText, Structure
from sealroom.viewing import rules
from sealroom.viewing.flows.openings import record_page


def read_text(admission: Admission, number: int, *, now: datetime) -> PageText:
    """The words of page `number`, to be selected and read aloud. Counts as the page itself. Raises `Forbidden` and `NotFound`."""
    _require_copying(admission)
    text = documents.text_of(admission.version, number)
    record_page(admission, number, now=now)
    return text


def find_text(admission: Admission, query: str, *, now: datetime) -> tuple[Hit, ...]:
    """Where `query` stands, page by page; nothing for an empty one. Raises `Forbidden`."""
    _require_copying(admission)
    wanted = " ".join(query.split())[: rules.LONGEST_QUERY]
    if not wanted:
        return ()
    hits = documents.search_text(admission.version, wanted, limit=rules.MOST_HITS)
    record_page(admission, None, now=now)
    return hits


def read_structure(admission: Admission, *, now: datetime) -> Structure:
    """Outline, links and sheets. Links that could run or open something on the reader's machine are left out."""
    found = documents.structure_of(admission.version)
    record_page(admission, None, now=now)
    return replace(found, links=tuple(link for link in found.links if link.target_page or rules.link_is_safe(link.uri)))


def _require_copying(admission: Admission) -> None:
    if not admission.policy.may_copy_text:
        raise Forbidden(permission="copy_text")
