# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

from sealroom.audit.rules import Verb

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def test_every_verb_is_explained_once() -> None:
    explained = re.findall(r"^\| `([a-z_.]+)` \| \S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(verb.value for verb in Verb)
