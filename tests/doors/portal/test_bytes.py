# SPDX-License-Identifier: Apache-2.0
"""The bytes of a document: checked at every request, marked for their reader, kept by nobody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from tests.doors.portal.conftest import NADIA, OMAR, Parcel, Reader, send_parcel
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf, upload_ready

from sealroom.access.models import Pass
from sealroom.core.errors import DomainError
from sealroom.sends import flows as sends
from sealroom.sends.rules import SendSettings
from sealroom.viewing.models import Opening, PageView

pytestmark = pytest.mark.django_db


@pytest.fixture
def real(owner: Persona, moment: datetime) -> Parcel:
    """A parcel with bytes behind it, for viewing."""
    document = upload_ready(owner.actor, make_pdf(["one", "two"]), name="Offer.pdf", now=moment)
    return send_parcel(owner, [document], now=moment)


@pytest.fixture
def loose(owner: Persona, moment: datetime) -> Parcel:
    """A parcel that may be downloaded as a stamped PDF."""
    document = upload_ready(owner.actor, make_pdf(["one", "two"]), name="Offre é\u202e “1”.pdf", now=moment)
    return send_parcel(owner, [document], settings=SendSettings(permission="download_pdf"), now=moment)


def test_page_is_a_picture_nobody_may_keep(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    answer = reader.get(real.address(NADIA, "p/1.jpg?w=800"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.content[:3] == b"\xff\xd8\xff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "ETag" not in answer.headers
    assert "Last-Modified" not in answer.headers


def test_two_readers_get_different_pixels(real: Parcel) -> None:
    pictures = []
    for address in (NADIA, OMAR):
        reader = Reader()
        reader.prove(real.tokens[address], address)
        pictures.append(reader.get(real.address(address, "p/1.jpg?w=800")).content)
    assert pictures[0] != pictures[1]


def test_first_page_opens_the_document_not_the_pages_before(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    reader.get(f"/v/{real.tokens[NADIA]}/")
    reader.get(f"/v/d/{real.links[NADIA]}/")
    reader.get(real.address(NADIA))
    before = Opening.objects.count()
    reader.get(real.address(NADIA, "p/1.jpg"))
    assert (before, Opening.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    ("ending", "status"),
    [("p/0.jpg", 404), ("p/3.jpg", 404), ("p/99999999999999999999.jpg", 404), ("p/-1.jpg", 404), ("p/1.jpg?w=x", 400),
     ("p/1.jpg?w=-5", 400), ("p/1.jpg?w=999999", 400), ("p/1.jpg?w=99999", 200), ("p/1.jpg?w=0", 200)],
)  # fmt: skip
def test_numbers_outside_are_refused_or_capped(real: Parcel, reader: Reader, ending: str, status: int) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    answer = reader.get(real.address(NADIA, ending))
    assert answer.status_code == status
    if status == 200:
        assert len(answer.content) > 1000


@pytest.mark.parametrize("ending", ["p/1.jpg", "download/"])
def test_bytes_need_a_proof(real: Parcel, reader: Reader, ending: str) -> None:
    answer = reader.get(real.address(NADIA, ending))
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_refusal_of_a_page_is_a_problem_document(real: Parcel, reader: Reader) -> None:
    answer = reader.get(real.address(NADIA, "p/1.jpg"))
    body = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"], body["gate"]) == (401, "email", "email")


def test_looking_twice_asks_twice(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    first = reader.get(real.address(NADIA, "p/1.jpg"))
    sends.revoke(real.owner.actor, real.send.public_id, now=timezone.now())
    second = reader.get(real.address(NADIA, "p/1.jpg"))
    sends.restore(real.owner.actor, real.send.public_id, now=timezone.now())
    third = reader.get(real.address(NADIA, "p/1.jpg"))
    assert [first.status_code, second.status_code, third.status_code] == [200, 410, 200]
    assert json.loads(second.content)["title"] == "The sender has ended access."


def test_pass_that_ran_out_gives_no_further_page(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    Pass.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert reader.get(real.address(NADIA, "p/1.jpg")).status_code == 401


@pytest.mark.parametrize("method", ["head", "post", "put", "delete"])
def test_page_answers_get_only(real: Parcel, reader: Reader, method: str) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    client = reader.client
    client.handler.enforce_csrf_checks = False
    assert getattr(client, method)(real.address(NADIA, "p/1.jpg")).status_code == 405
    assert Opening.objects.count() == 0


def test_download_is_refused_where_only_viewing_is_allowed(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    answer = reader.get(real.address(NADIA, "download/"))
    assert answer.status_code == 403
    assert "The sender does not allow this." in answer.content.decode()


def test_download_streams_a_marked_pdf_under_a_safe_name(loose: Parcel, reader: Reader) -> None:
    reader.prove(loose.tokens[NADIA], NADIA)
    answer = reader.client.get(loose.address(NADIA, "download/"))
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert data[:5] == b"%PDF-"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''Offre%20%C3%A9%20%E2%80%9C1%E2%80%9D.pdf"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_download_breaks_off_when_access_ends(loose: Parcel, reader: Reader) -> None:
    reader.prove(loose.tokens[NADIA], NADIA)
    answer = reader.client.get(loose.address(NADIA, "download/"))
    sends.revoke(loose.owner.actor, loose.send.public_id, now=timezone.now())
    with pytest.raises(DomainError):
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_beat_adds_time_to_pages_that_were_shown(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    reader.get(real.address(NADIA, "p/1.jpg?w=800"))
    earlier = timezone.now() - timedelta(minutes=1)
    Opening.objects.update(started_at=earlier, last_seen_at=earlier, last_beat_at=earlier)
    PageView.objects.update(first_at=earlier)
    answer = reader.beat(real, NADIA)
    state = json.loads(answer.content)
    assert answer.status_code == 200
    assert set(state) == {
        "now", "expires_at", "may_print", "prints_left", "may_download", "may_download_original", "may_copy", "shield",
        "is_preview", "version",
    }  # fmt: skip
    assert (state["expires_at"], state["may_download"]) == (None, False)
    assert PageView.objects.get().active_ms == 1000


def test_beat_learns_of_the_end(real: Parcel, reader: Reader) -> None:
    reader.prove(real.tokens[NADIA], NADIA)
    page = reader.get(real.address(NADIA))
    assert page.status_code == 200
    token = page.content.decode().split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    sends.revoke(real.owner.actor, real.send.public_id, now=timezone.now())
    answer = reader.client.post(
        real.address(NADIA, "seen/"), '{"pages": {}}', content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 410


MALFORMED = ["", "[]", "{}", '{"pages": []}', '{"pages": {"x": 1}}', '{"pages": {"1": -1}}', '{"pages": {"1": 1.5}}',
             '{"pages": {"1": true}}', "{" * 20_000]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "content_type"), [*((body, "application/json") for body in MALFORMED), ('{"pages": {}}', "text/plain")]
)
def test_beat_of_another_shape_is_refused(parcel: Parcel, reader: Reader, body: str, content_type: str) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert reader.beat(parcel, NADIA, body, content_type).status_code == 400


def test_beat_needs_its_token(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    answer = reader.client.post(parcel.address(NADIA, "seen/"), '{"pages": {}}', content_type="application/json")
    assert answer.status_code == 403
