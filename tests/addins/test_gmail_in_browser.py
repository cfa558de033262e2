# SPDX-License-Identifier: Apache-2.0
"""The extension in Debian's Chromium, in a page that stands in Gmail's place, against a running installation. One browser and one
installation for all of it, because a start of either costs more than most of what is shown here."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.addins.gmail_browser import until
from tests.addins.gmail_keys import panel_without_a_mouse, without_a_mouse
from tests.addins.gmail_pictures import copy_picture, small_pictures, words_are_protected
from tests.addins.gmail_policy import installed_by_policy
from tests.addins.gmail_refusals import (
    gmail_takes_no_file,
    no_server_is_named,
    panel_refuses,
    server_refuses,
    worker_does_not_answer,
)
from tests.addins.gmail_world import ANNA, BEN, CORA, LINK, OLIVE, ORIGIN, World, answer_in_browser, sign_in, world
from tests.barriers import in_both_themes
from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.journeys.server import link_in
from tests.journeys.story import enter_code, shown_page, submit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="left out without Chromium: apt-get install chromium"),
]


def test_gmail(tmp_path: Path, subtests: pytest.Subtests) -> None:
    with sync_playwright() as playwright, world(playwright, tmp_path) as here:
        complaints: list[str] = []
        for page in (here.gmail.page, here.panel):
            page.on("pageerror", lambda error: complaints.append(str(error)))
        sign_in(here)
        link = compose_quote_send(here)
        recipient_reads_sender_revokes(here, playwright, link)
        ways_to_add(here)
        ways_to_send(here)
        two_mails_at_once(here)
        undo(here)
        words_are_protected(here)
        files_at_google(here)
        assert here.desk.given.keys() <= {"here.pdf", "gone.pdf"}
        refusals_keep_the_mail(here)
        server_refuses(here)
        worker_does_not_answer(here)
        no_server_is_named(here)
        gmail_takes_no_file(here)
        without_a_mouse(here)
        lines_that_break(here)
        gmail_does_not_send(here)
        the_team_decides(here)
        gmail_has_changed(here)
        panel_sends_and_revokes(here)
        panel_without_a_mouse(here)
        switched_off(here)
        signed_out(here)
        assert complaints == []
        with subtests.test("installed by policy"):
            if os.geteuid() != 0:
                pytest.skip("left out unless run as root: policies of a machine are root's")
            installed_by_policy(here, playwright)


def compose_quote_send(here: World) -> str:
    """Two files, a hidden recipient; Google gets the link and no file."""
    gmail = here.mail(to=[{"email": ANNA, "name": "Anna"}], cc=[{"email": BEN}], bcc=[{"email": CORA}], subject="The plan")
    here.ready(here.file("Plan.pdf"), here.file("Zahlen für Überblick.csv", b"a;b\n1;2\n"))
    gmail.press("price")
    gmail.sees("status", "Credits needed: 6; left: 1500")
    assert here.moves() == []
    gmail.send_button().click()
    mail = here.left()
    assert (mail["how"], mail["to"], mail["bcc"], mail["attached"], here.desk.uploads) == ("send", ANNA, CORA, [], [])
    assert "Zahlen für Überblick.csv" in mail["body"]
    assert re.findall(r"<(\w+)", mail["body"]) == ["div", "p", "ul", "li", "li", "p", "strong", "a", "p"]
    assert here.moves() == [[-6, "gmail"]]
    to = [["bcc", CORA], ["cc", BEN], ["to", ANNA]]
    until(lambda: here.do("sends") == [["The plan", to, True]], "the mark that it left")
    (link,) = LINK.findall(str(mail["body"]))
    assert isinstance(link, str)
    return link


def recipient_reads_sender_revokes(here: World, playwright: Playwright, link: str) -> None:
    """In another browser: address, code, page. Then the sender revokes in the panel, and the page refuses."""
    other = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *here.desk.flags])
    page = other.new_page()
    page.goto(link)
    page.locator("input[name=address]").fill(CORA)
    submit(page)
    enter_code(here.server, page, CORA, before=0, leads_to=r"/v/d/")
    assert ANNA not in page.content()
    page.locator("a", has_text="Plan.pdf").first.click()
    shown_page(page, 1)
    here.refresh()
    row = here.panel.locator("#sends li", has_text="The plan")
    expect(row).to_contain_text("Recipients: 3; opened: 1")
    row.get_by_role("button", name="Revoke: The plan").click()
    expect(row).to_contain_text("Revoked")
    page.reload()
    expect(page.locator("[data-page] img[src]")).to_have_count(0)
    assert "Plan.pdf" not in page.content()
    other.close()


def ways_to_add(here: World) -> None:
    """Dragged in from the desktop, and pasted: the page's own listeners hear of neither."""
    gmail = here.mail(subject="Dragged")
    gmail.drop([here.file("drag.csv", b"a;b\n")], "[g_editable]")
    here.is_ready(1)
    copy_picture(here)
    gmail.page.locator("[g_editable]").click()
    gmail.page.keyboard.press("Control+v")
    here.is_ready(2)
    assert "image.png" in gmail.read("file", 1)
    gmail.press("remove", 1)
    until(lambda: len(gmail.parts("file")) == 1, "one file")
    assert (here.desk.uploads, gmail.page.locator(".dL").count()) == ([], 0)


