# SPDX-License-Identifier: Apache-2.0
"""Every answer of the gateway that a mail program shows to its user. Stable English sentences: programs quote them word for word.
Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_TEXT = 400  # characters; a reply line may have 512 octets (RFC 5321, 4.5.3.1.5)


@dataclass(frozen=True)
class Reply:
    """One answer: code of RFC 5321, status of RFC 3463, sentence."""

    code: int
    status: str
    text: str

    def __str__(self) -> str:
        """As it goes over the wire: one line of ASCII, whatever a file is called.

        >>> str(Reply(554, "5.7.1", "Not sent: café.exe is not allowed"))
        '554 5.7.1 Not sent: caf?.exe is not allowed'
        """
        line = "".join(letter if letter.isprintable() else " " for letter in f"{self.code} {self.status} {self.text}")
        return line.encode("ascii", "replace").decode("ascii")[:MOST_TEXT].rstrip()


class Refused(Exception):
    """The mail is not taken, for the reason the reply says; nothing of it was delivered or charged."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


TAKEN = Reply(250, "2.0.0", "Accepted")
SIGNED_IN = Reply(235, "2.7.0", "Authentication successful")
WRONG_PASSWORD = Reply(535, "5.7.8", "Sign in with your address and an app password")
TOO_MANY_SIGN_INS = Reply(454, "4.7.0", "Too many wrong passwords; try again later")
NO_SIGN_IN_NOW = Reply(454, "4.7.0", "Sign-in is not possible now; try again later")
TOO_FAST = Reply(451, "4.7.1", "Too many mails in a short time; try again later")
NULL_SENDER = Reply(550, "5.7.1", "A mail needs a sender")
NOT_YOUR_ADDRESS = Reply(550, "5.7.1", "Not sent: the sender must be an address of your account")
BAD_RECIPIENT = Reply(550, "5.1.3", "This is not an address")
TRY_LATER = Reply(451, "4.3.0", "Try again later")
TOO_BIG = Reply(552, "5.3.4", "Not sent: the mail is larger than this server takes")
LINE_TOO_LONG = Reply(500, "5.6.0", "Not sent: a line is longer than 998 characters")
BARE_LINE_END = Reply(550, "5.6.0", "Not sent: a line ends without CR and LF")
SIGNED_OR_ENCRYPTED = Reply(554, "5.6.0", "Signed or encrypted mail cannot be changed")
LOOP = Reply(554, "5.4.6", "Not sent: this mail has been here before")
AUTOMATIC_WITH_FILES = Reply(554, "5.7.1", "Not sent: automatic mail with files is not taken")
NO_SENDER_FIELD = Reply(554, "5.6.0", "Not sent: the mail needs one From field with one address")
UNREADABLE = Reply(554, "5.6.0", "Not sent: the structure of the mail cannot be read")
TOO_MANY_PARTS = Reply(554, "5.6.0", "Not sent: the mail has too many parts")
TOO_DEEP = Reply(554, "5.6.0", "Not sent: the parts of the mail are nested too deeply")
FORBIDDEN = Reply(554, "5.7.1", "Not sent: you may not send for this team")
SETTINGS = Reply(554, "5.7.1", "Not sent: the settings of your team do not allow it; send it on the page")
TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", "Too many connections; try again later")
PAYMENT_DUE = Reply(554, "5.7.0", "Not sent: a payment of your team is due. Nothing was delivered or charged.")
SUSPENDED = Reply(554, "5.7.1", "Not sent: your team is suspended; ask whoever runs this server. Nothing was delivered or charged.")
STORAGE_FULL = Reply(554, "5.3.1", "Not sent: the storage of your team is full")


def too_few_credits(needed: int, available: int) -> Reply:
    """The numbers, and that nothing happened.

    >>> str(too_few_credits(4, 1))
    '554 5.7.0 Not sent: needs 4 credits, 1 left. Nothing was delivered or charged.'
    """
    text = f"Not sent: needs {needed} {_unit(needed, 'credit')}, {available} left. Nothing was delivered or charged."
    return Reply(554, "5.7.0", text)


def not_allowed(name: str) -> Reply:
    """A file the team or the installation does not send."""
    return Reply(554, "5.7.1", f"Not sent: {_short(name)} is not allowed")


def infected(name: str, signature: str) -> Reply:
    """A file, or the rest of the mail (no `name`), in which the virus scanner found something."""
    text = f"Not sent: {_short(name) or 'the mail'} has a virus ({_short(signature)}). Nothing was delivered or charged."
    return Reply(554, "5.7.1", text)


def unusable(name: str) -> Reply:
    """A file that cannot be shown: damaged, locked with a password, without pages."""
    return Reply(554, "5.7.1", f"Not sent: {_short(name)} cannot be opened")


def file_too_big(name: str) -> Reply:
    """A file over the limit of files."""
    return Reply(554, "5.3.4", f"Not sent: {_short(name)} is too large")


def too_many_files(limit: int) -> Reply:
    """More files than a mail may have."""
    return Reply(554, "5.5.3", f"Not sent: a mail may have {limit} {_unit(limit, 'file')}")


def too_many_recipients(limit: int) -> Reply:
    """More recipients than a mail may have. Not 452: a program would show it as an empty disk, or try the rest later."""
    return Reply(554, "5.5.3", f"Not sent: a mail may go to {limit} {_unit(limit, 'recipient')}")


def too_much_text(limit: int) -> Reply:
    """What stays in the mail (words, pictures within them) is over `limit` bytes."""
    return Reply(554, "5.3.4", f"Not sent: text and pictures in it are over {limit // 1024 // 1024} MB; attach them as files")


def outsider(address: str) -> Reply:
    """The team writes to its own domains only."""
    return Reply(554, "5.7.1", f"Not sent: your team does not send to {_short(address)}")


def _short(name: str) -> str:
    return name if len(name) <= 100 else f"{name[:60]}...{name[-36:]}"


def _unit(count: int, name: str) -> str:
    return name if count == 1 else f"{name}s"
