# SPDX-License-Identifier: Apache-2.0
"""Who leads a data room, in a real browser: files come by the page, rows are put in order by drag and by keyboard, and every page
of the room is free of axe violations in both themes and fits its windows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server
from tests.journeys.story import make_pdf, sign_up
from tests.journeys.test_pages_are_accessible import Inspector

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_room_is_filled_and_its_pages_are_accessible(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    """One room from its first folder to its first question."""
    inspector, page = Inspector(), new_page(locale="fr-FR")
    sign_up(server, page, "lead@example.com", team="Example Partners")
    page.goto(f"{server.base_url}/rooms/")
    inspector.look(page, "no room")
    page.locator("#name").fill("Projet Aulne")
    page.locator("main button.btn-primary").click()
    page.wait_for_url(re.compile(r"/rooms/room_"))
    room = page.url
    inspector.look(page, "empty room")
    for name in ("Société", "Finances"):
        page.locator("#folder-name").fill(name)
        page.locator('button[value="folder"]').click()
        expect(page.locator("tbody tr", has_text=name)).to_be_visible()
    tree = tmp_path / "Audit" / "2026"
    tree.mkdir(parents=True)
    make_pdf(tree / "Rapport.pdf", pages=2, title="Rapport")
    for name in ("10 Baux.txt", "9 Salaires.txt", "2 Statuts.txt"):
        (tmp_path / "Audit" / name).write_text("texte")
    page.locator("[data-room-folder]").set_input_files(tmp_path / "Audit")
    page.locator("tbody .room-name a", has_text="Audit").click()
    expect(page.locator("tbody .room-name")).to_contain_text(["2026", "2 Statuts.txt", "9 Salaires.txt", "10 Baux.txt"])
    page.go_back()
    page.locator('[data-dropzone] input[type="file"]').set_input_files(make_pdf(tmp_path / "Offre.pdf", pages=1, title="Offre"))
    expect(page.locator("tbody tr", has_text="Offre.pdf")).to_be_visible()
    page.locator("tbody tr", has_text="Offre.pdf").drag_to(page.locator("tbody tr", has_text="Société"))
    expect(page.locator("tbody tr").first).to_contain_text("Offre.pdf")
    page.locator('tbody tr:first-child button[value^="down"]').press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("Société")
    expect(page.locator("tbody tr", has_text="Offre.pdf").locator('button[name="file"]')).to_be_visible(timeout=60_000)
    inspector.look(page, "files")
    page.locator("tbody tr", has_text="Offre.pdf").locator("a").last.click()
    inspector.look(page, "a file")

    page.goto(f"{room}people/")
    page.locator("#group-name").fill("Acquéreurs")
    page.locator("#group-name").press("Enter")
    page.wait_for_url(re.compile("/groups/"))
    inspector.look(page, "group")
    page.goto(f"{room}people/")
    page.locator("#id_people").fill("Li Wei <li.wei@subsidiary.example.net>\nann@example.net")
    page.locator("#invite button.btn-primary").click()
    expect(page.locator(".room-person")).to_have_count(2)
    inspector.look(page, "people")
    page.locator(".room-person a").first.click()
    inspector.look(page, "guest")

    page.goto(f"{room}rights/")
    page.locator("tbody tr").nth(1).locator("select").first.select_option("none")
    page.locator('button[value="cells"]').click()
    expect(page.locator("tbody tr").nth(1).locator(".room-why").first).to_contain_text("fixé ici")
    inspector.look(page, "rights")
    page.goto(f"{room}settings/")
    inspector.look(page, "settings")
    page.goto(f"{room}questions/")
    page.locator("#id_subject").fill("Les baux")
    page.locator("#id_text").fill("Où sont-ils ?")
    page.locator("main form button.btn-primary").last.click()
    page.wait_for_url(re.compile("/questions/qst_"))
    inspector.look(page, "question")
    page.goto(f"{room}questions/")
    inspector.look(page, "questions")
    page.goto(f"{room}trash/")
    inspector.look(page, "trash")
    assert inspector.faults == []