def ways_to_send(here: World) -> None:
    """Each leads through the server first; what the page itself presses leads nowhere."""
    gmail, keys = here.gmail, here.gmail.page.keyboard
    for how, query in (("ctrl", ""), ("enter", "?chips=old"), ("archive", "popout?popout=1"), ("schedule", ""), ("reply", "")):
        here.mail(query, subject=how, reply=how == "reply")
        if how == "ctrl":
            here.ready(here.file("Sheet.csv", b"a;b\n"))
        else:
            here.write()
        gmail.page.evaluate("() => document.querySelector('.aoO').click()")
        if how == "ctrl":
            gmail.page.locator("[g_editable]").click()
            keys.press("Control+Enter")
        elif how == "enter":
            gmail.send_button().focus()
            keys.press("Enter")
        elif how == "archive":
            gmail.page.locator(".Uo").click()
        elif how == "schedule":
            gmail.page.locator("[aria-haspopup]").click()
            gmail.page.locator("[selector=scheduledSend]").click()
        else:
            gmail.send_button().dblclick()
        mail = here.left()
        assert (mail["subject"], mail["to"], mail["how"] in {how, "send"}, mail["attached"]) == (how, ANNA, True, [])
        assert len(LINK.findall(mail["body"])) == 1
        assert here.moves() == [[-1, "gmail"]]


def two_mails_at_once(here: World) -> None:
    """Each keeps its own files and goes to its own people."""
    gmail = here.mail(subject="First")
    gmail.compose(to=[{"email": BEN}, {"email": CORA}], subject="Second")
    gmail.page.locator("input[type=file]").last.focus()
    gmail.page.keyboard.press("Tab")
    gmail.page.keyboard.press("Space")
    until(lambda: gmail.is_on(1), "on")
    gmail.pick(here.file("one.csv", b"1\n"), at=0)
    gmail.pick(here.file("two.csv", b"2\n"), at=1)
    here.is_ready(2)
    gmail.send_button(1).click()
    assert "two.csv" in here.left()["body"]
    gmail.send_button(0).click()
    assert "one.csv" in here.left()["body"]
    assert here.moves() == [[-2, "gmail"], [-1, "gmail"]]


