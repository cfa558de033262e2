# SPDX-License-Identifier: Apache-2.0
"""What a member typed as a text with simple formatting, as HTML. The room sanitises it before it is kept
(`access.flows.make_terms`); nothing here is trusted for that."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

_IS_HTML = re.compile(r"^\s*<[a-zA-Z!]")


def terms_html(text: str) -> str:
    """HTML of a text in Markdown. What begins with a tag is HTML already and stays as it is, so that a text in force can be edited.

    >>> terms_html("Keep it **secret**.")
    '<p>Keep it <strong>secret</strong>.</p>'
    """
    if _IS_HTML.match(text):
        return text.strip()
    # Line breaks of a text that was typed as plain text mean what they look like.
    return str(MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").render(text)).strip()
