# SPDX-License-Identifier: Apache-2.0
"""Lines of a file of people that are nobody, as a page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sealroom.httpkit.templatetags.kit import number
from sealroom.sends.rules import LineError

MOST_SHOWN = 50


@dataclass(frozen=True)
class Faults:
    """Sentences for the first lines, and how many further ones there are."""

    lines: tuple[str, ...]
    more: int


def faults(errors: Sequence[LineError]) -> Faults | None:
    """What is wrong, line by line; None when nothing is."""
    if not errors:
        return None
    return Faults(tuple(_sentence(one) for one in errors[:MOST_SHOWN]), max(0, len(errors) - MOST_SHOWN))


def _sentence(error: LineError) -> str:
    words = {
        "no_address": _("no address"),
        "bad_address": _("no e-mail address that mail can reach"),
        "bad_name": _("a name with characters that cannot be mailed"),
        "bad_kind": _("neither to, cc nor bcc"),
        "unreadable": _("not readable as a table"),
        "too_large": _("the file is larger than 5 MB"),
        "too_many": _("too many people; the rest was left out"),
    }
    facts = {"line": number(error.line), "why": words.get(error.reason, error.reason), "text": error.text}
    return (_("Line %(line)s: %(why)s (%(text)s)") if error.text else _("Line %(line)s: %(why)s")) % facts
