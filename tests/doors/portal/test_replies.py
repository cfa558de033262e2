# SPDX-License-Identifier: Apache-2.0
"""Readers of a mail write back: words and files for the sender alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from tests.doors.portal.conftest import NADIA, OMAR, Parcel, Reader, csrf_of
from tests.doors.portal.test_messages import mail, shared
from tests.factories.accounts import Persona
from tests.factories.api import PDF

from sealroom.audit.models import Event
from sealroom.core import ratelimit
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows as sends
from sealroom.sends.models import Reply

pytestmark = pytest.mark.django_db


def answer(reader: Reader, page: str, text: str = "", *files: SimpleUploadedFile) -> tuple[int, str]:
    """Status and content of what follows a reply typed on the page."""
    fields = {"csrfmiddlewaretoken": csrf_of(reader.get(page)), "text": text, "files": list(files)}
    response = reader.client.post(f"{page}reply/", fields)
    return response.status_code, response.headers.get("Location", "") or response.content.decode()


def test_reply_reaches_the_sender_alone(owner: Persona, member: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, now=moment)
    page = reader.prove(shared(send), NADIA).headers["Location"]
    status, where = answer(reader, page, "Agreed <b>!</b>\r\n", SimpleUploadedFile("Signed.pdf", PDF))
    assert (status, where) == (303, f"{page}?list&replied#reply")
    assert "Your reply was sent." in reader.get(f"{page}?list&replied").content.decode()
    row = Reply.objects.get()
    assert b"Agreed" not in bytes(row.sealed)
    document = Document.objects.get(name="Signed.pdf")
    assert (document.owner_id, document.team_id, row.documents) == (owner.user.pk, owner.team.pk, [document.public_id])
    told = OutgoingMail.objects.get(key=f"reply:{row.public_id}")
    assert (told.to_address, "Agreed" in str(vars(told)), "Signed" in str(vars(told))) == ("owner@example.com", False, False)
    by = Event.objects.get(verb="document.uploaded", subject=document.public_id)
    assert by.actor_kind == "visitor"
    list_of_replies = f"/sends/{send.public_id}/replies/"
    shown = owner.client().get(list_of_replies).content.decode()
    for words in ("Agreed &lt;b&gt;!&lt;/b&gt;", "Nadia", NADIA, "Signed.pdf"):
        assert words in shown
    kept = owner.client().get(f"{list_of_replies}{document.public_id}/")
    assert (b"".join(kept), kept["Content-Type"], kept["Content-Security-Policy"].startswith("sandbox")) == (
        PDF,
        "application/octet-stream",
        True,
    )
    assert "attachment" in kept["Content-Disposition"]
    assert member.client().get(list_of_replies).status_code == 404
    assert member.client().get(f"{list_of_replies}{document.public_id}/").status_code == 404
    theirs = Reader()
    other = theirs.prove(shared(send), OMAR).headers["Location"]
    assert "Agreed" not in theirs.get(other).content.decode()


def test_replies_that_are_not_taken(owner: Persona, moment: datetime, reader: Reader) -> None:
    send = mail(owner, now=moment)
    page = reader.prove(shared(send), NADIA).headers["Location"]
    assert Reader().client.post(f"{page}reply/", {"text": "x"}).status_code == 403  # no cookie, no form of ours
    for text, files, sentence in (
        (" ", [], "Write something, or add a file."),
        ("x" * 10_001, [], "This is too long"),
        ("x", [SimpleUploadedFile(f"{n}.pdf", PDF) for n in range(6)], "Too many files"),
        ("kept words", [SimpleUploadedFile("a.exe", b"MZ\x90\x00" + b"\0" * 100)], "This kind of file is not accepted."),
    ):
        status, content = answer(reader, page, text, *files)
        assert (status, sentence in content) == (422, True)
    assert "kept words" in content
    assert (Reply.objects.count(), Document.objects.filter(name="a.exe").count()) == (0, 0)
    for _ in range(16):
        ratelimit.take("sends.reply", f"{send.pk}:{NADIA}", limit=20, per=timedelta(days=1), now=timezone.now())
    status, content = answer(reader, page, "once more")
    while status == 303:
        status, content = answer(reader, page, "once more")
    assert (status, "You have replied very often." in content) == (429, True)
    sends.revoke(owner.actor, send.public_id, now=timezone.now())
    fields = {"csrfmiddlewaretoken": csrf_of(reader.get("/v/xxxxxxxxxxxxxxxxxxxxxxx/")), "text": "late"}
    assert reader.client.post(f"{page}reply/", fields).status_code == 410


def test_only_mails_are_replied_to(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    page = f"/v/d/{parcel.links[NADIA]}/"
    assert "Send the reply" not in reader.get(f"{page}?list").content.decode()
    fields = {"csrfmiddlewaretoken": csrf_of(reader.get("/v/xxxxxxxxxxxxxxxxxxxxxxx/")), "text": "Hello"}
    assert reader.client.post(f"{page}reply/", fields).status_code == 403
