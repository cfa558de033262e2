# SPDX-License-Identifier: Apache-2.0
"""Drafts of mail clients: written, priced, committed, committed again, called back."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from tests.factories.accounts import Persona, connect_device
from tests.factories.api import Answer, Caller, make_failed, make_ready
from tests.factories.billing import make_invoice

from sealroom.billing.models import InvoiceKind
from sealroom.core.jobs import worker
from sealroom.core.secrets import unseal_text
from sealroom.credits.models import Entry
from sealroom.documents.models import Version
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows as sends
from sealroom.sends.models import Message, Picture, Send
from sealroom.sends.rules import MailPolicy

A, B, C = "a@example.net", "b@example.net", "c@example.net"


@pytest.fixture
def device(boss: Persona) -> Caller:
    """The boss's Gmail extension."""
    return Caller(connect_device(boss, now=datetime.now(UTC)).access_token, boss)


def draft_of(
    caller: Caller, documents: int = 1, *, body: dict[str, str] | None = None, sender: str = "", **more: object
) -> dict[str, Any]:
    """A draft with that many files, as it stands."""
    ids = [caller.document(f"File {number}.pdf") for number in range(documents)]
    draft = caller.call("PUT", f"/drafts/{uuid.uuid4()}", {"documents": ids, "from": sender, **more})
    assert draft.status == 200, draft.body
    found: dict[str, Any] = draft.body
    if body is not None:
        written = caller.call("PUT", f"/drafts/{found['id']}/body", body)
        assert written.status == 200, written.body
        found |= {"revision": written.body["revision"]}
    return found


def commit(caller: Caller, draft: dict[str, Any], recipients: list[Any], *, more: int = 0, **body: object) -> Answer:
    key = f"{draft['id']}:{draft['revision'] + more}"
    return caller.post(f"/drafts/{draft['id']}/commit", {"recipients": recipients, **body}, key=key)


def test_commit_answers_what_the_mail_needs(device: Caller, boss: Persona) -> None:
    draft = draft_of(device, 2, sender="Boss@example.com", subject="Offer")
    everybody = [
        A,
        {"email": B, "kind": "cc", "name": "Bea"},
        {"email": C, "kind": "bcc"},
        {"email": "boss@example.com"},
        "A@Example.net",
    ]
    quote = device.post(f"/drafts/{draft['id']}/quote", {"recipients": everybody}).body
    assert (quote["cost"], quote["available"], quote["after"], quote["enough"]) == (6, 1500, 1494, True)
    answer = commit(device, draft, everybody)
    assert answer.status == 201, answer.body
    sent = answer.body
    assert (sent["charged"], sent["returned"], sent["available"], sent["state"]) == (6, 0, 1494, "active")
    assert [(one["email"], one["kind"], one["personal_url"]) for one in sent["recipients"]] == [
        (A, "to", None), (B, "cc", None), (C, "bcc", None), ("boss@example.com", "to", None),
    ]  # fmt: skip
    assert [(one["name"], one["url"]) for one in sent["documents"]] == [
        (f"File {n}.pdf", f"{sent['link']['url']}?file={draft['documents'][n]}") for n in (0, 1)
    ]
    assert sent["link"]["label"] == "Open 2 files"
    assert sent["header"] == {"name": "X-Sealroom-Send", "value": sent["id"]}
    assert sent["insert"]["html"].count(f'<a href="{sent["link"]["url"]}">Open 2 files</a>') == 1
    assert [text in sent["insert"]["text"] for text in (sent["link"]["url"], "File 0.pdf", "Olive Owner (boss@example.com)")] == [
        True
    ] * 3
    assert not OutgoingMail.objects.filter(about__startswith="recipient:").exists()  # the client's own mail has the link
    assert commit(device, draft, everybody).body == sent
    ledger = device.get("/credits/ledger").body["items"]
    assert [(one["delta"], one["route"], one["send_id"]) for one in ledger if one["kind"] == "charge"] == [
        (-6, "gmail", sent["id"])
    ]
    assert device.post(f"/drafts/{sent['id']}/mark-sent").status == 204
    assert Send.objects.get().handed_over_at is not None


