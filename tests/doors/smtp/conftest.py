# SPDX-License-Identifier: Apache-2.0
"""One gateway for all tests here; each file makes members of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.doors.smtp.stage import Gateway, gateway


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """An installation that takes mail of up to 12 MB, without a member."""
    with gateway(tmp_path_factory.mktemp("gateway"), most_bytes=12_000_000) as made:
        yield made
