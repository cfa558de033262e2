# SPDX-License-Identifier: Apache-2.0
"""What a room says of itself, as a page may show it. Pure."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "br", "hr", "strong", "em", "code", "pre", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_LOWER = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h4", "h5": "h4", "h6": "h4"}


def about_html(text: str) -> str:
    """Markdown as HTML that is safe to show: no pictures, no markup of its own, links to https and mail addresses only. Headings
    begin at the second level, below the page's own.

    >>> about_html("# Welcome\\n\\nRead *this* <script>alert(1)</script>")
    '<h2>Welcome</h2>\\n<p>Read <em>this</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>'
    """
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
    tokens = reader.parse(text)
    for token in tokens:
        token.tag = _LOWER.get(token.tag, token.tag)
    html = str(reader.renderer.render(tokens, reader.options, {}))
    return nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "mailto"}, link_rel="noopener noreferrer nofollow"
    ).strip()
