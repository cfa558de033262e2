# SPDX-License-Identifier: Apache-2.0
"""What axe finds wrong with a page in a browser. Axe is loaded once for a page, and tells of violations alone: describing every
element that passes takes longer than finding those that do not."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

COLOURS: dict[str, object] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules whose answer changes with the theme: what a page needs in its second theme, when it met all rules in the first."""
_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_RUN = "async ([within, options]) => (await axe.run(within, options)).violations"


def violations(page: Page, rules: dict[str, object] | None = None, *, within: str = "html") -> list[dict[str, Any]]:
    """The violations as axe describes them, of all rules it has on by default or of those named in its way, `within` a selector."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(_RUN, [within, {**(rules or {}), "resultTypes": ["violations"]}])
    return found


def in_both_themes(page: Page, rules: dict[str, object] | None = None, *, within: str = "html") -> list[tuple[str, dict[str, Any]]]:
    """The violations in the light theme and, of the rules about colours, in the dark one, each with the theme's name. The page
    keeps the dark theme."""
    found = []
    for theme, asked in (("light", rules), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.evaluate(_TWO_FRAMES)  # colours are judged as drawn: by then every element has its own
        found += [(theme, one) for one in violations(page, asked, within=within)]
    return found
