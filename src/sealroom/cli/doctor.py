# SPDX-License-Identifier: Apache-2.0
"""`sealroom doctor`: what is missing on this machine, and what that costs the people who use it."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from sealroom.cli import setup

_LOW_SPACE = 2 * 1024**3  # bytes
# One letter of each script that a name in a watermark may be written in.
_SCRIPTS = {
    "Greek": "Ω", "Cyrillic": "Ж", "Chinese": "漢", "Japanese": "か", "Korean": "한", "Arabic": "ع", "Hebrew": "ש",
    "Devanagari": "अ", "Thai": "ก", "Armenian": "Ա", "Georgian": "ა", "emoji": "😀",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One line: fine or not, and what it means."""

    fine: bool
    text: str


def run(argv: list[str]) -> int:
    """0 when nothing is missing, 1 otherwise."""
    argparse.ArgumentParser(prog="sealroom doctor", description=__doc__).parse_args(argv)
    setup.load()
    checks: list[Callable[[], list[Finding]]] = [
        _sandbox, _office, _media, _viruses, _fonts, _mail, _signing, _address, _billing, _space,
    ]  # fmt: skip
    findings = [finding for check in checks for finding in check()]
    for finding in findings:
        print(("ok       " if finding.fine else "missing  ") + finding.text)
    return 0 if all(finding.fine for finding in findings) else 1


def _sandbox() -> list[Finding]:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    from sealroom.documents.ports import get_workshop  # noqa: PLC0415 -- app ready

    workshop = get_workshop()
    try:
        isolation = workshop.isolation()
    finally:
        workshop.close()
    if isolation == "bubblewrap":
        return [Finding(True, "sandbox: files are opened in bubblewrap, without network"), _second_engine()]
    lacking = (
        "install bubblewrap" if shutil.which("bwrap") is None else "allow user namespaces, which bubblewrap builds its walls from"
    )
    if not settings.SEALROOM_WEAK_SANDBOX:
        cost = "Office files, SVG drawings, audio and video are off: they can only be sent for download"
        return [Finding(False, f"sandbox: only {isolation}; {lacking}. Until then {cost}"), _second_engine()]
    cost = "a hostile Office file, drawing or film may read what this user may read and write into what readers are shown"
    return [Finding(False, f"sandbox: only {isolation}, and SEALROOM_WEAK_SANDBOX is set: {cost}; {lacking}"), _second_engine()]


def _second_engine() -> Finding:
    if shutil.which("pdftocairo"):
        return Finding(True, "PDF files that PDFium refuses are given to poppler")
    return Finding(False, "poppler-utils: damaged PDF files that PDFium refuses stay refused, though poppler might read them")


def _office() -> list[Finding]:
    if shutil.which("soffice"):
        return [Finding(True, "Office and OpenDocument files are converted by LibreOffice, where the sandbox allows it")]
    return [Finding(False, "LibreOffice: Office and OpenDocument files can only be sent for download")]


def _media() -> list[Finding]:
    from sealroom.documents.ports import get_studio  # noqa: PLC0415 -- app ready

    if get_studio().is_available():
        return [Finding(True, "audio and video are played, normalised by ffmpeg")]
    missing = "the sandbox" if shutil.which("ffmpeg") and shutil.which("ffprobe") else "ffmpeg"
    return [Finding(False, f"{missing}: audio and video can only be sent for download")]


def _viruses() -> list[Finding]:
    from sealroom.documents import flows  # noqa: PLC0415 -- app ready
    from sealroom.documents.flows import ScannerState  # noqa: PLC0415 -- app ready

    state, said = flows.check_scanner()
    texts = {
        ScannerState.GOOD: f"viruses: {said} finds the test file",
        ScannerState.OFF: "viruses: no SEALROOM_CLAMD; files are not scanned",
        ScannerState.DOWN: f"viruses: clamd does not answer ({said}); files wait, and mail programs are told to try again",
        ScannerState.BLIND: f"viruses: {said} does not know the test file; has freshclam fetched its signatures?",
    }
    return [Finding(state in {ScannerState.GOOD, ScannerState.OFF}, texts[state])]


def _fonts() -> list[Finding]:
    from sealroom.viewing.ports import get_stamper  # noqa: PLC0415 -- app ready

    lacking = [name for name, letter in _SCRIPTS.items() if get_stamper().missing_glyphs(letter)]
    if not lacking:
        return [Finding(True, "fonts: watermarks can be written in every script tried")]
    return [Finding(False, f"fonts: {', '.join(lacking)} would stand in watermarks as U+XXXX; install fonts-noto")]


def _mail() -> list[Finding]:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    if settings.SEALROOM_SMTP_URL:
        return [Finding(True, "mail is handed to the configured server")]
    return [
        Finding(False, f"mail: no SEALROOM_SMTP_URL; mails are written to {settings.SEALROOM_DATA / 'outbox'} and reach nobody")
    ]


def _signing() -> list[Finding]:
    from django.utils import timezone  # noqa: PLC0415 -- app ready

    from sealroom.mail import flows  # noqa: PLC0415 -- app ready
    from sealroom.mail.rules import Signing  # noqa: PLC0415 -- app ready

    found = flows.check_signing(now=timezone.now())
    texts = {
        Signing.GOOD: f"signatures: {found.record} publishes our key",
        Signing.MISSING: f"signatures: {found.record} publishes no key, so mail goes unsigned; publish the text {found.expected}",
        Signing.OTHER_KEY: f"signatures: {found.record} publishes another key, so mail goes unsigned; it must be {found.expected}",
        Signing.UNREACHABLE: f"signatures: no name server answers for {found.record}; mail is signed, but nobody knows if it holds",
    }
    return [Finding(found.state is Signing.GOOD, texts[found.state])] if found.state in texts else []


def _address() -> list[Finding]:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    if settings.SEALROOM_SECURE:
        return [Finding(True, f"links and mails name {settings.SEALROOM_BASE_URL}")]
    return [Finding(False, f"address: {settings.SEALROOM_BASE_URL} is not https; people elsewhere cannot open what you send")]


def _billing() -> list[Finding]:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    gateway = settings.SEALROOM_PAYMENT_GATEWAY
    if gateway == "none":
        return [Finding(True, "billing: nobody pays here; plans have no prices and no invoices are written")]
    found = []
    if not (settings.SEALROOM_SELLER_NAME and settings.SEALROOM_SELLER_ADDRESS):
        found.append(
            Finding(False, "billing: invoices lack SEALROOM_SELLER_NAME or SEALROOM_SELLER_ADDRESS; few offices accept them")
        )
    if gateway == "invoice" and not settings.SEALROOM_SELLER_ACCOUNT:
        found.append(Finding(False, "billing: no SEALROOM_SELLER_ACCOUNT; invoices do not say where the money goes"))
    return found or [Finding(True, f"billing: invoices name the seller; money comes by {gateway}")]


def _space() -> list[Finding]:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    free = shutil.disk_usage(settings.SEALROOM_DATA).free
    return [Finding(free > _LOW_SPACE, f"disk: {free / 1024**3:.1f} GB free in {settings.SEALROOM_DATA}")]
