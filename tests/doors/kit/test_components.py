# SPDX-License-Identifier: Apache-2.0
"""What is given to a component stays text, whichever way it is given; and the kit keeps its own rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.paginator import Paginator
from django.template import Context, engines
from django.test import Client
from tests.doors.kit.guide import ExampleForm

KIT = Path(__file__).parents[3] / "src/sealroom/httpkit"
EVIL = "\"'><script>alert(1)</script>&"
TEXTS = {
    "alert": "title tone",
    "avatar": "name",
    "back": "href",
    "badge": "tone class data-x",
    "button": "label href icon_end data-x value",
    "card": "title aside foot class id",
    "check": "name value label id",
    "chip": "value name error",
    "code-input": "name id describedby",
    "copy": "value label",
    "dialog": "id title actions",
    "dropzone": "name label pick accept",
    "empty": "title text",
    "file-glyph": "ext",
    "input": "name label value id help error placeholder",
    "logo": "href name",
    "menu": "label class",
    "menu-item": "href data-x",
    "meter": "label text",
    "note": "data-x",
    "page-head": "title sub",
    "search": "action value label id",
    "setting": "data-x",
    "stat": "label value note",
    "steps": "label text",
    "stepper": "name label",
    "toast": "data-x",
    "toggle": "label name value word_on word_off",
    "word": "text label",
}


def draw(source: str, **context: object) -> str:
    from django_cotton.compiler_regex import CottonCompiler  # noqa: PLC0415 -- app ready

    template = engines["django"].engine.from_string(CottonCompiler().process("{% load kit %}" + source))  # type: ignore[attr-defined]
    return str(template.render(Context(context)))


@pytest.mark.parametrize("way", ['{name}="{{{{ evil }}}}"', ':{name}="evil"'])
@pytest.mark.parametrize(("component", "name"), [(component, name) for component, names in TEXTS.items() for name in names.split()])
def test_component_keeps_a_hostile_value_as_text(component: str, name: str, way: str) -> None:
    extra = ' name="x"' if component == "toggle" and name == "value" else ""

    shown = draw(f"<c-{component}{extra} {way.format(name=name)} />", evil=EVIL)

    assert "<script" not in shown
    # Nor does a quote end the attribute it stands in.
    assert re.findall(r"[\"']&gt;&lt;script", shown) == []


def test_items_of_a_list_stay_text() -> None:
    items = [{"label": EVIL, "url": EVIL, "value": EVIL, "active": True, "count": 3}, {"label": EVIL, "url": EVIL}]

    for component in ("tabs", "segmented", "crumbs"):
        assert "<script" not in draw(f'<c-{component} :items="items" />', items=items)
    assert "<script" not in draw('<c-segmented name="a" :items="items" />', items=items)
    assert "<script" not in draw('<c-pagination :page="page" :query="evil" />', page=Paginator(range(99), 9).page(2), evil=EVIL)


def test_field_binds_label_help_and_error() -> None:
    form = ExampleForm({"address": "not one"})

    shown = draw('<c-field :field="field" />', field=form["address"])

    assert '<label class="label" for="id_address">Address</label>' in shown
    described = re.search(r'aria-describedby="([^"]+)"', shown)
    assert described is not None
    assert described[1].split() == ["id_address_helptext", "id_address_error"]
    assert re.findall(r'id="(id_address_[a-z]+)"', shown) == ["id_address_helptext", "id_address_error"]
    assert 'aria-invalid="true"' in shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (
            '<c-button hx-post="/x" :data-a="no" :data-b="yes">Go</c-button>',
            '<button class="btn btn-secondary btn-md " type="button" hx-post="/x" data-b>Go</button>',
        ),
        (
            '<c-button href="/x" disabled>Go</c-button>',
            '<a class="btn btn-secondary btn-md " aria-disabled="true" role="link">Go</a>',
        ),
        ('<c-badge tone="ok">Ready</c-badge>', '<span class="badge badge-ok ">Ready</span>'),
    ],
)
def test_component_passes_attributes_on(source: str, shown: str) -> None:
    assert draw(source, no=None, yes=True).strip() == shown


def test_capture_keeps_a_control_inside_one_sentence() -> None:
    source = '{% capture word %}<c-word text="view" label="Permission" locked />{% endcapture %}They may {{ word }}, not print.'

    assert draw(source) == 'They may <span class="word-fixed">view</span>, not print.'


def test_unknown_icon_size_is_refused() -> None:
    with pytest.raises(Exception, match="icon size 16"):
        draw('{% icon "send" 16 %}')


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (KIT / "static/kit/icons.svg").read_text()))
    named = {
        name
        for template in KIT.parent.rglob("templates/**/*.html")
        for name in re.findall(r'(?:{% icon |icon(?:_end)?=|c-icon name=)"([a-z0-9-]+)"', template.read_text())
    }

    assert named - sprite == set()


@pytest.mark.parametrize("page", ["guide", "narrow", "error", "article", "viewer"])
def test_page_has_nothing_inline(page: str) -> None:
    shown = Client().get(f"/en/{page}/").content.decode()

    assert re.findall(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", shown) == []


def test_templates_stay_short() -> None:
    long = [str(path) for path in KIT.rglob("templates/**/*.html") if len(path.read_text().splitlines()) > 150]

    assert long == []


def test_dark_values_are_the_same_for_chosen_and_inherited() -> None:
    sheet = (KIT / "static/kit/css/tokens.css").read_text()
    blocks = re.findall(r"color-scheme: dark;(.*?)}", sheet, re.DOTALL)

    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()


def test_style_sheets_use_no_colour_but_tokens() -> None:
    for sheet in sorted((KIT / "static/kit/css").glob("*.css")):
        if sheet.name != "tokens.css":
            colours = [colour for colour in re.findall(r"#[0-9A-Fa-f]{3,8}\b", sheet.read_text()) if colour not in {"#fff", "#000"}]
            assert (sheet.name, colours) == (sheet.name, [])


def test_style_sheets_read_in_both_directions() -> None:
    physical = r"(?:margin|padding|border)-(?:left|right)\b|[^-]\b(?:left|right):|text-align: (?:left|right)|float:"
    for sheet in sorted((KIT / "static/kit/css").glob("*.css")):
        assert (sheet.name, re.findall(physical, sheet.read_text())) == (sheet.name, [])


def test_page_lets_its_forms_name_their_origin() -> None:
    # Under no-referrer a browser posts "Origin: null", and every form would be refused as forged.
    shown = Client().get("/en/narrow/").content.decode()

    assert re.findall(r'<meta name="referrer" content="([^"]+)">', shown) == ["same-origin"]
