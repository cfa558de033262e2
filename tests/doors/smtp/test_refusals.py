# SPDX-License-Identifier: Apache-2.0
"""Every refusal a program can meet, from a running gateway: after each of them nothing was charged, kept or handed on."""

from __future__ import annotations

import io
import smtplib
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pikepdf
import pytest
from tests.architecture.tree import ROOT
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import SECONDS, Gateway
from tests.factories.documents import make_pdf

from sealroom.smtp import replies
from sealroom.smtp.replies import Reply

pytestmark = pytest.mark.slow
TO = "ben@example.org"


def test_each_reply_stands_in_the_how_to() -> None:
    how_to = (ROOT / "docs/how-to/smtp.md").read_text()
    plain = [one for one in vars(replies).values() if isinstance(one, Reply) and one.code >= 400]
    told = [
        *(replies.too_few_credits(4, 1), replies.not_allowed("invoice.exe"), replies.unusable("plan.pdf")),
        *(replies.file_too_big("plan.pdf"), replies.too_many_files(100), replies.too_many_recipients(100)),
        replies.infected("plan.pdf", "Win.Test.EICAR_HDB-1"),
        *(replies.too_much_text(10 * 1024 * 1024), replies.outsider("ben@example.org")),
    ]
    assert [str(one) for one in (*plain, *told) if f"`{one}`" not in how_to] == []


@pytest.fixture(scope="module")
def omar(running: Gateway) -> Gateway:
    return running.member("omar@example.com", 20)


@pytest.fixture
def untouched(omar: Gateway) -> Iterator[None]:
    """Whatever a test does, the member has all his credits afterwards, and neither documents nor mails nor sends."""
    yield
    found = [omar.count(f"SELECT count(*) FROM {table}") for table in (
        "documents_document d JOIN accounts_user u ON u.id = d.owner_id WHERE u.email = 'omar@example.com' AND deleted_at IS NULL",
        "sends_send s JOIN accounts_user u ON u.id = s.sender_id WHERE u.email = 'omar@example.com'",
        "mail_outgoingmail WHERE subject LIKE 'Refused%'",
    )]  # fmt: skip
    assert (omar.credits_left, found) == (20, [0, 0, 0])


def a_mail(what: str = "", *files: tuple[str, bytes], sender: str = "omar@example.com") -> bytes:
    return corpus.with_files(f"Refused {what}", *(files or [("plan.pdf", make_pdf())]), sender=sender)


@contextmanager
def without(omar: Gateway, table: str) -> Iterator[None]:
    """The database answers with an error whenever it is asked for these rows."""

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(omar.server.data / "sealroom.sqlite3", timeout=30)) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    rename(table, "gone")
    try:
        yield
    finally:
        rename("gone", table)


@pytest.mark.parametrize("name", corpus.REFUSED)
def test_mails_that_cannot_be_taken(omar: Gateway, untouched: None, name: str) -> None:
    data, reply = corpus.REFUSED[name]
    assert omar.send(data.replace(b"nadia@", b"omar@"), TO) == reply


def test_mails_that_are_read_to_their_end(omar: Gateway, untouched: None) -> None:
    assert omar.send(corpus.nested(22), TO) == "554 5.6.0 Not sent: the parts of the mail are nested too deeply"
    unsigned = a_mail().replace(b"From: Nadia Khan <omar@example.com>\r\n", b"")
    assert omar.send(unsigned, TO) == "554 5.6.0 Not sent: the mail needs one From field with one address"
    words = corpus.mail(corpus.part("text/plain", ("word" * 19 + "\r\n") * 136_000), corpus.HEAD.replace("nadia@", "omar@"))
    assert omar.send(words, TO) == "554 5.3.4 Not sent: text and pictures in it are over 10 MB; attach them as files"


def test_files_that_are_not_sent(omar: Gateway, untouched: None) -> None:
    locked = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf())) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="secret", R=6))
    files = {
        "invoice.exe": (b"MZ\x90\x00" + bytes(400), "554 5.7.1 Not sent: invoice.exe is not allowed"),
        "setup.pdf": (b"MZ\x90\x00" + bytes(400), "554 5.7.1 Not sent: setup.pdf is not allowed"),
        "broken.pdf": (b"%PDF-1.7\n" + b"nothing\n" * 20, "554 5.7.1 Not sent: broken.pdf cannot be opened"),
        "locked.pdf": (locked.getvalue(), "554 5.7.1 Not sent: locked.pdf cannot be opened"),
    }
    # A good file beside a bad one does not go either.
    answers = [omar.send(a_mail(name, ("plan.pdf", make_pdf()), (name, data)), TO) for name, (data, _reply) in files.items()]
    assert answers == [reply for _data, reply in files.values()]


