# SPDX-License-Identifier: Apache-2.0
"""Faults of the machine, not ours: which are worth another try, and which say that there is no room left."""

from __future__ import annotations

import errno
import re

from django.db import DatabaseError, OperationalError

_BUSY = re.compile(r"locked|busy|timeout|connection|terminating|shutting down", re.IGNORECASE)
_FULL = re.compile(r"disk is full|no space left|disk quota", re.IGNORECASE)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_busy(error: BaseException | None) -> bool:
    """Whether a database fault will pass: a lock that was not freed in time, a server that restarts or cannot be reached."""
    return isinstance(error, OperationalError) and bool(_BUSY.search(str(error)))


def is_full(error: BaseException | None) -> bool:
    """Whether there was no room left to write, in a file or in the database."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return isinstance(error, DatabaseError) and bool(_FULL.search(str(error)))
