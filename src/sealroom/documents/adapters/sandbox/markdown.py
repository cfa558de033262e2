# SPDX-License-Identifier: Apache-2.0
"""Markdown (CommonMark with tables and strike-through) as paragraphs. Raw HTML is shown as text, and nothing is ever fetched."""

from __future__ import annotations

from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .fonts import Style
from .layout import Flow, Row
from .typeset import Span

_BODY = 10.0
_HEADINGS = {"h1": 20.0, "h2": 16.0, "h3": 13.0, "h4": 11.5, "h5": 10.5, "h6": 10.0}
_LINK_INK = 0.4
_NESTING = 24


@dataclass
class _Place:
    """Where in the nesting of lists and quotations the next block stands."""

    indent: float = 0.0
    mark: str = ""
    counters: list[int | None] = field(default_factory=list)


def write_markdown(flow: Flow, text: str) -> None:
    """Lay a Markdown text out."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTING}).enable(["table", "strikethrough"])
    tokens = parser.parse(text.replace("\x00", "\ufffd"))
    place = _Place()
    at = 0
    while at < len(tokens):
        at = _write_block(flow, tokens, at, place)


def _write_block(flow: Flow, tokens: list[Token], at: int, place: _Place) -> int:
    """Write the block that starts at a token, or note what it changes; tells where to go on."""
    token = tokens[at]
    match token.type:
        case "heading_open":
            size = _HEADINGS[token.tag]
            flow.paragraph(_spans(tokens[at + 1], size, bold=True), indent=place.indent, before=size * 0.6, after=size * 0.3)
            return at + 3
        case "paragraph_open":
            flow.paragraph(_spans(tokens[at + 1], _BODY), indent=place.indent, mark=place.mark, after=3 if place.counters else 7)
            place.mark = ""
            return at + 3
        case "fence" | "code_block" | "html_block":
            flow.code(token.content.rstrip("\n"), indent=place.indent)
        case "hr":
            flow.rule()
        case "table_open":
            return _write_table(flow, tokens, at, place)
        case "bullet_list_open" | "ordered_list_open":
            place.counters.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None)
            place.indent += 20
        case "bullet_list_close" | "ordered_list_close":
            place.counters.pop()
            place.indent -= 20
            flow.space(0 if place.counters else 5)
        case "list_item_open":
            place.mark = _mark(place)
        case "blockquote_open":
            place.indent += 16
        case "blockquote_close":
            place.indent -= 16
        case _:
            pass
    return at + 1


def _mark(place: _Place) -> str:
    counter = place.counters[-1]
    if counter is None:
        return "\u2022" if len(place.counters) % 2 else "\u2013"
    place.counters[-1] = counter + 1
    return f"{counter}."


def _write_table(flow: Flow, tokens: list[Token], at: int, place: _Place) -> int:
    rows: list[Row] = []
    while tokens[at].type != "table_close":
        if tokens[at].type == "tr_open":
            rows.append([])
        elif tokens[at].type == "inline":
            rows[-1].append(_spans(tokens[at], 9.0))
        at += 1
    flow.space(4)
    flow.table(rows, indent=place.indent, size=9.0)
    return at + 1


def _spans(inline: Token, size: float, *, bold: bool = False) -> list[Span]:
    spans: list[Span] = []
    strong, emphasis, link = int(bold), 0, ""
    for token in inline.children or []:
        style = Style(bold=strong > 0, italic=emphasis > 0)
        match token.type:
            case "text" | "html_inline":
                spans.append(Span(token.content, style, size))
            case "code_inline":
                spans.append(Span(token.content, Style(mono=True), size * 0.92))
            case "softbreak" | "hardbreak":
                spans.append(Span(" ", style, size))
            case "strong_open" | "strong_close":
                strong += 1 if token.nesting > 0 else -1
            case "em_open" | "em_close":
                emphasis += 1 if token.nesting > 0 else -1
            case "link_open":
                link = str(token.attrGet("href") or "")
            case "link_close":
                if link and link not in "".join(span.text for span in spans):
                    spans.append(Span(f" ({link})", style, size * 0.9, _LINK_INK))
            case "image":
                spans.append(Span(f"[{token.content or 'image'}]", Style(italic=True), size, _LINK_INK))
            case _:
                pass
    return spans