def undo(here: World) -> None:
    """Undo and send again: nothing more is charged; a further recipient is; another file is another send."""
    gmail = here.mail(subject="Undone")
    here.ready(here.file("Undone.csv", b"a;b\n"))
    gmail.send_button().click()
    link = LINK.findall(here.left()["body"])
    assert here.moves() == [[-1, "gmail"]]
    for more, moved in (([], []), ([{"email": BEN}], [[-1, "gmail"]])):
        gmail.page.locator("#undo").click()
        gmail.sees("status", "protected before")
        assert (gmail.is_on(), len(gmail.parts("file"))) == (True, 1)
        for one in more:
            gmail.page.evaluate(
                "one => document.querySelector('[name=cc]').prepend(el('div', {role: 'option', 'data-hovercard-id': one.email}))",
                one,
            )
        gmail.send_button().click()
        assert LINK.findall(here.left()["body"]) == link
        assert here.moves() == moved
    gmail.page.locator("#undo").click()
    gmail.sees("status", "protected before")
    here_again = here.file("More.csv", b"a;b\n")
    gmail.pick(here_again)
    here.is_ready(2)
    gmail.send_button().click()
    (other,) = LINK.findall(here.left()["body"])
    assert [other] != link
    assert here.moves() == [[1, "gmail"], [1, "gmail"], [-2, "gmail"]]


def files_at_google(here: World) -> None:
    """A forwarded mail: what is at Google is fetched and taken out; what cannot be fetched stops it. Drive is warned of."""
    here.desk.given["here.pdf"] = here.file("Plan.pdf").read_bytes()
    gmail = here.mail(subject="Forward", attached=["here.pdf"])
    gmail.page.evaluate(
        "() => document.querySelector('[g_editable]').append(el('a', {href: 'https://drive.google.com/file/d/1'}, 'Drive'))"
    )
    gmail.send_button().click()
    mail = here.left()
    assert (mail["attached"], "here.pdf" in mail["body"], here.moves()) == ([], True, [[-1, "gmail"]])
    gmail = here.mail(subject="Forward", attached=["gone.pdf"])
    gmail.page.evaluate(
        "() => document.querySelector('[g_editable]').append(el('a', {href: 'https://drive.google.com/file/d/1'}, 'Drive'))"
    )
    gmail.send_button().click()
    gmail.sees("problem", "“gone.pdf” is at Google already")
    gmail.sees("warning", "Google Drive")
    small_pictures(here)
    here.mail("?stubborn=1", attached=["here.pdf"]).send_button().click()
    gmail.sees("problem", "“here.pdf” could not be taken out")
    assert (gmail.page.locator(".dL").count(), here.desk.mails, here.moves()) == (1, [], [])


def refusals_keep_the_mail(here: World) -> None:
    """Said with its numbers; mail, files and credits stay as they were."""
    gmail = here.mail("?chips=old", subject="Many", to=[{"email": f"p{number}@example.net"} for number in range(1600)])
    here.ready(here.file("Plan.pdf"))
    gmail.send_button().click()
    assert re.search(r"Credits needed: 1600; left: 14\d\d\. Nothing was sent", gmail.sees("problem", "Credits needed"))
    assert (here.desk.mails, here.moves(), len(gmail.parts("file"))) == ([], [], 1)

    gmail = here.mail(subject="Bad", to=[{"email": "nobody"}])
    gmail.send_button().click()
    gmail.sees("problem", "Cannot be written to: nobody")
    gmail = here.mail(subject="Stray")
    gmail.page.evaluate(
        "() => document.querySelector('.bzf td').append(el('div', {role: 'option', 'data-hovercard-id': 'stray@example.net'}))"
    )
    gmail.send_button().click()
    gmail.sees("problem", "Cannot be written to: stray@example.net")
    gmail = here.mail(subject="None", to=[])
    gmail.send_button().click()
    gmail.sees("problem", "at least one recipient")
    gmail.page.locator("[name=to] input").fill("anna@example")
    gmail.send_button().click()
    gmail.sees("problem", "Add a file, protect the text")
    here.ready(here.file("Bad.csv", b"a;b\n"))
    gmail.send_button().click()
    gmail.sees("problem", "Cannot be written to: anna@example")
    gmail = here.mail(subject="Program")
    gmail.pick(here.file("Program.exe", b"MZ\x90\x00" + b"\x00" * 200))
    gmail.sees("file", "not accepted")
    gmail.send_button().click()
    gmail.sees("problem", "not accepted")
    assert (here.desk.mails, here.moves()) == ([], [])


