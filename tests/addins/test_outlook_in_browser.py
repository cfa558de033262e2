# SPDX-License-Identifier: Apache-2.0
"""The pane in a browser, in the frame of another site, with a real server behind it and a stand-in for Outlook's library: from the
sign-in window to the page that refuses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Frame, Page, Route, expect

from tests.addins.node import MODULES, need_node
from tests.addins.outlook_browser import ELSEWHERE, OUTLOOK
from tests.addins.outlook_desk import (
    BASE,
    BOSS,
    CHEF,
    PANE,
    READER,
    Desk,
    a_desk,
    a_mail,
    answers,
    attachment,
    barriers_on,
    frame_of,
    opens_window,
    picture_of,
    reads,
    sign_in,
)
from tests.factories.documents import make_pdf
from tests.journeys.story import shown_page
from tests.journeys.test_keyboard_only import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with a_desk(tmp_path_factory.mktemp("outlook")) as made:
        yield made


def test_from_the_mail_to_the_page_that_refuses(desk: Desk) -> None:
    picture = attachment("logo.png", b"picture", isInline=True, contentId="logo@1")
    mail = a_mail(
        body='<p>Dear reader</p><img src="cid:logo@1">',
        bcc=["Hidden@example.net"],
        attachments=[attachment("Offer.pdf", make_pdf(["The price is seven"])), picture],
    )
    context = desk.context(mail)
    page = context.new_page()
    page.goto(f"https://{OUTLOOK}/mail")
    pane = frame_of(page)
    expect(pane.locator("#not-lasting")).to_be_visible()  # this browser denies storage to frames of others
    sign_in(desk, pane, context)
    assert pane.evaluate("mail.roaming.sealroom") == {
        "mode": "force", "min_bytes": 0, "internal_domains": ["northwind.example"],
    }  # fmt: skip
    expect(pane.locator("#credits")).to_have_text("1,500 credits left")
    expect(pane.locator("#recipients")).to_have_text("For 2 recipients")
    expect(pane.locator("#files .name")).to_have_text(["Offer.pdf"])
    expect(pane.locator("#required")).to_be_visible()

    chosen: FilePayload = {"name": "Großer Plan.pdf", "mimeType": "application/pdf", "buffer": make_pdf(["The plan"])}
    pane.locator("#picker").set_input_files(chosen)
    expect(pane.locator("#files .name")).to_have_text(["Offer.pdf", "Großer Plan.pdf"])
    assert json.loads(pane.evaluate("mail.session.sealroom"))["pending"] == 1
    broken = _breaks_once(context)
    pane.locator("#protect").click()
    expect(pane.locator("#cost")).to_have_text("4 credits")
    assert broken == ["PATCH"]  # and the upload went on
    expect(pane.locator("#sum")).to_have_text("2 files × 2 recipients")
    expect(pane.locator("#after")).to_have_text("1,496 left after that")
    assert pane.evaluate("[mail.body, mail.attachments.length]") == [mail["body"], 2]
    assert desk.do("charges", email=BOSS) == []

    pane.evaluate(LOSE_AN_ANSWER)
    pane.locator("#confirm").click()
    expect(pane.locator("#state")).to_have_text("Protected. Press Send in Outlook. 4 credits charged.", timeout=60_000)
    assert pane.evaluate("lost") == 1
    expect(pane.locator("#credits")).to_have_text("1,496 credits left")
    body = pane.evaluate("mail.body")
    link = re.search(rf'{BASE}/v/[^"/]+/', body)
    assert link is not None
    assert body.endswith(mail["body"])
    assert pane.evaluate("mail.attachments.map((one) => one.name)") == ["logo.png"]
    send = pane.evaluate('mail.headers["x-sealroom-send"]')
    assert re.fullmatch(r"snd_\w+", send)
    assert pane.evaluate("mail.most") == 1
    assert desk.do("charges", email=BOSS) == [[-4, "outlook"]]

    reader = reads(desk, link.group())
    assert "hidden@example.net" not in reader.content().lower()
    reader.locator("a", has_text="Großer Plan.pdf").first.click()
    shown_page(reader, 1)
    _adds_somebody(desk, pane)
    _takes_back(desk, pane, reader)
    page.close()


LOSE_AN_ANSWER = """() => {
  const whole = fetch;
  window.lost = 0;
  window.fetch = async (...words) => {
    const answer = await whole(...words);
    if (lost || !words[0].endsWith("/commit")) return answer;
    window.lost += 1;
    throw new TypeError("Failed to fetch");
  };
}"""


def _breaks_once(context: BrowserContext) -> list[str]:
    """The next part of an upload gets lost; what did."""
    broken: list[str] = []

    def breaks(route: Route) -> None:
        if route.request.method != "PATCH" or broken:
            route.continue_()
            return
        broken.append(route.request.method)
        route.abort()

    context.route("**/api/v1/uploads/*", breaks)
    return broken


def _adds_somebody(desk: Desk, pane: Frame) -> None:
    """A recipient more: Send is stopped, the link follows, and only the new pairs cost."""
    pane.evaluate("() => { mail.cc = ['late@example.net']; mail.heard.olkRecipientsChanged(); }")
    expect(pane.locator("#warnings")).to_contain_text("The recipients have changed")
    expect(pane.locator("#state")).to_be_hidden()
    expect(pane.locator("#protect")).to_have_text("Update")
    pane.locator("#protect").click()
    expect(pane.locator("#confirm")).to_have_text("Protect for 2 credits")
    pane.locator("#confirm").click()
    expect(pane.locator("#state")).to_contain_text("2 credits charged.")
    assert len(re.findall(r"/v/", pane.evaluate("mail.body"))) == 1
    assert desk.do("charges", email=BOSS) == [[-4, "outlook"], [-2, "outlook"]]


def _takes_back(desk: Desk, pane: Frame, reader: Page) -> None:
    """The sender revokes in the pane; the recipient's page refuses."""
    pane.locator("#show-sent").click()
    row = pane.locator("#sends li").first
    expect(row).to_contain_text("1 of 3 opened")
    expect(row.locator(".tag")).to_have_text("Active")
    assert row.get_by_role("link").get_attribute("href", timeout=1000) == f"{BASE}/sends/{pane.evaluate(HEADER)}/"
    row.get_by_role("button", name=re.compile("Revoke")).click()
    expect(row.locator(".tag")).to_have_text("Revoked")
    expect(pane.locator("#state")).to_have_text("Access has ended.")
    answer = reader.reload()
    assert answer is not None
    assert answer.status == 410
    row.get_by_role("button", name=re.compile("Restore")).click()
    expect(row.locator(".tag")).to_have_text("Active")
    again = reader.reload()
    assert again is not None
    assert again.status == 200
    row.get_by_role("button", name=re.compile("Revoke")).click()
    expect(row.locator(".tag")).to_have_text("Revoked")


