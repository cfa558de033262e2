# SPDX-License-Identifier: Apache-2.0
"""Named places where a test lets the process die, to show that nothing is lost or done twice. Without effect in normal use."""

from __future__ import annotations

import os


def fault_point(name: str) -> None:
    """Die here without any clean-up, as after kill -9, if SEALROOM_FAULT_POINT names this place."""
    if os.environ.get("SEALROOM_FAULT_POINT") == name:
        os._exit(137)
