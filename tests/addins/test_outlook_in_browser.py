# SPDX-License-Identifier: Apache-2.0
"""The pane in a browser, in the frame of another site, with a real server behind it and a stand-in for Outlook's library: from the
sign-in window to the page that refuses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Frame, Page, Route, expect, sync_playwright

from tests import barriers
from tests.addins.node import MODULES, need_node
from tests.addins.outlook_browser import ELSEWHERE, HOME, OUTLOOK, hosts
from tests.factories.accounts import PASSWORD
from tests.factories.documents import make_pdf
from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.journeys.server import Server, code_in, serving
from tests.journeys.story import shown_page
from tests.journeys.test_keyboard_only import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BASE = f"https://{HOME}"
PANE = f"{BASE}/integrations/outlook/pane.html?v=0.1.0"
LIBRARY = Path(__file__).parent / "outlook" / "office.js"
BOSS, CHEF, READER = "boss@northwind.example", "chef@northwind.example", "reader@example.net"


@dataclass
class Desk:
    """An installation behind TLS, and a browser that finds it."""

    server: Server
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def do(self, deed: str, **words: Any) -> Any:
        return self.server.backstage.do("tests.addins.outlook_deeds", deed, **words)

    def context(self, mail: dict[str, Any] | None = None, **options: Any) -> BrowserContext:
        """A profile of its own, in which Outlook's library is the stand-in."""
        made = self.browser.new_context(**options)
        self.contexts.append(made)
        made.route("https://appsforoffice.microsoft.com/**", self._library)
        script = f"window.sealroomMail = {json.dumps(mail)};" if mail is not None else "window.sealroomAlone = true;"
        made.add_init_script(script)
        made.on("page", self.listen)
        return made

    def _library(self, route: Route) -> None:
        route.fulfill(body=LIBRARY.read_text(), content_type="text/javascript")

    def listen(self, page: Page) -> None:
        """A page may neither throw nor break its policy."""
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: self.complaints.append(f"{page.url}: {said.text}") if "Content Security Policy" in said.text else None,
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    folder = tmp_path_factory.mktemp("outlook")
    with (
        serving(folder, SEALROOM_BASE_URL=BASE, SEALROOM_EXTRA_HOSTS="127.0.0.1") as server,
        hosts(folder, int(server.base_url.rpartition(":")[2])) as flags,
    ):
        with sync_playwright() as playwright:
            engine = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
            made = Desk(server, engine)
            for email in (BOSS, CHEF):
                made.do("sender", email=email)
            expect.set_options(timeout=20_000)  # other tests may keep the machine busy
            yield made
            expect.set_options(timeout=5_000)
            engine.close()
        assert made.complaints == []


def attachment(name: str, content: bytes, **more: Any) -> dict[str, Any]:
    made = {"id": f"id {name}", "name": name, "size": len(content), "attachmentType": "file", "isInline": False, "contentId": ""}
    return made | {"content": base64.b64encode(content).decode()} | more


def a_mail(*, sender: str = BOSS, **more: Any) -> dict[str, Any]:
    return {"to": [READER], "from": sender, "subject": "Offer", "body": "<p>Dear reader</p>", **more}


def frame_of(page: Page) -> Frame:
    """The pane in the page that frames it."""
    handle = page.wait_for_selector("iframe")
    found = handle.content_frame() if handle else None
    assert found is not None
    return found


def sign_in(desk: Desk, pane: Page | Frame, context: BrowserContext, *, email: str = BOSS) -> None:
    """By the window that shows a code, confirmed on the server's page."""
    desk.do("forget_limits")
    opened: list[Page] = []
    context.on("page", lambda page: opened.append(page))  # noqa: PLW0108 -- Playwright marks the function it is given
    pane.locator("#sign-in").click()
    _wait(context, lambda: len(opened) == 1)
    window = opened[0]
    code = window.locator("#code")
    expect(code).to_have_text(re.compile(r"\w{4}-?\w{4}"))
    shown = code.inner_text()
    window.locator("#open").click()
    _wait(context, lambda: len(opened) == 2)
    page = opened[1]
    page.wait_for_load_state()
    if "/accounts/login/" in page.url:
        page.locator("main input[name=login]").fill(email)
        page.locator("main input[name=password]").fill(PASSWORD)
        page.locator("main form button[type=submit].btn-primary").last.click()
        page.wait_for_url("**/settings/mail/connect/**")
    expect(page.locator("main")).to_contain_text(shown)
    expect(page.locator("main")).to_contain_text("Outlook 0.1.0")
    page.locator("button[value=approve]").click()
    page.wait_for_url("**/settings/mail/")
    expect(pane.locator("#mail")).to_be_visible()
    assert window.is_closed()
    page.close()


