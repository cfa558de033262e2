# SPDX-License-Identifier: Apache-2.0
"""The canonical form of an e-mail address: what makes two spellings one recipient.

Rule: trimmed, NFC, ASCII letters lower-cased (other characters of the local part kept), domain as IDNA A-label without trailing
dot; no folding of dots or plus tags; control and full-width characters refused.
"""

from __future__ import annotations

import re
import unicodedata

import idna

_LOCAL_FORBIDDEN = re.compile(r'[\s"(),:;<>@\[\]\\]')
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
_MAX_LOCAL, _MAX_ADDRESS = 64, 254


class BadAddress(ValueError):
    """The text is no address we can deliver to."""


def canonical_address(text: str) -> str:
    """The one spelling under which an address is stored, compared and charged. Raises `BadAddress`.

    >>> canonical_address(" Nadia.K+x@EXAMPLE.com. ")
    'nadia.k+x@example.com'
    """
    address = unicodedata.normalize("NFC", _trimmed(text))
    if any(_is_refused(character) for character in address):
        raise BadAddress(text)
    local, at, domain = address.rpartition("@")
    if not at or not local or domain != _trimmed(domain) or len(local.encode()) > _MAX_LOCAL:
        raise BadAddress(text)
    if _LOCAL_FORBIDDEN.search(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress(text)
    result = f"{local.translate(_ASCII_LOWER)}@{canonical_domain(domain)}"
    if len(result.encode()) > _MAX_ADDRESS:
        raise BadAddress(text)
    return result


def canonical_domain(text: str) -> str:
    """A domain as lower-case A-labels without trailing dot (IDNA 2008, RFC 5891). Raises `BadAddress`."""
    domain = unicodedata.normalize("NFC", _trimmed(text).lower()).removesuffix(".")
    try:
        # A label that is encoded already must be one that encoding gives: else one domain had two spellings.
        plain = domain.isascii() and "xn--" not in domain
        ascii_domain = domain if plain else idna.encode(domain, uts46=False).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise BadAddress(text) from error
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise BadAddress(text)
    return ascii_domain


def _trimmed(text: str) -> str:
    """Without the blanks and line ends that copying brings; other control characters stay, to be refused."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character in "\t\r\n" or unicodedata.category(character) == "Zs"


def _is_refused(character: str) -> bool:
    """Control and format characters (headers, bidi tricks), and full-width look-alikes of ASCII."""
    return unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"} or "\uff00" <= character <= "\uffef"