def test_names_in_the_insert_are_words(device: Caller, boss: Persona) -> None:
    sends.set_mail_policy(boss.actor, MailPolicy(), now=datetime.now(UTC))
    document = device.document("<b>Q&A<img src=x>.pdf")
    draft = device.call("PUT", f"/drafts/{uuid.uuid4()}", {"documents": [document], "language": "fr"}).body
    insert = commit(device, draft, [A]).body["insert"]
    assert "<li>&lt;b&gt;Q&amp;A&lt;img src=x&gt;.pdf</li>" in insert["html"]
    assert "- <b>Q&A<img src=x>.pdf" in insert["text"]
    assert "Ouvrir 1 fichier" in insert["html"]
    sends.set_mail_policy(boss.actor, MailPolicy(names_files=False), now=datetime.now(UTC))
    secret = commit(device, draft_of(device), [A]).body["insert"]
    assert ("File 0" in secret["html"], "File 0" in secret["text"]) == (False, False)


@pytest.mark.parametrize(
    ("files", "has_body", "people", "price"), [(3, False, 4, 12), (0, True, 4, 4), (3, True, 4, 12), (1, False, 3, 3)]
)
def test_price_is_files_or_one_by_recipients(device: Caller, files: int, has_body: bool, people: int, price: int) -> None:
    draft = draft_of(device, files, body={"html": "<p>Hello</p>"} if has_body else None)
    who = [f"r{number}@example.net" for number in range(people)]
    assert device.post(f"/drafts/{draft['id']}/quote", {"recipients": who}).body["cost"] == price
    assert commit(device, draft, who).body["charged"] == price
    assert device.get("/credits").body["used"] == price


def test_too_few_credits_leave_everything_as_it_was(device: Caller, boss: Persona) -> None:
    draft = draft_of(device, 1)
    many = [f"r{number}@example.net" for number in range(1501)]
    refused = commit(device, draft, many)
    facts = {name: refused.body[name] for name in ("needed", "available", "missing")}
    assert (refused.code, refused.status, facts) == ("insufficient_credits", 402, {"needed": 1501, "available": 1500, "missing": 1})
    assert device.get("/credits").body["used"] == 0
    assert commit(device, draft, [A]).status == 201  # the key was not used up


def test_commit_again_follows_the_mail(device: Caller) -> None:
    draft = draft_of(device, 2)
    first = commit(device, draft, [A, B]).body
    assert commit(device, draft, [A, C]).code == "idempotency_conflict"
    again = commit(device, draft, [A, {"email": C, "kind": "bcc"}], more=1).body
    assert (again["charged"], again["returned"], again["available"]) == (2, 2, 1496)
    assert [one["email"] for one in again["recipients"]] == [A, C]
    assert again["link"] == first["link"]
    back = commit(device, draft, [A, B, C], more=2).body
    assert (back["charged"], back["available"]) == (2, 1494)
    stale = commit(device, draft, [A], more=1)
    assert stale.code == "idempotency_conflict"
    late = device.post(f"/drafts/{draft['id']}/commit", {"recipients": [B]}, key=f"{draft['id']}:0")
    assert (late.code, late.body["revision"]) == ("stale_draft", draft["revision"] + 2)
    assert commit(device, draft, [A], more=5, delivery="server").body["errors"] == {"delivery": ["fixed"]}
    assert sum(Entry.objects.values_list("delta", flat=True)) == 1494


def test_words_alone_are_given_back_too(device: Caller) -> None:
    draft = draft_of(device, 0, body={"text": "Hello\n\nYou & <them>"})
    sent = commit(device, draft, [A, B]).body
    assert (sent["charged"], sent["link"]["label"]) == (2, "Open the message")
    again = commit(device, draft, [B], more=1).body
    assert (again["charged"], again["returned"], again["available"]) == (0, 1, 1499)
    cancelled = device.post(f"/sends/{sent['id']}/cancel").body
    assert (cancelled["charged"], cancelled["available"], cancelled["state"]) == (-1, 1500, "cancelled")