def lines_that_break(here: World) -> None:
    """Nobody answers; an answer is lost; a token is over; the worker is stopped in the midst of a large file."""
    gmail = here.mail(subject="Down")
    here.write()
    here.desk.trouble = lambda asked: "down" if "/drafts" in asked else ""
    gmail.send_button().click()
    gmail.sees("problem", "does not answer")
    assert (here.desk.mails, here.moves()) == ([], [])
    lost = ["lost"]
    here.desk.trouble = lambda asked: lost.pop() if lost and asked.endswith("/commit") else ""
    gmail.press("act-retry")
    here.left()
    assert (here.moves(), lost) == ([[-1, "gmail"]], [])
    here.desk.trouble = lambda _asked: ""

    here.desk.trouble = lambda asked: "down" if asked.endswith("/uploads") else ""
    gmail = here.mail(subject="Changed")
    changed = here.file("Changed.bin", b"before")
    seen = len(here.desk.asked)
    gmail.pick_from_disk(changed)
    until(lambda: here.desk.asked[seen:], "a try", pump=gmail.page)
    changed.write_bytes(b"after it was chosen")
    here.desk.trouble = lambda _asked: ""
    gmail.sees("file", "cannot be read any more")

    here.do("age_tokens")
    gmail = here.mail(subject="Large")
    large = here.file("Large.bin", b"large" * (5 * 1024 * 1024))
    seen = len(here.desk.asked)
    gmail.pick_from_disk(large)
    until(lambda: sum("PATCH" in one for one in here.desk.asked[seen:]) >= 3, "three slices", pump=gmail.page)
    here.stop_worker()
    here.is_ready(1)
    asked = here.desk.asked[seen:]
    counted = [sum(one.startswith(verb) and "/uploads" in one for one in asked) for verb in ("POST", "HEAD")]
    assert counted == [2, 1]  # the first with a token whose hour is over; the HEAD of the new worker
    gmail.send_button().click()
    gmail.sees("problem", "cannot be shown")


def gmail_does_not_send(here: World) -> None:
    """Charged, but Gmail keeps the mail: sent again it costs nothing, after a reload neither, and it can be taken back."""
    gmail = here.mail("?stuck=1", subject="Stuck", draft="#msg-a:r-77")
    here.ready(here.file("Stuck.csv", b"a;b\n"))
    gmail.send_button().click()
    here.left()
    gmail.send_button().click()
    here.left()
    assert here.moves() == [[-1, "gmail"]]
    gmail.open("?stuck=1").compose(to=[{"email": ANNA}], subject="Stuck", draft="#msg-a:r-77")
    gmail.sees("status", "protected before")
    gmail.send_button().click()
    assert len(LINK.findall(here.left()["body"])) == 1
    assert here.moves() == []
    gmail = here.mail("?eats=1", subject="Eaten")
    here.write("Eaten words")
    gmail.send_button().click()
    gmail.sees("problem", "The link could not be written")
    gmail.press("act-take_back")
    gmail.sees("status", "Credits returned: 1")
    expect(gmail.page.locator("[g_editable]")).to_have_text("Eaten words")
    assert (here.moves(), here.desk.mails) == ([[-1, "gmail"], [1, "gmail"]], [])
    here.refresh()
    row = here.panel.locator("#sends li", has_text="Stuck")
    expect(row).to_contain_text("not seen leaving")
    row.get_by_role("button", name="Take back: Stuck").click()
    expect(row).to_contain_text("Taken back")
    assert here.moves() == [[1, "gmail"]]


