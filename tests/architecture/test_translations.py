# SPDX-License-Identifier: Apache-2.0
"""French is complete: every marked string has a translation that keeps its placeholders, and nothing is fuzzy."""

import io
import re
from pathlib import Path

import pytest
from babel.messages import Catalog, pofile
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from tests.architecture.tree import SOURCE

CATALOGUES = sorted(SOURCE.glob("*/locale/fr/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")
KEYWORDS = {
    "gettext": None, "gettext_lazy": None, "_": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def _read(path: Path) -> Catalog:
    with path.open("rb") as text:
        return pofile.read_po(text, locale="fr")


def _used(package: Path) -> set[tuple[str, str]]:
    """(context, singular) of every marked string of a package, templates included."""

    found = set()
    for path in sorted(package.rglob("*")):
        if path.suffix == ".py":
            source = path.read_bytes()
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            # Indentation of markup is none of Python's, in whose clothes Django puts it.
            source = re.sub(r"(?m)^\s+", "", templatize(path.read_text(encoding="utf-8"))).encode()
        else:
            continue
        for _, message, _, context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
            singular = message[0] if isinstance(message, tuple) else message
            if singular:
                found.add((context or "", singular))
    return found


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[3].name)
def test_catalogue_is_translated(path: Path) -> None:
    wanting = []
    for message in _read(path):
        if not message.id:
            continue
        texts = [str(text or "") for text in (message.string if isinstance(message.string, tuple | list) else [message.string])]
        ids = [str(text) for text in (message.id if isinstance(message.id, tuple | list) else [message.id])]
        if message.fuzzy or not all(texts):
            wanting.append(str(message.id))
            continue
        known = {match.group() for text in ids for match in PLACEHOLDER.finditer(text)}
        used = {match.group() for text in texts for match in PLACEHOLDER.finditer(text)}
        if used - known:
            wanting.append(f"{message.id}: {used - known}")
    assert wanting == []


def test_every_marked_string_is_in_a_catalogue() -> None:
    known: set[tuple[str, str]] = set()
    for path in CATALOGUES:
        for message in _read(path):
            singular = message.id[0] if isinstance(message.id, tuple) else message.id
            known.add((str(message.context or ""), str(singular)))
    used: set[tuple[str, str]] = set()
    for package in SOURCE.iterdir():
        if package.is_dir() and package.name != "project":  # the names of languages are in Django's catalogue
            used |= _used(package)
    assert sorted(used - known) == []
