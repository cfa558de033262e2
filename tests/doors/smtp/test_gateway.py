# SPDX-License-Identifier: Apache-2.0
"""The gateway as programs meet it: a real server process, a real relay behind it."""

from __future__ import annotations

import email.policy
import json
import re
import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage

import pytest
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import Gateway, gateway, wait_for_port
from tests.doors.smtp.test_reports import report
from tests.factories.documents import make_pdf
from tests.journeys.server import free_port

pytestmark = pytest.mark.slow
SENDER = "nadia@example.com"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/v/[\w-]+/")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("gateway"), most_bytes=3_000_000) as made:
        words = [sys.executable, "-m", "tests.doors.smtp.people", SENDER, "10"]
        done = subprocess.run(words, env=made.server.environment, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stderr
        made.address, made.secret = SENDER, json.loads(done.stdout)["secret"]
        yield made


def count(running: Gateway, statement: str) -> int:
    with closing(sqlite3.connect(running.server.data / "sealroom.sqlite3", timeout=30)) as database:
        return int(database.execute(statement).fetchone()[0] or 0)


def credits_left(running: Gateway) -> int:
    return count(running, "SELECT sum(delta) FROM credits_entry")


def with_files(subject: str, *files: tuple[str, bytes]) -> bytes:
    head = corpus.HEAD.replace("The plan", subject).replace("one@example.com", f"{subject}@example.com".replace(" ", "."))
    parts = [corpus.file(name, data) for name, data in files]
    return corpus.mail(corpus.many("mixed", corpus.many("alternative", corpus.PLAIN, corpus.HTML, edge="alt"), *parts), head)


def words(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_files_leave_the_mail_and_each_recipient_gets_a_link(running: Gateway) -> None:
    data = with_files("First", ("plan.pdf", make_pdf()), ("note.pdf", make_pdf(("one", "two"))))
    to = ("ben@example.org", "cleo@example.net", "hidden@example.net")
    assert running.send(data, *to) == "250 2.0.0 Accepted"
    copies = running.sink.wait(3, subject="First")
    links = [LINK.findall(words(copies[one], "plain")) for one in to]
    assert [len(found) for found in links] == [1, 1, 1]
    assert len({found[0] for found in links}) == 3
    for one, found in zip(to, links, strict=True):
        message = copies[one]
        assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == ["text/plain", "text/html"]
        assert (found[0] in words(message, "html"), "plan.pdf" in words(message, "plain")) == (True, True)
        assert [message["From"], message["To"], message["Cc"], message["Bcc"]] == [
            "Nadia Khan <nadia@example.com>", "Ben <ben@example.org>", "cleo@example.net", None,
        ]  # fmt: skip
    senders = {sender for sender, _to, message in running.sink.taken if message["Subject"] == "First"}
    assert len(senders) == 3
    assert all(re.fullmatch(r"mail\+eml_\w+@sealroom\.example", sender) for sender in senders)
    assert credits_left(running) == 4
    assert count(running, "SELECT count(*) FROM sends_send WHERE route = 'smtp' AND state = 'sent'") == 1
    # The same mail again, drawn anew by its program: yes, and nothing else.
    again = data.replace(b"=_edge", b"=_other")
    assert running.send(again, *reversed(to)) == "250 2.0.0 Accepted"
    assert (credits_left(running), count(running, "SELECT count(*) FROM mail_outgoingmail WHERE subject = 'First'")) == (4, 3)
    # A copy that comes back to the gateway is a loop, whatever it holds now.
    looped = copies["ben@example.org"].as_bytes(policy=email.policy.SMTP)
    assert running.send(looped, "x@example.com") == "554 5.4.6 Not sent: this mail has been here before"


def test_too_few_credits_are_said_with_their_numbers(running: Gateway) -> None:
    before, documents = credits_left(running), "SELECT count(*) FROM documents_document WHERE deleted_at IS NULL"
    kept = count(running, documents)
    data = with_files("Poor", ("plan.pdf", make_pdf()))
    answer = running.send(data, *[f"r{number}@example.com" for number in range(before + 1)])
    left = f"554 5.7.0 Not sent: needs {before + 1} credits, {before} left. Nothing was delivered or charged."
    assert (answer, credits_left(running), count(running, documents)) == (left, before, kept)
    assert count(running, "SELECT count(*) FROM mail_outgoingmail WHERE subject = 'Poor'") == 0


def test_a_mail_without_files_is_handed_on_as_it_is(running: Gateway) -> None:
    before = credits_left(running)
    with running.client(over_tls=True, signed_in=False) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
        smtp.user, smtp.password = running.address, running.secret
        smtp.auth("LOGIN", smtp.auth_login)
        data = corpus.mail(corpus.PLAIN, corpus.HEAD.replace("The plan", "Words"))
        assert smtp.sendmail(SENDER, ["ben@example.org"], data) == {}
    message = running.sink.wait(1, subject="Words")["ben@example.org"]
    assert (words(message, "plain"), credits_left(running)) == ("Hello Ben,\nhere it is.\n", before)


def test_nothing_goes_before_tls_and_sign_in(running: Gateway) -> None:
    smtp = smtplib.SMTP("127.0.0.1", running.port, timeout=60)
    smtp.ehlo()
    assert ("auth" in smtp.esmtp_features, "starttls" in smtp.esmtp_features) == (False, True)
    assert [smtp.docmd(line)[0] for line in (f"MAIL FROM:<{SENDER}>", "AUTH PLAIN AGEAYg==")] == [530, 530]
    smtp.close()
    with running.client(signed_in=False) as smtp:
        smtp.ehlo()
        assert smtp.mail(SENDER) == (530, b"5.7.0 Authentication required")
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            smtp.login(SENDER, "not the password")
    assert (wrong.value.smtp_code, wrong.value.smtp_error) == (535, b"5.7.8 Sign in with your address and an app password")


@pytest.mark.parametrize("name", ["S/MIME, encrypted", "automatic, with a file", "two types", "31 times received"])
def test_what_cannot_be_taken_is_refused_after_the_data(running: Gateway, name: str) -> None:
    data, reply = corpus.REFUSED[name]
    assert running.send(data, "ben@example.org") == reply


def test_refusals_by_address_size_and_kind(running: Gateway) -> None:
    plain = corpus.mail(corpus.PLAIN)
    own = "550 5.7.1 Not sent: the sender must be an address of your account"
    assert running.send(plain, "ben@example.org", sender="somebody@example.com") == own
    foreign = running.send(plain.replace(b"nadia@example.com", b"ceo@example.com"), "ben@example.org")
    assert foreign == own
    assert running.send(plain, "nobody") == "550 5.1.3 This is not an address"
    many = [f"r{number}@example.com" for number in range(101)]
    assert running.send(plain, *many) == "554 5.5.3 Not sent: a mail may go to 100 recipients"
    with running.client() as smtp:
        assert smtp.docmd("MAIL", f"FROM:<{SENDER}> SIZE=3000001")[0] == 552
        assert smtp.docmd("MAIL", "FROM:<>") == (550, b"5.7.1 A mail needs a sender")
    big = with_files("Big", ("a.bin", bytes(2_400_000)))
    assert running.send(big, "ben@example.org") == "552 5.3.4 Not sent: the mail is larger than this server takes"
    program = with_files("Program", ("invoice.exe", b"MZ\x90\x00" + bytes(400)))
    assert running.send(program, "ben@example.org") == "554 5.7.1 Not sent: invoice.exe is not allowed"
    broken = with_files("Broken", ("broken.pdf", b"%PDF-1.7\n" + b"nothing\n" * 20))
    assert running.send(broken, "ben@example.org") == "554 5.7.1 Not sent: broken.pdf cannot be opened"
    with running.client() as smtp:
        smtp.mail(SENDER)
        smtp.rcpt("ben@example.org")
        smtp.putcmd("DATA")
        smtp.getreply()
        smtp.send(plain + b"hidden\n.\nline\r\n.\r\n")
        assert smtp.getreply() == (550, b"5.6.0 Not sent: a line ends without CR and LF")


def test_death_between_commit_and_answer_neither_charges_nor_sends_twice(running: Gateway) -> None:
    before, port = credits_left(running), free_port()
    data = with_files("Death", ("plan.pdf", make_pdf()))
    environment = running.server.environment | {
        "SEALROOM_FAULT_POINT": "after_submission_commit",
        "SEALROOM_SUBMISSION_LISTEN": f"127.0.0.1:{port}",
        "SEALROOM_SUBMISSION_TLS_LISTEN": "",
        "SEALROOM_BOUNCE_LISTEN": "",
    }
    process = subprocess.Popen([sys.executable, "-m", "sealroom.cli.main", "smtp"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        dying = Gateway(running.server, running.sink, port, 0, 0, running.trust, running.secret, running.address)
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            dying.send(data, "ben@example.org")
        assert process.wait(60) == 137
    finally:
        process.kill()
        process.wait()
    assert running.send(data, "ben@example.org") == "250 2.0.0 Accepted"
    running.sink.wait(1, subject="Death")
    assert before - credits_left(running) == 1
    assert count(running, "SELECT count(*) FROM mail_outgoingmail WHERE subject = 'Death'") == 1


def test_an_address_that_refuses_is_told_and_paid_back(running: Gateway) -> None:
    before = credits_left(running)
    running.sink.refuse.add("gone@example.org")
    assert running.send(with_files("Gone", ("plan.pdf", make_pdf())), "gone@example.org") == "250 2.0.0 Accepted"
    assert running.sink.wait_for(SENDER, "A mail could not be delivered", "gone@example.org") == 1
    assert credits_left(running) == before


def test_a_report_to_the_return_path_pays_back(running: Gateway) -> None:
    before = credits_left(running)
    assert running.send(with_files("Later", ("plan.pdf", make_pdf())), "left@example.org") == "250 2.0.0 Accepted"
    running.sink.wait(1, subject="Later")
    path = next(sender for sender, _to, message in running.sink.taken if message["Subject"] == "Later")
    with smtplib.SMTP("127.0.0.1", running.bounce_port, timeout=60) as smtp:
        smtp.ehlo()
        assert "auth" not in smtp.esmtp_features
        assert [smtp.mail("")[0], smtp.rcpt("nadia@example.com")[0], smtp.rcpt(path)[0]] == [250, 550, 250]
        assert smtp.data(report("Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 left\r\n"))[0] == 250
    letters = running.sink.wait_for(SENDER, "A mail could not be delivered", "left@example.org")
    assert letters == 1
    assert credits_left(running) == before