def the_team_decides(here: World) -> None:
    """Ask: a question, and Google gets the file only after "as usual". Force: no other way; own people are left alone."""
    gmail, sheet = here.gmail, here.file("Sheet.csv", b"a;b\n")
    gmail.open().compose(to=[{"email": ANNA}], subject="Asked")
    gmail.pick(sheet)
    gmail.sees("ask", "Send protected: Sheet.csv?")
    assert here.desk.uploads == []
    gmail.press("act-usual")
    until(lambda: here.desk.uploads == ["Sheet.csv"], "Google's copy", pump=gmail.page)
    gmail.send_button().click()
    assert here.left()["attached"] == ["Sheet.csv"]
    gmail.open().compose(to=[{"email": ANNA}], subject="Asked late", attached=["old.pdf"])
    gmail.send_button().click()
    gmail.sees("ask", "attachments that are not protected")
    gmail.press("act-usual")
    assert here.left()["attached"] == ["old.pdf"]

    here.rule(mode="force", internal_domains=("example.org",), min_bytes=3)
    gmail.open().compose(to=[{"email": ANNA}], subject="Forced", attached=["old.pdf"])
    gmail.send_button().click()
    gmail.sees("problem", "requires attachments to be protected")
    gmail.pick(here.file("s.csv", b"1\n"), sheet)
    until(gmail.is_on, "on")
    gmail.press("toggle")
    gmail.sees("problem", "requires attachments")
    gmail.open().compose(to=[{"email": "colleague@example.org"}], subject="Inside")
    here.desk.uploads.clear()
    gmail.pick(sheet)
    until(lambda: here.desk.uploads == ["Sheet.csv"], "Google's copy", pump=gmail.page)

    gmail.open().page.evaluate("() => document.body.append(el('input', {type: 'file'}))")
    gmail.pick(sheet)
    gmail.sees("notice", "the mail this file belongs to was not found")

    here.rule(mode="off", internal_domains=("example.org",), internal_only=True, max_files=1)
    gmail = here.mail(subject="Outside")
    here.ready(sheet)
    gmail.send_button().click()
    gmail.sees("problem", f"its own domains only; elsewhere: {ANNA}")
    gmail.pick(here.file("s.csv", b"1\n"))
    gmail.sees("problem", "one mail takes 1 at most")
    here.rule(mode="off", max_recipients=1, max_file_bytes=3)
    gmail = here.mail(subject="Limits", to=[{"email": ANNA}, {"email": BEN}])
    gmail.pick(sheet)
    gmail.sees("file", "larger than allowed (3 byte")
    gmail.press("remove")
    here.ready(here.file("s.csv", b"1\n"))
    gmail.send_button().click()
    gmail.sees("problem", "one mail goes to 1 at most")
    here.rule(mode="off")
    assert here.moves() == []


def gmail_has_changed(here: World) -> None:
    """A page we do not know: nothing is sent, loudly; a signed list of the server's mends it without a new extension."""
    for broken in ("send", "body"):
        gmail = here.mail(f"?broken={broken}", subject="Broken")
        gmail.sees("problem", "Gmail changed its page")
        gmail.page.locator("[data-tooltip=Send]").click()
        gmail.page.locator("[name=subjectbox]").press("Control+Enter")
        assert here.desk.mails == []
    here.panel.locator("#show").click()
    expect(here.panel.locator("#missing")).to_contain_text("Not found: body")
    shown = here.panel.locator("#skeleton").input_value()
    assert ("[role=dialog]" in shown or ".AD" in shown, "Broken" in shown, ANNA in shown) == (True, False, False)
    with here.context.expect_page() as opened:
        gmail.press("act-panel")
    assert opened.value.url.endswith("panel.html#compose")
    opened.value.close()

    places = {"send": ["[data-tooltip=Send]"], "toolbar": ["[data-tooltip=Send]", "!bad"]}
    (here.server.data / "gmail-selectors.json").write_text(json.dumps({"version": 1, "selectors": places}))
    here.refresh()
    gmail = here.mail("?broken=send", subject="Mended")
    here.write()
    gmail.page.locator("[data-tooltip=Send]").click()
    assert here.left()["subject"] == "Mended"
    assert here.moves() == [[-1, "gmail"]]


