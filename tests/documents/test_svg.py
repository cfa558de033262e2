# SPDX-License-Identifier: Apache-2.0
"""Drawings become pictures, and reach nothing outside themselves."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind

pytestmark = pytest.mark.skipif(not bubblewrap.is_available(), reason="bubblewrap is missing or may not be used here")

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100"{}>'
RED = '<rect width="200" height="100" fill="#ff0000"/>'


def drawing(body: str = RED, more: str = "", before: str = "") -> bytes:
    return f"{before}{OPEN.format(more)}{body}</svg>".encode()


def colour_of(workshop: SandboxWorkshop, data: bytes, document: str) -> tuple[int, ...]:
    """The colour in the middle of the page."""
    told = workshop.paginate(io.BytesIO(data), kind=Kind.SVG, name="a.svg", document=document)
    assert told.pdf is not None
    raster = workshop.render(io.BytesIO(told.pdf), page=1, width=200, document=f"{document}:made")
    pixels = np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, raster.channels)
    return tuple(int(value) for value in pixels[raster.height // 2, raster.width // 2])


def code_of(workshop: SandboxWorkshop, data: bytes) -> str:
    with pytest.raises(WorkshopFailure) as caught:
        workshop.paginate(io.BytesIO(data), kind=Kind.SVG, name="a.svg", document="svg")
    return caught.value.code


def test_drawing_is_a_page_of_its_size(workshop: SandboxWorkshop) -> None:
    told = workshop.paginate(io.BytesIO(drawing()), kind=Kind.SVG, name="a.svg", document="svg1")

    assert [(round(page.width), round(page.height)) for page in told.pages] == [(150, 75)]
    assert colour_of(workshop, drawing(), "svg2") == (255, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(drawing()),
        drawing().replace(b' xmlns="http://www.w3.org/2000/svg"', b""),
        drawing(before="<!DOCTYPE svg [<!ENTITY x 'ok'>]>"),
        drawing().decode().encode("utf-16"),
        drawing(more=' viewBox="0 0 200 100"').replace(b'width="200" height="100" ', b"", 1),
    ],
    ids=["packed", "no namespace", "entity", "utf-16", "view box alone"],
)
def test_drawings_of_all_sorts_are_read(workshop: SandboxWorkshop, data: bytes) -> None:
    assert colour_of(workshop, data, f"svg{hash(data)}") == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg", "corrupt"),
        (b"<html><body/></html>", "corrupt"),
        (drawing("<g>" * 300 + "</g>" * 300), "limit_size"),
        (drawing("<g/>" * 200_001), "limit_size"),
        (gzip.compress(b" " * (30 * 1024**2)), "limit_size"),
        (b"\x1f\x8b\x08rubbish", "corrupt"),
        (drawing(before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>', body="<text>&x;</text>"), "corrupt"),
    ],
)
def test_what_is_no_decent_drawing_is_refused(workshop: SandboxWorkshop, data: bytes, code: str) -> None:
    assert code_of(workshop, data) == code


def test_entities_do_not_grow(workshop: SandboxWorkshop) -> None:
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))

    assert code_of(workshop, drawing("<text>&a9;</text>", before=f'<!DOCTYPE svg [<!ENTITY a0 "lol">{lines}]>')) == "corrupt"


def test_copies_of_copies_end(workshop: SandboxWorkshop) -> None:
    groups = "".join(f'<g id="a{n}">' + f'<use xlink:href="#a{n - 1}"/>' * 8 + "</g>" for n in range(1, 30))

    assert code_of(workshop, drawing(f'<g id="a0">{RED}</g>{groups}<use xlink:href="#a29"/>')) == "corrupt"


def test_declared_size_costs_no_memory(workshop: SandboxWorkshop) -> None:
    huge = b'<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="5000000"/>'

    told = workshop.paginate(io.BytesIO(huge), kind=Kind.SVG, name="a.svg", document="svg3")

    assert len(told.pages) == 1


@pytest.mark.parametrize(
    "body",
    [
        '<image href="{target}" width="200" height="100"/>',
        '<image xlink:href="{target}" width="200" height="100"/>',
        '<style>@import "{target}"; rect {{ fill: url({target}) }}</style><rect style="fill:url({target})"/>',
        '<filter id="f"><feImage href="{target}"/></filter><rect width="200" height="100" filter="url(#f)" fill="none"/>',
        '<foreignObject width="200" height="100"><img xmlns="http://www.w3.org/1999/xhtml" src="{target}"/></foreignObject>',
        "<script>document.documentElement.remove()</script>",
    ],
)
@pytest.mark.parametrize("target", ["file:///usr/share/pixmaps/debian-logo.png", "http://127.0.0.1:9/a.png", "//host/a.png"])
def test_nothing_outside_is_drawn(workshop: SandboxWorkshop, body: str, target: str) -> None:
    data = drawing(f'{body.format(target=target)}<rect x="50" y="25" width="100" height="50" fill="#00f"/>')

    assert colour_of(workshop, data, f"svg{hash((body, target))}") == (0, 0, 255)
