# SPDX-License-Identifier: Apache-2.0
"""What a team decided about mail that its members send through their mail clients. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sealroom.core.addresses import BadAddress, canonical_domain
from sealroom.core.errors import Invalid
from sealroom.core.people import Addressee
from sealroom.sends.rules.sending import MAX_DOCUMENTS, MAX_RECIPIENTS

MODES = ("off", "ask", "force")
"""What a client does with attachments: nothing by itself, asks, or sends no other way."""
AUTHORS = ("own", "via")
"""Who a mail from a mail program says it is from: the member, or the house in his name (his address is then for answers)."""
SECURE = "[secure]"  # how the subject begins of a mail whose words are protected too, where the team wants that
MOST_DOMAINS = 200
LARGE_FILE = 100 * 1024 * 1024  # bytes from which a member is told that it takes long to load
_LISTS = {
    *("all", "team", "teams", "staff", "everyone", "everybody", "list", "lists", "group", "groups", "office", "info", "contact"),
    *("sales", "support", "help", "admin", "hr", "board", "dl"),
    *("equipe", "tous", "liste", "groupe", "bureau", "ventes", "compta", "direction", "rh"),
}
REPLIES_PER_READER = (20, timedelta(days=1))  # of one send
MOST_REPLY_FILES = 5
MOST_REPLY_BYTES = 25 * 1024 * 1024  # of all files of one reply


@dataclass(frozen=True)
class MailPolicy:
    """`min_bytes`: from which size of all attachments on a client asks or insists. Mail that goes to `internal_domains` only is
    left alone; with `internal_only` nothing goes elsewhere. The three limits lower those of the installation; None: they stand.
    `names_files`: whether the mail itself says what the files are called. Of mail programs: `secure_subject`, whether a mail whose
    subject begins with `SECURE` has its words protected, and `author` (`AUTHORS`)."""

    mode: str = "ask"
    min_bytes: int = 0
    internal_domains: tuple[str, ...] = ()
    internal_only: bool = False
    max_file_bytes: int | None = None
    max_files: int | None = None
    max_recipients: int | None = None
    names_files: bool = True
    secure_subject: bool = False
    author: str = "own"


def checked_mail_policy(policy: MailPolicy) -> MailPolicy:
    """The policy with canonical domains. Raises `Invalid` by field."""
    errors: dict[str, list[str]] = {}
    if policy.mode not in MODES:
        errors["mode"] = ["unknown"]
    if policy.author not in AUTHORS:
        errors["author"] = ["unknown"]
    if policy.min_bytes < 0:
        errors["min_bytes"] = ["negative"]
    domains: list[str] = []
    for text in policy.internal_domains:
        try:
            domains.append(canonical_domain(text.strip().removeprefix("@")))
        except BadAddress:
            errors["internal_domains"] = ["bad_domain"]
    if len(domains) > MOST_DOMAINS:
        errors["internal_domains"] = ["too_many"]
    if policy.internal_only and not domains:
        errors.setdefault("internal_domains", ["required"])
    for name in ("max_file_bytes", "max_files", "max_recipients"):
        value = getattr(policy, name)
        if value is not None and value < 1:
            errors[name] = ["too_small"]
    if errors:
        raise Invalid(errors)
    return replace(policy, internal_domains=tuple(dict.fromkeys(domains)))


def most_files(policy: MailPolicy) -> int:
    """How many files one mail may have."""
    return min(MAX_DOCUMENTS, policy.max_files or MAX_DOCUMENTS)


def most_recipients(policy: MailPolicy) -> int:
    """To how many addresses one mail may go."""
    return min(MAX_RECIPIENTS, policy.max_recipients or MAX_RECIPIENTS)


def protects_words(policy: MailPolicy, subject: str) -> bool:
    """Whether a mail with this subject has its words protected."""
    return policy.secure_subject and subject.strip().lower().startswith(SECURE)


def outsiders(policy: MailPolicy, addresses: Iterable[str]) -> list[str]:
    """Whom `internal_only` keeps away, of canonical addresses."""
    return outside(policy, addresses) if policy.internal_only else []


def outside(policy: MailPolicy, addresses: Iterable[str]) -> list[str]:
    """Which canonical addresses are in none of the team's domains; none where it named none."""
    if not policy.internal_domains:
        return []
    return [one for one in addresses if one.rpartition("@")[2] not in policy.internal_domains]


def looks_like_list(address: str) -> bool:
    """Whether an address is probably read by several people. A guess by its name; nothing hangs on it.

    >>> [looks_like_list(one) for one in ("sales@x.org", "board-list@x.org", "everyone.paris@x.org", "nadia@x.org")]
    [True, True, True, False]
    """
    local = address.rpartition("@")[0].lower()
    return bool(_LISTS.intersection(re.split(r"[-._+]", local)))


@dataclass(frozen=True)
class MailCommit:
    """A commit of a mail client: all recipients of the mail as they are now, and who delivers it ("client": its own mail carries
    one link for all; "server": we write to each)."""

    recipients: tuple[Addressee, ...]
    delivery: str = "client"


DELIVERIES = ("client", "server")
