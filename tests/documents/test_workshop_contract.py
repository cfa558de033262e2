# SPDX-License-Identifier: Apache-2.0
"""Both workshops keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sealroom.documents.adapters.fake import FakeWorkshop
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.ports import Workshop
from tests.documents.contract_workshop import WorkshopContract


@pytest.fixture(scope="module", params=[FakeWorkshop, SandboxWorkshop], ids=["fake", "real"])
def workshop(request: pytest.FixtureRequest) -> Iterator[Workshop]:
    made: Workshop = request.param()
    yield made
    made.close()


class TestWorkshop(WorkshopContract):
    pass
