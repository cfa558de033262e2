# SPDX-License-Identifier: Apache-2.0
"""The same answer for a repeated request: who repeats a write with its key gets what the first one got, and nothing happens twice.

A row claims the key before the work begins and receives the answer after it. A claim whose process died is taken over after
`CLAIM`; the work behind it must therefore be safe to begin anew, as every flow is (one transaction).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from sealroom.core.errors import IdempotencyConflict, RateLimited
from sealroom.core.models import StoredAnswer

CLAIM = timedelta(minutes=2)
KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Answer:
    """Status and body as they went out."""

    status: int
    body: bytes
    replayed: bool = False


def answer_once(scope: str, key: str, request_digest: str, produce: Callable[[], Answer], *, now: datetime) -> Answer:
    """Run `produce` for the first request of `key`, answer its repetitions from the store. Only success (2xx) is kept: a refusal
    may be mended and tried again with the same key.

    Raises `IdempotencyConflict` for another request under the same key, `RateLimited` while the first is still running.
    """
    StoredAnswer.objects.filter(created_at__lt=now - KEPT, scope=scope, key=key).delete()
    kept = _claim(scope, key, request_digest, now=now)
    if kept is not None:
        return kept
    try:
        answer = produce()
    except BaseException:
        StoredAnswer.objects.filter(scope=scope, key=key, status=None).delete()
        raise
    if 200 <= answer.status < 300:
        StoredAnswer.objects.filter(scope=scope, key=key).update(status=answer.status, body=answer.body)
    else:
        StoredAnswer.objects.filter(scope=scope, key=key, status=None).delete()
    return answer


def sweep(*, now: datetime) -> int:
    """Forget answers older than a day; returns how many."""
    return StoredAnswer.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _claim(scope: str, key: str, request_digest: str, *, now: datetime) -> Answer | None:
    """Take the key (None), or the answer that stands under it."""
    try:
        with transaction.atomic():
            StoredAnswer.objects.create(scope=scope, key=key, request_digest=request_digest, created_at=now)
    except IntegrityError:
        return _standing(scope, key, request_digest, now=now)
    return None


def _standing(scope: str, key: str, request_digest: str, *, now: datetime) -> Answer | None:
    with transaction.atomic():
        row = StoredAnswer.objects.select_for_update(no_key=True).filter(scope=scope, key=key).first()
        if row is None:
            raise RateLimited(retry_after=1)  # the first request failed this very moment: it may be tried anew
        if row.request_digest != request_digest:
            raise IdempotencyConflict(key=key)
        if row.status is not None:
            return Answer(row.status, bytes(row.body or b""), replayed=True)
        if now - row.created_at < CLAIM:
            raise RateLimited(retry_after=2)
        StoredAnswer.objects.filter(pk=row.pk).update(created_at=now)
        return None
