# SPDX-License-Identifier: Apache-2.0
"""Which parts of a mail are files, and what is left of the mail without them."""

from __future__ import annotations

import email
import email.policy
import io
import string
from email.message import EmailMessage, Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doors.smtp import corpus

from sealroom.smtp import files, mime
from sealroom.smtp.files import Mail, key_of, read
from sealroom.smtp.meetings import meetings_of
from sealroom.smtp.replies import Refused
from sealroom.smtp.rewrite import Block, Stamp, loop_mark, rewrite, was_here
from sealroom.smtp.words import letter, words_of

BLOCK = Block("[1 file] https://x.example/v/abc\n", "<p data-block>1 file</p>")


def read_bytes(data: bytes) -> Mail:
    return read(io.BytesIO(data))


def rewritten(data: bytes, block: Block | None = BLOCK) -> Message:
    source = io.BytesIO(data)
    return email.message_from_bytes(rewrite(source, read(source), block, stamp=Stamp()))


def payload(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


@pytest.mark.parametrize("name", corpus.MAILS)
def test_the_files_of_a_mail(name: str) -> None:
    data, expected = corpus.MAILS[name]
    assert [file.name for file in read_bytes(data).files] == expected


@pytest.mark.parametrize("name", corpus.MAILS)
def test_a_copy_has_the_way_to_the_files_and_none_of_them(name: str) -> None:
    data, expected = corpus.MAILS[name]
    copy = rewritten(data, BLOCK if expected else None)
    assert not copy.defects
    assert read_bytes(copy.as_bytes(policy=email.policy.SMTP)).files == ()
    words = [payload(part).decode("utf-8") for part in copy.walk() if part.get_content_maintype() == "text"]
    plain, html = sum("https://x.example" in text for text in words), sum("data-block" in text for text in words)
    has_html = any(part.get_content_type() == "text/html" and not part.get("X-Mozilla-Cloud-Part") for part in copy.walk())
    assert (bool(plain or html), html) == (bool(expected), int(bool(expected) and has_html))
    assert [copy["To"], copy["Cc"], copy["Bcc"], copy["Subject"]] == ["Ben <ben@example.org>", "cleo@example.net", None, "The plan"]


@pytest.mark.parametrize("name", corpus.REFUSED)
def test_what_is_refused(name: str) -> None:
    data, reply = corpus.REFUSED[name]
    with pytest.raises(Refused) as caught:
        read_bytes(data)
    assert str(caught.value) == reply


def test_parts_nested_too_deeply_are_refused() -> None:
    read_bytes(corpus.nested(20))
    with pytest.raises(Refused) as caught:
        read_bytes(corpus.nested(21))
    assert str(caught.value) == "554 5.6.0 Not sent: the parts of the mail are nested too deeply"


def test_more_than_may_stay_in_the_mail_is_refused() -> None:
    picture = corpus.part("image/png", corpus.b64(bytes(9_000_000)), "Content-Transfer-Encoding: base64", "Content-ID: <a@x>")
    words = corpus.part("text/html", '<img src="cid:a@x">')
    with pytest.raises(Refused) as caught:
        read_bytes(corpus.mail(corpus.many("related", words, picture)))
    assert str(caught.value) == "554 5.3.4 Not sent: text and pictures in it are over 10 MB; attach them as files"


WORDS = {
    "apple mail, a photo among the words": "<p>Hello Ben,<br>here it is.</p>\n<p>Hello Ben,<br>here it is.</p>",
    "gmail": "Hello Ben",
    "an invitation to a meeting": "Hello Ben",
    "scanner, a file and no words": "",
    "thunderbird, links of its own": "<p>Hello Ben,<br>here it is.</p>",
    "8 bits": "<p>Grüße</p>",
}


@pytest.mark.parametrize("name", WORDS)
def test_the_words_that_a_mail_says(name: str) -> None:
    source = io.BytesIO(corpus.MAILS[name][0])
    found = words_of(source, read(source))
    assert (found == WORDS[name], WORDS[name] in found) == ("Hello Ben" not in WORDS[name] or "<p>" in WORDS[name], True)


def test_a_letter_has_the_way_and_nothing_else_of_the_mail() -> None:
    data = corpus.mail(corpus.many("mixed", corpus.PLAIN, corpus.file("a.pdf", corpus.PDF)))
    mail = read_bytes(data)
    copy = email.message_from_bytes(letter(mail, BLOCK, stamp=Stamp(("From: x@y.z",), frozenset({"from"}))))
    assert not copy.defects
    assert copy.keys() == ["From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    assert [(part.get_content_type(), payload(part).decode()) for part in copy.walk() if not part.is_multipart()] == [
        ("text/plain", BLOCK.text.replace("\n", "\r\n")),
        ("text/html", BLOCK.html),
    ]


INVITATION = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Paris
COMMENT:secret zone
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.com
SUMMARY:Board
LOCATION:Room 5\\, first floor
DTSTART;TZID=Paris:20260302T100000
ATTENDEE;CN="Ben, the boss of
  all":mailto:ben@example.org
DESCRIPTION:The secret price is seven\\, not
  eight\\nBring it.
X-ALT-DESC;FMTTYPE=text/html:<p>secret</p>
ATTACH:https://secret.example/
BEGIN:VALARM
DESCRIPTION:secret alarm
BEGIN:X-DEEP
SUMMARY:secret
END:X-DEEP
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def test_an_invitation_stays_with_a_letter_without_what_it_says() -> None:
    among = corpus.part('text/calendar; charset="utf-8"; method=REQUEST', INVITATION)
    file = corpus.file("secret name.ics", INVITATION.encode(), "application/ics")
    broken = corpus.file("x.ics", b"BEGIN:VTODO\r\nSUMMARY:secret\r\n", "application/ics")
    words = corpus.many("alternative", corpus.PLAIN, corpus.HTML, among, edge="alt")
    source = io.BytesIO(corpus.mail(corpus.many("mixed", words, file, broken)))
    mail = read(source)
    copy = email.message_from_bytes(letter(mail, BLOCK, stamp=Stamp(), meetings=meetings_of(source, mail)))
    assert not copy.defects
    parts = [part for part in copy.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    assert [part.get_filename() for part in parts] == [None, None, None, "invite.ics"]
    assert (parts[2]["Content-Type"], payload(parts[2])) == ('text/calendar; charset="utf-8"; method=REQUEST', payload(parts[3]))
    said = payload(parts[2]).decode()
    assert ("secret" in str(copy), max(len(line) for line in said.encode().split(b"\r\n")) <= 75) == (False, True)
    assert said.replace("\r\n ", "").splitlines() == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VTIMEZONE", "TZID:Paris", "END:VTIMEZONE", "BEGIN:VEVENT",
        "DESCRIPTION:[1 file] https://x.example/v/abc", "UID:1@example.com", "SUMMARY:Board", "LOCATION:Room 5\\, first floor",
        "DTSTART;TZID=Paris:20260302T100000", 'ATTENDEE;CN="Ben, the boss of all":mailto:ben@example.org', "END:VEVENT",
        "END:VCALENDAR",
    ]  # fmt: skip


def test_an_invitation_without_words_says_its_own() -> None:
    source = io.BytesIO(corpus.mail(corpus.part("text/calendar; method=REQUEST", INVITATION)))
    mail = read(source)
    assert words_of(source, mail) == "<p>The secret price is seven, not eight<br>Bring it.</p>"
    assert [(one.method, one.is_attached) for one in meetings_of(source, mail)] == [("REQUEST", False)]


def test_words_in_an_old_character_set_keep_it() -> None:
    html = corpus.part("text/html; charset=iso-8859-1", "<body>Gr=FC=DFe</body>", "Content-Transfer-Encoding: quoted-printable")
    data = corpus.mail(corpus.many("mixed", html, corpus.file("a.pdf", corpus.PDF)))
    part = next(one for one in rewritten(data, Block("é €", "<p>é €</p>")).walk() if one.get_content_type() == "text/html")
    assert (part.get_content_charset(), payload(part)) == ("iso-8859-1", "<body><p>é &#8364;</p>Grüße</body>".encode("latin-1"))


def test_plain_words_that_need_more_become_utf_8() -> None:
    data = corpus.mail(corpus.many("mixed", corpus.part("text/plain; format=flowed", "Hi \r\n"), corpus.file("a.pdf", corpus.PDF)))
    part = next(one for one in rewritten(data, Block("Öffnen\n", "")).walk() if one.get_content_type() == "text/plain")
    assert (part.get_content_charset(), part.get_param("format")) == ("utf-8", "flowed")
    assert payload(part).decode().replace("\r\n", "\n") == "Öffnen\n\nHi \n"


def test_old_signatures_and_blind_recipients_leave_the_header() -> None:
    head = (
        "DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=abc\r\nARC-Seal: i=1\r\nReturn-Path: <x@y.z>\r\n"
        "Resent-Bcc: a@b.c\r\nX-Own: kept\r\n"
    )
    copy = rewritten(corpus.mail(corpus.PLAIN, head + corpus.HEAD), None)
    assert copy.keys() == ["X-Own", "From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]


def test_the_same_content_has_the_same_key_however_it_is_drawn() -> None:
    one = read_bytes(corpus.mail(corpus.many("mixed", corpus.PLAIN, corpus.file("a.pdf", corpus.PDF))))
    again = read_bytes(
        corpus.mail(
            corpus.many(
                "mixed", corpus.PLAIN, corpus.part("application/pdf", corpus.b64(corpus.PDF).replace("\r\n", ""),
                "Content-Disposition: attachment; filename*=utf-8''a.pdf", "Content-Transfer-Encoding: BASE64"), edge="other"
            ),
            corpus.HEAD.replace("10:00:00", "10:00:09"),
        )
    )  # fmt: skip
    other = read_bytes(corpus.mail(corpus.many("mixed", corpus.PLAIN, corpus.file("a.pdf", corpus.PDF + b"!"))))
    keys = [key_of("usr_1", mail, ["b@x.y", "a@x.y"]) for mail in (one, again, other)]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)
    assert keys[0] == key_of("usr_1", one, ["a@x.y", "b@x.y"])
    assert len({keys[0], key_of("usr_2", one, ["a@x.y", "b@x.y"]), key_of("usr_1", one, ["a@x.y"])}) == 3


def test_only_this_installation_marks_what_it_handed_on() -> None:
    mark = loop_mark("n1", key=b"ours")
    marked = read_bytes(corpus.mail(corpus.PLAIN, f"{mark}\r\n{corpus.HEAD}"))
    forged = read_bytes(corpus.mail(corpus.PLAIN, f"X-Sealroom-Gateway: n1.abc\r\n{corpus.HEAD}"))
    assert [was_here(marked, key=b"ours"), was_here(marked, key=b"theirs"), was_here(forged, key=b"ours")] == [True, False, False]


@pytest.mark.parametrize("head", ["", "From: a@x.y\r\nFrom: b@x.y\r\n", "From: a@x.y, b@x.y\r\n", "From: undisclosed:;\r\n"])
def test_a_mail_has_one_author(head: str) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(corpus.mail(corpus.PLAIN, head)).sender  # noqa: B018 -- the asking refuses
    assert str(caught.value) == "554 5.6.0 Not sent: the mail needs one From field with one address"


NAMES = st.text(alphabet=string.ascii_letters + "éß€ -_", min_size=1, max_size=20).map(str.strip).filter(bool)
ATTACHMENTS = st.lists(st.tuples(NAMES, st.binary(max_size=400)), max_size=4)


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=200), html=st.booleans(), attachments=ATTACHMENTS)
def test_random_mails_lose_their_files_and_keep_their_words(text: str, html: bool, attachments: list[tuple[str, bytes]]) -> None:
    text = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    message = EmailMessage(policy=email.policy.SMTP.clone(cte_type="7bit"))
    message["From"], message["Subject"] = "nadia@example.com", "x"
    message.set_content(text)
    if html:
        message.add_alternative(f"<p>{len(text)}</p>", subtype="html")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="x-thing", filename=f"{name}.bin")
    wire = message.as_bytes()
    source = io.BytesIO(wire)
    mail = read(source)
    found = [(file.name, b"".join(mime.content(source, file.part))) for file in mail.files]
    assert found == [(mime.clean_name(f"{name}.bin"), data) for name, data in attachments]
    copy = email.message_from_bytes(rewrite(source, mail, BLOCK, stamp=Stamp()))
    first = next(part for part in copy.walk() if part.get_content_type() == "text/plain")
    before = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    kept = payload(before).decode().replace("\r\n", "\n").replace("\r", "\n")
    assert payload(first).decode().replace("\r\n", "\n") == f"{BLOCK.text}\n{kept}"
    assert read_bytes(copy.as_bytes()).files == ()


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([
    b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: multipart/related; boundary=b\r\n", b"--a\r\n", b"--b\r\n",
    b"--a--\r\n", b"--b--\r\n", b"\r\n", b"Content-Type: application/pdf\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"QUJD\r\n",
    b"text\r\n", b"Content-Type: message/rfc822\r\n", b" folded\r\n", b"QQ\r\n", b"\xff\xfe\r\n", b"Content-Type: text/html\r\n",
]), max_size=30))  # fmt: skip
def test_broken_mails_are_read_or_refused_and_never_leak_a_file(lines: list[bytes]) -> None:
    data = b"".join(lines)
    try:
        mail = read_bytes(data)
    except Refused:
        return
    source = io.BytesIO(data)
    copy = rewrite(source, read(source), BLOCK if mail.files else None, stamp=Stamp())
    again = read_bytes(copy)
    assert [file.name for file in again.files] == []
    assert all(isinstance(piece, bytes) for file in mail.files for piece in mime.content(source, file.part))


def test_measures_are_of_decoded_bytes() -> None:
    mail = read_bytes(corpus.MAILS["gmail"][0])
    assert [(file.size, file.name) for file in mail.files] == [(len(corpus.PDF), "a.pdf")]
    assert files.MOST_KEPT == 10 * 1024 * 1024
