# SPDX-License-Identifier: Apache-2.0
"""Documents that are ready without bytes, links, and browsers that proved an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sealroom.access import flows, queries
from sealroom.access.models import Challenge, Link, Pass, PolicyRow, Reader, Visitor
from sealroom.access.rules import Policy
from sealroom.access.rules.lifetimes import new_pass_times
from sealroom.core.ids import digest, new_id, new_secret
from sealroom.core.models import Job
from sealroom.core.secrets import unseal_text
from sealroom.documents.models import Document, Version, VersionState
from tests.factories.accounts import Persona

IP = "198.51.100.9"


def make_document(
    owner: Persona,
    name: str = "Term sheet.pdf",
    *,
    pages: int | None = 3,
    state: str = VersionState.READY,
    error: str = "",
    in_library: bool = False,
    now: datetime,
) -> Document:
    """A document as `documents.prepare` leaves it, without bytes behind it."""
    document = Document.objects.create(team=owner.team, owner=owner.user, name=name, in_library=in_library, created_at=now)
    document.current = add_version(document, owner, number=1, pages=pages, state=state, error=error, now=now)
    document.save()
    return document


def add_version(
    document: Document,
    owner: Persona,
    *,
    number: int = 2,
    pages: int | None = 3,
    state: str = VersionState.READY,
    error: str = "",
    now: datetime,
) -> Version:
    """A further upload of a document, not published."""
    return Version.objects.create(
        document=document,
        number=number,
        name=document.name,
        kind="pdf",
        size=1000,
        sha256="0" * 64,
        original_key=new_id("blob"),
        state=state,
        error_code=error,
        pages=pages if state == VersionState.READY else None,
        uploaded_by=owner.user,
        created_at=now,
    )


@dataclass(frozen=True)
class Sent:
    """A link with its policy, token and documents."""

    link: Link
    policy: PolicyRow
    token: str
    documents: tuple[Document, ...]


def make_link(owner: Persona, address: str, documents: Sequence[Document], *, policy: Policy | None = None, now: datetime) -> Sent:
    """A link of its own policy to documents."""
    row = flows.create_policy(owner.team.pk, policy or Policy())
    link = flows.create_link(
        team_id=owner.team.pk, policy=row, address=address, name="", language="en", documents=documents, now=now
    )
    return Sent(link, row, token_of(link), tuple(documents))


def token_of(link: Link) -> str:
    """The secret in the address that is mailed."""
    return queries.link_url(link).rstrip("/").rpartition("/")[2]


def code_of(challenge_id: str) -> str:
    """The code as its mail would carry it (also one that is never mailed)."""
    job = Job.objects.filter(name="access.mail_code", arguments__challenge_id=challenge_id).get()
    return unseal_text(bytes.fromhex(str(job.arguments["sealed"])), purpose="code")


def prove(reference: str, address: str, *, cookie: str | None = None, remember: bool = False, now: datetime) -> str:
    """Ask for a code, type it, and return the cookie of the browser that proved the address."""
    meeting = flows.meet(cookie, user_agent="Test browser", now=now)
    view = flows.request_code(meeting.visitor, reference, address, ip=IP, now=now)
    code = code_of(view.id)
    return flows.verify_code(meeting.visitor, reference, code, remember=remember, ip=IP, now=now).new_cookie


def wrong_code(challenge_id: str) -> str:
    """Six digits that are not the code."""
    return f"{(int(code_of(challenge_id)) + 1) % 1_000_000:06d}"


def latest_challenge(address: str) -> Challenge:
    """The last challenge for an address."""
    return Challenge.objects.filter(address_digest=digest(address)).latest("pk")


def mail_codes(now: datetime) -> None:
    """Do the deferred half of every request for a code, by the clock of the test."""
    for job in Job.objects.filter(name="access.mail_code", state="waiting").order_by("pk"):
        flows.mail_code(str(job.arguments["challenge_id"]), str(job.arguments["sealed"]), now=now)
        job.delete()


def make_pass(link: Link, *, now: datetime) -> str:
    """A browser that proved the link's address, without the way there; returns its cookie."""
    secret, times = new_secret(), new_pass_times(remember=False, now=now)
    visitor = Visitor.objects.create(secret_digest=digest(secret), created_at=now, last_seen_at=now)
    reader, _made = Reader.objects.get_or_create(link=link, address=link.address)
    Pass.objects.create(
        visitor=visitor,
        link=link,
        reader=reader,
        address=link.address,
        issued_at=now,
        expires_at=times.expires_at,
        idle_expires_at=times.idle_expires_at,
    )
    return secret
