# SPDX-License-Identifier: Apache-2.0
"""Limits on how often something may be tried, counted atomically in the database."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from sealroom.core.errors import RateLimited
from sealroom.core.models import RateBucket


def source_of(ip: str) -> str:
    """Whom a client's address stands for: an IPv6 customer commands a whole /64, so that is what is counted."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return ip


def take(purpose: str, subject: str, *, limit: int, per: timedelta, now: datetime) -> None:
    """Spend one of `limit` tries in a fixed window of `per`. Raises `RateLimited` (the try is not counted then).

    The subject is kept as a digest: a table of limits must not become a list of addresses.
    """
    key = _key(purpose, subject)
    with transaction.atomic():
        RateBucket.objects.bulk_create([RateBucket(key=key, window_ends_at=now + per, count=0)], ignore_conflicts=True)
        RateBucket.objects.filter(key=key, window_ends_at__lte=now).update(window_ends_at=now + per, count=0)
        taken = RateBucket.objects.filter(key=key, count__lt=limit).update(count=F("count") + 1)
        if taken:
            return
        ends = RateBucket.objects.values_list("window_ends_at", flat=True).get(key=key)
    raise RateLimited(retry_after=max(1, math.ceil((ends - now).total_seconds())))


def give_back(purpose: str, subject: str, *, now: datetime) -> None:
    """Return a try that turned out not to count, within its window."""
    rows = RateBucket.objects.filter(key=_key(purpose, subject), window_ends_at__gt=now, count__gt=0)
    rows.update(count=F("count") - 1)


def taken(purpose: str, subject: str, *, now: datetime) -> int:
    """How many tries are spent in the running window."""
    rows = RateBucket.objects.filter(key=_key(purpose, subject), window_ends_at__gt=now)
    return rows.values_list("count", flat=True).first() or 0


def _key(purpose: str, subject: str) -> str:
    return hashlib.sha256(f"{purpose}\n{subject}".encode()).hexdigest()


def sweep(now: datetime) -> int:
    """Forget windows that ended; returns how many."""
    return RateBucket.objects.filter(window_ends_at__lt=now).delete()[0]
