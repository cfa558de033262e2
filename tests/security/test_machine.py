# SPDX-License-Identifier: Apache-2.0
"""What the machine may run out of, and what may not be left behind."""

from __future__ import annotations

import errno
import gc
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError

from sealroom.accounts.rules import clean_name
from sealroom.httpkit import faults
from sealroom.httpkit.uploads import NamelessFile, NamelessFileUploadHandler
from sealroom.web.forms.sending import read_recipients
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.api import PDF, make_caller
from tests.factories.sends import send

BIG = PDF + b"%" + b"x" * 3 * 1024 * 1024


class FullDisk(NamelessFileUploadHandler):
    """A disk that takes one piece."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().receive_data_chunk(raw_data, start)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EDQUOT, "x"), True),
        (OSError(errno.EFBIG, "x"), True),
        (OSError(errno.EPIPE, "x"), False),
        (OperationalError("database or disk is full"), True),
        (OperationalError("no such table"), False),
        (ValueError("disk is full"), False),
        (None, False),
    ],
)
def test_a_full_disk_is_known_by_its_fault(error: BaseException | None, full: bool) -> None:
    assert faults.is_full(error) is full


def test_a_disk_that_fills_while_a_form_is_read_is_503(owner: Persona, settings: Any) -> None:
    """In the API's views, and where the members' door reads a form before any view."""
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.FullDisk"]
    answer = make_caller(owner).upload(BIG)
    assert (answer.status, answer.code) == (503, "storage_full")
    client = owner.client()
    client.raise_request_exception = False
    page = client.post("/", {"files": SimpleUploadedFile("Offer.pdf", BIG), "deed": "draft"})
    assert page.status_code == 503
    assert "no room" in page.content.decode()


def test_no_clear_upload_has_a_name_on_the_disk(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed while it reads a form leaves nothing, because there is nothing to leave."""
    seen: list[list[Path]] = []
    original = NamelessFileUploadHandler.receive_data_chunk

    def watch(self: NamelessFileUploadHandler, raw_data: bytes, start: int) -> None:
        original(self, raw_data, start)
        seen.append([*Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir(), *Path(tempfile.gettempdir()).glob("*.upload*")])

    monkeypatch.setattr(NamelessFileUploadHandler, "receive_data_chunk", watch)
    assert make_caller(owner).upload(BIG).status == 201
    assert len(seen) > 10
    assert [paths for paths in seen if paths] == []


def test_an_upload_in_a_knot_of_references_is_closed(tmp_path: Path) -> None:
    """As a request that failed is, with its traceback."""
    knot: list[object] = [NamelessFile(tempfile.TemporaryFile(dir=tmp_path), "Offer.pdf", "application/pdf", 0, None, None)]  # noqa: SIM115
    knot.append(knot)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del knot
        gc.collect()
    assert [str(one.message) for one in said if "mode='rb+'" in str(one.message)] == []


@pytest.mark.parametrize(
    "address", ["/sends/a%00b/", "/sends/?q=a%00b", "/v/a%00b/", "/v/d/a%00/b/", "/help/?%00=1", "/?draft=%00"]
)
def test_the_character_nul_in_an_address_is_400(owner: Persona, address: str) -> None:
    assert owner.client().get(address).status_code in {400, 404}
    assert owner.client().get("/sends/?q=a%00b").status_code == 400


def test_a_name_with_direction_marks_can_send(owner: Persona, now: Any) -> None:
    """Copied names bring them along; a mail's header must not hold them, and the sender cannot see what is wrong."""
    assert clean_name("\u200fשירה\u202e Levi\u2069") == "שירה Levi"
    sent = send(owner, [make_document(owner, now=now)], ["a@example.net"], now=now)
    assert sent.charged == 1


def test_nobody_is_left_out_for_what_cannot_be_seen_in_a_name() -> None:
    typed = read_recipients("Ali\u200f <ali@example.com>; \u202eEve\u0007 <eve@example.com>")
    assert [(one.address, one.name) for one in typed.people] == [("ali@example.com", "Ali"), ("eve@example.com", "Eve")]
