# SPDX-License-Identifier: Apache-2.0
"""What a real Thunderbird makes of pictures, of mails it answers, and of files it gives to FileLink under one name."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import pytest
from PIL import Image

from tests.addins.mailprogram import PROGRAM
from tests.addins.office import Office, Reader, link_in, words_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Thunderbird is not installed: apt-get install thunderbird"),
]


def picture(office: Office, name: str, color: str = "green") -> Path:
    """A small picture on the sender's disk."""
    path = office.folder / name
    Image.new("RGB", (60, 40), color).save(path)
    return path


def kinds_of(mail: EmailMessage) -> list[str]:
    """What kinds of parts a mail has, without those that only hold others."""
    return [part.get_content_type() for part in mail.walk() if not part.is_multipart()]


def came(text: str, *pictures: Path) -> str:
    """The source of a mail that came, with pictures as attachments."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ben <ben@example.net>", "olive@example.com", "Before"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="example.net")
    mail.set_content(text)
    for one in pictures:
        mail.add_attachment(one.read_bytes(), "image", "png", filename=one.name)
    return mail.as_string()


def test_pictures_of_a_text(office: Office) -> None:
    """With a protected text they are behind the link and cost nothing; with one in the clear they go as Thunderbird sends them."""
    writer, left = office.writer, office.left
    elsewhere = '<p>The quince.</p><img src="http://127.0.0.1:9/spy.png">'
    writer.write([], to="ben@example.net", subject="Words", body=elsewhere)
    writer.drop_pictures(picture(office, "green.png"), picture(office, "blue.png", "blue"))
    assert writer.choose("words")[0] is True
    writer.press_send()
    said = writer.answer("price", "send")
    assert [part in said for part in ("The text · 1 recipient", "1 credit", "1 picture that lies elsewhere is left out.")] == [
        True
    ] * 3
    writer.wait_until_sent()
    mail = office.newest()[1]
    assert (kinds_of(mail), "quince" in mail.as_string()) == (["text/plain", "text/html"], False)
    newest = office.deed("newest")
    assert (newest["pictures"], newest["files"], office.left) == (2, [], left - 1)
    page = Reader(office).enter(link_in(words_of(mail, "html")), "ben@example.net")
    assert ("The quince." in page, page.count("/picture"), "spy.png" in page) == (True, 2, False)

    writer.write([office.file("Plan.pdf")], to="ben@example.net", subject="Clear", body="<p>Hello</p>")
    writer.drop_pictures(picture(office, "green.png"))
    writer.press_send()
    writer.answer("ask", "protect")
    assert "1 file · 1 recipient" in writer.answer("price", "send")
    writer.wait_until_sent()
    assert sorted(kinds_of(office.newest()[1])) == ["image/png", "text/html", "text/plain"]
    assert (office.deed("newest")["files"], office.left) == (["Plan.pdf"], left - 2)


def test_small_pictures_of_signatures_are_asked_about(office: Office) -> None:
    """They stay in the mail unless they are to be protected, also those that lie in the mail that is forwarded."""
    writer, left = office.writer, office.left
    logo = picture(office, "image001.png")
    writer.answer_mail(came("See the attachment.", logo), "forward", to="ben@example.net")
    writer.attach(office.file("Plan.pdf"))
    writer.press_send()
    assert "1 file." in writer.answer("ask", "protect")
    assert "This looks like the picture of a signature: image001.png. It stays in the mail" in writer.answer("small", "leave")
    assert "1 file · 1 recipient" in writer.answer("price", "send")
    writer.wait_until_sent()
    names = [part.get_filename() for part in office.newest()[1].walk() if part.get_filename()]
    assert (names, office.deed("newest")["files"], office.left) == (["image001.png"], ["Plan.pdf"], left - 1)

    writer.write([office.file("Plan.pdf"), logo], to="ben@example.net", subject="Both", body="<p>Hello</p>")
    writer.press_send()
    writer.answer("ask", "protect")
    writer.answer("small", "protect")
    assert "2 files" in writer.answer("price", "send")
    writer.wait_until_sent()
    assert (kinds_of(office.newest()[1]), office.deed("newest")["files"]) == (
        ["text/plain", "text/html"],
        ["Plan.pdf", "image001.png"],
    )

    writer.write([logo], to="ben@example.net", subject="Alone", body="<p>Hello</p>")
    writer.press_send()
    writer.wait_until_sent()
    assert [part.get_filename() for part in office.newest()[1].iter_attachments()] == ["image001.png"]


def test_files_of_one_name_each_have_their_link(office: Office) -> None:
    """One of them given to FileLink, and both."""
    writer = office.writer
    paths = []
    for folder, pages in (("a", 1), ("b", 2), ("c", 3)):
        made = office.file("Plan.pdf", *["A page"] * pages)
        path = office.folder / folder / "Plan.pdf"
        path.parent.mkdir(exist_ok=True)
        paths.append(made.rename(path))
    for count in (1, 2):
        writer.write(paths, to="ben@example.net", subject="Same", body="<p>Hello</p>")
        for place in range(count):
            writer.to_filelink("Plan.pdf", 2 - place)
        writer.press_send()
        assert "3 files" in writer.answer("price", "send")
        writer.wait_until_sent()
        html = words_of(office.newest()[1], "html")
        assert (office.deed("newest")["pages"], html.count("Plan.pdf")) == ([1, 2, 3], 3)


def test_an_answer_to_a_protected_mail_starts_protected(office: Office) -> None:
    """The panel says so; with a file it needs no question, and without one it leaves as it is."""
    writer, base = office.writer, office.gate.server.base_url
    thread = came(f"On Monday I wrote:\n\n> Open 2 files: {base}/v/AbCdEfGhIj/\n")
    writer.answer_mail(thread, "reply")
    assert writer.choose() == [True, False, "On, as this mail answers a protected one."]
    writer.attach(office.file("Plan.pdf"))
    writer.press_send()
    assert "1 file · 1 recipient" in writer.answer("price", "send")
    writer.wait_until_sent()
    assert (office.newest()[0], office.deed("newest")["files"]) == (["ben@example.net"], ["Plan.pdf"])
    sent = len(office.outgoing.taken)
    writer.answer_mail(thread, "reply")
    writer.press_send()
    writer.wait_until_sent()
    assert len(office.outgoing.taken) == sent + 1
    writer.answer_mail(came("Nothing is protected here."), "reply")
    assert writer.choose() == [False, False, "You are asked when you send."]
