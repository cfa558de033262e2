# SPDX-License-Identifier: Apache-2.0
"""Every page of a running product in both themes: no axe violation, nothing wider than the window, in French at four widths."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import barriers
from tests.journeys.server import Server, link_in
from tests.journeys.story import PASSCODE, enter_code, make_pdf, open_link, prepare_send, set_scene, shown_page, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "corridor-lantern-42-violet"
RULES: dict[str, object] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
DESK, WIDTHS = 1440, (820, 390, 320, 1440)
MEMBERS = (
    "/?new", "/", "/files/choose/", "/sends/", "{send}", "{send}settings/", "{send}recipients/", "/received/", "/credits/",
    "/credits/?by=member", "/credits/?when=dates&since=2026-02-01&until=2026-01-01", "/credits/?kind=expire&when=dates",
    "/settings/", "/settings/keys/", "/settings/mail/connect/",
    "/admin/team/", "/admin/members/", "/admin/plan/", "/admin/plan/modify/?focus=credits",
    "/admin/billing/invoices/", "/admin/billing/details/", "/admin/activity/", "/help/", "/help/billing/", "/help/credits/",
    "/operator/teams/", "{team}", "{team}suspend/",
    "/outbox/", "{mail}", "/accounts/email/", "/accounts/password/change/", "/accounts/logout/",
)  # fmt: skip
SECURITY = (
    "/?draft={draft}", "/sends/{gated}/", "/sends/{gated}/settings/", "/sends/{gated}/recipients/", "/sends/{gated}/delete/",
    "/sends/{gated}/files/{book}/versions/", "/sends/{gated}/files/{book}/replace/", "/sends/{gated}/files/{nda}/replace/{newer}/",
    "/sends/{gated}/files/{nda}/replace/{broken}/", "/sends/{open}/", "/sends/{open}/settings/", "/sends/{ended}/", "/sends/",
    "/sends/{letter}/", "/sends/{letter}/replies/", "/requests/", "/contacts/", "/contacts/{contact}/", "/contacts/choose/",
    "/received/", "/admin/security/presets/", "/admin/security/presets/new/", "/admin/security/presets/{preset}/",
    "/admin/security/terms/", "/admin/security/acceptances/",
    "/settings/mail/", "/settings/mail/connect/?code={code}", "/admin/integrations/",
    "/help/document-security/", "/help/mail-programs/", "/help/presets/", "/help/requests/", "/help/protection-limits/",
)  # fmt: skip
STRANGERS = (
    "/accounts/login/", "/accounts/signup/", "/accounts/signup/?by=code", "/accounts/login/code/", "/accounts/password/reset/",
    "/help/", "/help/credits/", "/no-such-page/", "/api/v1/docs", "{link}", "/v/no-such-link/",
)  # fmt: skip


def set_up(server: Server, page: Page, name: str, *, time_zone: str = "Europe/Paris") -> None:
    """Use the setup link: the first account, with a password; it runs the installation."""
    page.goto(server.setup_url)
    page.locator("input[name=email]").fill(f"{name}@example.com")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=name]").fill("Example Partners")
    page.locator("select[name=time_zone]").select_option(time_zone)
    submit(page)
    page.wait_for_url(f"{server.base_url}/")


class Inspector:
    """Looks at pages and remembers what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def look(self, page: Page, name: str, *, within: str = "html") -> None:
        """Axe at the desk's width, its rules about colours in the dark theme too, and the width of the page in every window.
        `within` (a selector) spares Axe what a page looked at before has already."""
        page.set_viewport_size({"width": DESK, "height": 900})
        for theme, fault in barriers.in_both_themes(page, RULES, within=within):
            for node in fault["nodes"][:3]:
                why = node["any"][0]["message"] if node["any"] else ""
                self.faults.append(f"{name} {theme}: {fault['id']} {node['target']} {node['html'][:160]} {why}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900 if width == DESK else 844})
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if beyond > 0:
                self.faults.append(f"{name}: {beyond} px too wide at {width}")


@pytest.fixture
def inspector() -> Inspector:
    return Inspector()


def test_pages_are_accessible(own_server: Server, new_page: Callable[..., Page], tmp_path: Path, inspector: Inspector) -> None:
    """A member with one send and a draft, a stranger, and a recipient see every page there is."""
    server = own_server
    member = new_page(locale="fr-FR")
    set_up(server, member, "owner")
    paper = make_pdf(tmp_path / "Lettre d’intention pour l’acquisition de la société.pdf", pages=2, title="Lettre")
    prepare_send(member, [paper], "reader@example.com, counsel.of.the.other.side@subsidiary.example.org")
    member.locator("main button.btn-primary:visible").last.click()
    member.wait_for_url(re.compile(r"/sends/snd_"))
    send = member.url.removeprefix(server.base_url)
    member.goto(f"{server.base_url}/")
    prepare_send(member, [paper], "reader@example.com")
    inspector.look(member, "draft as it is written")
    link = link_in(server.wait_for_mail("reader@example.com"), "/v/").removeprefix(server.base_url)
    member.goto(f"{server.base_url}/outbox/")
    mail = member.locator("main table a").first.get_attribute("href") or ""

    member.goto(f"{server.base_url}/operator/teams/")
    team = member.locator("main tbody a.row-title").first.get_attribute("href") or ""

    for path in (one.format(send=send, mail=mail, team=team) for one in MEMBERS):
        member.goto(server.base_url + path)
        inspector.look(member, path)
    member.goto(f"{server.base_url}/sends/")
    member.locator(".expander").last.click()
    expect(member.locator(".send-cols").first).to_be_visible()
    inspector.look(member, "a row opened")

    stranger = new_page(locale="fr-FR")
    for path in (one.format(link=link) for one in STRANGERS):
        stranger.goto(server.base_url + path)
        inspector.look(stranger, f"stranger {path}")
    stranger.goto(server.base_url + link)
    stranger.locator("input[name=address]").fill("stranger@example.org")
    submit(stranger)
    inspector.look(stranger, "code page")

    reader = new_page(locale="fr-FR")
    open_link(server, reader, "reader@example.com")
    if not reader.locator("[data-viewer]").count():
        inspector.look(reader, "files")
        reader.locator("a", has_text="Lettre").first.click()
    shown_page(reader, 1)
    inspector.look(reader, "viewer")
    assert inspector.faults == []


def test_pages_of_document_security(server: Server, new_page: Callable[..., Page], inspector: Inspector) -> None:
    """Every gate with its answers, the viewer and the player with what opens in them, and every page of the sender about them."""
    member = new_page(locale="fr-FR")
    sign_up(server, member, "scene@example.com", team="Example Partners")
    scene = set_scene(server, "scene@example.com")

    reader = new_page(locale="fr-FR")
    _gates(server, reader, scene, inspector)
    _mail(server, new_page(locale="fr-FR"), scene, inspector)
    _viewers(reader, scene, inspector)

    names = {name: found["send"] for name, found in scene.items() if isinstance(found, dict)}
    names |= {name: scene[name] for name in ("draft", "preset", "contact", "code")}
    names |= dict(zip(("book", "nda"), scene["gated"]["documents"], strict=True))
    names |= dict(zip(("newer", "broken"), scene["versions"], strict=True))
    for path in SECURITY:
        member.goto(server.base_url + path.format(**names))
        inspector.look(member, path)
    _panels(server, member, inspector)
    _preview(server, member, names["gated"], inspector)
    assert inspector.faults == []


def _open(page: Page, found: dict[str, Any]) -> None:
    """Follow a link that asks for no address."""
    page.goto(found["url"])
    submit(page)
    page.wait_for_url("**/v/d/**")


def _gates(server: Server, page: Page, scene: dict[str, Any], inspector: Inspector) -> None:
    """What a reader passes before the first page, with what is said when it goes wrong."""
    address = "gated@example.com"
    page.goto(scene["open"]["url"])
    inspector.look(page, "landing that opens")
    page.goto(f"{scene['gated']['url']}request/")
    inspector.look(page, "asking for access")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    submit(page)
    expect(page.locator("#address-error")).to_be_visible()
    inspector.look(page, "asking without an address")
    page.goto(f"{scene['gated']['url']}request/?sent")
    inspector.look(page, "asked")
    before = len(server.mails(address))
    page.goto(scene["gated"]["url"])
    page.locator("input[name=address]").fill(address)
    submit(page)
    enter_code(server, page, address, before=before, leads_to="/passcode/")
    page.locator("input[name=passcode]").fill("wrong one")
    submit(page)
    expect(page.locator("#passcode-error")).to_be_visible()
    inspector.look(page, "passcode")
    page.locator("input[name=passcode]").fill(PASSCODE)
    submit(page)
    page.wait_for_url("**/terms/")
    inspector.look(page, "terms")
    page.locator("input[name=name]").fill("Nadia Reader")
    submit(page)
    page.wait_for_url("**/v/d/**")
    inspector.look(page, "files")
    page.goto(scene["pdf terms"]["url"])
    submit(page)
    page.wait_for_url("**/terms/")
    inspector.look(page, "terms in a PDF")
    page.goto(scene["to come"]["url"])
    with page.expect_navigation():
        submit(page)
    inspector.look(page, "refusal: to come")
    page.goto(scene["ended"]["url"])
    inspector.look(page, "landing of a link that ended")


def _mail(server: Server, page: Page, scene: dict[str, Any], inspector: Inspector) -> None:
    """The page of a mail, by the one link for all, with its words, its file and the form to reply."""
    address = "mailed@example.com"
    page.goto(scene["letter"]["url"])
    page.locator("input[name=address]").fill(address)
    submit(page)
    enter_code(server, page, address, before=0, leads_to="/v/d/")
    inspector.look(page, "mail")
    page.locator("#reply-text").focus()
    page.keyboard.type("Agreed.")
    for _ in range(2):
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#reply [role=status]")).to_be_visible()
    inspector.look(page, "replied")


def _viewers(page: Page, scene: dict[str, Any], inspector: Inspector) -> None:
    """Viewer and player, each with what lies over it."""
    _open(page, scene["open"])
    shown_page(page, 1)
    page.locator("#tab-outline").click()
    expect(page.locator(".outline-item").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("investors")
    expect(page.locator("[data-find-count]")).not_to_have_text("", timeout=30_000)
    inspector.look(page, "outline and find")
    page.keyboard.press("Escape")
    for sheet in ("print-sheet", "access-sheet"):
        page.evaluate("id => document.getElementById(id).showModal()", sheet)
        inspector.look(page, sheet)
        page.keyboard.press("Escape")
    _open(page, scene["shield"])
    shown_page(page, 1)
    inspector.look(page, "shield")
    _open(page, scene["film"])
    inspector.look(page, "player")


def _panels(server: Server, page: Page, inspector: Inspector) -> None:
    """Send Files with each panel open in turn, and the panel for a table of people."""
    page.goto(f"{server.base_url}/?new")
    for word in page.locator("#settings-card details.word").all():
        word.evaluate("panel => { panel.open = true; }")
        inspector.look(page, f"panel of {word.evaluate('panel => panel.closest(`.setting`).id')}", within="#settings-card")
        word.evaluate("panel => { panel.open = false; }")
    page.locator("details:has(#people)").evaluate("panel => { panel.open = true; }")
    inspector.look(page, "table of people")


def _preview(server: Server, page: Page, send: str, inspector: Inspector) -> None:
    """What a recipient sees, looked at by the sender."""
    page.goto(f"{server.base_url}/sends/{send}/")
    with page.context.expect_page() as opened:
        page.locator(".person-link form[target=_blank] button").first.click()
    opened.value.locator("main").wait_for()
    inspector.look(opened.value, "preview: files")
    opened.value.locator("main a.parcel-row").first.click()
    shown_page(opened.value, 1)
    inspector.look(opened.value, "preview: viewer")
