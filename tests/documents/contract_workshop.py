# SPDX-License-Identifier: Apache-2.0
"""What every workshop must do, the real one and the one for tests."""

from __future__ import annotations

import io

import pytest

from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind, Workshop
from tests.factories.documents import make_pdf


class WorkshopContract:
    """Mixed into a class that gives `workshop`."""

    def test_tells_the_size_of_every_page(self, workshop: Workshop) -> None:
        told = workshop.paginate(io.BytesIO(make_pdf("abc")), kind=Kind.PDF, name="a.pdf", document="ver_contract1")
        assert [(page.width, page.height) for page in told.pages] == [(595.0, 842.0)] * 3
        assert told.pdf is None

    def test_gives_a_pdf_for_what_is_none(self, workshop: Workshop) -> None:
        told = workshop.paginate(io.BytesIO(b"some words"), kind=Kind.TEXT, name="a.txt", document="ver_contract2")
        assert told.pdf is not None
        assert len(told.pages) == 1
        raster = workshop.render(io.BytesIO(told.pdf), page=1, width=400, document="ver_contract2")
        assert raster.width == 400

    def test_refuses_what_is_broken(self, workshop: Workshop) -> None:
        with pytest.raises(WorkshopFailure) as caught:
            workshop.paginate(io.BytesIO(b"no pdf at all"), kind=Kind.PDF, name="a.pdf", document="ver_contract3")
        assert caught.value.code == "corrupt"

    def test_draws_at_the_width_asked_for(self, workshop: Workshop) -> None:
        raster = workshop.render(io.BytesIO(make_pdf("ab")), page=2, width=800, document="ver_contract4")
        assert (raster.width, raster.channels, len(raster.pixels)) == (800, 1, 800 * raster.height)
        assert abs(raster.height - 800 * 842 / 595) <= 1

    def test_draws_no_side_longer_than_the_cap(self, workshop: Workshop) -> None:
        data = make_pdf(size=(200.0, 1000.0))
        raster = workshop.render(io.BytesIO(data), page=1, width=2400, document="ver_contract5")
        assert (raster.width, raster.height) == (480, 2400)

    def test_knows_no_page_beyond_the_last(self, workshop: Workshop) -> None:
        with pytest.raises(WorkshopFailure) as caught:
            workshop.render(io.BytesIO(make_pdf()), page=2, width=400, document="ver_contract6")
        assert caught.value.code == "page_missing"

    def test_closes_twice(self, workshop: Workshop) -> None:
        workshop.close()
        workshop.close()