def test_what_the_team_decided_and_owes(omar: Gateway, untouched: None) -> None:
    omar.do("policy", email=omar.address, internal_domains=["example.com"], internal_only=True, max_files=1, max_recipients=2)
    assert omar.send(a_mail(), "a@example.com", TO) == "554 5.7.1 Not sent: your team does not send to ben@example.org"
    assert (
        omar.send(a_mail("", ("a.pdf", b"%PDF"), ("b.pdf", b"%PDF")), "a@example.com")
        == "554 5.5.3 Not sent: a mail may have 1 file"
    )
    assert omar.send(a_mail(), *[f"{name}@example.com" for name in "abc"]) == "554 5.5.3 Not sent: a mail may go to 2 recipients"
    omar.do("policy", email=omar.address, max_file_bytes=100)
    assert omar.send(a_mail(), TO) == "554 5.3.4 Not sent: plan.pdf is too large"
    omar.do("policy", email=omar.address)
    nobody = omar.send(a_mail(), *[f"{number}@example.com" for number in range(21)])
    assert nobody == "554 5.7.0 Not sent: needs 21 credits, 20 left. Nothing was delivered or charged."
    debtor = omar.member("debtor@example.com", 5)
    omar.do("owe", email="debtor@example.com")
    due = "554 5.7.0 Not sent: a payment of your team is due. Nothing was delivered or charged."
    assert (debtor.send(a_mail(sender="debtor@example.com"), TO), debtor.credits_left) == (due, 5)
    omar.do("suspend", email="debtor@example.com", reason="Abuse")
    stopped = "554 5.7.1 Not sent: your team is suspended; ask whoever runs this server. Nothing was delivered or charged."
    plain = corpus.mail(corpus.PLAIN, corpus.HEAD.replace("nadia@example.com", "debtor@example.com").replace("The plan", "Refused"))
    for data in (a_mail(sender="debtor@example.com"), plain):  # also what would cost nothing
        assert (debtor.send(data, TO), debtor.credits_left) == (stopped, 5)
    hoarder = omar.member("hoarder@example.com", 5)
    omar.do("fill_storage", email="hoarder@example.com")
    full = hoarder.send(a_mail(sender="hoarder@example.com"), TO)
    assert (full, hoarder.credits_left) == ("554 5.3.1 Not sent: the storage of your team is full", 5)


def test_who_may_not_send_any_more_and_what_only_the_page_can_ask(omar: Gateway, untouched: None) -> None:
    forbidden = (554, b"5.7.1 Not sent: you may not send for this team")
    leaver = replace(omar, address="leaver@example.com", secret=omar.do("colleague", email="leaver@example.com", of=omar.address))
    loser = omar.member("loser@example.com", 5)
    for gone, deed, words in ((leaver, "leave", {"of": omar.address}), (loser, "revoke_password", dict[str, str]())):
        with gone.client() as smtp:  # the connection is older than the end of the right
            assert [smtp.mail(gone.address)[0], smtp.rcpt(TO)[0]] == [250, 250]
            omar.do(deed, email=gone.address, **words)
            assert smtp.data(a_mail(sender=gone.address)) == forbidden
            assert smtp.mail(gone.address) == forbidden
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused, gone.client():
            pass
        assert refused.value.smtp_code == 535
    strict = omar.member("strict@example.com", 5)
    omar.do("presets_only", email=strict.address)
    answer = strict.send(a_mail(sender=strict.address), TO)
    assert answer == "554 5.7.1 Not sent: the settings of your team do not allow it; send it on the page"
    assert (strict.credits_left, loser.credits_left) == (5, 5)


def test_trouble_of_ours_is_to_be_tried_again(omar: Gateway, untouched: None) -> None:
    blobs = omar.server.data / "blobs"
    blobs.mkdir(exist_ok=True)  # there once something was kept
    blobs.rename(omar.server.data / "away")
    blobs.write_text("no folder")
    try:
        assert omar.send(a_mail("storage"), TO) == "451 4.3.0 Try again later"
    finally:
        blobs.unlink()
        (omar.server.data / "away").rename(blobs)
    with omar.client() as smtp, without(omar, "accounts_apppassword"):
        assert smtp.mail(omar.address) == (451, b"4.3.0 Try again later")
        for _ in range(4):  # each tries two ways to sign in: more than wrong passwords may be, but these were never judged
            with pytest.raises(smtplib.SMTPAuthenticationError) as later, omar.client():
                pass
            told = (later.value.smtp_code, later.value.smtp_error)
            assert told == (454, b"4.7.0 Sign-in is not possible now; try again later")
    with omar.client() as smtp:
        with without(omar, "account_emailaddress"):
            assert smtp.mail(omar.address) == (451, b"4.3.0 Try again later")
        with without(omar, "core_ratebucket"):
            assert [smtp.mail(omar.address)[0], smtp.rcpt(TO)[0]] == [250, 250]
            assert smtp.data(a_mail("database")) == (451, b"4.3.0 Try again later")
        with without(omar, "sends_deed"):
            assert [smtp.mail(omar.address)[0], smtp.rcpt(TO)[0]] == [250, 250]
            assert smtp.data(a_mail("database")) == (451, b"4.3.0 Try again later")


def test_too_many_of_everything(omar: Gateway, untouched: None) -> None:
    omar.do("send_too_fast", email=omar.address)
    assert omar.send(a_mail("fast"), TO) == "451 4.7.1 Too many mails in a short time; try again later"
    hasty = omar.member("hasty@example.com", 1)
    omar.do("mistype_password", email="hasty@example.com")
    answers = []
    for secret in ("wrong", hasty.secret):
        with hasty.client(signed_in=False) as smtp:
            smtp.ehlo()
            smtp.user, smtp.password = "hasty@example.com", secret
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                smtp.auth("PLAIN", smtp.auth_plain)  # one try; `login` makes two
        answers.append((refused.value.smtp_code, refused.value.smtp_error))
    assert answers == [
        (535, b"5.7.8 Sign in with your address and an app password"),
        (454, b"4.7.0 Too many wrong passwords; try again later"),
    ]
    held = [socket.create_connection(("127.0.0.1", omar.port), timeout=SECONDS) for _ in range(21)]
    greetings = sorted(one.recv(200) for one in held)
    for one in held:
        one.close()
    assert greetings.count(b"421 4.7.0 Too many connections; try again later\r\n") == 1
    assert sum(one.startswith(b"220 ") for one in greetings) == 20
