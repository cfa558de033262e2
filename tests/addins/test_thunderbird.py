# SPDX-License-Identifier: Apache-2.0
"""The extension in a real Thunderbird, with a real server behind it and a real mail server to send by."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from html import unescape

import pytest

from tests.addins.mailprogram import PROGRAM
from tests.addins.office import SENDER, Office, Reader, fetch, link_in, words_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Thunderbird is not installed: apt-get install thunderbird"),
]


def test_a_mail_is_priced_sent_read_and_taken_back(office: Office) -> None:
    writer, sent, before = office.writer, len(office.outgoing.taken), office.deed("charges")
    files = [office.file("Plan <b>&amp;.pdf", "The quince plan"), office.file("Prices.pdf", "Prices")]
    writer.write(
        files,
        to="Nadia <nadia@example.org>",
        cc="Ben <ben@example.net>",
        bcc="hidden@example.net",
        subject="Papers for Thursday",
        body="<p>Dear Nadia, here they are.</p>",
    )
    waiting = writer.waiting()  # of mails that other tests left behind
    writer.press_send()
    assert "2 files" in writer.answer("ask", "protect")
    said = writer.answer("price")
    after = f"{before[-1] - 6} credits are left after it."
    assert [part in said for part in ("6 credits", after, "2 files · 3 recipients")] == [True] * 3
    assert (len(office.outgoing.taken), office.deed("charges")) == (sent, before)
    writer.answer("price", "send")
    writer.wait_until_sent()

    envelope, mail = office.newest()
    assert sorted(envelope) == ["ben@example.net", "hidden@example.net", "nadia@example.org"]
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain", "text/html"]
    html, plain = words_of(mail, "html"), words_of(mail, "plain")
    url = link_in(html)
    assert (link_in(plain), mail["Bcc"]) == (url, None)
    assert "Dear Nadia, here they are." in html
    assert "Plan &lt;b&gt;&amp;amp;.pdf" in html
    assert "Plan <b>&amp;.pdf" in plain
    assert office.deed("charges") == [*before[:-1], [-6, "thunderbird"], before[-1] - 6]

    reader = Reader(office)
    page = reader.enter(url, "nadia@example.org")
    assert "Plan <b>&amp;.pdf" in unescape(page)
    assert "hidden@example.net" not in page
    assert "hidden@example.net" not in mail.as_string()

    office.writer.open("pages/history.html")
    revoke = """
        const found = (deed) => until(() => document.querySelector(`[data-deed=${deed}]`));
        const button = await found("revoke");
        const name = button.getAttribute("aria-label");
        button.click();
        await found("restore");
        return [name, document.getElementById("done").textContent];
    """
    told = writer.program.in_page("pages/history.html", revoke)
    assert told == ["Revoke: Papers for Thursday", "Access to “Papers for Thursday” has ended."]
    assert "Plan" not in reader.get(reader.url)[1]
    assert writer.waiting() == waiting


def test_without_credits_the_mail_stays_as_it_was(office: Office) -> None:
    writer, before, left = office.writer, len(office.outgoing.taken), office.left
    many = ", ".join(f"r{number}@example.org" for number in range(left + 1))
    writer.write([office.file("Plan.pdf")], to=many, subject="Too many", body="<p>Hello</p>")
    writer.press_send()
    writer.answer("ask", "protect")
    said = writer.answer("refused")
    assert f"This mail needs {left + 1} credits. {left} credits are left." in said
    assert "Nothing was sent or charged. Your mail and its files are as they were." in said
    writer.answer("refused", "back")
    writer.program.run('await until(() => !windows("msgcompose")[0].gWindowLocked, "an open window");')
    found = writer.look()
    assert (found["names"], len(office.outgoing.taken), "/v/" in found["words"]) == (["Plan.pdf"], before, False)
    writer.throw_away()


def test_in_french(office: Office) -> None:
    """What the user reads in each window, and the mail's own words, which are in the program's language."""
    writer, left = office.writer, office.left
    with writer.speaking("fr") as language:
        if language != "fr":
            pytest.skip("left out without Thunderbird's French: apt-get install thunderbird-l10n-fr")
        many = ", ".join(f"r{number}@example.org" for number in range(left + 1))
        writer.write([office.file("Plan.pdf")], to=many, subject="Trop", body="<p>Bonjour</p>")
        writer.press_send()
        assert "Protéger les pièces jointes\u202f?" in writer.answer("ask", "protect")
        said = writer.answer("refused", "back")
        assert "Rien n’a été envoyé ni facturé. Votre message et ses fichiers sont inchangés." in said
        writer.wait_until_free()
        writer.set_to("ben@example.net")
        writer.press_send()
        writer.answer("ask", "protect")
        assert f"Il restera {left - 1} crédits." in writer.answer("price", "send")
        writer.wait_until_sent()
        html = words_of(office.newest()[1], "html")
        assert ("Ouvrir" in html, office.left) == (True, left - 1)


def test_a_mail_that_was_refused_by_its_server_is_not_charged_twice(office: Office) -> None:
    """The commit went through and the mail did not: sent again it has the same link, and follows its recipients."""
    writer, before = office.writer, office.deed("charges")
    office.outgoing.refuse.add("nobody@example.org")
    writer.write([office.file("Plan.pdf")], to="ben@example.net, nobody@example.org", subject="Again", body="<p>Hello</p>")
    writer.answer_dialogs()
    writer.press_send()
    writer.answer("ask", "protect")
    writer.answer("price", "send")
    assert "nobody@example.org" in writer.dialog_said()
    found = writer.look()
    url = link_in(found["words"])
    assert (found["names"], office.deed("charges")[-1]) == ([], before[-1] - 2)
    writer.set_to("ben@example.net, carla@example.org")
    writer.press_send()
    assert "1 credit\n" in writer.answer("price", "send")  # for Carla alone; whoever is not in it any more gives his back
    writer.wait_until_sent()
    envelope, mail = office.newest()
    assert (sorted(envelope), link_in(words_of(mail, "html"))) == (["ben@example.net", "carla@example.org"], url)
    assert (words_of(mail, "html").count('class="sealroom-send"'), office.deed("charges")[-1]) == (1, before[-1] - 2)


def test_a_mail_that_was_lost_after_it_was_paid_is_paid_once(office: Office) -> None:
    """As after a crash between the commit and the sending: the file is known by its traits, its document was paid for."""
    writer, path = office.writer, office.file("Lost.pdf")
    left = office.deed("charges")[-1]
    office.outgoing.refuse.add("late@example.org")
    writer.write([path], to="late@example.org", subject="Lost", body="<p>Hello</p>")
    writer.answer_dialogs()
    writer.press_send()
    writer.answer("ask", "protect")
    assert "1 credit\n" in writer.answer("price", "send")
    writer.dialog_said()
    writer.throw_away()
    office.outgoing.refuse.clear()
    writer.write([path], to="late@example.org", subject="Lost", body="<p>Hello</p>")
    writer.press_send()
    writer.answer("ask", "protect")
    assert "0 credits\n" in writer.answer("price", "send")
    writer.wait_until_sent()
    assert (office.newest()[0], office.deed("charges")[-1]) == (["late@example.org"], left - 1)


def test_plain_text_with_protected_words(office: Office) -> None:
    writer, before = office.writer, office.deed("charges")
    writer.write([], to="ben@example.net", subject="Plain", body="The secret is quince.\n", plain=True)
    writer.choose("words")
    writer.press_send()
    assert "The text · 1 recipient" in writer.answer("price", "send")
    writer.wait_until_sent()
    _envelope, mail = office.newest()
    text = words_of(mail, "plain")
    assert (mail.get_content_type(), "quince" in mail.as_string()) == ("text/plain", False)
    page = Reader(office).enter(link_in(text), "ben@example.net")
    assert ("The secret is quince." in page, office.deed("charges")[-1]) == (True, before[-1] - 1)


def test_files_of_filelink_get_their_link_when_the_mail_is_sent(office: Office) -> None:
    writer, before = office.writer, office.deed("charges")
    path = office.file("Linked.pdf", "The linked page")
    writer.write([path, office.file("Beside.pdf")], to="ben@example.net", subject="Linked", body="<p>See the files.</p>")
    writer.to_filelink("Linked.pdf")
    found = writer.look()
    assert ("/integrations/thunderbird/file/" in found["words"], office.deed("charges")) == (True, before)
    writer.press_send()
    assert "2 files" in writer.answer("price", "send")
    writer.wait_until_sent()
    _envelope, mail = office.newest()
    html = words_of(mail, "html")
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain", "text/html"]
    assert ("/integrations/thunderbird/file/" in mail.as_string(), "Linked.pdf" in html) == (False, True)
    page = Reader(office).enter(link_in(html), "ben@example.net")
    assert [name in page for name in ("Linked.pdf", "Beside.pdf")] == [True, True]
    assert office.deed("charges")[-1] == before[-1] - 2


def test_filelink_says_when_credits_do_not_reach(office: Office) -> None:
    writer, left = office.writer, office.left
    many = ", ".join(f"r{number}@example.org" for number in range(left + 1))
    writer.write([office.file("Linked.pdf")], to=many, subject="Linked", body="<p>Hello</p>")
    writer.answer_dialogs()
    writer.to_filelink("Linked.pdf")
    said = f"This mail needs {left + 1} credits. {left} credits are left."
    assert said in writer.dialog_said().replace("credit is", "credits are")
    writer.throw_away()


def test_the_team_decides_about_modes(office: Office) -> None:
    """Mail within the team is left alone; "always" cannot be switched off; "off" leaves the choice to the member."""
    writer, sent = office.writer, len(office.outgoing.taken)
    left = office.deed("charges")[-1]
    with office.policy(mode="force", internal_domains=["example.com"]):
        writer.write([office.file("Inside.pdf")], to="colleague@example.com", subject="Inside", body="<p>Hello</p>")
        writer.press_send()
        writer.wait_until_sent()
        assert [part.get_filename() for part in office.newest()[1].iter_attachments()] == ["Inside.pdf"]
        writer.write([office.file("Outside.pdf")], to="ben@example.net", subject="Outside", body="<p>Hello</p>")
        chosen = writer.choose()
        assert chosen == [True, True, "Your team always protects attachments."]
        writer.press_send()
        assert "1 credit" in writer.answer("price", "back")
        writer.throw_away()
    with office.policy(mode="off"):
        writer.write([office.file("Chosen.pdf")], to="ben@example.net", subject="Off", body="<p>Hello</p>")
        writer.press_send()
        writer.wait_until_sent()
    assert [part.get_filename() for part in office.newest()[1].iter_attachments()] == ["Chosen.pdf"]
    assert (len(office.outgoing.taken), office.deed("charges")[-1]) == (sent + 2, left)


def test_thunderbird_shows_what_the_gateway_says(office: Office) -> None:
    """Without the extension: the gateway is the outgoing server."""
    writer, gate = office.writer, office.gate
    left = office.deed("charges")[-1]
    writer.trust(office.folder / "gateway.pem", gate.port)
    identity = writer.add_account(SENDER, "Olive Owner", gate.port, gate.secret)
    many = ", ".join(f"r{number}@example.org" for number in range(left + 1))
    writer.write([office.file("Plan.pdf")], to=many, subject="Gateway", body="<p>Hello</p>", identity=identity)
    writer.choose("on", "on")
    writer.answer_dialogs()
    writer.press_send()
    said = writer.dialog_said()
    assert f"needs {left + 1} credits, {left} left. Nothing was delivered or charged." in said
    assert (writer.look()["names"], office.deed("charges")[-1]) == (["Plan.pdf"], left)
    writer.throw_away()


def test_signed_out_it_protects_nothing_and_says_so(office: Office) -> None:
    """What the user wanted protected stays; what he did not is none of its business."""
    writer, sent = office.writer, len(office.outgoing.taken)
    writer.ask("signOut")
    writer.write([office.file("Plan.pdf")], to="ben@example.net", subject="Out", body="<p>Hello</p>")
    writer.ask("choose", tab=writer.tab(), change={"isOn": True})
    writer.press_send()
    assert "Sign in to your Sealroom server first." in writer.answer("refused", "back")
    writer.throw_away()
    assert len(office.outgoing.taken) == sent
    writer.write([office.file("Open.pdf")], to="ben@example.net", subject="Out", body="<p>Hello</p>")
    writer.press_send()
    writer.wait_until_sent()
    assert [part.get_filename() for part in office.newest()[1].iter_attachments()] == ["Open.pdf"]


def test_what_is_handed_out_is_the_same_for_all(office: Office) -> None:
    """The list of versions names the package by its digest; the package has no secret and no address for updates without https."""
    base = office.gate.server.base_url
    package = fetch(f"{base}/integrations/thunderbird/extension.xpi")
    [newest] = json.loads(fetch(f"{base}/integrations/thunderbird/updates.json"))["addons"]["thunderbird@sealroom"]["updates"]
    assert newest["update_hash"] == f"sha256:{hashlib.sha256(package).hexdigest()}"
    assert newest["update_link"] == f"{base}/integrations/thunderbird/extension.xpi"
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        manifest = json.loads(files.read("manifest.json"))
        assert json.loads(files.read("server.json")) == {"serverUrl": base}
    assert (manifest["version"], "update_url" in manifest["browser_specific_settings"]["gecko"]) == (newest["version"], False)
