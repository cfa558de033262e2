# SPDX-License-Identifier: Apache-2.0
"""The bytes of films at the door: ranges as RFC 9110 has them, judged one by one; and the player in a real browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from tests.factories.access import make_pass
from tests.factories.accounts import Persona
from tests.factories.documents import upload_ready
from tests.factories.films import make_film, need_ffmpeg
from tests.factories.sends import recipient_of, send

from sealroom.access import flows as access
from sealroom.access.models import Grant
from sealroom.access.rules import Watermark
from sealroom.billing import queries as billing
from sealroom.credits import queries as credits
from sealroom.documents import flows as documents
from sealroom.documents.models import Document, Version
from sealroom.httpkit.visitors import cookie_name
from sealroom.portal.views.media import Span, span_of
from sealroom.sends.rules import SendSettings
from sealroom.viewing.models import MarkedCopy, MediaUse, Opening


@pytest.fixture
def film(owner: Persona) -> Document:
    need_ffmpeg()
    return upload_ready(owner.actor, make_film(), name="Launch.mp4", now=datetime.now(UTC))


def open_for(owner: Persona, film: Document, settings: SendSettings) -> tuple[Client, str, Any]:
    """A browser with a pass, the film's address, its link."""
    now = datetime.now(UTC)
    sent = send(owner, [film], ["reader@example.net"], settings=settings, now=now).send
    link = recipient_of(sent, "reader@example.net").link
    assert link is not None
    client = Client()
    client.cookies[cookie_name()] = make_pass(link, now=now)
    return client, f"/v/d/{link.public_id}/{film.public_id}/", link


CLEAR = replace(SendSettings(), watermark=None)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", Span(0, 99, is_whole=True)),
        ("bytes=0-", Span(0, 99)),
        ("bytes=0-0", Span(0, 0)),
        ("bytes=90-1000", Span(90, 99)),
        ("bytes=-10", Span(90, 99)),
        ("bytes=-1000", Span(0, 99)),
        ("bytes=-0", None),
        ("bytes=100-", None),
        ("bytes=50-40", Span(0, 99, is_whole=True)),
        ("bytes=-", Span(0, 99, is_whole=True)),
        ("bytes=0-1,5-6", Span(0, 99, is_whole=True)),
        ("pages=1-2", Span(0, 99, is_whole=True)),
        ("bytes=99999999999999999-", Span(0, 99, is_whole=True)),
    ],
)
def test_ranges(header: str, span: Span | None) -> None:
    assert span_of(header, 100) == span


def test_whole_range_and_head(owner: Persona, film: Document) -> None:
    client, there, _ = open_for(owner, film, CLEAR)
    with documents.open_media(Version.objects.select_related("document").get()) as source:
        whole = source.read()
    first = client.head(f"{there}media/")
    assert (first.status_code, Opening.objects.count(), Grant.objects.get().first_opened_at) == (200, 0, None), "only asked"
    answer = client.get(f"{there}media/")
    assert (answer.status_code, body(answer), answer.headers["Content-Type"]) == (200, whole, "video/mp4")
    part = client.get(f"{there}media/", headers={"Range": "bytes=100-199"})
    assert (part.status_code, body(part)) == (206, whole[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert part.headers["Content-Length"] == "100"
    for name, value in {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }.items():
        assert part.headers[name] == value
    beyond = client.get(f"{there}media/", headers={"Range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    head = client.head(f"{there}media/")
    assert (head.status_code, head.headers["Content-Length"], body(head)) == (200, str(len(whole)), b"")
    assert MediaUse.objects.get().sent_bytes == len(whole) + 100
    assert Opening.objects.count() == 1, "all ranges are one opening"
    assert b"SECRET" not in whole


def test_each_range_is_judged(owner: Persona, film: Document) -> None:
    client, there, link = open_for(owner, film, CLEAR)
    assert len(body(client.get(f"{there}media/", headers={"Range": "bytes=0-9"}))) == 10
    assert Client().get(f"{there}media/").status_code == 401
    access.revoke_link(link, now=datetime.now(UTC))
    gone = client.get(f"{there}media/", headers={"Range": "bytes=0-9"})
    assert (gone.status_code, gone.json()["code"]) == (410, "revoked")
    assert client.get(f"{there}media/state.json").status_code == 410


def test_the_marked_copy_on_its_way(owner: Persona, film: Document) -> None:
    client, there, _ = open_for(owner, film, SendSettings())
    page = client.get(there)
    assert page.status_code == 200
    assert b"the mark is part of every picture" in page.content
    assert client.get(f"{there}media/").status_code == 409, "no byte before the mark is in it"
    MarkedCopy.objects.update(percent=40)
    assert client.get(f"{there}media/state.json").json() == {"form": "burned", "state": "waiting", "percent": 40, "lines": []}
    assert client.get(f"{there}p/1.jpg").status_code == 404
    assert client.get(f"{there}download/").status_code == 403


def test_laid_over_and_sounds_say_what_that_means(owner: Persona, film: Document) -> None:
    settings = replace(SendSettings(), watermark=Watermark(media="laid_over"))
    client, there, _ = open_for(owner, film, settings)
    assert b"the mark lies over the picture while it plays here" in client.get(there).content
    sound = upload_ready(owner.actor, make_film(size="", suffix="mp3"), name="Talk.mp3", now=datetime.now(UTC))
    client, there, _ = open_for(owner, sound, SendSettings())
    page = client.get(there).content
    assert (b"A sound cannot carry a mark" in page, page.count(b"<main")) == (True, 1)
    heard = client.get(f"{there}media/")
    assert (heard.headers["Content-Type"], bool(body(heard))) == ("audio/mpeg", True)


def test_the_quota_of_the_sender(owner: Persona, film: Document) -> None:
    client, there, _ = open_for(owner, film, CLEAR)
    now = datetime.now(UTC)
    limit = billing.limits_of(owner.team.pk, now=now).media_bytes
    start = credits.meter(owner.team.pk, now=now).period_start
    MediaUse.objects.create(team=owner.team, period_start=start, sent_bytes=limit)
    answer = client.get(f"{there}media/")
    assert (answer.status_code, answer.json()["code"]) == (403, "media_quota")
    assert b"100" in owner.client().get("/admin/plan/").content
