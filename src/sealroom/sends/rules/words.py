# SPDX-License-Identifier: Apache-2.0
"""Protected words: what of HTML is kept, and the pictures among them. Pure."""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Mapping
from urllib.parse import unquote

import nh3

MOST_BODY = 1024 * 1024  # bytes of HTML or text
MOST_PICTURES = 50  # of one message
MOST_ACROSS = 1600  # pixels of a picture
_TAGS = {
    *("p", "br", "div", "span", "hr", "pre", "code", "blockquote", "h1", "h2", "h3", "h4", "ul", "ol", "li", "img"),
    *("b", "strong", "i", "em", "u", "s", "sub", "sup", "a", "table", "thead", "tbody", "tr", "td", "th"),
}
_SPANS = {"colspan", "rowspan"}
_PICTURE = re.compile(r"""<img ([^>]*?)src="cid:(pic_\w+)"([^>]*)>""")
_NO_PICTURE = re.compile(r"""<img(?![^>]* src=)[^>]*>""")
_UNSAFE = re.compile(r"""[<>"&]""")


def clean_words(html: str, pictures: Mapping[str, str]) -> str:
    """Protected words with nothing but an allow-list of marks-up: no styles, no scripts, links to web and mail only, and no picture
    but those of `pictures` (Content-ID or own id: our id), which are named by our id afterwards.

    Applied before they are kept and again before they are shown."""

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if tag == "a" and attribute == "href":
            return None if value.strip().lower().startswith("cid:") else value
        if tag == "img" and attribute == "src":
            found = pictures.get(unquote(value.strip()[4:])) if value.strip().lower().startswith("cid:") else None
            return f"cid:{found}" if found else None
        if tag == "img" and attribute == "alt":
            return _UNSAFE.sub(" ", value)[:200]
        return value

    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes={"a": {"href"}, "td": _SPANS, "th": _SPANS, "img": {"src", "alt"}},
        attribute_filter=kept,
        url_schemes={"https", "http", "mailto", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return _NO_PICTURE.sub("", cleaned).strip()


def shown_pictures(words: str) -> frozenset[str]:
    """The ids of the pictures that cleaned words show."""
    return frozenset(found[2] for found in _PICTURE.finditer(words))


def place_pictures(words: str, places: Mapping[str, tuple[str, int, int]]) -> str:
    """Cleaned words with each picture's address, width and height in pixels; what has no place is left out."""

    def tag(found: re.Match[str]) -> str:
        if found[2] not in places:
            return ""
        url, width, height = places[found[2]]
        alt = "" if "alt=" in found[1] + found[3] else ' alt=""'
        return f'<img {found[1]}src="{url}"{found[3]}{alt} width="{width}" height="{height}">'

    return _PICTURE.sub(tag, words)


def words_from_text(text: str) -> str:
    """Plain text as the same HTML: paragraphs where a line is empty, else line ends."""
    parts = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return "".join(f"<p>{html_text.escape(part.strip(), quote=False).replace(chr(10), '<br>')}</p>" for part in parts)


def says_something(html: str) -> bool:
    """Whether cleaned words hold more than marks-up: text or a picture."""
    return bool(html_text.unescape(nh3.clean(html, tags=set())).strip()) or bool(_PICTURE.search(html))


def clean_insert(html: str) -> str:
    """What stands in a mail in the place of its files, with no more than the tags clients rebuild."""
    return nh3.clean(html, tags={"p", "a", "br", "strong", "ul", "li"}, attributes={"a": {"href"}}, link_rel=None).strip()
