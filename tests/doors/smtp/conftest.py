# SPDX-License-Identifier: Apache-2.0
"""One gateway for all tests here; each file makes members of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import clamd
from tests.doors.smtp.stage import Gateway, gateway


@pytest.fixture(scope="session")
def gateways_clamd() -> Iterator[clamd.Clamd | None]:
    """What scans mails for the gateway, where it is installed."""
    if not clamd.is_installed():
        yield None
        return
    with clamd.running() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, gateways_clamd: clamd.Clamd | None) -> Iterator[Gateway]:
    """An installation that takes mail of up to 12 MB, without a member."""
    extra = {"SEALROOM_CLAMD": gateways_clamd.setting} if gateways_clamd else {}
    with gateway(tmp_path_factory.mktemp("gateway"), most_bytes=12_000_000, **extra) as made:
        yield made


@pytest.fixture(autouse=True)
def counted_anew(request: pytest.FixtureRequest) -> None:
    """For the gateway all tests sit at one address: none inherits the wrong passwords of another that ran in the same minute."""
    if "running" in request.fixturenames:
        made: Gateway = request.getfixturevalue("running")
        made.server.backstage.do("tests.doors.portal.stage", "forget_limits")
