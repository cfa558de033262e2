# SPDX-License-Identifier: Apache-2.0
"""The text of terms: which marks-up may stay, and how it reads as plain lines. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from sealroom.core.errors import Invalid

MOST_TERMS = 200_000  # characters of HTML
NAME_LENGTHS = (2, 200)
"""Characters of the name a reader types to accept."""

_CELLS = {"table", "thead", "tbody", "tr", "th", "td"}
_BLOCKS = {"p", "h1", "h2", "h3", "h4", "li", "blockquote", "tr"}
_TAGS = {*_BLOCKS, *_CELLS, "br", "strong", "em", "u", "ol", "ul", "a"}
_SPANS = {"colspan", "rowspan"}


def clean_terms(html: str) -> str:
    """The text with nothing but paragraphs, headings, lists, quotations, emphasis, tables, and links to https and mail addresses.

    Applied before it is kept and again before it is shown, so that neither a gap here nor a foreign hand at the database reaches a
    reader's browser.
    """
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}, "td": _SPANS, "th": _SPANS},
        url_schemes={"https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    ).strip()


def checked_terms(html: str) -> str:
    """The cleaned text of terms somebody wants to put in force. Raises `Invalid` (`terms`: "empty", "too_long")."""
    if len(html) > MOST_TERMS:
        raise Invalid({"terms": ["too_long"]})
    text = clean_terms(html)
    if not lines_of(text):
        raise Invalid({"terms": ["empty"]})
    return text


def checked_name(text: str) -> str:
    """A name as a reader types it to accept: one line of visible characters. Raises `Invalid` (`name`)."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    least, most = NAME_LENGTHS
    if len(name) < least:
        raise Invalid({"name": ["required"]})
    if len(name) > most:
        raise Invalid({"name": ["too_long"]})
    if not name.isprintable():
        raise Invalid({"name": ["control_character"]})
    return name


@dataclass(frozen=True)
class Line:
    """A paragraph of terms in plain text; a place in a list is written out ("1. ", "• ")."""

    text: str
    is_heading: bool = False


def lines_of(html: str) -> tuple[Line, ...]:
    """What cleaned terms say, paragraph by paragraph, without markup; where a link leads stands behind its words.

    >>> [line.text for line in lines_of('<h2>One</h2><ol><li>a<li><a href="https://example.com/">b</a></ol>')]
    ['One', '1. a', '2. b (https://example.com/)']
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_line()
    return tuple(reader.lines)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._text = ""
        self._is_heading = False
        self._lists: list[int | None] = []  # of each open list the last number; None where it has none
        self._target = ""
        self._bullet = ""  # of the place in a list that has begun

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (tag in _BLOCKS or tag == "br") and not (self._bullet and self._text == self._bullet):
            self.end_line()
        if tag in {"ol", "ul"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._text = self._bullet = self._next_bullet()
        elif tag in {"td", "th"} and self._text:
            self._text += " | "
        elif tag == "a":
            self._target = dict(attrs).get("href") or ""
        self._is_heading = self._is_heading or tag in {"h1", "h2", "h3", "h4"}

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._target:
            self._text += "" if self._text.endswith(self._target.removeprefix("mailto:")) else f" ({self._target})"
            self._target = ""
        if tag in _BLOCKS:
            self.end_line()
        if tag in {"ol", "ul"} and self._lists:
            self._lists.pop()

    def handle_data(self, data: str) -> None:
        self._text += data

    def end_line(self) -> None:
        """Keep the paragraph that ends here, if it says anything."""
        text = " ".join(self._text.split())
        if text:
            self.lines.append(Line(text, self._is_heading))
        self._text, self._is_heading, self._bullet = "", False, ""

    def _next_bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "• "
        self._lists[-1] = number + 1
        return f"{number + 1}. "
