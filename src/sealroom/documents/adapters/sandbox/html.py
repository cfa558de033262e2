# SPDX-License-Identifier: Apache-2.0
"""The words of HTML in the order a reader meets them. No element is kept, nothing is fetched, scripts and styles are skipped."""

from __future__ import annotations

import contextlib
from html.parser import HTMLParser

_SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre", "hr"})
_CELLS = frozenset({"td", "th"})
_SCHEMES = ("http://", "https://", "mailto:")
_MOST_CHARACTERS = 20_000_000


def paragraphs_of(text: str) -> list[str]:
    """Lines of text; an empty one stands between paragraphs."""
    words = _Words()
    with contextlib.suppress(Exception):  # what comes after a part that cannot be read is lost, the mail is not
        words.feed(text[:_MOST_CHARACTERS])
        words.close()
    return words.lines()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._skipping = ""
        self._skipped_depth = 0
        self._pre = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            self._skipped_depth += tag == self._skipping
            return
        if tag in _SKIPPED:
            self._skipping, self._skipped_depth = tag, 1
            return
        told = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._end_line(spaced=tag in _SPACED)
        if tag == "br":
            self._end_line(spaced=False, keep=True)
        elif tag == "li":
            self._line.append("\u2022 ")
        elif tag in _CELLS and self._line:
            self._line.append("   ")
        elif tag == "pre":
            self._pre += 1
        elif tag == "a":
            self._link = told.get("href", "")
        elif tag == "img" and told.get("alt", "").strip():
            self._line.append(f"[{told['alt'].strip()[:200]}]")

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            self._skipped_depth -= tag == self._skipping
            if self._skipped_depth < 1 or tag in ("html", "body"):
                self._skipping = ""
            return
        if tag == "a":
            self._end_link()
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in _BLOCKS:
            self._end_line(spaced=tag in _SPACED)

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._pre:
            first, *others = data.split("\n")
            self._line.append(first)
            for other in others:
                self._end_line(spaced=False, keep=True)
                self._line.append(other)
            return
        words = " ".join(data.split())
        self._line.append((" " if data[:1].isspace() else "") + words + (" " if words and data[-1:].isspace() else ""))

    def lines(self) -> list[str]:
        self._end_line(spaced=False)
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return self._lines

    def _end_link(self) -> None:
        link, self._link = self._link.strip(), ""
        shown = "".join(self._line)
        if link.lower().startswith(_SCHEMES) and link.rstrip("/").removeprefix("mailto:") not in shown:
            self._line.append(f" <{link[:500]}>")

    def _end_line(self, *, spaced: bool, keep: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else " ".join(line.replace("   ", "\t").split(" ")).strip().replace("\t", "   ")
        self._line = []
        if line or keep:
            self._lines.append(line)
        if spaced and self._lines and self._lines[-1]:
            self._lines.append("")
