# SPDX-License-Identifier: Apache-2.0
"""Search in a room: names of all that somebody sees, and words in the files of which he may keep a copy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sealroom.core.errors import DomainError
from sealroom.datarooms.queries import SeenItem, Sight
from sealroom.datarooms.rules import Right
from sealroom.documents import flows as documents
from sealroom.documents.models import Version
from sealroom.documents.words import QUERY_CHARACTERS

MOST_HITS = 200
MOST_LOOKED_UP = 20
MOST_READ = 200
"""Files whose words one search goes through; reading one takes a few milliseconds."""


@dataclass(frozen=True)
class WordHit:
    """A file in which the words stand, and on which page first."""

    item: SeenItem
    page: int


@dataclass(frozen=True)
class Found:
    """`by_name`: at most `MOST_HITS`. `by_words` was looked for in `read` of the `readable` files he may copy."""

    by_name: tuple[SeenItem, ...] = ()
    by_words: tuple[WordHit, ...] = ()
    read: int = 0
    readable: int = 0


def search_room(sight: Sight, text: str) -> Found:
    """Find folders and files by name, and files by their words, in what somebody sees. Of files that he may only look at no words
    are searched. Blank finds nothing."""
    wanted = " ".join(text.split())[:QUERY_CHARACTERS]
    if not wanted:
        return Found()
    named = sight.search(wanted, MOST_HITS)
    chosen, readable = sight.readable_files(Right.DOWNLOAD_PDF, MOST_READ)
    return Found(tuple(named), tuple(_with_words(chosen, wanted)), len(chosen), readable)


@dataclass(frozen=True)
class Choice:
    """A file that may be pointed to, the folders it lies in as he sees them, and whether it is chosen already."""

    item: SeenItem
    where: str
    is_chosen: bool


@dataclass(frozen=True)
class Lookup:
    """Files to point to: those chosen so far first, then what `text` found besides. `has_more`: only the first finds are here."""

    text: str
    choices: tuple[Choice, ...] = ()
    has_more: bool = False

    @property
    def found_nothing(self) -> bool:
        """Whether it was looked for something that is in no name."""
        return bool(self.text) and all(choice.is_chosen for choice in self.choices)


def look_up_files(sight: Sight, text: str, chosen: Collection[str]) -> Lookup:
    """Find files to point to by a part of their name, in what somebody sees; of ids in `chosen` that he does not see nothing is
    said. Blank finds nothing."""
    wanted = " ".join(text.split())[:QUERY_CHARACTERS]
    taken = [item for item in sight.find_all(chosen) if not item.is_folder]
    named = [item for item in sight.search(wanted) if not item.is_folder and item.id not in chosen]
    choices = [Choice(item, _where(sight, item), is_chosen=True) for item in taken]
    choices += [Choice(item, _where(sight, item), is_chosen=False) for item in named[:MOST_LOOKED_UP]]
    return Lookup(wanted, tuple(choices), has_more=len(named) > MOST_LOOKED_UP)


def _where(sight: Sight, item: SeenItem) -> str:
    return " / ".join(sight.way_to(item.id))


def _with_words(items: list[SeenItem], wanted: str) -> Iterator[WordHit]:
    """Only words that were read ahead are searched: a search must not open two hundred files in the workshop."""
    rows = Version.objects.select_related("document").filter(document__public_id__in=[item.document_id for item in items])
    current = {version.document.public_id: version for version in rows if version.document.current_id == version.pk}
    for item in items:
        version = current.get(item.document_id)
        if version is None or not version.text_key:
            continue
        with suppress(DomainError):
            hits = documents.search_text(version, wanted, limit=1)
            if hits:
                yield WordHit(item, hits[0].page)
