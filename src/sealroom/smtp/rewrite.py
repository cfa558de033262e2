# SPDX-License-Identifier: Apache-2.0
"""The mail as one recipient gets it: without its files, with the way to them, everything else as it came. Pure.

What is not changed is copied byte for byte; only what is encoded in 8 bits is encoded in 7, so that no relay has a reason to touch
(or refuse) it.
"""

from __future__ import annotations

import binascii
import hmac
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sealroom.smtp import files, mime
from sealroom.smtp.files import Mail
from sealroom.smtp.mime import Part

GATEWAY = "X-Sealroom-Gateway"
_DROPPED = frozenset(
    {"bcc", "resent-bcc", "return-path", "dkim-signature", "domainkey-signature", "content-length", "content-md5", GATEWAY.lower()}
)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_WIDE = re.compile(r"utf-?(16|32)|ucs", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """The way to the files, for the plain and for the HTML words. Both are safe as they are: escaped by who made them."""

    text: str
    html: str


@dataclass(frozen=True)
class Stamp:
    """What the gateway adds above (whole header lines without their line end), and the fields that go for it, in small letters."""

    lines: tuple[str, ...] = ()
    drops: frozenset[str] = frozenset()

    def above(self) -> bytes:
        """The lines as they go over the wire."""
        return b"".join(line.encode("ascii", "replace") + b"\r\n" for line in self.lines)


def rewrite(source: BinaryIO, mail: Mail, block: Block | None, *, stamp: Stamp) -> bytes:
    """The bytes for one recipient. Without a `block` (a mail without files) nothing but the header is changed."""
    gone = {id(file.part) for file in mail.files} | {id(part) for part in mail.dropped}
    writer = _Writer(source, gone, block)
    body = writer.part(mail.root)
    own = b"" if mail.root.fields.get("MIME-Version") else b"MIME-Version: 1.0\r\n"
    return stamp.above() + envelope_head(mail.root.head, stamp.drops) + own + body


def envelope_head(head: bytes, drops: frozenset[str]) -> bytes:
    """The fields of a mail that stay: without blind recipients, without signatures that hold no longer, without what describes the
    content (written anew with it), without `drops`."""
    gone = (name for name, _line in fields_of(head) if _is_dropped(name) or name.startswith("content-"))
    without = drops.union(gone)
    return b"".join(line for name, line in fields_of(head) if name not in without)


def set_apart(block: Block) -> Block:
    """The block with an edge, so that it is told from the words around it."""
    style = "margin:0 0 16px;padding:2px 18px;border:1px solid #D9D7CF;border-radius:8px;"
    return Block(f"{block.text}---\n", f'<div style="{style}">{block.html}</div>')


def text_part(text: str, subtype: str, fields: bytes = b"", more: str = "") -> bytes:
    """A text part of our own: fields, empty line, content. `fields`: whole lines of its header; `more`: parameters of its type."""
    return _encoded_text(text, subtype, "utf-8", fields, more)


def container(subtype: str, parts: Sequence[bytes]) -> bytes:
    """A part that holds others: fields, empty line, content."""
    edge = _edge(b"".join(parts))
    inner = b"".join(b"--" + edge + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="'.encode() + edge + b'"\r\n\r\n' + inner + b"--" + edge + b"--\r\n"


def fields_of(head: bytes) -> list[tuple[str, bytes]]:
    """The fields of a header block with their names in small letters, each with its continuation lines."""
    found: list[tuple[str, bytes]] = []
    for line in head.splitlines(keepends=True):
        whole = line if line.endswith(b"\n") else line + b"\r\n"
        if line[:1] in (b" ", b"\t") and found:
            found[-1] = (found[-1][0], found[-1][1] + whole)
        else:
            found.append((line.partition(b":")[0].strip().lower().decode("ascii", "replace"), whole))
    return found


def loop_mark(nonce: str, *, key: bytes) -> str:
    """The header line that says that this installation handed the mail on; nobody else can make one."""
    return f"{GATEWAY}: {nonce}.{_mac(nonce, key)}"


def was_here(mail: Mail, *, key: bytes) -> bool:
    """Whether the mail carries a mark of this installation."""
    for value in mail.root.fields.get_all(GATEWAY, ()):
        nonce, _, mac = str(value).strip().partition(".")
        if hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(nonce, key).encode()):
            return True
    return False


def _mac(nonce: str, key: bytes) -> str:
    return hmac.new(key, nonce.encode("utf-8", "replace"), "sha256").hexdigest()[:40]


def _is_dropped(name: str) -> bool:
    return name in _DROPPED or name.startswith("arc-")


class _Writer:
    def __init__(self, source: BinaryIO, gone: set[int], block: Block | None) -> None:
        self._source, self._gone, self._block = source, gone, block
        self._in_text = self._in_html = False

    def part(self, root: Part) -> bytes:
        """Content fields and content of the whole mail."""
        self._mark_words(root)
        body = self._content(root)
        if self._block is None or self._in_text or self._in_html:
            return body or b"\r\n"
        words = text_part(self._block.text, "plain")
        if not body:
            return words
        return container("mixed", (words, body))

    def _mark_words(self, root: Part) -> None:
        """Choose the first plain and the first HTML words: there the block goes."""
        self._words: dict[int, str] = {}
        for kind in ("text/plain", "text/html"):
            found = next((part for part in root.leaves() if part.kind == kind and self._are_words(part)), None)
            if found is not None and self._block is not None:
                self._words[id(found)] = kind

    def _are_words(self, part: Part) -> bool:
        special = "X-Mozilla-Cloud-Part" in part.fields or "multipart/report" in part.within
        return id(part) not in self._gone and part.disposition != "attachment" and not special

    def _content(self, part: Part) -> bytes:
        """Content fields, an empty line, content; b"" for what leaves the mail."""
        if id(part) in self._gone:
            return b""
        if part.boundary:
            return self._container(part)
        if id(part) in self._words:
            return self._with_block(part, self._words[id(part)])
        body = mime.raw(self._source, part)
        if part.kind.startswith("message/") or body.isascii():
            return _content_fields(part) + b"\r\n" + body
        data = b"".join(mime.content(self._source, part))
        fields = _content_fields(part, without_encoding=True)
        if part.kind.startswith("text/") and not _WIDE.search(part.fields.get_content_charset("")):
            return fields + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _quoted(data)
        return fields + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64(data)

    def _container(self, part: Part) -> bytes:
        children = [content for content in map(self._content, part.children) if content]
        if not children:
            return b""
        edge = b"\r\n--" + part.boundary
        encoded = b"".join(edge + b"\r\n" + child for child in children)
        without = part.encoding != "7bit" and encoded.isascii()
        return _content_fields(part, without_encoding=without) + encoded + edge + b"--\r\n"

    def _with_block(self, part: Part, kind: str) -> bytes:
        assert self._block is not None
        text, charset = files.text_of(self._source, part)
        fields = _content_fields(part, without_encoding=True, without_type=True)
        if kind == "text/html":
            self._in_html = True
            return _encoded_text(_put_in_html(text, self._block.html), "html", charset, fields)
        self._in_text = True
        return _encoded_text(f"{self._block.text}\n{text}", "plain", charset, fields, _flow(part))


def _put_in_html(html: str, block: str) -> str:
    """At the top of what is shown."""
    found = _BODY.search(html) or _HEAD_END.search(html)
    at = found.end() if found else 0
    return html[:at] + block + html[at:]


def _encoded_text(text: str, subtype: str, charset: str, fields: bytes, more: str = "") -> bytes:
    """A text part. The character set stays (its page may name it too); what does not fit into it becomes a reference in HTML and
    UTF-8 in plain words."""
    if _WIDE.search(charset):
        charset = "utf-8"
    try:
        data = text.encode(charset, "xmlcharrefreplace" if subtype == "html" else "strict")
    except UnicodeEncodeError:
        data, charset = text.encode("utf-8", "replace"), "utf-8"
    head = f'Content-Type: text/{subtype}; charset="{charset}"{more}\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    return head.encode("ascii", "replace") + fields + b"\r\n" + _quoted(data)


def _flow(part: Part) -> str:
    """Whether lines of plain words flow (RFC 3676), as the part says."""
    if str(part.fields.get_param("format", "")).lower() != "flowed":
        return ""
    return "; format=flowed" + ("; delsp=yes" if str(part.fields.get_param("delsp", "")).lower() == "yes" else "")


def _content_fields(part: Part, *, without_encoding: bool = False, without_type: bool = False) -> bytes:
    kept = []
    for name, line in fields_of(part.head):
        is_content = (name.startswith("content-") or bool(part.within)) and not _is_dropped(name)
        left_out = (without_encoding and name == "content-transfer-encoding") or (without_type and name == "content-type")
        if is_content and not left_out:
            kept.append(line)
    return b"".join(kept)


def _quoted(data: bytes) -> bytes:
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return quopri.encodestring(lines).replace(b"\n", b"\r\n")


def _base64(data: bytes) -> bytes:
    return b"".join(binascii.b2a_base64(data[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(data), 57))


def _edge(body: bytes) -> bytes:
    """A boundary that does not occur in the content."""
    number = 0
    while (edge := b"=_sealroom_%d" % number) in body:
        number += 1
    return edge
