# SPDX-License-Identifier: Apache-2.0
"""What the deeds of a send answer with."""

from __future__ import annotations

from dataclasses import dataclass

from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import LineError


@dataclass(frozen=True)
class SendResult:
    """What became of a send. `waiting`: confirmed, goes out (and is charged) when its documents are ready. `replayed`: the key
    was used before with the same request; nothing happened again. `available` are the credits left after it, `returned` those a
    cancellation gave back."""

    send: Send
    charged: int
    available: int
    returned: int = 0
    waiting: bool = False
    replayed: bool = False


@dataclass(frozen=True)
class DraftResult:
    """A saved draft, and the lines of recipients that were left out."""

    send: Send
    errors: tuple[LineError, ...] = ()


@dataclass(frozen=True)
class AddResult:
    """Recipients added to a send; those who were there already are not in `added`."""

    send: Send
    added: tuple[Recipient, ...]
    charged: int
    available: int
    replayed: bool = False


@dataclass(frozen=True)
class ImportResult:
    """Contacts read from a file: how many are new, how many changed, and the lines that are nobody."""

    added: int
    changed: int
    errors: tuple[LineError, ...] = ()


@dataclass(frozen=True)
class Preview:
    """A look as a recipient: the secret to set as the browser's cookie at the recipients' pages, and where to go."""

    cookie: str
    url: str


@dataclass(frozen=True)
class ReplaceResult:
    """A version that was put in the place of another, in all live sends of its document."""

    charged: int
    available: int
    recipients: int
    replayed: bool = False
