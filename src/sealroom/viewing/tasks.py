# SPDX-License-Identifier: Apache-2.0
"""Work that viewing deferred."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sealroom.core.jobs import Retry, every, task
from sealroom.documents.errors import StorageFull
from sealroom.viewing import flows


def _give_up(copy_id: int, sealed: str) -> None:
    flows.give_up_copy(copy_id)


@task("viewing.mark_film", max_attempts=4, on_dead=_give_up)
def mark_film(copy_id: int, sealed: str) -> None:
    """Burn a reader's mark into a film. Who reads is sealed: jobs are kept for days after they are done."""
    try:
        flows.make_copy(copy_id, sealed, now=timezone.now())
    except StorageFull as error:
        raise Retry(error.code) from error


@every(timedelta(hours=12), "viewing.remove_copies")
def remove_copies() -> None:
    """Remove marked copies that nobody asks for any more."""
    flows.remove_unused_copies(now=timezone.now())
