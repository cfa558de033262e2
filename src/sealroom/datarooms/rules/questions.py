# SPDX-License-Identifier: Apache-2.0
"""Who sees a question, who may go on with it, and by which name people of a room know each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sealroom.access.rules import domain_of
from sealroom.core.errors import Invalid
from sealroom.datarooms.rules.words import Audience, QuestionState

MOST_SUBJECT, MOST_TEXT = 200, 10_000  # characters
MOST_ATTACHED = 20
_BLANKS = re.compile(r"[^\S\n]+")


@dataclass(frozen=True)
class Thread:
    """What decides about a question: `item` is what it is about (None: the room), `asker` the guest who asked (None: one who leads
    it), `group` the asker's, for the audience "group". `item_is_gone`: it was about an item that was deleted for good."""

    audience: Audience
    asker: int | None
    group: int | None
    item: int | None
    state: QuestionState
    item_is_gone: bool = False


def sees_question(thread: Thread, *, guest: int, groups: Collection[int], items: Collection[int]) -> bool:
    """Whether a guest may know of a question at all. `items`: what he sees of the room; `groups`: his own.

    Who asked sees his question as long as he sees what it is about, and when that is gone; others by the audience it was asked for,
    and never when it is gone: nobody can say any more who might have seen it.
    """
    if thread.item is not None and thread.item not in items:
        return False
    if thread.asker == guest:
        return True
    if thread.item_is_gone:
        return False
    if thread.audience is Audience.GROUP:
        return thread.group is not None and thread.group in groups
    return thread.audience is Audience.EVERYONE


def may_reply(thread: Thread, *, guest: int, groups: Collection[int]) -> bool:
    """Whether a guest who sees a question may add to it: the asker, and in the audience "group" his group; not once it is
    closed."""
    if thread.state is QuestionState.CLOSED:
        return False
    in_group = thread.audience is Audience.GROUP and thread.group is not None and thread.group in groups
    return thread.asker == guest or in_group


def checked_subject(text: str) -> str:
    """A subject on one line. Raises `Invalid` (`subject`)."""
    subject = " ".join(text.split())
    if not subject or len(subject) > MOST_SUBJECT:
        raise Invalid({"subject": ["too_long" if subject else "required"]})
    return subject


def checked_text(text: str) -> str:
    """A contribution: lines kept, blanks at the ends and runs of them not. Raises `Invalid` (`text`)."""
    lines = (_BLANKS.sub(" ", line).strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    kept = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    if not kept or len(kept) > MOST_TEXT:
        raise Invalid({"text": ["too_long" if kept else "required"]})
    return kept


@dataclass(frozen=True)
class Known:
    """What a guest is told of somebody else in the room: never the whole address. Both "" of who stays unnamed."""

    name: str = ""
    domain: str = ""


def known_as(address: str, name: str, *, is_known: bool) -> Known:
    """How somebody appears to a guest. `is_known`: the room shows its guest list, they share a group, or it is one who leads it."""
    return Known(name, domain_of(address)) if is_known else Known()
