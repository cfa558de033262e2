# SPDX-License-Identifier: Apache-2.0
"""Each setting and deed of document security has tests, and the page that names them names none that is gone."""

import re

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "document-security.md"
ROWS = [
    "Access", "Permission", "Start and expiry", "Limits", "Passcode", "Terms of access", "Watermark", "Screen shield",
    "Restrictions", "Presets", "Revoke", "Delete", "Replace file", "Preview as recipient", "Remind", "Received Files",
    "Request access",
]  # fmt: skip
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")


def test_every_row_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|(.*)$", PAGE.read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == ROWS
    assert [name for name, cells in rows if not TEST.search(cells)] == []
    named = [found for _, cells in rows for found in TEST.findall(cells)]
    gone = [f"{path}::{test}" for path, test in named if f"def {test}(" not in (ROOT / path).read_text()]
    assert gone == []
