# SPDX-License-Identifier: Apache-2.0
"""Mails as programs write them: made here after the shape of what each program is known to send, with made-up content."""

from __future__ import annotations

import base64

PDF = b"%PDF-1.4\n%made up\n"
TNEF = b"\x78\x9f\x3e\x22"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
HEAD = (
    "From: Nadia Khan <nadia@example.com>\r\nTo: Ben <ben@example.org>\r\nCc: cleo@example.net\r\nBcc: hidden@example.net\r\n"
    "Subject: The plan\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <one@example.com>\r\nMIME-Version: 1.0\r\n"
)

NO_ID = HEAD.replace("Message-ID: <one@example.com>\r\n", "")
SEALED = "554 5.6.0 Signed or encrypted mail cannot be changed"
UNREADABLE = "554 5.6.0 Not sent: the structure of the mail cannot be read"


def b64(data: bytes) -> str:
    """Lines of 76 letters."""
    return base64.encodebytes(data).decode().replace("\n", "\r\n")


def mail(content: str, head: str = HEAD) -> bytes:
    """Header and content in one."""
    return (head + content).encode("utf-8", "surrogateescape")


def part(kind: str, body: str, *fields: str) -> str:
    """One part: its type, other fields, content."""
    return "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *fields)) + f"\r\n{body}"


