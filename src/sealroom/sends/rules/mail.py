# SPDX-License-Identifier: Apache-2.0
"""What a team decided about mail that its members send through their mail clients. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sealroom.core.addresses import BadAddress, canonical_domain
from sealroom.core.errors import Invalid
from sealroom.sends.rules.sending import MAX_DOCUMENTS, MAX_RECIPIENTS

MODES = ("off", "ask", "force")
"""What a client does with attachments: nothing by itself, asks, or sends no other way."""
MOST_BODY = 1024 * 1024  # bytes of HTML or text
MOST_DOMAINS = 200


@dataclass(frozen=True)
class MailPolicy:
    """`min_bytes`: from which size of all attachments on a client asks or insists. Mail that goes to `internal_domains` only is
    left alone; with `internal_only` nothing goes elsewhere. The three limits lower those of the installation; None: they stand.
    `names_files`: whether the mail itself says what the files are called."""

    mode: str = "ask"
    min_bytes: int = 0
    internal_domains: tuple[str, ...] = ()
    internal_only: bool = False
    max_file_bytes: int | None = None
    max_files: int | None = None
    max_recipients: int | None = None
    names_files: bool = True


def checked_mail_policy(policy: MailPolicy) -> MailPolicy:
    """The policy with canonical domains. Raises `Invalid` by field."""
    errors: dict[str, list[str]] = {}
    if policy.mode not in MODES:
        errors["mode"] = ["unknown"]
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


def outsiders(policy: MailPolicy, addresses: Iterable[str]) -> list[str]:
    """Whom `internal_only` keeps away, of canonical addresses."""
    if not policy.internal_only:
        return []
    return [one for one in addresses if one.rpartition("@")[2] not in policy.internal_domains]
