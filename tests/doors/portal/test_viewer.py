# SPDX-License-Identifier: Apache-2.0
"""What the viewer asks of the server besides pages: printing, originals, words, the way around; and what its page says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.doors.portal.conftest import NADIA, OMAR, Parcel, Reader, csrf_of, send_parcel
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf, upload_ready

from sealroom.access.models import Pass, PolicyRow
from sealroom.access.models import Reader as ReaderRow
from sealroom.documents.ports import Hit, OutlineItem, PageLink, PageText, Sheet, Structure, Word
from sealroom.sends import flows as sends
from sealroom.sends.rules import SendSettings
from sealroom.viewing.models import Opening, PrintJob

pytestmark = pytest.mark.django_db
Send = Callable[..., Parcel]


@pytest.fixture
def sent(owner: Persona, moment: datetime) -> Send:
    """Sends a document with bytes under a permission."""

    def make(permission: str = "view", name: str = "Offer.pdf") -> Parcel:
        document = upload_ready(owner.actor, make_pdf(["one", "two"]), name=name, now=moment)
        return send_parcel(owner, [document], settings=SendSettings(permission=permission), now=moment)

    return make


def test_page_has_one_main_part(sent: Send, reader: Reader) -> None:
    parcel = sent()
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert reader.get(parcel.address(NADIA)).content.count(b"<main") == 1


def ask_to_print(reader: Reader, parcel: Parcel, body: Any) -> Any:
    token = csrf_of(reader.get(parcel.address(NADIA)))
    text = body if isinstance(body, str) else json.dumps(body)
    return reader.client.post(
        parcel.address(NADIA, "print/"), text, content_type="application/json", headers={"X-CSRFToken": token}
    )


def test_print_job_gives_every_page_once(sent: Send, reader: Reader) -> None:
    parcel = sent("print")
    reader.prove(parcel.tokens[NADIA], NADIA)
    PolicyRow.objects.update(max_prints=2)
    answer = ask_to_print(reader, parcel, {"first": 1, "last": 2})
    job = answer.json()
    assert (answer.status_code, job["first"], job["last"], job["prints_left"]) == (201, 1, 2, 1)
    first = reader.get(parcel.address(NADIA, f"print/{job['job']}/1.jpg"))
    again = reader.get(parcel.address(NADIA, f"print/{job['job']}/1.jpg"))
    second = reader.get(parcel.address(NADIA, f"print/{job['job']}/2.jpg"))
    beyond = reader.get(parcel.address(NADIA, f"print/{job['job']}/3.jpg"))
    assert [one.status_code for one in (first, again, second, beyond)] == [200, 410, 200, 404]
    assert first.content[:3] == b"\xff\xd8\xff"
    assert first.headers["Cache-Control"] == "private, no-store"
    assert json.loads(again.content)["code"] == "print_over"


def test_prints_are_limited_and_state_tells_how_many_are_left(sent: Send, reader: Reader) -> None:
    parcel = sent("print")
    reader.prove(parcel.tokens[NADIA], NADIA)
    PolicyRow.objects.update(max_prints=1)
    statuses = [ask_to_print(reader, parcel, {"first": 1, "last": 1}).status_code for _attempt in range(3)]
    assert statuses[0] == 201
    assert set(statuses[1:]) == {403}
    state = json.loads(reader.beat(parcel, NADIA, '{"pages": {}}').content)
    assert (state["may_print"], state["prints_left"]) == (True, 0)


@pytest.mark.parametrize("body", ["", "[]", "{}", {"first": "x", "last": 1}, {"first": 1}, {"first": 0, "last": 1},
                                  {"first": 2, "last": 1}, {"first": 1, "last": 3}, {"first": 1.5, "last": 2}])  # fmt: skip
def test_print_of_other_pages_is_refused_and_costs_nothing(sent: Send, reader: Reader, body: Any) -> None:
    parcel = sent("print")
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert ask_to_print(reader, parcel, body).status_code == 400
    assert PrintJob.objects.count() == 0


def test_print_needs_the_right_and_its_token(sent: Send, reader: Reader) -> None:
    parcel = sent("view")
    reader.prove(parcel.tokens[NADIA], NADIA)
    refused = ask_to_print(reader, parcel, {"first": 1, "last": 1})
    assert (refused.status_code, refused.json()["code"], refused.json()["gate"]) == (403, "forbidden", "rights")
    bare = reader.client.post(parcel.address(NADIA, "print/"), "{}", content_type="application/json")
    assert bare.status_code == 403


def test_print_of_another_reader_is_nobody_elses(sent: Send, reader: Reader) -> None:
    parcel = sent("print")
    reader.prove(parcel.tokens[NADIA], NADIA)
    job = ask_to_print(reader, parcel, {"first": 1, "last": 1}).json()["job"]
    other = Reader()
    other.prove(parcel.tokens[OMAR], OMAR)
    assert other.get(parcel.address(OMAR, f"print/{job}/1.jpg")).status_code == 404


def test_revocation_ends_a_print_at_the_next_page(sent: Send, reader: Reader) -> None:
    parcel = sent("print")
    reader.prove(parcel.tokens[NADIA], NADIA)
    job = ask_to_print(reader, parcel, {"first": 1, "last": 2}).json()["job"]
    sends.revoke(parcel.owner.actor, parcel.send.public_id, now=timezone.now())
    assert reader.get(parcel.address(NADIA, f"print/{job}/1.jpg")).status_code == 410


def test_original_is_an_attachment_with_its_real_ending(sent: Send, reader: Reader, owner: Persona) -> None:
    parcel = sent("download_original", "Offre é “1”.pdf")
    reader.prove(parcel.tokens[NADIA], NADIA)
    answer = reader.client.get(parcel.address(NADIA, "original/"))
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert data == make_pdf(["one", "two"])
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''Offre%20%C3%A9%20%E2%80%9C1%E2%80%9D.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert Opening.objects.get().downloaded_at is not None


@pytest.mark.parametrize("permission", ["view", "print", "download_pdf"])
def test_original_is_refused_with_less(sent: Send, reader: Reader, permission: str) -> None:
    parcel = sent(permission)
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert reader.get(parcel.address(NADIA, "original/")).status_code == 403


@pytest.mark.parametrize(("permission", "status"), [("view", 403), ("print", 403), ("download_pdf", 200)])
@pytest.mark.parametrize("ending", ["text/1.json", "search/?q=one"])
def test_words_leave_only_with_the_right_to_copy(sent: Send, reader: Reader, permission: str, status: int, ending: str) -> None:
    parcel = sent(permission)
    reader.prove(parcel.tokens[NADIA], NADIA)
    answer = reader.get(parcel.address(NADIA, ending))
    body = json.loads(answer.content)
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "private, no-store"
    if status == 403:
        assert (body["code"], body["gate"]) == ("forbidden", "rights")


def test_words_hits_and_structure_have_their_form(sent: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    outline = (OutlineItem("Chapter", 2, 0),)
    links = tuple(
        PageLink(1, 1, 2, 3, 4, target, uri)
        for target, uri in [
            (2, ""),
            (0, "https://example.com/a"),
            (0, "javascript:alert(1)"),
            (0, "file:///etc/passwd"),
            (0, "data:x"),
        ]
    )
    monkeypatch.setattr("sealroom.documents.flows.text_of", lambda version, number: PageText((Word("one", 1.234, 2, 3, 4),)))
    monkeypatch.setattr(
        "sealroom.documents.flows.search_text",
        lambda version, query, limit=200: (Hit(2, 1, ((1, 2, 3, 4),)),) if query == "a b" else (),
    )
    monkeypatch.setattr("sealroom.documents.flows.structure_of", lambda version: Structure(outline, links, (Sheet("Prices", 1),)))
    parcel = sent("download_pdf")
    reader.prove(parcel.tokens[NADIA], NADIA)
    answers = {
        ending: json.loads(reader.get(parcel.address(NADIA, ending)).content)
        for ending in ("text/1.json", "search/?q=+a++b+", "search/?q=+", "structure.json")
    }
    assert answers == {
        "text/1.json": {"page": 1, "words": [["one", 1.23, 2, 3, 4]]},
        "search/?q=+a++b+": {"hits": [{"page": 2, "count": 1, "boxes": [[1, 2, 3, 4]]}], "total": 1},
        "search/?q=+": {"hits": [], "total": 0},
        "structure.json": {
            "outline": [["Chapter", 2, 0]],
            "links": [[1, 1, 2, 3, 4, 2, ""], [1, 1, 2, 3, 4, 0, "https://example.com/a"]],
            "sheets": [["Prices", 1]],
        },
    }


def test_looking_at_the_viewer_counts_no_view(sent: Send, reader: Reader) -> None:
    parcel = sent()
    PolicyRow.objects.update(max_views=1)
    reader.prove(parcel.tokens[NADIA], NADIA)
    for _visit in range(3):
        assert reader.get(parcel.address(NADIA)).status_code == 200
        assert reader.beat(parcel, NADIA, '{"pages": {}}').status_code == 200
    assert Opening.objects.count() == 0
    assert [reader.get(parcel.address(NADIA, f"p/{page}.jpg")).status_code for page in (1, 2, 1)] == [200, 200, 200]
    other = Reader()
    other.prove(parcel.tokens[NADIA], NADIA)
    assert json.loads(other.get(parcel.address(NADIA, "p/1.jpg")).content)["code"] == "used_up"


def test_timer_from_the_first_opening_is_what_the_viewer_counts_down(sent: Send, reader: Reader) -> None:
    parcel = sent()
    PolicyRow.objects.update(expire_after_opening_s=600)
    reader.prove(parcel.tokens[NADIA], NADIA)
    before = json.loads(reader.beat(parcel, NADIA, '{"pages": {}}').content)["expires_at"]
    reader.get(parcel.address(NADIA, "p/1.jpg"))
    opened = ReaderRow.objects.get().first_opened_at
    assert opened is not None
    after = json.loads(reader.beat(parcel, NADIA, '{"pages": {}}').content)["expires_at"]
    assert before is None
    assert datetime.fromisoformat(after) - (opened + timedelta(seconds=600)) < timedelta(milliseconds=1)
    assert "Expires in" in reader.get(parcel.address(NADIA)).content.decode()


def test_first_page_is_asked_for_by_the_page_itself(sent: Send, reader: Reader) -> None:
    parcel = sent()
    reader.prove(parcel.tokens[NADIA], NADIA)
    page = reader.get(parcel.address(NADIA)).content.decode()
    assert f"{parcel.address(NADIA)}p/1.jpg?w=800 800w" in page
    assert 'fetchpriority="high"' in page
    assert len(page) < 40_000


def test_preview_says_so_and_takes_nothing_along(sent: Send, reader: Reader, owner: Persona) -> None:
    parcel = sent("download_original")
    reader.prove(parcel.tokens[NADIA], NADIA)
    Pass.objects.update(preview_by=owner.user)
    page = reader.get(parcel.address(NADIA)).content.decode()
    assert "Preview: what Nadia sees." in page
    assert f"Marked for {owner.user.email}" in page
    assert reader.get(parcel.address(NADIA, "p/1.jpg")).status_code == 200
    state = json.loads(reader.beat(parcel, NADIA, '{"pages": {"1": 1000}}').content)
    assert [state[name] for name in ("is_preview", "may_print", "may_download", "may_download_original")] == [
        True,
        False,
        False,
        False,
    ]
    for ending in ("download/", "original/"):
        assert reader.get(parcel.address(NADIA, ending)).status_code == 403
    assert ask_to_print(reader, parcel, {"first": 1, "last": 1}).status_code == 403
    assert (Opening.objects.count(), PrintJob.objects.count()) == (0, 0)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_shield_covers_before_any_script(sent: Send, reader: Reader, size: str) -> None:
    parcel = sent()
    PolicyRow.objects.update(screen_shield=size)
    reader.prove(parcel.tokens[NADIA], NADIA)
    page = reader.get(parcel.address(NADIA)).content.decode()
    assert f'data-shield data-size="{size}">' in page
    assert "cannot stop" in page
