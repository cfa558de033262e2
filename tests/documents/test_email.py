# SPDX-License-Identifier: Apache-2.0
"""E-mails become pages: their heads, their words, and what was attached by name."""

from __future__ import annotations

import io
from email.message import EmailMessage

import pytest

from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind


def words_of(workshop: SandboxWorkshop, data: bytes, document: str) -> str:
    told = workshop.paginate(io.BytesIO(data), kind=Kind.EMAIL, name="a.eml", document=document)
    assert told.pdf is not None
    pages = workshop.texts(io.BytesIO(told.pdf), first=1, count=10, document=f"{document}:made")
    return " ".join(word.text for page in pages for word in page.words)


def letter(text: str = "Hello there", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Zoé <zoe@example.com>"
    message["To"] = "bob@example.com"
    message["Subject"] = "Angebot für März"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def test_heads_and_words_are_shown(workshop: SandboxWorkshop) -> None:
    assert words_of(workshop, bytes(letter()), "mail1") == (
        "From: Zoé <zoe@example.com> To: bob@example.com Subject: Angebot für März Hello there"
    )


def test_attachments_are_named_and_not_opened(workshop: SandboxWorkshop) -> None:
    message = letter()
    message.add_attachment(b"MZ" + bytes(2046), maintype="application", subtype="octet-stream", filename="pläne.exe")
    message.add_attachment(letter("inner words"))

    shown = words_of(workshop, bytes(message), "mail2")

    assert "Attachment: pläne.exe (2.0 KB)" in shown
    assert "Attachment: Angebot für März (message)" in shown
    assert "inner" not in shown


def test_html_gives_its_words_alone(workshop: SandboxWorkshop) -> None:
    html = (
        "<html><head><title>no</title><style>p {color: red}</style></head><body><script>steal()</script><h1>Greetings</h1>"
        "<p>first&nbsp;<b>bold</b> part</p><ul><li>one<li>two</ul><table><tr><td>a<td>b</table>"
        '<img src="http://127.0.0.1:9/pixel.png" alt="logo"><a href="javascript:x()">click</a>'
        '<a href="https://example.com/x">site</a><p>end'
    )
    message = EmailMessage()
    message["Subject"] = "s"
    message.set_content(html, subtype="html")

    assert words_of(workshop, bytes(message), "mail3") == (
        "Subject: s Greetings first bold part • one • two a b [logo]clicksite <https://example.com/x> end"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"just words without any head",
        b"Subject: =?utf-8?q?broken?\n\nbody",
        b"Subject: =?no-such-charset?b?!!!?=\nContent-Type: text/plain; charset=no-such-charset\n\nbody \xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nno end",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"From: a@b\nContent-Transfer-Encoding: base64\n\n!!!! not base64 ====",
        b"Content-Disposition: attachment; filename*0*=utf-8''%ff%fe; filename*1=x\nContent-Type: a\n\nbody",
        b"To: " + b"a@example.com, " * 20_000 + b"\n\nbody",
        b"From x@y Mon Jan  1 00:00:00 2020\nSubject: from a mailbox\n\nbody",
    ],
)
def test_malformed_mails_are_shown_as_far_as_they_go(workshop: SandboxWorkshop, data: bytes) -> None:
    assert len(workshop.paginate(io.BytesIO(data), kind=Kind.EMAIL, name="a.eml", document="mail4").pages) >= 1


def test_nested_parts_end(workshop: SandboxWorkshop) -> None:
    data = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000))
    code = ""
    try:
        workshop.paginate(io.BytesIO(data), kind=Kind.EMAIL, name="a.eml", document="mail5")
    except WorkshopFailure as failure:
        code = failure.code

    assert code in ("", "corrupt", "limit_time")


def test_bytes_that_are_no_mail_are_refused(workshop: SandboxWorkshop) -> None:
    with pytest.raises(WorkshopFailure) as caught:
        workshop.paginate(io.BytesIO(bytes(range(256)) * 20), kind=Kind.EMAIL, name="a.eml", document="mail6")

    assert caught.value.code == "corrupt"
