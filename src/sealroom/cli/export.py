# SPDX-License-Identifier: Apache-2.0
"""`sealroom export verify FILE.zip`: check the archive of a data room against its signed statement. `sealroom export key`:
print the public key that archives of this installation are signed with.

With `--key` nothing of an installation is needed: whoever was given an archive and told its key can check it anywhere.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sealroom.cli import setup
from sealroom.core.archives import Finding, Flaw, Report, check_archive, public_keys
from sealroom.core.keyring import KeyRing

_SENTENCES = {
    Flaw.NOT_AN_ARCHIVE: "this is not a whole ZIP archive",
    Flaw.NO_STATEMENT: "the archive has no statement of what is in it",
    Flaw.FORGED: "the signature is not of this statement: do not believe it",
    Flaw.OTHER_KEY: "signed with a key that is not the expected one: do not believe it",
    Flaw.MISSING: "missing",
    Flaw.ADDED: "added",
    Flaw.CHANGED: "changed",
    Flaw.UNSAFE_NAME: "a name that leaves its folder; do not unpack this archive",
}


def run(argv: list[str]) -> int:
    """0 when the archive is as it was made; 1 and a line per finding otherwise."""
    parser = argparse.ArgumentParser(prog="sealroom export", description=__doc__)
    deeds = parser.add_subparsers(dest="deed", required=True)
    verify = deeds.add_parser("verify", help="check an archive; writes nothing")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--key", metavar="HEX", type=_key, help="the public key it must be signed with; default: this installation's"
    )
    deeds.add_parser("key", help="print this installation's public key")
    options = parser.parse_args(argv)
    if options.deed == "key":
        print(next(iter(public_keys(_keyring()))))
        return 0
    known = {options.key: ""} if options.key else public_keys(_keyring())
    try:
        with options.file.open("rb") as file:
            report = check_archive(file, known)
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 1
    _print(report, known)
    return 1 if report.findings else 0


def _key(text: str) -> str:
    key = text.strip().lower()
    if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("a public key is 64 hexadecimal digits")
    return key


def _keyring() -> KeyRing:
    setup.load()
    from sealroom.core.secrets import keyring  # noqa: PLC0415 -- app ready

    return keyring()


def _print(report: Report, known: dict[str, str]) -> None:
    """What the archive says of itself, whose key signed it, and what is wrong."""
    for name in ("name", "room", "made_at", "installation"):
        if name in report.facts:
            print(f"{name}: {_shown(report.facts[name])}")
    public = report.facts.get("public_key", "")
    if public:
        print(f"key: {_shown(public)} ({_whose(public, known)})")
    for finding in report.findings:
        print(_sentence(finding))
    print(f"findings: {len(report.findings)}" if report.findings else f"{report.files} files, all as they were")


def _whose(public: str, known: dict[str, str]) -> str:
    if public not in known:
        return "not the expected one"
    return f"this installation's, master key {known[public]}" if known[public] else "the one that was given"


def _sentence(finding: Finding) -> str:
    sentence = _SENTENCES[finding.flaw]
    return f"{_shown(finding.name)}: {sentence}" if finding.name else sentence


def _shown(text: str) -> str:
    """A text of an archive nobody vouches for, without what could move about a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
