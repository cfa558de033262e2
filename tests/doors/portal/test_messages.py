# SPDX-License-Identifier: Apache-2.0
"""The page of a mail: one link for all leads everybody to his own words and files, after the same gates as every link."""

from __future__ import annotations

import io
from datetime import datetime

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image
from tests.doors.portal.conftest import FORWARDED_TO, NADIA, OMAR, UNKNOWN, Reader, paper, without_tokens
from tests.factories.access import code_of, latest_challenge, token_of
from tests.factories.accounts import Persona
from tests.factories.documents import upload_ready
from tests.factories.sends import recipient_of, request_for

from sealroom.access.models import Link
from sealroom.core.secrets import seal_text
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.flows import Envelope
from sealroom.sends.models import Message, Picture, Send
from sealroom.sends.rules import Addressee, MailCommit

pytestmark = pytest.mark.django_db
WORDS = "<p>The price is <strong>seven</strong>.</p>"


def mail(owner: Persona, *, files: int = 1, words: str = WORDS, now: datetime) -> Send:
    """A mail to Nadia, and hidden from her to Omar, delivered by its sender's own client."""
    papers = [paper(owner, f"Offer {number}.pdf", now=now) for number in range(files)]
    request = request_for(papers, (), subject="Papers for Thursday")
    draft = sends.save_draft(owner.actor, request, uuid="u", envelope=Envelope("outlook"), now=now).send
    send = sends.put_words(owner.actor, draft.public_id, html=words, now=now) if words else draft
    wanted = MailCommit((Addressee(NADIA, "Nadia"), Addressee(OMAR, kind="bcc")))
    sends.commit_mail(owner.actor, send.public_id, wanted, key="k", revision=send.revision, now=now)
    return Send.objects.get()


def shared(send: Send) -> str:
    assert send.shared_link is not None
    return token_of(send.shared_link)


def test_one_link_leads_each_to_his_own_page(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, now=moment)
    own = recipient_of(send, NADIA).link
    assert own is not None
    answer = reader.prove(shared(send), NADIA)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/v/d/{own.public_id}/")
    assert reader.get(f"/v/{shared(send)}/").headers["Location"] == f"/v/d/{own.public_id}/"
    assert not Link.objects.exclude(first_opened_at=None).exists()
    page = reader.get(f"/v/d/{own.public_id}/")
    text = page.content.decode()
    for shown in (WORDS, "Offer 0.pdf", "Papers for Thursday", "Olive Owner", f"Sent to {NADIA}"):
        assert shown in text
    assert OMAR not in text
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert list(Link.objects.exclude(first_opened_at=None).values_list("address", flat=True)) == [NADIA]
    cancelled = sends.cancel(owner.actor, send.public_id, now=timezone.now())
    assert cancelled.returned == 1  # Omar's; Nadia saw the words
    assert reader.get(f"/v/d/{own.public_id}/").status_code == 410


def test_the_link_for_all_tells_nobody_who_is_meant(owner: Persona, moment: datetime, reader: Reader) -> None:
    token = shared(mail(owner, now=moment))
    strangers = Reader()
    assert without_tokens(reader.get(f"/v/{token}/"), token) == without_tokens(reader.get(f"/v/{UNKNOWN}/"), UNKNOWN)
    invited, other = reader.ask(token, NADIA), strangers.ask(token, FORWARDED_TO)
    assert (invited.status_code, other.status_code) == (303, 303)
    pages = [without_tokens(one.get(f"/v/{token}/verify/"), NADIA, FORWARDED_TO) for one in (reader, strangers)]
    assert pages[0] == pages[1]
    assert Reader().prove(token, FORWARDED_TO).status_code == 422  # even with the code that was never mailed
    assert Reader().post(f"/v/{token}/open/", f"/v/{token}/").status_code == 404


def test_words_are_cleaned_again_when_they_are_shown(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, files=0, now=moment)
    sealed = seal_text('<p style="x" onclick="y">Hello<script>alert(1)</script></p>', purpose="message")
    Message.objects.update(sealed=sealed)
    text = reader.client.get(reader.prove(shared(send), NADIA).headers["Location"]).content.decode()
    assert ("<p>Hello</p>" in text, "alert(1)" in text, "A message for you" in text) == (True, False, True)


