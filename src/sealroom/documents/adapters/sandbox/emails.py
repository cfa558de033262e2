# SPDX-License-Identifier: Apache-2.0
"""E-mail (RFC 5322, MIME) becomes pages: who, to whom, when, about what; the text; and a list of what was attached.

Attachments are named with their size and not opened. Of HTML only words and their order are taken; nothing is fetched. Mails in
the wild break every rule of their grammar, so each header and each part is read by itself and what cannot be read is left out.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message

from . import wire
from .decoding import decode
from .fonts import Style
from .html import paragraphs_of
from .layout import Flow
from .pdfwriter import PdfWriter
from .refused import Refused
from .typeset import Span, Typesetter

_MOST_BYTES = 100 * 1024**2
_SAMPLE = 64 * 1024
_SHOWN = ("From", "Sender", "Reply-To", "To", "Cc", "Date", "Subject")
_KNOWN = frozenset({"from", "to", "subject", "date", "message-id", "received", "mime-version", "content-type", "return-path"})
_PARTS = 2_000
_HEADER_CHARACTERS = 4_000
_SIZE, _HEAD_SIZE = 10.0, 9.5


def to_pdf(source: int, limits: dict[str, int]) -> int:
    """A memory file with the pages. Refuses: limit_size, limit_pages, corrupt when it is neither a mail nor text."""
    with wire.reader(source) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise Refused("limit_size", limit=_MOST_BYTES)
    message = email.message_from_bytes(data.lstrip(b"\r\n\xef\xbb\xbf"), policy=email.policy.compat32)
    if not _KNOWN & {name.lower() for name in _names(message)} and re.search(rb"[\x00-\x06\x0e-\x1a]", data[:4096]):
        raise Refused("corrupt", reason="no message")
    heads = [(name, value) for name in _SHOWN if (value := _header(message, name))]
    leaves = list(_leaves(message))
    body = _body(leaves)
    blocks, mono = _blocks(body)
    attached = [_line_of(part) for part in leaves if part is not body and _is_attached(part)]
    answer = wire.memory_file("pdf")
    with open(answer, "wb", closefd=False) as out:
        writer = PdfWriter(out)
        sample = " ".join([*(value for _, value in heads), *blocks, *attached])[:_SAMPLE]
        typesetter = Typesetter(writer, sample)
        flow = Flow(writer, typesetter, pages=limits["pages"])
        _write(flow, heads, attached, blocks, mono=mono)
        flow.finish()
        typesetter.finish()
        writer.finish()
    return answer


def _write(flow: Flow, heads: list[tuple[str, str]], attached: list[str], blocks: list[str], *, mono: bool) -> None:
    for name, value in [*heads, *(("Attachment", line) for line in attached)]:
        spans = [Span(f"{name}: ", Style(bold=True), _HEAD_SIZE, 0.35), Span(value, size=_HEAD_SIZE)]
        flow.paragraph(spans, after=2)
    if heads or attached:
        flow.rule()
    flow.plain(iter(blocks), style=Style(mono=mono), size=8.6 if mono else _SIZE)


def _names(message: Message) -> list[str]:
    return [str(name) for name in message.keys()]  # noqa: SIM118 -- iterating a message is not defined


def _header(message: Message, name: str) -> str:
    """A header's text in one line; its raw form when its encoding is broken."""
    value: object = ""
    with contextlib.suppress(Exception):
        value = message.get(name, "")
    raw = str(value)[:_HEADER_CHARACTERS]
    text = raw
    with contextlib.suppress(Exception):
        text = str(make_header(decode_header(raw)))
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, an attached message as one; at most so many."""
    waiting, seen = [message], 0
    while waiting and seen < _PARTS:
        part = waiting.pop(0)
        seen += 1
        payload = part.get_payload()
        if part.is_multipart() and isinstance(payload, list) and (part is message or _kind(part) != "message/rfc822"):
            waiting[:0] = [child for child in payload if isinstance(child, Message)]
        else:
            yield part


def _kind(part: Message) -> str:
    with contextlib.suppress(Exception):
        return part.get_content_type()
    return "application/octet-stream"


def _body(leaves: list[Message]) -> Message | None:
    """The part that is read: text before HTML, unless the text is empty."""
    readable = [
        part for part in leaves if _kind(part) in ("text/plain", "text/html") and not _name(part) and not _says_attached(part)
    ]
    plain = [part for part in readable if _kind(part) == "text/plain" and _text(part).strip()]
    rich = [part for part in readable if _kind(part) == "text/html"]
    return next(iter([*plain, *rich, *readable]), None)


def _blocks(body: Message | None) -> tuple[list[str], bool]:
    """Lines to set, and whether they want a fixed pitch."""
    if body is None:
        return [], False
    text = _text(body)
    if _kind(body) == "text/html":
        return paragraphs_of(text), False
    return re.split(r"\r\n|\r|\n", text), bool(re.search(r"\S {3,}\S|[|+]-{2,}", text))


def _bytes(part: Message) -> bytes:
    with contextlib.suppress(Exception):
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            return data
    return b""


def _text(part: Message) -> str:
    data = _bytes(part)
    with contextlib.suppress(Exception):
        charset = str(part.get_content_charset() or "")
        if charset and charset.lower() not in ("us-ascii", "ascii", "unknown-8bit"):
            return data.decode(charset, "replace")
    return decode(data)


def _says_attached(part: Message) -> bool:
    with contextlib.suppress(Exception):
        return part.get_content_disposition() == "attachment"
    return False


def _name(part: Message) -> str:
    with contextlib.suppress(Exception):
        name = part.get_filename()
        if name:
            return " ".join(str(make_header(decode_header(name))).split())[:200]
    return ""


def _is_attached(part: Message) -> bool:
    return bool(_name(part)) or _says_attached(part) or not _kind(part).startswith(("text/", "multipart/"))


def _line_of(part: Message) -> str:
    size = len(_bytes(part))
    name = _name(part) or _kind(part)
    if _kind(part) == "message/rfc822":
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        name = _name(part) or (_header(inner, "Subject") if isinstance(inner, Message) else "") or name
        return f"{name} (message)"
    unit = f"{size} B" if size < 1024 else f"{size / 1024:.1f} KB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"
    return f"{name} ({unit})"
