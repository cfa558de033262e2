# SPDX-License-Identifier: Apache-2.0
"""Where somebody wanted to go when a gate stood in the way: a page of a data room, or one file of a mail. The gate’s form carries
the address on, since looking at a page must leave nothing in a browser; from one gate to the next it is kept by a cookie. It opens
nothing: the page it names asks for the rights itself. A gate that is reached by looking names the file in its own address."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve

COOKIE, KEPT_S, PATH = "sealroom_way", 3600, "/v/"
_ADDRESS = re.compile(r"/v/[\x21-\x7e]{1,400}")
# A mail's link, or a gate behind it, that goes on to one of its files.
_FILE = re.compile(r"/v/[\w-]{1,200}/(?:(?:passcode|terms)/)?\?file=(doc_\w{1,40})")
_PAGES = {
    f"portal:{name}" for name in ("room", "room_about", "room_guests", "room_item", "room_question", "room_questions", "viewer")
}


def wanted(request: HttpRequest) -> str:
    """The page of a link that is asked for now, or that a gate's form carries on; "" for all that is none."""
    text = request.POST.get("to", "") if request.method == "POST" else request.get_full_path()
    return text if _page_of(text) or _FILE.fullmatch(text) else ""


def wanted_file(request: HttpRequest, link_id: str) -> str:
    """The file a mail's link goes on to, or the one whose page behind this link was asked for; "" when none was. Whether it stands
    behind the link is for the caller to ask."""
    for text in (wanted(request), request.COOKIES.get(COOKIE, "")):
        if found := _FILE.fullmatch(text):
            return found[1]
        page = _page_of(text)
        if page is not None and page.kwargs["link_id"] == link_id:
            return str(page.kwargs.get("document_id", ""))
    return ""


def with_file(address: str, document_id: str) -> str:
    """The address of a link or of a gate, which goes on to a file."""
    return f"{address}?file={document_id}" if document_id else address


def wanted_behind(request: HttpRequest, link_id: str) -> str:
    """The page to go to once the gates of this link are passed; "" when none was asked for."""
    for text in (wanted(request), request.COOKIES.get(COOKIE, "")):
        page = _page_of(text)
        if page is not None and page.kwargs["link_id"] == link_id:
            return text
    return ""


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser keep what the posted form carried, for the next gate."""
    if text := wanted(request):
        response.set_cookie(COOKIE, text, max_age=KEPT_S, path=PATH, secure=settings.SEALROOM_SECURE, httponly=True, samesite="Lax")


def forget(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser forget it: the reader is there."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def _page_of(text: str) -> ResolverMatch | None:
    """The page behind a link that an address on this host names; None for every other address."""
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        found = resolve(text.partition("?")[0])
    except Resolver404:
        return None
    return found if found.view_name in _PAGES else None
