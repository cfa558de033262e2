# SPDX-License-Identifier: Apache-2.0
"""The Outlook add-in's own code under Node: with Microsoft's mock of Office.js, and against its types."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.addins.node import HERE, need_node, run, tool

ADDIN = HERE.parents[1] / "addins" / "outlook"


@pytest.fixture(autouse=True)
def _node() -> None:
    need_node()


@pytest.mark.parametrize("part", ["core", "launchevent", "letter", "sentences", "server"])
def test_parts_do_what_they_should(part: str) -> None:
    answer = run("node", "--test", "--test-reporter=tap", f"outlook/{part}.test.mjs")
    counts = dict(re.findall(r"^# (tests|pass|fail|skipped) (\d+)$", answer.stdout, re.MULTILINE))
    failures = re.findall(r"^not ok .*(?:\n .*)*", answer.stdout, re.MULTILINE)
    assert (answer.returncode, failures, counts["fail"], counts["skipped"]) == (0, [], "0", "0"), answer.stdout
    assert int(counts["pass"]) == int(counts["tests"]) > 1


def test_every_call_of_office_exists_and_gets_what_it_takes() -> None:
    assert tool("tsc", "-p", "outlook/tsconfig.pane.json").stdout == ""


def test_the_send_check_needs_no_page_and_no_network() -> None:
    # Its project knows the language of 2017 and Office, neither documents nor fetch.
    assert tool("tsc", "-p", "outlook/tsconfig.check.json").stdout == ""
    assert [word for word in ("async ", "await ", "import ", "=>", "?.") if word in _code(ADDIN / "launchevent.js")] == []


@pytest.mark.parametrize("script", sorted(ADDIN.glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_html_of_texts(script: Path) -> None:
    text = script.read_text()
    assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n")
    bad = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "sendAsync",
        "document.cookie",
    )
    assert [word for word in bad if word in _code(script)] == []


def test_french_has_every_word_and_its_spaces() -> None:
    text = (ADDIN / "words.js").read_text()
    french = text[text.index("const french") :]
    spoken = re.sub(r"\$\{[^}]*\}", "x", " ".join(" ".join(both) for both in re.findall(r'"([^"\n]*)"|`([^`\n]*)`', french)))
    assert re.findall(r"\w [;:!?»]|« ", spoken) == []
    assert not re.search(r"\b(tu|ton|tes|toi)\b", spoken)


def _code(script: Path) -> str:
    """Without comments."""
    return re.sub(r"/\*.*?\*/|^\s*//.*$", "", script.read_text(), flags=re.DOTALL | re.MULTILINE)