def test_dropped_reader_is_told_that_access_ended(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, now=moment)
    address = reader.prove(shared(send), NADIA).headers["Location"]
    assert reader.get(address).status_code == 200
    wanted = MailCommit((Addressee(OMAR),))
    assert send.committed_revision is not None
    again = sends.commit_mail(
        owner.actor, send.public_id, wanted, key="k2", revision=send.committed_revision + 1, now=timezone.now()
    )
    assert (again.charged, again.returned) == (0, 0)
    assert reader.get(address).status_code == 410
    fresh = Reader()
    assert fresh.prove(shared(send), NADIA).headers["Location"] == address
    assert fresh.get(address).status_code == 410


def test_mail_without_words_opens_its_only_file(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, words="", now=moment)
    assert "/doc_" in reader.prove(shared(send), NADIA).headers["Location"]


def test_a_files_own_address_leads_to_it_after_the_gates(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, files=2, now=moment)
    wanted = queries.mail_answer(owner.actor, send.public_id).documents[1]
    address = wanted.url.removeprefix(settings.SEALROOM_BASE_URL)
    gate = reader.get(address)
    assert gate.content.decode().count(f'name="to" value="{address}"') == 1
    asked = reader.post(f"/v/{shared(send)}/code/", address, address=NADIA, to=address)
    assert (asked.status_code, "sealroom_way" in asked.cookies) == (303, True)
    own = recipient_of(send, NADIA).link
    assert own is not None
    answer = reader.type(shared(send), code_of(latest_challenge(NADIA).public_id))
    assert answer.headers["Location"] == f"/v/d/{own.public_id}/{wanted.id}/"
    assert reader.get(address).headers["Location"] == f"/v/d/{own.public_id}/{wanted.id}/"
    # What is not behind the link, or no file at all, ends at the list.
    for ending in ("?file=doc_other", "?file=../x", "?file=doc_x&to=//evil.example"):
        assert reader.get(f"/v/{shared(send)}/{ending}").headers["Location"] == f"/v/d/{own.public_id}/"


@pytest.mark.usefixtures("own_blobs")
def test_a_picture_among_the_words_is_drawn_for_its_reader(owner: Persona, moment: datetime, reader: Reader) -> None:
    out = io.BytesIO()
    Image.new("RGB", (600, 300), "white").save(out, "PNG")
    picture = upload_ready(owner.actor, out.getvalue(), name="plan.png", now=moment)
    draft = sends.save_draft(owner.actor, request_for([], ()), uuid="u", envelope=Envelope("outlook"), now=moment).send
    html, inline = '<p>Here: <img src="cid:a@b" alt="The plan"></p>', {"a@b": picture.public_id}
    written = sends.put_words(owner.actor, draft.public_id, html=html, inline=inline, now=moment)
    wanted = MailCommit((Addressee(NADIA), Addressee(OMAR)))
    result = sends.commit_mail(owner.actor, draft.public_id, wanted, key="k", revision=written.revision, now=moment)
    assert result.charged == 2  # for the words; the picture is free
    send = Send.objects.get()
    page = reader.prove(shared(send), NADIA).headers["Location"]
    address = f"{page}pictures/{Picture.objects.get().public_id}.jpg"
    own = recipient_of(send, NADIA).link
    assert own is not None
    assert reader.get(f"{page}pictures/pic_other.jpg").status_code == 404
    assert Link.objects.get(pk=own.pk).first_opened_at is None
    answer = reader.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert Link.objects.get(pk=own.pk).first_opened_at is not None  # who has the picture has opened the message
    assert np.asarray(Image.open(io.BytesIO(answer.content)).convert("L")).min() < 250, "no mark to be seen"
    img = f'<img src="{address}" alt="The plan" width="600" height="300">'
    assert img in reader.get(page).content.decode()
    other = Reader().prove(shared(send), OMAR)
    assert reader.get(address.replace(own.public_id, other.headers["Location"].split("/")[3])).status_code == 401
    sends.revoke(owner.actor, send.public_id, now=timezone.now())
    assert reader.get(address).status_code == 410
