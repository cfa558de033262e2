# SPDX-License-Identifier: Apache-2.0
"""What can be named from outside is documented: settings, capabilities, audit verbs, error codes, decisions."""

import re
from pathlib import Path

import pytest
from django.apps import apps

from sealroom.accounts.rules import CAPABILITIES, SCOPES, Capability
from sealroom.audit.rules import Verb
from sealroom.core.errors import DomainError
from tests.architecture.tree import ROOT, SOURCE, python_files

DOCS = ROOT / "docs"
# Read in settings.py but meant for tests and for the product's own processes.
UNDOCUMENTED: set[str] = set()


def _documented(page: str) -> set[str]:
    return set(re.findall(r"`([A-Za-z_.:]+)`", (DOCS / page).read_text()))


def test_every_setting_is_documented() -> None:
    text = (SOURCE / "project" / "settings.py").read_text() + (SOURCE / "project" / "environment.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(SEALROOM_\w+)"', text)) | set(re.findall(r'flag\("(SEALROOM_\w+)"', text))
    assert sorted(read - _documented("operating/settings.md") - UNDOCUMENTED) == []


def test_every_capability_and_scope_is_documented() -> None:
    names = {capability.value for capability in Capability} | set(SCOPES)
    assert sorted(names - _documented("operating/roles.md")) == []


def test_the_table_of_roles_is_as_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (yes|) ?\| (yes|) ?\|", (DOCS / "operating/roles.md").read_text(), re.MULTILINE)
    documented = {
        role: {Capability(name) for name, *columns in rows if columns[place]} for place, role in enumerate(["user", "admin"])
    }
    assert documented == {role: set(capabilities) for role, capabilities in CAPABILITIES.items()}


def test_every_audit_verb_is_documented() -> None:
    assert sorted({verb.value for verb in Verb} - _documented("audit.md")) == []


def _all_errors(kind: type[DomainError] = DomainError) -> set[type[DomainError]]:
    found = set(kind.__subclasses__())
    return found | {grandchild for child in found for grandchild in _all_errors(child)}


def test_every_error_code_is_documented() -> None:
    codes = {kind.code for kind in _all_errors() if kind.__module__.startswith("sealroom.")}
    assert sorted(codes - _documented("api/errors.md")) == []


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *DOCS.rglob("*.md")]))
def test_links_between_pages_lead_somewhere(page: str) -> None:
    here = ROOT / page
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", here.read_text())
    assert [target for target in targets if not (here.parent / target).exists()] == []


def test_every_room_is_in_the_architecture_page() -> None:
    text = (DOCS / "architecture.md").read_text()
    rooms = {path.parent.name for path in python_files() if path.name == "apps.py"}
    assert sorted(room for room in rooms if f"`{room}`" not in text) == []


def _glossary() -> set[str]:
    return {word.lower() for word in re.findall(r"\*\*([^*]+)\*\*", Path(DOCS / "glossary.md").read_text())}


def test_every_table_is_in_the_glossary() -> None:
    words = _glossary()
    spoken = {"policyrow": "policy", "outgoingmail": "mail"}
    names = {
        spoken.get(model.__name__.lower(), re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower())
        for model in apps.get_models()
        if model.__module__.startswith("sealroom.")
    }
    assert sorted(names - words) == []