def test_words_are_cleaned_and_sealed(device: Caller) -> None:
    html = (
        '<p style="color:red" onclick="x()">Hello <script>alert(1)</script><img src="https://spy.example/x.gif">'
        '<a href="javascript:x()">a</a><a href="https://example.com/">b</a></p><iframe src="x"></iframe>'
    )
    draft = draft_of(device, 0, body={"html": html})
    sealed = bytes(Message.objects.get().sealed)
    assert b"Hello" not in sealed
    rel = 'rel="noopener noreferrer nofollow"'
    assert unseal_text(sealed, purpose="message") == (
        f'<p>Hello <a target="_blank" {rel}>a</a><a href="https://example.com/" target="_blank" {rel}>b</a></p>'
    )
    assert device.call("PUT", f"/drafts/{draft['id']}/body", {"html": "<p> <br></p>"}).status == 200
    assert not Message.objects.exists()
    large = device.call("PUT", f"/drafts/{draft['id']}/body", {"text": "x" * (1024 * 1024 + 1)})
    assert (large.code, large.body["limit"], large.body["actual"]) == ("too_large", 1024 * 1024, 1024 * 1024 + 1)
    assert device.call("PUT", f"/drafts/{draft['id']}/body", {"html": "a", "text": "b"}).code == "invalid"


def test_a_quote_warns_before_anything_is_charged(device: Caller, boss: Persona) -> None:
    who = [A, "boss@example.com", "sales@example.net", "staff-list@example.com"]

    def warnings(draft: dict[str, Any]) -> dict[str, tuple[list[str], list[str]]]:
        found = device.post(f"/drafts/{draft['id']}/quote", {"recipients": who}).body["warnings"]
        assert all(one["title"] for one in found)
        return {one["code"]: (one["addresses"], one["documents"]) for one in found}

    draft = draft_of(device, 2)
    lists = ["sales@example.net", "staff-list@example.com"]
    assert warnings(draft) == {"looks_like_list": (lists, [])}
    sends.set_mail_policy(boss.actor, MailPolicy(internal_domains=("example.com",)), now=datetime.now(UTC))
    one, other = draft["documents"]
    Version.objects.filter(document__public_id=one).update(pages=None)
    Version.objects.filter(document__public_id=other).update(size=200 * 1024 * 1024)
    assert warnings(draft) == {
        "external": ([A, "sales@example.net"], []),
        "looks_like_list": (lists, []),
        "unprotectable": ([], [one]),
        "large": ([], [other]),
    }
    plain = device.call("PUT", f"/drafts/{draft['id']}/body", {"text": "Hello"})
    assert plain.status == 200
    assert device.get("/credits").body["used"] == 0


def picture_of(caller: Caller, name: str = "plan.png") -> str:
    """A picture that was uploaded and really prepared."""
    out = io.BytesIO()
    Image.new("RGB", (300, 150), "#1F5C4A").save(out, "PNG")
    answer = caller.upload(out.getvalue(), name=name)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


