# SPDX-License-Identifier: Apache-2.0
"""Links and grants: made by the thousand in a few statements, revoked and restored one by one or for a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from sealroom.access.models import Grant, Link, PolicyRow
from sealroom.core.ids import digest, new_secret
from sealroom.core.secrets import seal_text
from sealroom.documents.models import Document

_BATCH = 500


def create_shared_link(*, team_id: int, policy: PolicyRow, language: str, now: datetime) -> Link:
    """A link that leads everybody named under a policy to his own link, once he proved his address."""
    token = new_secret()
    return Link.objects.create(
        team_id=team_id,
        policy=policy,
        token_digest=digest(token),
        token_sealed=seal_text(token, purpose="link"),
        language=language,
        is_shared=True,
        created_at=now,
    )


@dataclass(frozen=True)
class LinkSpec:
    """For whom a link is: `address` is canonical."""

    address: str
    name: str = ""


def create_link(
    *, team_id: int, policy: PolicyRow, address: str, name: str, language: str, documents: Sequence[Document], now: datetime
) -> Link:
    """One link with a grant on each document."""
    return create_links([LinkSpec(address, name)], team_id=team_id, policy=policy, language=language, documents=documents, now=now)[
        0
    ]


def create_links(
    specs: Sequence[LinkSpec],
    *,
    team_id: int,
    policy: PolicyRow,
    language: str,
    documents: Sequence[Document],
    now: datetime,
    rights: str = "",
) -> list[Link]:
    """A link for each reader, with a grant on each document, in the order given. With `rights` there are none: a room above keeps
    them (`ports.get_rights_sources`). The caller is in a transaction."""
    links = []
    for spec in specs:
        token = new_secret()
        links.append(
            Link(
                team_id=team_id,
                policy=policy,
                token_digest=digest(token),
                token_sealed=seal_text(token, purpose="link"),
                address=spec.address,
                name=spec.name,
                language=language,
                rights=rights,
                created_at=now,
            )
        )
    Link.objects.bulk_create(links, batch_size=_BATCH)
    grant_documents(links, documents, now=now)
    return links


def grant_documents(links: Sequence[Link], documents: Sequence[Document], *, now: datetime, first_position: int = 0) -> None:
    """Give each link a right on each document it has none on yet."""
    for start in range(0, len(links), _BATCH):  # 10,000 links by 100 documents would not fit into memory at once
        grants = [
            Grant(link=link, document=document, position=position)
            for link in links[start : start + _BATCH]
            for position, document in enumerate(documents, start=first_position)
        ]
        Grant.objects.bulk_create(grants, batch_size=_BATCH, ignore_conflicts=True)


def revoke_link(link: Link, *, now: datetime) -> None:
    """End access for one reader."""
    Link.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now)
    link.refresh_from_db(fields=["revoked_at"])


def restore_link(link: Link, *, now: datetime) -> None:
    """Give one reader access back."""
    Link.objects.filter(pk=link.pk).update(revoked_at=None)
    link.refresh_from_db(fields=["revoked_at"])


def revoke_document(policy: PolicyRow, document: Document, *, now: datetime) -> None:
    """End access to one document for all readers under a policy."""
    Grant.objects.filter(link__policy=policy, document=document, revoked_at=None).update(revoked_at=now, version=F("version") + 1)


def restore_document(policy: PolicyRow, document: Document, *, now: datetime) -> None:
    """Give the readers under a policy their right on one document back."""
    Grant.objects.filter(link__policy=policy, document=document).update(revoked_at=None, version=F("version") + 1)
