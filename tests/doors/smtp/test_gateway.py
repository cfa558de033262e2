# SPDX-License-Identifier: Apache-2.0
"""The gateway as programs meet it: a real server process, a real relay behind it."""

from __future__ import annotations

import email.policy
import io
import re
import smtplib
import subprocess
import sys
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from PIL import Image
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import Gateway, wait_for_port
from tests.doors.smtp.test_reports import report
from tests.factories.documents import make_pdf
from tests.journeys.server import free_port

pytestmark = pytest.mark.slow
SENDER = "nadia@example.com"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/v/[\w-]+/")


@pytest.fixture(scope="module")
def nadia(running: Gateway) -> Gateway:
    return running.member(SENDER, 10)


def words(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_files_leave_the_mail_and_each_recipient_gets_a_link(nadia: Gateway) -> None:
    data = corpus.with_files("First", ("plan.pdf", make_pdf()), ("note.pdf", make_pdf(("one", "two"))))
    to = ("ben@example.org", "cleo@example.net", "hidden@example.net")
    assert nadia.send(data, *to) == "250 2.0.0 Accepted"
    copies = nadia.sink.wait(3, subject="First")
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
    senders = {sender for sender, _to, message in nadia.sink.taken if message["Subject"] == "First"}
    assert len(senders) == 3
    assert all(re.fullmatch(r"mail\+eml_\w+@sealroom\.example", sender) for sender in senders)
    assert nadia.credits_left == 4
    assert nadia.count("SELECT count(*) FROM sends_send WHERE route = 'smtp' AND state = 'sent' AND subject = 'First'") == 1
    # The same mail again, drawn anew by its program: yes, and nothing else.
    again = data.replace(b"=_edge", b"=_other")
    assert nadia.send(again, *reversed(to)) == "250 2.0.0 Accepted"
    assert (nadia.credits_left, nadia.count("SELECT count(*) FROM mail_outgoingmail WHERE subject = 'First'")) == (4, 3)
    # A copy that comes back to the gateway is a loop, whatever it holds now.
    looped = copies["ben@example.org"].as_bytes(policy=email.policy.SMTP)
    assert nadia.send(looped, "x@example.com") == "554 5.4.6 Not sent: this mail has been here before"


def test_too_few_credits_are_said_with_their_numbers(nadia: Gateway) -> None:
    before, documents = nadia.credits_left, "SELECT count(*) FROM documents_document WHERE deleted_at IS NULL"
    kept = nadia.count(documents)
    data = corpus.with_files("Poor", ("plan.pdf", make_pdf()))
    answer = nadia.send(data, *[f"r{number}@example.com" for number in range(before + 1)])
    left = f"554 5.7.0 Not sent: needs {before + 1} credits, {before} left. Nothing was delivered or charged."
    assert (answer, nadia.credits_left, nadia.count(documents)) == (left, before, kept)
    assert nadia.count("SELECT count(*) FROM mail_outgoingmail WHERE subject = 'Poor'") == 0


def test_a_mail_without_files_is_handed_on_as_it_is(nadia: Gateway) -> None:
    before = nadia.credits_left
    with nadia.client(over_tls=True, signed_in=False) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
        smtp.user, smtp.password = nadia.address, nadia.secret
        smtp.auth("LOGIN", smtp.auth_login)
        data = corpus.mail(corpus.PLAIN, corpus.NO_ID.replace("The plan", "Words"))
        for _once_more in range(2):
            assert smtp.sendmail(SENDER, ["ben@example.org"], data) == {}
    message = nadia.sink.wait(1, subject="Words")["ben@example.org"]
    assert (words(message, "plain"), nadia.credits_left) == ("Hello Ben,\nhere it is.\n", before)
    assert nadia.count("SELECT count(*) FROM mail_outgoingmail WHERE subject = 'Words'") == 1
    assert re.fullmatch(r"<\S+@\S+>", message["Message-ID"])  # ours: its program gave none


def test_nothing_goes_before_tls_and_sign_in(nadia: Gateway) -> None:
    smtp = smtplib.SMTP("127.0.0.1", nadia.port, timeout=60)
    smtp.ehlo()
    assert ("auth" in smtp.esmtp_features, "starttls" in smtp.esmtp_features) == (False, True)
    assert [smtp.docmd(line)[0] for line in (f"MAIL FROM:<{SENDER}>", "AUTH PLAIN AGEAYg==")] == [530, 530]
    smtp.close()
    with nadia.client(signed_in=False) as smtp:
        smtp.ehlo()
        assert smtp.mail(SENDER) == (530, b"5.7.0 Authentication required")
        assert smtp.docmd("AUTH", "PLAIN !!!") == (501, b"5.5.2 Can't decode base64")
        assert smtp.docmd("AUTH", "PLAIN bmFkaWE=") == (535, b"5.7.8 Sign in with your address and an app password")
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            smtp.login(SENDER, "not the password")
    assert (wrong.value.smtp_code, wrong.value.smtp_error) == (535, b"5.7.8 Sign in with your address and an app password")


def test_refusals_by_address_and_size(nadia: Gateway) -> None:
    plain = corpus.mail(corpus.PLAIN)
    own = "550 5.7.1 Not sent: the sender must be an address of your account"
    assert nadia.send(plain, "ben@example.org", sender="somebody@example.com") == own
    foreign = nadia.send(plain.replace(b"nadia@example.com", b"ceo@example.com"), "ben@example.org")
    assert foreign == own
    assert nadia.send(plain, "nobody") == "550 5.1.3 This is not an address"
    many = [f"r{number}@example.com" for number in range(101)]
    assert nadia.send(plain, *many) == "554 5.5.3 Not sent: a mail may go to 100 recipients"
    with nadia.client() as smtp:
        assert smtp.docmd("MAIL", f"FROM:<{SENDER}> SIZE=12000001")[0] == 552
        assert smtp.docmd("MAIL", "FROM:<>") == (550, b"5.7.1 A mail needs a sender")
        assert [smtp.mail(SENDER)[0], smtp.docmd("DATA")[0], smtp.rcpt(SENDER)[0], smtp.docmd("DATA", "x")[0]] == [
            250,
            503,
            250,
            501,
        ]
    big = corpus.with_files("Big", ("a.bin", bytes(9_000_000)))
    assert nadia.send(big, "ben@example.org") == "552 5.3.4 Not sent: the mail is larger than this server takes"
    with nadia.client() as smtp:
        smtp.mail(SENDER)
        smtp.rcpt("ben@example.org")
        smtp.putcmd("DATA")
        smtp.getreply()
        smtp.send(plain + b"hidden\n.\nline\r\n.\r\n")
        assert smtp.getreply() == (550, b"5.6.0 Not sent: a line ends without CR and LF")
        assert [smtp.mail(SENDER)[0], smtp.rcpt("ben@example.org")[0]] == [250, 250]
        assert smtp.data(plain + b"x" * 1100) == (500, b"5.6.0 Not sent: a line is longer than 998 characters")


def test_a_subject_can_ask_to_protect_the_words(running: Gateway) -> None:
    vera = running.member("vera@example.com", 5)
    picture = io.BytesIO()
    Image.new("RGB", (300, 150), "green").save(picture, "PNG")
    html = corpus.part("text/html", '<p>The price is <b>seven</b>. <img src="cid:p@x" alt="Plan"></p>')
    shown = corpus.part("image/png", corpus.b64(picture.getvalue()), "Content-ID: <p@x>", "Content-Transfer-Encoding: base64")
    content = corpus.many("alternative", corpus.PLAIN, corpus.many("related", html, shown, edge="rel"))
    head = corpus.HEAD.replace("The plan", "[Secure] Offer").replace("nadia@example.com", vera.address)
    data = corpus.mail(content, head)
    assert vera.send(data.replace(b"[Secure]", b"Open"), "ben@example.org") == "250 2.0.0 Accepted"
    assert "seven" in words(vera.sink.wait(1, subject="Open Offer")["ben@example.org"], "html")
    vera.do("policy", email=vera.address, secure_subject=True, author="via")
    assert vera.send(data, "ben@example.org", "cleo@example.net") == "250 2.0.0 Accepted"
    copies = vera.sink.wait(2, subject="[Secure] Offer")
    for message in copies.values():
        assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == ["text/plain", "text/html"]
        assert ("seven" in str(message), "Open the message" in words(message, "html")) == (False, True)
        assert LINK.search(words(message, "plain"))
        assert [message["From"], message["Reply-To"], message["To"]] == [
            "Nadia Khan via Sealroom <mail@sealroom.example>", "Nadia Khan <vera@example.com>", "Ben <ben@example.org>",
        ]  # fmt: skip
    assert vera.credits_left == 3
    kept = "sends_picture p JOIN sends_message m ON m.id = p.message_id JOIN sends_send s ON s.id = m.send_id"
    assert vera.count(f"SELECT p.width FROM {kept} WHERE s.subject = '[Secure] Offer'") == 300
    # A file beside the words: the price is the file's. Without any word there is nothing to protect.
    calendar = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Board\r\nDESCRIPTION:seven\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    invited = corpus.many("alternative", corpus.PLAIN, corpus.part("text/calendar; method=REQUEST", calendar), edge="alt")
    both = corpus.mail(corpus.many("mixed", invited, corpus.file("plan.pdf", make_pdf())), head.replace("Offer", "Both"))
    assert vera.send(both, "ben@example.org") == "250 2.0.0 Accepted"
    copy = vera.sink.wait(1, subject="Both")["ben@example.org"]
    assert ("here it is" in str(copy), "seven" in str(copy), vera.credits_left) == (False, False, 2)
    *_letter, meeting = copy.iter_parts()
    assert (meeting["Content-Type"].params["method"], "SUMMARY:Board" in str(meeting.get_content())) == ("REQUEST", True)
    assert len(LINK.findall(str(meeting.get_content()).replace("\r\n ", ""))) == 1
    long = corpus.mail(corpus.part("text/plain", "words and words\r\n" * 70_000), head.replace("Offer", "Long"))
    assert vera.send(long, "ben@example.org") == ("554 5.3.4 Not sent: text and pictures in it are over 1 MB; attach them as files")
    empty = corpus.mail(corpus.part("text/plain", "\r\n"), head.replace("Offer", "Empty"))
    assert vera.send(empty, "ben@example.org") == "250 2.0.0 Accepted"
    assert vera.sink.wait(1, subject="Empty")["ben@example.org"]["From"] == "Nadia Khan via Sealroom <mail@sealroom.example>"
    assert vera.credits_left == 2


def test_the_running_gateway_says_what_it_takes_and_till_when_its_certificate_holds(running: Gateway) -> None:
    certificate = Path(running.server.environment["SEALROOM_SUBMISSION_CERT"]).read_bytes()
    until = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    assert running.do("gateway") == [True, True, until.isoformat()]


def test_death_between_commit_and_answer_neither_charges_nor_sends_twice(nadia: Gateway) -> None:
    before, port = nadia.credits_left, free_port()
    data = corpus.with_files("Death", ("plan.pdf", make_pdf()))
    environment = nadia.server.environment | {
        "SEALROOM_FAULT_POINT": "after_submission_commit",
        "SEALROOM_SUBMISSION_LISTEN": f"127.0.0.1:{port}",
        "SEALROOM_SUBMISSION_TLS_LISTEN": "",
        "SEALROOM_BOUNCE_LISTEN": "",
    }
    process = subprocess.Popen([sys.executable, "-m", "sealroom.cli.main", "smtp"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        dying = replace(nadia, port=port)
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            dying.send(data, "ben@example.org")
        assert process.wait(60) == 137
    finally:
        process.kill()
        process.wait()
    assert nadia.send(data, "ben@example.org") == "250 2.0.0 Accepted"
    nadia.sink.wait(1, subject="Death")
    assert before - nadia.credits_left == 1
    assert nadia.count("SELECT count(*) FROM mail_outgoingmail WHERE subject = 'Death'") == 1


def test_an_address_that_refuses_is_told_and_paid_back(nadia: Gateway) -> None:
    before = nadia.credits_left
    nadia.sink.refuse.add("gone@example.org")
    assert nadia.send(corpus.with_files("Gone", ("plan.pdf", make_pdf())), "gone@example.org") == "250 2.0.0 Accepted"
    assert nadia.sink.wait_for(SENDER, "A mail could not be delivered", "gone@example.org") == 1
    assert nadia.credits_left == before


def test_a_report_to_the_return_path_pays_back(nadia: Gateway) -> None:
    before = nadia.credits_left
    assert nadia.send(corpus.with_files("Later", ("plan.pdf", make_pdf())), "left@example.org") == "250 2.0.0 Accepted"
    nadia.sink.wait(1, subject="Later")
    path = next(sender for sender, _to, message in nadia.sink.taken if message["Subject"] == "Later")
    with smtplib.SMTP("127.0.0.1", nadia.bounce_port, timeout=60) as smtp:
        smtp.ehlo()
        assert "auth" not in smtp.esmtp_features
        assert [smtp.mail("")[0], smtp.rcpt("nadia@example.com")[0], smtp.rcpt(path)[0]] == [250, 550, 250]
        assert smtp.data(report("Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 left\r\n"))[0] == 250
    letters = nadia.sink.wait_for(SENDER, "A mail could not be delivered", "left@example.org")
    assert letters == 1
    assert nadia.credits_left == before