@pytest.mark.usefixtures("own_blobs")
def test_pictures_among_the_words_are_the_drafts_own(device: Caller) -> None:
    draft, picture = draft_of(device, 0), picture_of(device)
    html = (
        '<p>Look: <img src="cid:plan@x" alt="The <b>plan" onload="x()" width="9999"> <img src="cid:other@x"> '
        '<img src="https://spy.example/x.gif"> <img src="cid:pic_1"> <a href="cid:plan@x">a</a></p>'
    )
    body = {"html": html, "inline": [{"cid": "plan@x", "document_id": picture}]}
    waiting = device.call("PUT", f"/drafts/{draft['id']}/body", body)
    assert (waiting.status, waiting.code, waiting.body["retry_after"]) == (409, "not_ready", 2)
    worker.drain()
    assert device.call("PUT", f"/drafts/{draft['id']}/body", body).status == 200
    kept = Picture.objects.get()
    assert (kept.width, kept.height) == (300, 150)
    words = unseal_text(bytes(Message.objects.get().sealed), purpose="message")
    assert words.count("<img ") == 1
    assert f'src="cid:{kept.public_id}"' in words
    assert ("spy.example" in words, "onload" in words, "9999" in words) == (False, False, False)
    paper = device.document()
    for document, code in ((paper, "invalid"), ("doc_nobody", "not_found")):
        wrong = {"html": html, "inline": [{"cid": "plan@x", "document_id": document}]}
        assert device.call("PUT", f"/drafts/{draft['id']}/body", wrong).code == code
    Version.objects.filter(document__public_id=picture).update(state="failed", error_code="corrupt")
    assert device.call("PUT", f"/drafts/{draft['id']}/body", body).code == "corrupt"
    Version.objects.filter(document__public_id=picture).update(state="ready", error_code="")
    # Only a picture: that is a message too, at the price of one.
    only = device.call("PUT", f"/drafts/{draft['id']}/body", body | {"html": '<img src="cid:plan@x">'}).body
    sent = commit(device, draft | only, [A, B])
    assert (sent.status, sent.body["charged"]) == (201, 2)
    assert Picture.objects.count() == 1


def test_server_delivers_with_personal_links(device: Caller) -> None:
    sent = commit(device, draft_of(device, 1), [A, B, {"email": C, "kind": "bcc"}], delivery="server").body
    assert (sent["link"], sent["insert"]) == (None, None)
    urls = [one["personal_url"] for one in sent["recipients"]]
    assert len({url for url in urls if url}) == 3
    mails = OutgoingMail.objects.filter(about__startswith="recipient:").order_by("to_address")
    assert [one.to_address for one in mails] == [A, B, C]
    for one in mails:  # nobody reads of anybody else, least of all of who was hidden
        assert [other in one.text + one.html for other in (A, B, C) if other != one.to_address] == [False, False]


def test_refusals_of_a_commit(device: Caller, boss: Persona) -> None:
    assert commit(device, draft_of(device, 1), []).code == "no_recipients"
    bad = commit(device, draft_of(device, 1), [A, "nobody", "x@"])
    assert (bad.status, bad.code, bad.body["recipients"]) == (422, "invalid_recipient", ["nobody", "x@"])
    assert commit(device, draft_of(device, 0), [A]).code == "nothing_to_protect"
    draft = draft_of(device, 1)
    Version.objects.filter(document__public_id=draft["documents"][0]).update(state="converting")
    waiting = commit(device, draft, [A])
    assert (waiting.status, waiting.code, waiting.body["retry_after"]) == (409, "not_ready", 2)
    make_ready(Version.objects.get(document__public_id=draft["documents"][0]).public_id)
    assert commit(device, draft, [A]).status == 201
    stale = commit(device, draft_of(device, 1), [A], more=1)
    assert (stale.status, stale.code) == (409, "stale_draft")
    sends.set_mail_policy(
        boss.actor,
        MailPolicy(internal_domains=("example.net",), internal_only=True, max_files=1, max_recipients=2, max_file_bytes=10),
        now=datetime.now(UTC),
    )
    outside = commit(device, draft_of(device, 1), [A, "x@example.org"])
    assert (outside.status, outside.code, outside.body["addresses"]) == (403, "external_blocked", ["x@example.org"])
    many = commit(device, draft_of(device, 1), [A, B, C])
    assert (many.status, many.code, many.body["limit"], many.body["actual"]) == (413, "too_many_recipients", 2, 3)
    files = commit(device, draft_of(device, 2), [A])
    assert (files.status, files.code, files.body["limit"], files.body["actual"]) == (413, "too_many_files", 1, 2)
    assert commit(device, draft_of(device, 1), [A]).code == "too_large"
    assert device.get("/credits").body["used"] == 1


