# SPDX-License-Identifier: Apache-2.0
"""Films as readers get them: a copy for each with his mark in its pictures, counted to the byte, ended in the middle."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Admission
from sealroom.access.models import PolicyRow
from sealroom.access.rules import Policy, Watermark
from sealroom.billing import queries as billing
from sealroom.core.models import Job
from sealroom.core.secrets import seal_text
from sealroom.credits import queries as credits
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document
from sealroom.documents.ports import BlobStore
from sealroom.viewing import flows, queries
from sealroom.viewing.errors import MediaQuota
from sealroom.viewing.flows import Form
from sealroom.viewing.flows.media import TRIED_AGAIN_AFTER, UNUSED_AFTER
from sealroom.viewing.models import MarkedCopy, MediaUse, Opening
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, upload_ready
from tests.factories.films import gray_of, make_film, need_ffmpeg
from tests.factories.viewing import admit, make_link


@pytest.fixture
def film(owner: Persona, own_blobs: BlobStore) -> Document:
    need_ffmpeg()
    return upload_ready(owner.actor, make_film(size="640x360"), name="Launch.mp4")


def reader_of(film: Document, address: str = "nadia@example.com", watermark: Watermark | None = None) -> Admission:
    policy = Policy(watermark=watermark)
    return admit(make_link(film, address=address, policy=policy), film, policy=policy)


def taken(admission: Admission, *, first: int = 0, last: int | None = None, now: Any = NOW) -> bytes:
    stream = flows.open_stream(admission, now=now)
    last = stream.size - 1 if last is None else last
    return b"".join(flows.play(admission, stream, first=first, last=last, clock=lambda: now))


def sealed_for(address: str) -> str:
    """What the job is handed of a viewer."""
    return seal_text(json.dumps({"address": address, "name": "", "ip": ""}), purpose="viewer-of-film").hex()


def mark(admission: Admission) -> MarkedCopy:
    """Do the job that asking for a copy defers."""
    assert flows.showing(admission, now=NOW).state == "waiting"
    job = Job.objects.filter(name="viewing.mark_film").latest("pk")
    told = json.dumps(job.arguments)
    assert not [word for word in (admission.viewer.address, admission.viewer.ip) if word in told]
    flows.make_copy(int(str(job.arguments["copy_id"])), str(job.arguments["sealed"]), now=NOW)
    return MarkedCopy.objects.get(pk=job.arguments["copy_id"])


def pixels(data: bytes) -> Any:
    return np.array(gray_of(data), dtype=int).reshape(360, 640)


def test_without_a_mark_the_film_is_streamed_as_it_is(film: Document) -> None:
    admission = reader_of(film)
    found = flows.showing(admission, now=NOW)
    assert (found.form, found.state, found.lines) == (Form.CLEAR, "ready", ())
    with documents.open_media(admission.version) as source:
        whole = source.read()
    assert taken(admission) == whole
    assert taken(admission, first=10, last=19) == whole[10:20]
    assert MarkedCopy.objects.count() == 0
    opening = Opening.objects.get()
    assert [view.page for view in opening.page_views.all()] == [1]


def test_two_readers_get_copies_that_differ_and_carry_a_mark(film: Document) -> None:
    one, two = (reader_of(film, address, Watermark()) for address in ("nadia@example.com", "omar@example.com"))
    copies = [mark(admission) for admission in (one, two)]
    assert [copy.state for copy in copies] == ["ready", "ready"]
    first, second = pixels(taken(one)), pixels(taken(two))
    with documents.open_media(one.version) as source:
        clear = pixels(source.read())
    assert (abs(first - clear) > 8).mean() > 0.01, "no mark to be seen"
    assert (abs(second - clear) > 8).mean() > 0.01
    assert (abs(first - second) > 8).mean() > 0.005, "the two marks are the same"
    assert flows.showing(one, now=NOW).percent == 100
    assert MarkedCopy.objects.count() == 2


def test_a_changed_mark_makes_another_copy_and_another_minute_does_not(film: Document) -> None:
    admission = reader_of(film, watermark=Watermark())
    mark(admission)
    later = NOW + timedelta(days=2)
    assert flows.showing(admission, now=later).state == "ready"
    changed = Admission(**{**vars(admission), "policy": Policy(watermark=Watermark(text="Confidential"))})
    assert flows.showing(changed, now=later).state == "waiting"
    assert MarkedCopy.objects.count() == 2


def test_a_copy_that_failed_is_tried_again_later(film: Document) -> None:
    admission = reader_of(film, watermark=Watermark())
    flows.showing(admission, now=NOW)
    flows.give_up_copy(MarkedCopy.objects.get().pk)
    assert flows.showing(admission, now=NOW + TRIED_AGAIN_AFTER - timedelta(seconds=1)).state == "failed"
    assert flows.showing(admission, now=NOW + TRIED_AGAIN_AFTER).state == "waiting"


def test_a_copy_nobody_wants_any_more_is_not_made(film: Document) -> None:
    admission = reader_of(film, watermark=Watermark())
    flows.showing(admission, now=NOW)
    copy = MarkedCopy.objects.get()
    flows.make_copy(copy.pk, sealed_for("somebody@else.example"), now=NOW)
    assert MarkedCopy.objects.count() == 0


def test_a_film_laid_over_gives_the_words_to_the_player(film: Document) -> None:
    admission = reader_of(film, watermark=Watermark(media="laid_over"))
    found = flows.showing(admission, now=NOW)
    assert found.form is Form.LAID_OVER
    assert "nadia@example.com" in found.lines[0]
    assert MarkedCopy.objects.count() == 0
    assert taken(admission)


def test_a_sound_cannot_be_marked(owner: Persona) -> None:
    need_ffmpeg()
    sound = upload_ready(owner.actor, make_film(size="", suffix="mp3"), name="Talk.mp3")
    admission = reader_of(sound, watermark=Watermark())
    assert flows.showing(admission, now=NOW).form is Form.SOUND
    assert taken(admission)


def test_every_byte_sent_is_counted_once(film: Document, owner: Persona) -> None:
    admission = reader_of(film)
    size = len(taken(admission))
    taken(admission, first=5, last=104)
    stream = flows.open_stream(admission, now=NOW)
    abandoned = flows.play(admission, stream, first=0, last=stream.size - 1, clock=lambda: NOW)
    next(abandoned)
    abandoned.close()
    start = credits.meter(owner.team.pk, now=NOW).period_start
    assert list(MediaUse.objects.values_list("team_id", "period_start", "sent_bytes")) == [(owner.team.pk, start, size + 100)]
    assert queries.media_use(owner.team.pk, now=NOW) == size + 100
    assert queries.media_use(owner.team.pk, now=NOW + timedelta(days=40)) == 0


def test_beyond_the_quota_nothing_is_sent(film: Document, owner: Persona) -> None:
    admission = reader_of(film)
    meter = credits.meter(owner.team.pk, now=NOW)
    limit = billing.limits_of(owner.team.pk, now=NOW).media_bytes
    MediaUse.objects.create(team=owner.team, period_start=meter.period_start, sent_bytes=limit - 1)
    assert taken(admission, first=0, last=0)
    with pytest.raises(MediaQuota) as refused:
        taken(admission)
    assert refused.value.facts == {"used": limit, "limit": limit, "resets_at": meter.period_end}
    usage = {one.name: (one.used, one.limit) for one in billing.overview(owner.actor, now=NOW).quotas}
    assert usage["media_bytes"][1] == limit


def test_revoked_in_the_middle_it_breaks_off(film: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealroom.viewing.flows.media._PIECE", 100)
    admission = reader_of(film)
    stream = flows.open_stream(admission, now=NOW)
    playing = flows.play(admission, stream, first=0, last=stream.size - 1, clock=lambda: NOW)
    assert len(next(playing) + next(playing)) == 200
    PolicyRow.objects.filter(pk=admission.link.policy_id).update(revoked_at=NOW)
    with pytest.raises(NotAdmitted):
        next(playing)
    assert stream.file.closed
    assert MediaUse.objects.get().sent_bytes == 200


def test_copies_are_kept_from_the_sweep_and_removed_when_unused(film: Document, own_blobs: BlobStore) -> None:
    admission = reader_of(film, watermark=Watermark())
    copy = mark(admission)
    assert copy.key in set(document_queries.referenced_keys())
    assert list(document_queries.unused_keys(own_blobs.keys())) == []
    assert flows.remove_unused_copies(now=NOW + UNUSED_AFTER - timedelta(seconds=1)) == 0
    flows.showing(admission, now=NOW + timedelta(days=3))
    assert flows.remove_unused_copies(now=NOW + UNUSED_AFTER) == 0
    assert flows.remove_unused_copies(now=NOW + UNUSED_AFTER + timedelta(days=3)) == 1
    assert copy.key not in set(own_blobs.keys())


def test_copies_go_with_their_document(film: Document, owner: Persona, own_blobs: BlobStore) -> None:
    copy = mark(reader_of(film, watermark=Watermark()))
    documents.delete_document(owner.actor, film.public_id, now=NOW)
    assert copy.key in set(document_queries.unused_keys(own_blobs.keys()))
    assert flows.remove_unused_copies(now=NOW) == 1
    assert copy.key not in set(own_blobs.keys())