def file(name: str, data: bytes, kind: str = "application/pdf", *fields: str) -> str:
    """An ordinary attachment."""
    about = (f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64", *fields)
    return part(f'{kind}; name="{name}"', b64(data), *about)


def many(subtype: str, *parts: str, edge: str = "=_edge", more: str = "") -> str:
    """A container."""
    inner = "".join(f"--{edge}\r\n{one}\r\n" for one in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{edge}"{more}\r\n\r\n{inner}--{edge}--\r\n'


def nested(depth: int) -> bytes:
    """Words within so many containers."""
    content = PLAIN
    for number in range(depth):
        content = many("mixed", content, edge=f"e{number}")
    return mail(content)


PLAIN = part('text/plain; charset="utf-8"', "Hello Ben,\r\nhere it is.\r\n")
HTML = part('text/html; charset="utf-8"', "<html><head><title>x</title></head><body class=a><p>Hello Ben</p></body></html>\r\n")


def _related(html: str, *more: str) -> str:
    return many("related", part('text/html; charset="utf-8"', html), *more, edge="rel")


def _inline(name: str, cid: str, data: bytes = PNG, disposition: str = "inline", kind: str = "image/png") -> str:
    fields = [f'Content-Disposition: {disposition}; filename="{name}"', "Content-Transfer-Encoding: base64"]
    return part(f'{kind}; name="{name}"', b64(data), *fields, *([f"Content-ID: <{cid}>"] if cid else []))


def with_files(subject: str, *files: tuple[str, bytes], sender: str = "nadia@example.com") -> bytes:
    """A mail with such files, another one for each subject."""
    head = HEAD.replace("The plan", subject).replace("one@example.com", f"{subject}@example.com".replace(" ", "."))
    head = head.replace("nadia@example.com", sender)
    return mail(many("mixed", many("alternative", PLAIN, HTML, edge="alt"), *[file(name, data) for name, data in files]), head)


# name -> (mail, the names of its files in order)
MAILS: dict[str, tuple[bytes, list[str]]] = {
    "plain words": (mail(PLAIN), []),
    "gmail": (mail(many("mixed", many("alternative", PLAIN, HTML, edge="alt"), file("a.pdf", PDF, "application/pdf",
              "X-Attachment-Id: f_1", "Content-ID: <f_1>"))), ["a.pdf"]),
    "apple mail, a photo among the words": (
        mail(many("mixed", PLAIN, _inline("IMG_1.jpeg", "", kind="image/jpeg"), PLAIN)), ["IMG_1.jpeg"]),
    "apple mail, a photo with an id nobody shows": (
        mail(many("alternative", PLAIN, many("mixed", HTML, _inline("IMG_2.jpeg", "x@y", kind="image/jpeg"), edge="in"))),
        ["IMG_2.jpeg"]),
    "outlook, signature and file": (
        mail(many("mixed", _related('<body><img src="cid:image001.png@01D0"></body>', _inline("image001.png", "image001.png@01D0")),
                  file("plan.docx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"))),
        ["plan.docx"]),
    "outlook, a small shown signature marked as attachment": (
        mail(many("mixed", part("text/html", '<img src="cid:image001.png@01D0">'),
                  _inline("image001.png", "image001.png@01D0", disposition="attachment"))), []),
    "a large shown picture marked as attachment": (
        mail(many("mixed", part("text/html", '<img src="cid:big@x">'), _inline("photo.png", "big@x", disposition="attachment"))),
        ["photo.png"]),
    "outlook rich text": (mail(many("mixed", PLAIN, file("winmail.dat", TNEF, "application/ms-tnef"))), ["winmail.dat"]),
    "outlook rich text without a name": (
        mail(many("mixed", PLAIN, part("application/ms-tnef", b64(TNEF), "Content-Transfer-Encoding: base64"))),
        ["winmail.dat"]),
    "a document behind an id is no picture": (
        mail(_related('<a href="cid:doc@x">plan</a>', _inline("plan.pdf", "doc@x", PDF, kind="application/pdf"))), ["plan.pdf"]),
    "scanner, a file and no words": (mail(many("mixed", file("SCAN0001.PDF", PDF))), ["SCAN0001.PDF"]),
    "scanner, the file is the mail": (mail(file("SCAN0002.PDF", PDF)), ["SCAN0002.PDF"]),
    "an invitation to a meeting": (
        mail(many("mixed", many("alternative", PLAIN, HTML, part("text/calendar", "BEGIN:VCALENDAR\r\n"), edge="alt"),
                  file("invite.ics", b"BEGIN:VCALENDAR\r\n", "application/ics"))), []),
    "a mail in a mail": (
        mail(many("mixed", PLAIN, part("message/rfc822", "Subject: inner\r\n\r\n--not a boundary\r\nHello\r\n",
                  'Content-Disposition: attachment; filename="Forwarded"'))), ["Forwarded.eml"]),
    "a mail in a mail without a name": (
        mail(many("digest", part("message/rfc822", "Subject: inner\r\n\r\nHello\r\n"))), ["attachment-1.eml"]),
    "names by RFC 2231": (
        mail(many("mixed", PLAIN, part("application/pdf", b64(PDF), "Content-Transfer-Encoding: base64",
             "Content-Disposition: attachment; filename*0*=utf-8''%C3%9Cbersicht%20;\r\n filename*1*=%E2%82%AC.pdf"))),
        ["Übersicht €.pdf"]),
    "names by RFC 2047": (mail(many("mixed", PLAIN, file("=?utf-8?B?w4liYXVjaGUucGRm?=", PDF))), ["Ébauche.pdf"]),
    "a name with folders": (mail(many("mixed", PLAIN, file("..\\\\..\\\\x/../plan.pdf", PDF))), ["plan.pdf"]),
    "no name": (mail(many("mixed", PLAIN, part("application/pdf", b64(PDF), "Content-Transfer-Encoding: base64"))),
                ["attachment-1.pdf"]),
    "8 bits": (mail(many("mixed", part("text/plain; charset=utf-8", "Grüße\r\n", "Content-Transfer-Encoding: 8bit"),
               file("a.pdf", PDF))), ["a.pdf"]),
    "a text file": (mail(many("mixed", PLAIN, file("notes.txt", b"secret", "text/plain"))), ["notes.txt"]),
    "a page as a file": (mail(many("mixed", PLAIN, file("report.html", b"<p>secret</p>", "text/html"))), ["report.html"]),
    "thunderbird, links of its own": (
        mail(many("mixed", PLAIN, file("a.pdf.html", b"<a>", "text/html", "X-Mozilla-Cloud-Part: cloudFile; url=https://x"))), []),
    "a mac file in two halves": (
        mail(many("mixed", PLAIN, many("appledouble", file("a.pdf", b"\x00\x05\x16\x07", "application/applefile"),
             file("a.pdf", PDF), edge="dbl"))), ["a.pdf"]),
    "no message id": (mail(many("mixed", PLAIN, file("a.pdf", PDF)), NO_ID), ["a.pdf"]),
    "a receipt": (mail(many("report", PLAIN, part("message/disposition-notification", "Final-Recipient: rfc822; a@b.c\r\n"),
                  more="; report-type=disposition-notification")), []),
}  # fmt: skip

# name -> (mail, the reply it gets)
REFUSED: dict[str, tuple[bytes, str]] = {
    "S/MIME, signed": (mail(many("signed", PLAIN, file("smime.p7s", b"0", "application/pkcs7-signature"),
                       more="; protocol=\"application/pkcs7-signature\"")), SEALED),
    "S/MIME, encrypted": (mail(file("smime.p7m", b"0", "application/pkcs7-mime; smime-type=enveloped-data")),
                          SEALED),
    "PGP/MIME, signed, within": (mail(many("mixed", many("signed", PLAIN, file("s.asc", b"0", "text/x-asc"), edge="in"))),
                                 SEALED),
    "PGP/MIME, encrypted": (mail(many("encrypted", part("application/pgp-encrypted", "Version: 1\r\n"),
                            file("e.asc", b"0", "application/octet-stream"))), SEALED),
    "automatic, with a file": (mail(many("mixed", PLAIN, file("a.pdf", PDF)), "Auto-Submitted: auto-generated\r\n" + HEAD),
                               "554 5.7.1 Not sent: automatic mail with files is not taken"),
    "31 times received": (mail(PLAIN, "Received: by x.example.com; Mon, 02 Mar 2026 10:00:00 +0000\r\n" * 31 + HEAD),
                          "554 5.4.6 Not sent: this mail has been here before"),
    "a container without boundary": (mail("Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nHello\r\n--x--\r\n"),
                                     UNREADABLE),
    "two types": (mail("Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHi\r\n--x--\r\n"),
                  UNREADABLE),
    "a piece of a mail": (mail(part("message/partial; number=1; total=2; id=x", "Hello\r\n")),
                          UNREADABLE),
    "201 parts": (mail(many("mixed", *[PLAIN] * 200)), "554 5.6.0 Not sent: the mail has too many parts"),
}  # fmt: skip
