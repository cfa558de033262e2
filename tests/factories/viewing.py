# SPDX-License-Identifier: Apache-2.0
"""Readers who were admitted to a document, without the gates in front of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.models import Grant, Link, Pass, Reader, Visitor
from sealroom.access.rules import Policy, Viewer
from sealroom.core.ids import digest, new_secret
from sealroom.documents.models import Document
from tests.factories.documents import NOW, current


def make_link(*documents: Document, address: str = "nadia@example.com", policy: Policy | None = None, now: datetime = NOW) -> Link:
    """A link to documents of one team, under a policy of its own."""
    team_id = documents[0].team_id
    row = access.create_policy(team_id, policy or Policy())
    return access.create_link(
        team_id=team_id, policy=row, address=address, name="Nadia Noor", language="en", documents=documents, now=now
    )


def admit(
    link: Link, document: Document, *, policy: Policy | None = None, now: datetime = NOW, device: str = "Firefox"
) -> Admission:
    """What `access.check_pass` gives a new browser that proved the link's address."""
    visitor = Visitor.objects.create(secret_digest=digest(new_secret()), created_at=now, last_seen_at=now, user_agent=device)
    later = now + timedelta(days=1)
    reader, _made = Reader.objects.get_or_create(link=link, address=link.address)
    held = Pass.objects.create(
        visitor=visitor, link=link, reader=reader, address=link.address, issued_at=now, expires_at=later, idle_expires_at=later
    )
    return Admission(
        link=link,
        grant=Grant.objects.get(link=link, document=document),
        document=Document.objects.get(pk=document.pk),
        version=current(document),
        policy=policy or Policy(),
        viewer=Viewer(link.address, link.name, "203.0.113.7"),
        pass_id=held.public_id,
        pass_pk=held.pk,
        reader=reader,
    )