def _wait(context: BrowserContext, ready: Callable[[], bool]) -> None:
    for _ in range(200):
        if ready():
            return
        context.pages[0].wait_for_timeout(50)
    raise AssertionError("it did not happen")


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
    pane.locator("#protect").click()
    expect(pane.locator("#cost")).to_have_text("4 credits")
    expect(pane.locator("#sum")).to_have_text("2 files × 2 recipients")
    expect(pane.locator("#after")).to_have_text("1,496 left after that")
    assert pane.evaluate("[mail.body, mail.attachments.length]") == [mail["body"], 2]
    assert desk.do("charges", email=BOSS) == []

    pane.locator("#confirm").click()
    expect(pane.locator("#state")).to_have_text("Protected. Press Send in Outlook. 4 credits charged.", timeout=60_000)
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

    reader = _reads(desk, link.group())
    _adds_somebody(desk, pane)
    _takes_back(desk, pane, reader)
    page.close()


def _reads(desk: Desk, link: str) -> Page:
    """The recipient proves the address and sees the page."""
    desk.do("forget_limits")
    reader = desk.context().new_page()
    reader.goto(link)
    reader.locator("input[name=address]").fill(READER)
    reader.locator("main form button[type=submit]").click()
    reader.wait_for_url("**/verify/")
    reader.locator("input[name=code]").fill(code_in(desk.server.wait_for_mail(READER, subject="code")))
    reader.locator("main form button[type=submit]").first.click()
    reader.wait_for_url(re.compile(r"/v/d/"))
    assert "hidden@example.net" not in reader.content().lower()
    reader.locator("a", has_text="Großer Plan.pdf").first.click()
    shown_page(reader, 1)
    return reader


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
    found = _barriers(page)
    expect(page.locator("#not-lasting")).to_be_hidden()
    sign_in(desk, page, context, email=CHEF)
    page.reload()  # stays signed in
    expect(page.locator("#warnings li")).to_contain_text(["list@example.net est une liste", "Nuage.docx"])
    before = page.evaluate("[mail.body, mail.attachments.length]")
    tab_to(page, "#protect")
    page.keyboard.press("Enter")
    expect(page.locator("#alert")).to_contain_text("Il faut 1\u202f602 crédits, il en reste 1\u202f500. Rien n’a été débité")
    expect(page.locator("#confirm")).to_be_hidden()
    found += _barriers(page)
    assert page.evaluate("[mail.body, mail.attachments.length]") == before
    assert desk.do("charges", email=CHEF) == []

    page.locator("#not-now").click()
    page.evaluate("(who) => { mail.to = [who]; mail.attachments = []; mail.heard.olkRecipientsChanged(); }", READER)
    expect(page.locator("#no-files")).to_be_visible()
    page.locator("#words").press("Space")
    page.locator("#protect").press("Enter")
    expect(page.locator("#sum")).to_have_text("le texte × 1 destinataire")
    found += _barriers(page)
    page.locator("#confirm").press("Enter")
    expect(page.locator("#state")).to_contain_text("Protégé. Choisissez «\u202fEnvoyer\u202f» dans Outlook. 1 crédit débité.")
    body = page.evaluate("mail.body")
    assert ("Dear reader" in body, f"{BASE}/v/" in body) == (False, True)
    page.locator("#show-sent").press("Enter")
    expect(page.locator("#sends .tag").first).to_have_text("Actif")
    found += _barriers(page)
    page.locator("#sends button", has_text="Rappeler").first.click()
    expect(page.locator("#state")).to_have_text("Envoi rappelé. 1 crédit rendu.")
    assert found == []

    page.locator("#sign-out").click()
    expect(page.locator("#outside")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
    page.close()


def _barriers(page: Page) -> list[str]:
    found = [f"{theme}: {one['id']}: {one['nodes'][0]['html'][:160]}" for theme, one in barriers.in_both_themes(page)]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} pixels too wide"] if wide > 0 else [])


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
