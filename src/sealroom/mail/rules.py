# SPDX-License-Identifier: Apache-2.0
"""What becomes of a message: its states, which answers are passing, how often it is tried, what may stand in a header. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

OPEN = frozenset({"queued", "retrying"})
MOVES: dict[str, frozenset[str]] = {
    "queued": frozenset({"sent", "retrying", "bounced", "failed"}),
    "retrying": frozenset({"sent", "retrying", "bounced", "failed"}),
    "sent": frozenset({"bounced"}),  # a delivery report can come days later
    "bounced": frozenset(),
    "failed": frozenset(),
}
# Waits between attempts. An urgent mail (a code that lives ten minutes) is tried densely and soon given up; others get two days,
# which outlasts greylisting and a weekend's outage of the other side (RFC 5321, 4.5.4.1 asks for patience of days).
_WAITS = (30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
_URGENT_WAITS = (2, 5, 10, 20, 40, 60, 120, 180)
# Enhanced status codes (RFC 3463) that speak of the address itself: unknown, moved, closed. Others (policy, spam, size, full)
# refuse this message, not the address.
_ADDRESS_GONE = re.compile(r"^5\.(1\.(1|2|3|6|10)|2\.1)$")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Fate(enum.StrEnum):
    """The state an attempt leads to."""

    SENT = "sent"
    RETRYING = "retrying"
    BOUNCED = "bounced"
    FAILED = "failed"


@dataclass(frozen=True)
class Decision:
    """What to do after an attempt."""

    fate: Fate
    wait: timedelta = timedelta(0)
    suppress: bool = False


def decide(code: int, answer: str, stage: str, *, attempts: int, urgent: bool) -> Decision:
    """Judge the attempt number `attempts` (from 1) by what the other side said, and when (`ports.Stage`).

    A final refusal counts as the recipient's only where the talk was about the recipient or the message: 5xx at sign-in or at the
    sender's address is our own misconfiguration and is tried again.
    """
    if stage == "data" and 200 <= code < 300:
        return Decision(Fate.SENT)
    if 500 <= code < 600 and stage in {"recipient", "data"}:
        return Decision(Fate.BOUNCED, suppress=speaks_of_address(code, answer, stage))
    waits = _URGENT_WAITS if urgent else _WAITS
    if attempts > len(waits):
        return Decision(Fate.FAILED)
    return Decision(Fate.RETRYING, wait=timedelta(seconds=waits[attempts - 1]))


def attempts_allowed(*, urgent: bool) -> int:
    """How many attempts a message gets."""
    return len(_URGENT_WAITS if urgent else _WAITS) + 1


def speaks_of_address(code: int, answer: str, stage: str) -> bool:
    """Whether a 5xx says that the address takes no mail at all; without an enhanced code, a plain 550, 551 or 553 to RCPT does."""
    if found := _STATUS.search(answer):
        return bool(_ADDRESS_GONE.match(found[1]))
    return stage == "recipient" and code in {550, 551, 553}


def may_move(state: str, to: str) -> bool:
    """Whether a message may go from one state to another."""
    return to in MOVES[state]


def is_header_safe(text: str) -> bool:
    """No character that ends a line for any mail program, and none that is invisible or turns the reading direction.

    >>> is_header_safe("Nadia\\r\\nBcc: x@example.com")
    False
    """
    return not any(
        unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}
        or c in "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for c in text
    )


def one_line(answer: str, *, most: int = 300) -> str:
    """What the other side said, as it may be stored and shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in answer).split())[:most]


PRODUCT = "Sealroom"


def sender_display(sender_name: str, product: str, via: str) -> str:
    """The name shown as From: the real sender's and the product's, so that nobody takes the installation for the person.
    `via` is the pattern in the reader's language, with `{name}` and `{product}`."""
    return via.format(name=sender_name.replace("@", " at "), product=product) if sender_name else product


def bounce_address(configured: str, reference: str) -> str:
    """Envelope sender that names the message (variable envelope return paths, Bernstein 1997): a report that comes back needs no
    parsing to be understood, and cannot be forged without having seen the message."""
    local, _, domain = configured.rpartition("@")
    return f"{local}+{reference}@{domain}"


def reference_of(bounce_to: str) -> str | None:
    """The message a bounce address names."""
    found = re.search(r"\+(eml_[0-9A-Za-z]{10,40})@", bounce_to)
    return found[1] if found else None


class Signing(enum.StrEnum):
    """Whether signatures of outgoing mail hold, as far as is known."""

    OFF = "off"  # no key is set
    UNCHECKED = "unchecked"
    GOOD = "good"
    MISSING = "missing"  # the domain publishes no key at that name
    OTHER_KEY = "other_key"  # it publishes another one, or took it back
    UNREACHABLE = "unreachable"  # nobody could be asked


def judge_key(published: list[str], expected: str) -> Signing:
    """What text records say of a key (RFC 6376, 3.6.1). Without a tag `v` they are keys too; spaces mean nothing.

    >>> [judge_key([text], "v=DKIM1; k=rsa; p=ABCD").value for text in ("v=DKIM1; k=rsa; p=AB CD", "v=spf1 -all", "p=")]
    ['good', 'missing', 'other_key']
    """
    keys = [key for key in map(_key_in, published) if key is not None]
    if not keys:
        return Signing.MISSING
    return Signing.GOOD if keys == [_key_in(expected)] else Signing.OTHER_KEY


def _key_in(text: str) -> str | None:
    """The key of a record; None for a record that is about something else."""
    tags = {name.strip(): "".join(value.split()) for name, _, value in (tag.partition("=") for tag in text.split(";"))}
    return tags.get("p") if tags.get("v", "DKIM1") == "DKIM1" else None
