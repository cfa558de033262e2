# SPDX-License-Identifier: Apache-2.0
"""What the virus scanner condemned after it came into a room leaves it by no archive."""

from __future__ import annotations

import io

import pytest

from sealroom.core.archives import check_archive, public_keys
from sealroom.core.secrets import keyring
from sealroom.documents.flows.scan import condemn
from sealroom.documents.models import Version
from sealroom.documents.ports import BlobStore, ScanVerdict
from tests.datarooms.test_export import LATER, Scene, table, unpacked
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


def test_an_export_leaves_the_file_out_and_says_so(owner: Persona, own_blobs: BlobStore) -> None:
    scene = Scene(owner)
    before = unpacked(scene.make())
    version = Version.objects.get(document=scene.report.document)
    condemn(version, ScanVerdict(signature="Win.Test"), now=LATER)
    archive = scene.make()
    after = unpacked(archive)
    assert set(before) - set(after) == {"files/1 Finance_ 2026/1.1 Report.pdf"}
    assert [(row["number"], row["name"], row["file"]) for row in table(after, "index.csv") if row["kind"] == "file"] == [
        ("1.1", "Report.pdf", ""),
        ("3", "Report.pdf", "files/3 Report.pdf"),
    ]
    assert check_archive(io.BytesIO(archive), public_keys(keyring())).findings == ()
