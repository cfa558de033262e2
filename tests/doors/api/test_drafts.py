# SPDX-License-Identifier: Apache-2.0
"""Drafts: a send in steps, each of which may be repeated."""

from __future__ import annotations

import uuid

from tests.factories.api import Caller

from sealroom.sends.models import Send

TWO = ["a@example.net", "b@example.net"]


def test_draft_is_written_priced_and_committed(admin: Caller) -> None:
    documents = [admin.document(), admin.document()]
    name = uuid.uuid4()
    empty = admin.call("PUT", f"/drafts/{name}", {})
    assert (empty.status, empty.body["state"], empty.body["documents"], empty.body["recipients"]) == (200, "draft", [], [])
    draft = empty.body["id"]
    filled = admin.call("PUT", f"/drafts/{name}", {"documents": documents[:1], "recipients": TWO, "subject": "Offer"}).body
    assert (filled["id"], filled["documents"], filled["recipients"]) == (draft, documents[:1], TWO)
    assert filled["revision"] > empty.body["revision"]
    more = admin.post(f"/drafts/{draft}/documents", {"documents": documents}).body
    assert more["documents"] == documents
    quote = admin.post(f"/drafts/{draft}/quote").body
    assert (quote["cost"], quote["available"], quote["enough"]) == (4, 1500, True)
    key = f"{draft}:{more['revision']}"
    sent = admin.post(f"/drafts/{draft}/commit", key=key)
    assert (sent.status, sent.body["id"], sent.body["state"], sent.body["charged"], sent.body["available"]) == (
        201,
        draft,
        "active",
        4,
        1496,
    )
    assert admin.post(f"/drafts/{draft}/commit", key=key).body == sent.body
    assert admin.get("/credits").body["used"] == 4


def test_draft_that_went_out_is_no_draft(admin: Caller) -> None:
    name = uuid.uuid4()
    draft = admin.call("PUT", f"/drafts/{name}", {"documents": [admin.document()], "recipients": TWO}).body
    assert admin.post(f"/drafts/{draft['id']}/commit", key=f"{draft['id']}:{draft['revision']}").status == 201
    assert admin.call("PUT", f"/drafts/{name}", {}).code == "already_sent"
    assert admin.post(f"/drafts/{draft['id']}/documents", {"documents": [admin.document()]}).code == "already_sent"
    assert admin.post(f"/drafts/{draft['id']}/commit", key="other").code == "already_sent"


def test_commit_needs_a_key_and_a_whole_draft(admin: Caller) -> None:
    draft = admin.call("PUT", f"/drafts/{uuid.uuid4()}", {}).body["id"]
    assert admin.post(f"/drafts/{draft}/commit").body["errors"] == {"Idempotency-Key": ["required: {id}:{revision}"]}
    refused = admin.post(f"/drafts/{draft}/commit", key=f"{draft}:1")
    assert (refused.code, set(refused.body["errors"])) == ("invalid", {"documents", "recipients"})


def test_draft_is_its_writers(admin: Caller, user: Caller, foreign: Caller) -> None:
    name = uuid.uuid4()
    draft = admin.call("PUT", f"/drafts/{name}", {"documents": [admin.document()], "recipients": TWO}).body["id"]
    for caller in (user, foreign):
        assert caller.post(f"/drafts/{draft}/quote").code == "not_found"
        assert caller.post(f"/drafts/{draft}/commit", key="k").code == "not_found"
        assert caller.post(f"/drafts/{draft}/documents", {"documents": ["x"]}).code == "not_found"
        assert caller.call("DELETE", f"/drafts/{draft}").code == "not_found"
        own = caller.call("PUT", f"/drafts/{name}", {}).body["id"]  # the same uuid of another writer is another draft
        assert own != draft
    assert admin.call("DELETE", f"/drafts/{draft}").status == 204
    assert admin.get(f"/sends/{draft}").code == "not_found"


def test_draft_with_bad_words_is_400(admin: Caller) -> None:
    assert admin.call("PUT", "/drafts/not-a-uuid", {}).code == "invalid"
    bad = admin.call("PUT", f"/drafts/{uuid.uuid4()}", {"recipients": ["a@example.net", "nobody"]})
    assert (bad.code, bad.body["errors"]) == ("invalid", {"recipients.1": ["bad_address"]})
    assert admin.call("PUT", f"/drafts/{uuid.uuid4()}", {"unknown": 1}).code == "invalid"
    assert Send.objects.count() == 0
