# SPDX-License-Identifier: Apache-2.0
"""What the tests of mail programs share: one Thunderbird and one server for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.addins.office import Office, office_of, sign_in
from tests.doors.smtp.stage import gateway


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Everything that runs."""
    folder = tmp_path_factory.mktemp("thunderbird")
    with gateway(folder, most_bytes=3_000_000) as gate, office_of(folder, gate) as office:
        yield office


@pytest.fixture
def office(running: Office) -> Iterator[Office]:
    """The office, with its sender signed in; mails that a test left open are thrown away."""
    if not running.writer.ask("status")["done"]["isSignedIn"]:
        sign_in(running)
    yield running
    running.outgoing.refuse.clear()
    running.writer.throw_away()
