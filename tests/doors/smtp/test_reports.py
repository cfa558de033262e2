# SPDX-License-Identifier: Apache-2.0
"""Delivery reports: which of them say that a message never arrived, and whom the listener speaks to."""

from __future__ import annotations

import io
from typing import Any

import pytest
from tests.doors.smtp import corpus

from sealroom.mail.queries import message_of_return_path
from sealroom.smtp.reports import Report, read_report

HEAD = "From: MAILER-DAEMON@mx.example\r\nTo: mail+eml_x@sealroom.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"


def report(status: str, *, kind: str = "report") -> bytes:
    about = "Reporting-MTA: dns; mx.example\r\n\r\n" + status
    parts = [corpus.PLAIN, corpus.part("message/delivery-status", about), corpus.part("text/rfc822-headers", "Subject: x\r\n")]
    return corpus.mail(corpus.many(kind, *parts, more="; report-type=delivery-status"), HEAD)


CASES: list[tuple[bytes, Report | None]] = [
    (
        report("Final-Recipient: rfc822; a@b.c\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n"),
        Report(True, "5.1.1 550 no such user"),
    ),
    (report("Action: FAILED (at last)\r\nStatus: 5.0.0 (unknown)\r\n"), Report(True, "5.0.0")),
    (report("Action: delayed\r\nStatus: 4.4.1\r\n"), Report(False, "4.4.1")),
    (report("Action: delivered\r\nStatus: 2.0.0\r\n"), Report(False, "2.0.0")),
    (report("Action: failed\r\nStatus: 4.2.2\r\n"), Report(False, "4.2.2")),
    (report("Action: failed\r\nStatus: 5.1.1\r\n", kind="mixed"), None),
    (report("nothing\r\n"), None),
    (corpus.mail(corpus.PLAIN, "Auto-Submitted: auto-replied\r\n" + HEAD), None),
    (b"Content-Type: multipart/report\r\n\r\n", None),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_what_a_report_says(data: bytes, expected: Report | None) -> None:
    assert read_report(io.BytesIO(data)) == expected


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mail+eml_0123456789AB@sealroom.example", "eml_0123456789AB"),
        ("mail+eml_0123456789AB@SEALROOM.example", "eml_0123456789AB"),
        ("mail@sealroom.example", None),
        ("mail+other@sealroom.example", None),
        ("mail+eml_0123456789AB@other.example", None),
        ("x+eml_0123456789AB@sealroom.example", None),
        ("", None),
    ],
)
def test_only_return_paths_of_our_own_are_known(settings: Any, address: str, message: str | None) -> None:
    settings.SEALROOM_MAIL_FROM = "Sealroom <mail@sealroom.example>"
    assert message_of_return_path(address) == message