def panel_sends_and_revokes(here: World) -> None:
    """A mail that never touches Google: the server writes to each."""
    panel = here.panel
    panel.locator("#to").fill(f"{BEN}, {CORA}")
    panel.locator("#subject").fill("From the panel")
    panel.locator("#text").fill("For your eyes.")
    panel.locator("#picker").set_input_files([str(here.file("Plan.pdf"))])
    panel.locator("#price").click()
    expect(panel.locator("#compose-status")).to_contain_text("Credits needed: 2")
    panel.locator("#send").click()
    expect(panel.locator("#compose-status")).to_contain_text("Sent. Credits charged: 2")
    assert here.moves() == [[-2, "gmail"]]
    assert ORIGIN in link_in(here.server.wait_for_mail(BEN, subject="From the panel"), "/v/")
    row = panel.locator("#sends li").first
    row.get_by_role("button", name="Revoke: From the panel").click()
    expect(row).to_contain_text("Revoked")
    row.get_by_role("button", name="Restore: From the panel").click()
    expect(row).to_contain_text("Active")
    assert in_both_themes(panel) == []


def switched_off(here: World) -> None:
    """Off in the panel: nothing of ours in the page, no request; off in a mail: none either."""
    gmail, sheet = here.gmail, here.file("Sheet.csv", b"a;b\n")
    gmail.open().compose(to=[{"email": ANNA}], subject="Plain")
    asked = len(here.desk.asked)
    gmail.pick(sheet)
    gmail.send_button().click()
    assert here.left()["attached"] == ["Sheet.csv"]
    here.panel.locator("#enabled").uncheck()
    until(lambda: not gmail.parts("toggle"), "no bar", pump=gmail.page)
    gmail.open()
    before = gmail.page.evaluate("() => document.documentElement.outerHTML")
    gmail.page.evaluate("() => void openCompose({to: [{email: 'a@example.net'}], subject: 'Off', draft: 'd'})")
    mail = gmail.page.evaluate("() => document.querySelector('.nH').outerHTML")
    gmail.pick(sheet)
    gmail.page.locator(".dL").wait_for()
    gmail.page.locator(".close").click()
    assert gmail.page.evaluate("() => document.documentElement.outerHTML") == before
    assert "sealroom" not in mail.lower()
    assert (gmail.parts("toggle"), here.desk.asked[asked:]) == ([], [])
    here.panel.locator("#enabled").check()


def signed_out(here: World) -> None:
    """A device that was ended elsewhere: files wait, the mail stays."""
    gmail = here.mail(subject="Ended")
    here.ready(here.file("Plan.pdf"))
    here.do("end_devices")
    gmail.send_button().click()
    gmail.sees("problem", "Sign in to your Sealroom server first")
    assert (here.desk.mails, len(gmail.parts("file")), here.moves()) == ([], 1, [])
    here.refresh_signed_out()
    assert OLIVE not in here.panel.locator("#who").inner_text()
    panel = here.panel
    panel.locator("#server").fill("http://files.example.com")
    panel.locator("#save-server").click()
    expect(panel.locator("#problem")).to_contain_text("not the address of a server")
    answer_in_browser(here, "deny")
    expect(panel.locator("#problem")).to_contain_text("refused in the browser")
    here.desk.trouble = lambda _asked: "down"
    panel.locator("#sign-in").click()
    expect(panel.locator("#problem")).to_contain_text("does not answer")
    here.desk.trouble = lambda _asked: ""
    panel_refuses(here)
    gmail = here.mail(subject="Updated")
    here.context.service_workers[-1].evaluate("() => chrome.runtime.reload()")
    gmail.page.bring_to_front()
    until(lambda: gmail.send_button().click() or "was updated" in gmail.read("problem"), "the sentence about a new extension")
    assert here.desk.mails == []