def test_files_and_debts_that_stop_a_commit(device: Caller, boss: Persona) -> None:
    program = device.upload(name="invoice.exe", data=b"MZ\x90\x00" + bytes(400))
    assert (program.status, program.code) == (415, "type_refused")
    draft = draft_of(device, 1)
    for reason in ("password_required", "corrupt", "limit_pages"):
        make_failed(Version.objects.get(document__public_id=draft["documents"][0]).public_id, code=reason)
        failed = commit(device, draft, [A])
        assert (failed.status, failed.code, failed.body["document"]) == (422, reason, draft["documents"][0])
    Version.objects.update(state="ready", error_code="", pages=None)
    blank = commit(device, draft, [A])
    assert (blank.status, blank.code) == (422, "unviewable")
    name = uuid.uuid4()
    sent = device.call("PUT", f"/drafts/{name}", {"documents": [device.document()]}).body
    assert commit(device, sent, [A]).status == 201
    written = device.call("PUT", f"/drafts/{name}", {"documents": []})
    assert (written.status, written.code) == (409, "already_sent")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    make_invoice(boss.team, kind=InvoiceKind.RENEWAL, opened_at=long_ago)
    due = commit(device, draft_of(device, 1), [A])
    assert (due.status, due.code, device.get("/credits").body["used"]) == (402, "payment_due", 1)


def test_sender_and_route_are_the_members(device: Caller, admin: Caller) -> None:
    name = uuid.uuid4()
    refused = device.call("PUT", f"/drafts/{name}", {"from": "ceo@example.com"})
    assert (refused.status, refused.code, refused.body["senders"]) == (403, "sender_not_allowed", ["boss@example.com"])
    assert device.call("PUT", f"/drafts/{name}", {"from": "no address"}).code == "sender_not_allowed"
    assert device.call("PUT", f"/drafts/{name}", {"route": "outlook"}).body["errors"] == {"route": ["not_yours"]}
    assert Send.objects.count() == 0
    by_key = admin.call("PUT", f"/drafts/{name}", {"route": "thunderbird", "documents": [admin.document()]}).body
    assert commit(admin, by_key, [A]).status == 201
    assert [one["route"] for one in admin.get("/credits/ledger").body["items"] if one["kind"] == "charge"] == ["thunderbird"]


def test_revoked_and_restored(device: Caller) -> None:
    sent = commit(device, draft := draft_of(device, 1), [A]).body
    assert device.post(f"/sends/{sent['id']}/revoke").body["state"] == "revoked"
    assert commit(device, draft, [A, B], more=1).code == "not_live"
    assert device.post(f"/sends/{sent['id']}/restore").body["state"] == "active"
    assert commit(device, draft, [A, B], more=1).body["charged"] == 1


def test_draft_left_for_a_day_is_thrown_away(device: Caller, admin: Caller) -> None:
    left, sent = draft_of(device, 1, body={"text": "Hello"}), draft_of(device, 1)
    commit(device, sent, [A])
    plain = admin.call("PUT", f"/drafts/{uuid.uuid4()}", {}).body["id"]
    assert sends.purge_drafts(now=datetime.now(UTC) + timedelta(hours=23)) == 0
    assert sends.purge_drafts(now=datetime.now(UTC) + timedelta(hours=25)) == 1
    assert set(Send.objects.values_list("public_id", flat=True)) == {sent["id"], plain}
    assert left["id"] not in {sent["id"], plain}


def test_mail_marked_as_sent_must_have_been_committed(device: Caller, user: Caller) -> None:
    draft = draft_of(device, 1)
    assert device.post(f"/drafts/{draft['id']}/mark-sent").code == "not_live"
    assert user.post(f"/drafts/{draft['id']}/mark-sent").code == "not_found"
    assert user.call("PUT", f"/drafts/{draft['id']}/body", {"text": "x"}).code == "not_found"