HEADER = 'mail.headers["x-sealroom-send"].split(",")[0]'


def test_too_few_credits_words_and_languages(desk: Desk) -> None:
    """In French, at the narrowest, by the keyboard, in both themes; what is refused leaves the mail; words alone; signing out."""
    mail = a_mail(
        to=[READER, "list@example.net", *(f"r{number}@example.net" for number in range(1600))],
        sender=CHEF,
        language="fr-FR",
        attachments=[
            attachment("Offre.pdf", make_pdf(["Le prix"])),
            attachment("Nuage.docx", b"", attachmentType="cloud"),
        ],
    )
    context = desk.context(mail, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(PANE)
    expect(page.locator("#sign-in")).to_have_text("Se connecter")
    found = barriers_on(page)
    expect(page.locator("#not-lasting")).to_be_hidden()
    sign_in(desk, page, context, email=CHEF)
    page.reload()  # stays signed in
    expect(page.locator("#warnings li")).to_contain_text(["list@example.net est une liste", "Nuage.docx"])
    before = page.evaluate("[mail.body, mail.attachments.length]")
    tab_to(page, "#protect")
    page.keyboard.press("Enter")
    expect(page.locator("#alert")).to_contain_text("Il faut 1\u202f602 crédits, il en reste 1\u202f500. Rien n’a été débité")
    expect(page.locator("#confirm")).to_be_hidden()
    found += barriers_on(page)
    assert page.evaluate("[mail.body, mail.attachments.length]") == before
    assert desk.do("charges", email=CHEF) == []

    page.locator("#not-now").press("Enter")
    page.evaluate("(mail) => { Object.assign(window.mail, mail); window.mail.heard.olkRecipientsChanged(); }", ANSWER)
    expect(page.locator("#warnings li")).to_have_text([re.compile("^Vous répondez à un message protégé")])
    expect(page.locator("#no-files")).to_be_visible()
    expect(page.locator("#tiny .name")).to_have_text(["image001.png"])
    page.locator("#words").press("Space")
    expect(page.locator("#quoted-row")).to_be_visible()
    found += barriers_on(page)
    page.locator("#protect").press("Enter")
    expect(page.locator("#sum")).to_have_text("le texte × 1 destinataire")
    found += barriers_on(page)
    page.locator("#confirm").press("Enter")
    expect(page.locator("#state")).to_contain_text("Protégé. Choisissez «\u202fEnvoyer\u202f» dans Outlook. 1 crédit débité.")
    body = page.evaluate("mail.body")
    assert body.endswith(THEIRS)
    assert ("Le prix est" in body, "cid:plan" in body, len(re.findall(rf"{BASE}/v/", body))) == (False, False, 2)
    assert page.evaluate("mail.attachments.map((one) => one.name)") == ["logo.png", "image001.png"]
    _sees_pictures(desk, body)
    _chooses_from_the_server(page, found)

    page.locator("#show-sent").press("Enter")
    expect(page.locator("#sends .tag").first).to_have_text("Actif")
    found += barriers_on(page)
    page.locator("#sends button", has_text="Rappeler").first.press("Enter")
    expect(page.locator("#state")).to_have_text("Envoi rappelé. 1 crédit rendu.")
    assert desk.do("charges", email=CHEF) == [[-1, "outlook"], [-1, "outlook"]]
    assert found == []

    page.locator("#sign-out").press("Enter")
    expect(page.locator("#outside")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
    page.close()


THEIRS = (
    '<div id="Signature"><img src="cid:logo@1"></div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De :</b> R</div>'
    f'<a href="{BASE}/v/earlier/">Ouvrir</a></body></html>'
)
ANSWER = {
    "to": [READER],
    "body": '<html><body dir="ltr"><div>Le prix est sept <img src="cid:plan@1" alt="Le plan"> '
    f'<img src="data:image/png;base64,{base64.b64encode(picture_of(240, 160)).decode()}" alt="Un trait"></div>{THEIRS}',
    "attachments": [
        attachment("plan.png", picture_of(300, 200), isInline=True, contentId="plan@1"),
        attachment("logo.png", picture_of(20, 20), isInline=True, contentId="logo@1"),
        attachment("image001.png", picture_of(10, 10)),
    ],
}


def _sees_pictures(desk: Desk, body: str) -> None:
    """The recipient reads the words, and the pictures among them are drawn."""
    link = re.search(rf'{BASE}/v/[^"/]+/', body)
    assert link is not None
    reader = reads(desk, link.group())
    expect(reader.locator("main")).to_contain_text("Le prix est sept")
    assert "logo" not in reader.content()
    pictures = reader.locator("main img[src*='/pictures/']")
    expect(pictures).to_have_count(2)
    drawn = pictures.evaluate_all(
        "(all) => Promise.all(all.map((one) => one.decode().then(() => [one.alt, Math.round(10 * one.width / one.height)])))"
    )
    assert drawn == [["Le plan", 15], ["Un trait", 15]]
    reader.context.close()


def _chooses_from_the_server(page: Page, found: list[str]) -> None:
    """By the keyboard: a file that was uploaded before becomes one of this mail, and nothing is uploaded."""
    expect(page.locator("#words-box")).to_be_hidden()  # a protected mail's words are its link
    uploads: list[str] = []
    page.on("request", lambda asked: uploads.append(asked.url) if "/uploads" in asked.url else None)
    page.locator("#from-library").press("Enter")
    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#documents .name")).to_have_text(["picture-2.png", "plan.png", "Offre.pdf"])
    page.keyboard.type("OFFRE")
    page.keyboard.press("Enter")
    expect(page.locator("#documents .name")).to_have_text(["Offre.pdf"])
    expect(page.locator("#search")).to_be_focused()
    tab_to(page, "#documents input")
    page.keyboard.press("Space")
    expect(page.locator("#add-documents")).to_have_text("Ajouter 1 fichier")
    found += barriers_on(page)
    tab_to(page, "#add-documents")
    page.keyboard.press("Enter")
    expect(page.locator("#files li")).to_contain_text(["Offre.pdf"])
    expect(page.locator("#from-library")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#whose").select_option("library")
    expect(page.locator("#no-documents")).to_have_text("Aucun document trouvé.")
    expect(page.locator("#close-library")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("#protect")).to_be_visible()
    expect(page.locator("#protect")).to_be_enabled()
    page.locator("#protect").press("Enter")
    expect(page.locator("#sum")).to_have_text("1 fichier × 1 destinataire")
    page.locator("#confirm").press("Enter")
    expect(page.locator("#state")).to_contain_text("1 crédit débité.")
    assert uploads == []


def test_signing_in_and_what_ends_it(desk: Desk) -> None:
    """Windows that are blocked, closed, refused or too late; a preset; a server that does not answer; a device that was ended."""
    preset = desk.do("preset", email=BOSS, name="Board", settings={"permission": "view"})
    context = desk.context(a_mail(attachments=[attachment("Offer.pdf", make_pdf(["The price"]))]))
    page = context.new_page()
    page.goto(PANE)
    page.evaluate("() => { window.opens = window.open; window.open = () => null; }")
    page.locator("#sign-in").click()
    expect(page.locator("#alert")).to_contain_text("The sign-in window could not be opened.")
    page.evaluate("() => { window.open = window.opens; }")
    opens_window(page, context).close()
    expect(page.locator("#alert")).to_be_hidden()
    expect(page.locator("#state")).to_be_hidden()

    desk.do("forget_limits")
    late = "**/api/v1/auth/token"
    context.route(late, lambda route: route.fulfill(status=400, json={"code": "expired_token", "title": "Expired"}))
    window = opens_window(page, context)
    expect(window.locator("#alert")).to_have_text("The code has expired.")
    expect(page.locator("#state")).to_have_text("Confirm in the window that has opened.")
    found = barriers_on(window)
    context.unroute(late)
    window.locator("#again").click()
    answers(window, context, "deny", email=BOSS).close()
    expect(window.locator("#alert")).to_have_text("It was turned away. Close this window, or try again.")
    window.locator("#again").click()
    expect(window.locator("#alert")).to_be_hidden()
    found += barriers_on(window)
    answers(window, context, "approve", email=BOSS).close()
    expect(page.locator("#mail")).to_be_visible()
    assert found == []

    page.locator("#preset").select_option(preset)
    before = page.evaluate("[mail.body, mail.attachments.length]")
    charged = desk.do("charges", email=BOSS)
    context.set_offline(True)
    page.locator("#protect").click()
    expect(page.locator("#alert")).to_have_text("The server does not answer. Nothing was lost; try again.", timeout=60_000)
    context.set_offline(False)
    page.locator("#protect").click()
    expect(page.locator("#cost")).to_have_text("1 credit")
    assert desk.do("presets_of_sends", email=BOSS)[-1] == "Board"
    assert desk.do("end_devices", email=BOSS) >= 1
    page.locator("#confirm").click()
    expect(page.locator("#alert")).to_have_text("You are signed out. Sign in again; your mail is as it was.")
    expect(page.locator("#sign-in")).to_be_visible()
    assert page.evaluate("[mail.body, mail.attachments.length, localStorage.length]") == [*before, 0]
    assert desk.do("charges", email=BOSS) == charged
    context.close()


def test_no_other_site_frames_the_pane_and_alone_it_says_where_it_belongs(desk: Desk) -> None:
    page = desk.browser.new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"https://{ELSEWHERE}/")
    frame = frame_of(page)
    page.wait_for_timeout(300)
    assert frame.url.startswith("chrome-error:")
    assert any("frame-ancestors" in text for text in said)
    page.close()

    alone = desk.context().new_page()
    alone.goto(PANE)
    expect(alone.locator("#outside-words")).to_have_text("Open this page in Outlook: it is the pane of the Sealroom add-in.")
    expect(alone.locator("#sign-in")).to_be_hidden()
    assert BASE in alone.evaluate("fetch('manifest.xml').then((answer) => answer.text())")
    alone.close()


def test_microsofts_own_library_finds_no_outlook_around_a_page_of_its_own(desk: Desk) -> None:
    need_node()
    asked: list[str] = []

    def library(route: Route) -> None:
        name = route.request.url.partition("/lib/1/hosted/")[2].partition("?")[0]
        asked.append(name)
        route.fulfill(path=MODULES / "@microsoft" / "office-js" / "dist" / name)

    context = desk.browser.new_context()
    context.on("page", desk.listen)
    context.route("https://appsforoffice.microsoft.com/**", library)
    context.route("https://ajax.aspnetcdn.com/**", lambda route: route.abort())
    page = context.new_page()
    page.goto(PANE)
    expect(page.locator("#outside-words")).to_have_text("Open this page in Outlook: it is the pane of the Sealroom add-in.")
    expect(page.locator("#sign-in")).to_be_hidden()
    assert page.evaluate("Office.onReady()") == {"host": None, "platform": None, "addin": None}
    assert asked[0] == "office.js"
    context.close()
