# SPDX-License-Identifier: Apache-2.0
"""Before the final 250 the virus scanner has seen every file and what stays in the mail."""

from __future__ import annotations

import pytest
from tests.clamd import FOUND, MARK, Clamd, need_clamd
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import Gateway
from tests.factories.documents import make_pdf

pytestmark = pytest.mark.slow
TO = "ben@example.org"
SENDER = "scanned@example.com"


def left_behind(sender: Gateway) -> tuple[int, int, int]:
    """Credits, documents and mails after a refusal."""
    documents = sender.count(
        "SELECT count(*) FROM documents_document d JOIN accounts_user u ON u.id = d.owner_id "
        f"WHERE u.email = '{SENDER}' AND deleted_at IS NULL"
    )
    return sender.credits_left, documents, sender.count("SELECT count(*) FROM mail_outgoingmail WHERE subject LIKE 'Scanned%'")


def test_mails_meet_the_scanner(running: Gateway, gateways_clamd: Clamd | None) -> None:
    need_clamd()
    assert gateways_clamd is not None
    sender = running.member(SENDER, 20)
    bad = corpus.with_files("Scanned", ("plan.pdf", make_pdf()), ("bad.pdf", make_pdf() + MARK), sender=SENDER)
    assert sender.send(bad, TO) == f"554 5.7.1 Not sent: bad.pdf has a virus ({FOUND}). Nothing was delivered or charged."
    plain = corpus.with_files("Scanned", sender=SENDER)
    between = plain.replace(b"\r\n\r\n", b"\r\n\r\n" + MARK + b"\r\n", 1)  # where no reader looks
    encoded = corpus.mail(
        corpus.part("text/plain", corpus.b64(b"Hello " + MARK), "Content-Transfer-Encoding: base64"),
        corpus.HEAD.replace("nadia@example.com", SENDER).replace("The plan", "Scanned"),
    )
    for one in (between, encoded):
        assert sender.send(one, TO) == f"554 5.7.1 Not sent: the mail has a virus ({FOUND}). Nothing was delivered or charged."
    good = corpus.with_files("Scanned and good", ("plan.pdf", make_pdf()), sender=SENDER)
    with gateways_clamd.stopped():
        assert sender.send(good, TO) == "451 4.3.0 Try again later"
    assert left_behind(sender) == (20, 0, 0)
    assert sender.send(good, TO) == "250 2.0.0 Accepted"
    assert left_behind(sender) == (19, 1, 1)
