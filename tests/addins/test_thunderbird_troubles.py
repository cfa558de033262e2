# SPDX-License-Identifier: Apache-2.0
"""What goes wrong between a real Thunderbird and its server: the mail stays, the user is told why, and nobody pays twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.addins.mailprogram import PROGRAM
from tests.addins.office import PEOPLE, SENDER, Office, link_in, words_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Thunderbird is not installed: apt-get install thunderbird"),
]

ERRORS = Path("docs/api/mail-clients.md")
UNTOUCHED = "Nothing was sent or charged. Your mail and its files are as they were."
MAYBE = "Whether it was charged is not known. Send it again: nothing is charged twice."


def begin(office: Office, *files: Path, to: str = "ben@example.net", subject: str = "Trouble", **change: Any) -> None:
    """A mail that shall be protected."""
    office.writer.write(list(files), to=to, subject=subject, body="<p>Hello</p>")
    office.writer.ask("choose", tab=office.writer.tab(), change={"isOn": True, **change})


def names_sent(office: Office) -> list[str | None]:
    """The attachments of the mail that left last."""
    return [part.get_filename() for part in office.newest()[1].iter_attachments()]


def refused(office: Office) -> str:
    """What is said about the mail that is sent now; it stays, with its files and without a link."""
    writer, sent, left, names = office.writer, len(office.outgoing.taken), office.left, office.writer.look()["names"]
    writer.press_send()
    said = writer.answer("refused", "back")
    writer.wait_until_free()
    found = writer.look()
    assert (found["names"], "/v/" in found["words"], len(office.outgoing.taken), office.left) == (names, False, sent, left)
    return said


def test_a_server_that_does_not_answer_keeps_the_mail(office: Office) -> None:
    """Whether it is gone from the start, or in the midst of it; then it is back, and the same mail leaves."""
    begin(office, office.file("Plan.pdf"))
    with office.line.down():
        said = refused(office)
    assert "The Sealroom server does not answer. Check your connection and try again." in said
    assert UNTOUCHED in said
    with office.line.broken("/quote", "lost"):
        assert UNTOUCHED in refused(office)
    left = office.left
    office.writer.press_send()
    office.writer.answer("price", "send")
    office.writer.wait_until_sent()
    assert (names_sent(office), office.left) == ([], left - 1)


def test_an_upload_goes_on_where_the_line_broke(office: Office) -> None:
    """The line breaks in a part, and an answer is lost: the server is asked where it stands, and what it has is not sent again."""
    large = office.folder / "Large.bin.pdf"
    large.write_bytes(office.file("Small.pdf").read_bytes() + b"\n%" + b"x" * 9_000_000)
    begin(office, large)
    asked = len(office.line.asked)
    with office.line.broken("PATCH", "half", "lost") as met:
        office.writer.press_send()
        assert "1 credit" in office.writer.answer("price", "send")
    office.writer.wait_until_sent()
    steps = [one.split()[0] for one in office.line.asked[asked:] if "/uploads" in one and not one.startswith("OPTIONS")]
    assert (steps[:6], len(met)) == (["POST", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH"], 2)
    assert office.deed("newest")["files"] == ["Large.bin.pdf"]


def test_an_answer_that_was_lost_is_asked_for_again(office: Office) -> None:
    """The server took the commit and the program heard nothing: sent again it is free; also to others, whom it then follows."""
    writer, left = office.writer, office.left
    begin(office, office.file("Plan.pdf"))
    with office.line.broken("/commit", "lost"):
        writer.press_send()
        writer.answer("price", "send")
        assert MAYBE in writer.answer("refused", "back")
    writer.wait_until_free()
    assert (writer.look()["names"], office.left) == (["Plan.pdf"], left - 1)
    writer.press_send()
    writer.wait_until_sent()
    assert (names_sent(office), office.left) == ([], left - 1)

    begin(office, office.file("Other.pdf"))
    with office.line.broken("/commit", "lost"):
        writer.press_send()
        writer.answer("price", "send")
        writer.answer("refused", "back")
    writer.wait_until_free()
    writer.set_to("ben@example.net, carla@example.org")
    writer.press_send()
    writer.answer("price", "send")
    writer.wait_until_sent()
    assert (sorted(office.newest()[0]), office.left) == (["ben@example.net", "carla@example.org"], left - 3)


def test_a_file_that_is_added_after_the_commit_makes_another_send(office: Office) -> None:
    """The first one is called back and its credits returned; the file that was there goes along."""
    writer, left = office.writer, office.left
    office.outgoing.refuse.add("nobody@example.org")
    begin(office, office.file("First.pdf"), to="nobody@example.org")
    writer.answer_dialogs()
    writer.press_send()
    writer.answer("price", "send")
    writer.dialog_said()
    first = link_in(writer.look()["words"])
    office.outgoing.refuse.clear()
    writer.attach(office.file("Second.pdf"))
    writer.press_send()
    assert "2 files" in writer.answer("price", "send")
    writer.wait_until_sent()
    html = words_of(office.newest()[1], "html")
    assert (first in html, html.count('class="sealroom-send"'), names_sent(office)) == (False, 1, [])
    assert (office.deed("newest")["files"], office.left) == (["First.pdf", "Second.pdf"], left - 2)


def begin_called_back(office: Office, *files: str) -> str:
    """A mail whose send was called back because a file was added, and that waits to be sent again; the link it still carries."""
    writer = office.writer
    office.outgoing.refuse.add("nobody@example.org")
    begin(office, *map(office.file, files), to="nobody@example.org")
    writer.answer_dialogs()
    writer.press_send()
    writer.answer("price", "send")
    writer.dialog_said()
    office.outgoing.refuse.clear()
    writer.attach(office.file("Later.pdf"))
    writer.press_send()
    writer.answer("price", "back")
    writer.wait_until_free()
    return link_in(writer.look()["words"])


def test_what_a_called_back_send_carried_is_asked_for_when_it_was_deleted(office: Office) -> None:
    """The rest is kept; with nothing new to send what was carried is still sent protected."""
    writer, left = office.writer, office.left
    first = begin_called_back(office, "Gone.pdf", "Kept.pdf")
    office.deed("delete_file", file="Gone.pdf")
    writer.press_send()
    said = writer.answer("refused", "back")
    assert "These files were deleted at the server and are not in the mail any more. Attach them again: Gone.pdf" in said
    writer.wait_until_free()
    writer.detach("Later.pdf")
    writer.press_send()
    assert "1 file" in writer.answer("price", "send")
    writer.wait_until_sent()
    html = words_of(office.newest()[1], "html")
    assert (first in html, html.count('class="sealroom-send"'), names_sent(office)) == (False, 1, [])
    assert (office.deed("newest")["files"], office.left) == (["Kept.pdf"], left - 1)


def test_a_link_that_opens_nothing_does_not_leave(office: Office) -> None:
    """Nothing is left to protect, or protection is turned off: the link of the send that was called back is still in the words."""
    writer, left, sent = office.writer, office.left, len(office.outgoing.taken)
    begin_called_back(office, "Gone.pdf")
    office.deed("delete_file", file="Gone.pdf")
    writer.press_send()
    assert "Attach them again: Gone.pdf" in writer.answer("refused", "back")
    writer.wait_until_free()
    writer.ask("choose", tab=writer.tab(), change={"isOn": False})
    for _ in range(2):
        writer.press_send()
        assert "The link in this mail opens nothing any more: its send was called back." in writer.answer("refused", "back")
        writer.wait_until_free()
        if writer.look()["names"]:
            writer.detach("Later.pdf")
    assert (writer.look()["names"], len(office.outgoing.taken), office.left) == ([], sent, left)


def test_the_server_says_why_and_the_mail_stays(office: Office) -> None:
    """Refusals of the real server, each as the user meets it."""
    plan = office.file("Plan.pdf")
    begin(office, plan, office.file("Prices.pdf"), to="ben@example.net, carla@example.org")
    for rule, sentence in (
        ({"max_files": 1}, "Too many files: one mail takes 1 at most."),
        ({"max_recipients": 1}, "Too many recipients: one mail goes to 1 at most."),
        ({"max_file_bytes": 100}, "A file is larger than allowed (0.1 kB). Plan.pdf"),
        (
            {"internal_only": True, "internal_domains": ["example.com"]},
            "Your team sends to its own domains only. These are elsewhere: ben@example.net, carla@example.org",
        ),
    ):
        with office.policy(**rule):
            office.writer.press_send()
            office.writer.answer("price", "send")
            assert sentence in office.writer.answer("refused", "back")
            office.writer.wait_until_free()
    office.gate.server.backstage.do(PEOPLE, "owe", email=SENDER)
    try:
        office.writer.press_send()
        office.writer.answer("price", "send")
        assert "A payment is due" in office.writer.answer("refused", "back")
    finally:
        office.deed("pay")
    office.writer.wait_until_free()
    office.writer.set_to("ben@example")
    assert "Cannot be written to: ben@example" in refused(office)
    assert (office.writer.look()["names"], "/v/" in office.writer.look()["words"]) == (["Plan.pdf", "Prices.pdf"], False)


def test_a_preset_decides_about_the_send(office: Office) -> None:
    """As it is chosen in the panel; one that is gone meanwhile is named, and another can be chosen."""
    preset = office.deed("make_preset", title="Originals", permission="download_original")
    office.writer.ask("me", anew=True)
    begin(office, office.file("Plan.pdf"))
    assert office.writer.choose_preset("Originals") == ["Standard settings", "Originals"]
    office.writer.press_send()
    office.writer.answer("price", "send")
    office.writer.wait_until_sent()
    assert office.deed("newest")["permission"] == "download_original"
    begin(office, office.file("Plan.pdf"), preset=preset)
    office.deed("remove_preset", preset=preset)
    assert "The preset does not exist any more. Choose another with the Sealroom button." in refused(office)
    office.writer.ask("choose", tab=office.writer.tab(), change={"preset": None})
    office.writer.press_send()
    office.writer.answer("price", "send")
    office.writer.wait_until_sent()
    assert office.deed("newest")["permission"] != "download_original"


@pytest.mark.parametrize("ending", ["end_devices", "age_tokens"])
def test_a_device_that_was_ended_is_not_silent(office: Office, ending: str) -> None:
    """Ended under My Settings, or unused for 90 days: what shall be protected stays, the rest leaves once the user heard of it."""
    writer = office.writer
    begin(office, office.file("Plan.pdf"))
    office.deed(ending)
    assert "Sign in to your Sealroom server first." in refused(office)
    writer.throw_away()
    writer.write([office.file("Open.pdf")], to="ben@example.net", subject="Ended", body="<p>Hello</p>")
    writer.press_send()
    assert "Nothing is protected until you sign in to your Sealroom server again." in writer.answer("ended", "back")
    writer.wait_until_free()
    writer.press_send()
    writer.answer("ended", "plain")
    writer.wait_until_sent()
    assert names_sent(office) == ["Open.pdf"]
    writer.write([office.file("Open.pdf")], to="ben@example.net", subject="Ended", body="<p>Hello</p>")
    writer.press_send()
    writer.wait_until_sent()
    assert names_sent(office) == ["Open.pdf"]


def codes() -> list[tuple[int, str]]:
    """The refusals the description of the calls names, with their statuses."""
    rows = re.findall(r"^\| ((?:\d{3}[^|]*)) \|", ERRORS.read_text(), re.MULTILINE)
    found = []
    for row in rows:
        for part in row.split(";"):
            status = int(part.split()[0].rstrip(","))
            found += [(status, code.replace("limit_…", "limit_pages")) for code in re.findall(r"`([\w…]+)`", part)]
    return found


def test_every_refusal_has_a_sentence(office: Office) -> None:
    """Whatever the table names, and what it leaves to status: a sentence for people, in which no field of the API is spoken of."""
    facts = {
        "needed": 4,
        "available": 1,
        "limit": 3,
        "recipients": ["x@y"],
        "senders": ["me@example.com"],
        "addresses": ["a@b.example"],
        "signature": "Win.Test",
    }
    begin(office, office.file("Plan.pdf"))
    tab, said = office.writer.tab(), {}
    for status, code in [*codes(), (429, "rate_limited"), (500, "error"), (403, "forbidden"), (422, "document_failed")]:
        title = f"The server's sentence about {code.replace('_', ' ')}."
        trouble = {"status": status, "code": code, "title": title, "retry_after": 1, "reason": "unviewable", **facts}
        with office.line.broken("/quote", trouble):
            said[code] = office.writer.ask("price", tab=tab)["refused"]
    assert len(said) > 20
    bare = {
        code: text for code, text in said.items() if re.search(r"'|undefined|null|\$\d|_", text.replace("server's sentence", ""))
    }
    assert (bare, [code for code, text in said.items() if not text or text.startswith("Something went wrong")]) == ({}, [])
    assert said["infected"].startswith("A file has a virus (Win.Test).")
    assert said["insufficient_credits"] == "This mail needs 4 credits. 1 credit is left."
    assert (
        said["sender_not_allowed"]
        == "A protected mail cannot come from this address. It can come from: a@b.example, x@y, me@example.com"
    )


def test_files_that_are_inspected_are_waited_for(office: Office) -> None:
    """Not with a kind of file no waiting helps."""
    writer = office.writer
    waits = {"status": 409, "code": "not_ready", "title": "Wait", "reason": "preparing", "retry_after": 0.1}
    begin(office, office.file("Plan.pdf"))
    with office.line.broken("/commit", waits, waits) as met:
        writer.press_send()
        writer.answer("price", "send")
        writer.wait_until_sent()
    assert (len(met), names_sent(office)) == (2, [])
    begin(office, office.file("Plan.pdf"))
    with office.line.broken("/commit", {**waits, "reason": "unviewable", "name": "Plan.pdf"}):
        writer.press_send()
        writer.answer("price", "send")
        assert "Choose a preset with the right to download: Plan.pdf" in writer.answer("refused", "back")
