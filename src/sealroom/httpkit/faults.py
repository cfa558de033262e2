# SPDX-License-Identifier: Apache-2.0
"""Which faults are worth another try."""

from __future__ import annotations

import re

from django.db import OperationalError

_BUSY = re.compile(r"locked|busy|timeout|connection|terminating|shutting down", re.IGNORECASE)


def is_busy(error: BaseException | None) -> bool:
    """Whether a database fault will pass: a lock that was not freed in time, a server that restarts or cannot be reached."""
    return isinstance(error, OperationalError) and bool(_BUSY.search(str(error)))
