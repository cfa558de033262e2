# SPDX-License-Identifier: Apache-2.0
"""Sends: price, delivery, control."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.api import Caller, make_caller, make_failed, make_ready
from tests.factories.documents import make_pdf

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.core.jobs.worker import drain
from sealroom.documents.models import Version
from sealroom.mail.models import OutgoingMail
from sealroom.sends.models import Send

FIVE = [f"r{number}@example.net" for number in range(5)]


def give_credits(caller: Caller, amount: int) -> None:
    """Let the caller's team have this many credits now."""
    assert caller.persona is not None
    billing.set_plan(caller.persona.team, "team", who=SYSTEM, now=datetime.now(UTC), credits=amount)


def invitations() -> int:
    """How many mails were written to recipients."""
    return OutgoingMail.objects.filter(about__startswith="recipient:").count()


def test_two_documents_to_five_people_cost_ten(admin: Caller) -> None:
    documents = [admin.document("Term sheet.pdf"), admin.document("Forecast.pdf")]
    quote = admin.post("/sends/quote", {"documents": documents, "recipients": FIVE}).body
    assert {name: quote[name] for name in ("cost", "available", "after", "enough")} == {
        "cost": 10, "available": 1500, "after": 1490, "enough": True,
    }  # fmt: skip
    assert sorted((line["document_id"], line["recipient"], line["credits"]) for line in quote["lines"]) == sorted(
        (document, address, 1) for document in documents for address in FIVE
    )
    sent = admin.send(documents, FIVE, subject="Series B", message="Please read.")
    assert {name: sent[name] for name in ("state", "waiting", "charged", "available", "subject", "message")} == {
        "state": "active", "waiting": False, "charged": 10, "available": 1490, "subject": "Series B", "message": "Please read.",
    }  # fmt: skip
    assert sent["link"] is None  # several recipients: each has an own one
    assert [one["id"] for one in sent["documents"]] == documents
    assert [one["email"] for one in sent["recipients"]] == FIVE
    assert len({one["link"] for one in sent["recipients"]}) == 5
    assert admin.get("/credits").body["used"] == 10
    drain()
    assert invitations() == 5
    again = admin.send(documents, [*FIVE, "new@example.net"])
    assert again["charged"] == 2  # the same versions to the same people are paid


def test_send_while_documents_are_prepared_waits_and_goes_out(admin: Caller) -> None:
    ready = admin.document()
    received = admin.upload(make_pdf(["page"])).body["id"]
    sent = admin.send([ready, received], FIVE)
    assert (sent["state"], sent["waiting"], sent["charged"], sent["available"]) == ("draft", True, 0, 1500)
    assert invitations() == 0
    drain()
    after = admin.get(f"/sends/{sent['id']}").body
    assert (after["state"], after["waiting"], after["charged"], after["available"]) == ("active", False, 10, 1490)
    assert invitations() == 5


def test_too_few_credits_refuse_with_the_numbers(admin: Caller, user: Caller) -> None:
    give_credits(admin, 7)
    for caller, sees_shop in ((admin, True), (user, False)):
        documents = [caller.document(), caller.document()]
        body = {"documents": documents, "recipients": FIVE}
        quote = caller.post("/sends/quote", body).body
        assert (quote["cost"], quote["available"], quote["after"], quote["enough"]) == (10, 7, 0, False)
        refused = caller.post("/sends", body)
        assert (refused.status, refused.code) == (402, "insufficient_credits")
        numbers = {name: refused.body[name] for name in ("needed", "available", "missing")}
        assert numbers == {"needed": 10, "available": 7, "missing": 3}
        assert datetime.fromisoformat(refused.body["resets_at"]) > datetime.now(UTC)
        assert ("buy_url" in refused.body) == sees_shop
    assert Send.objects.count() == 0
    assert invitations() == 0
    assert admin.get("/credits").body["available"] == 7
    assert admin.post("/sends", {"documents": [admin.document()], "recipients": FIVE}).status == 201


def test_shop_is_under_the_configured_address(admin: Caller) -> None:
    give_credits(admin, 0)
    refused = admin.call(
        "POST", "/sends", {"documents": [admin.document()], "recipients": FIVE}, headers={"X-Forwarded-Host": "evil.example"}
    )
    assert refused.body["buy_url"].startswith("http://127.0.0.1:8000/")


def test_unique_recipients_are_counted_once_and_the_sender_is_free(admin: Caller) -> None:
    recipients = [
        "a@example.net", " A@EXAMPLE.NET. ", {"email": "a@example.net", "kind": "cc"}, {"email": "b@example.net", "kind": "bcc"},
        "a+tag@example.net", "boss@example.com",
    ]  # fmt: skip
    sent = admin.send([admin.document()], recipients)  # type: ignore[arg-type]
    assert (sent["charged"], [one["email"] for one in sent["recipients"]]) == (
        3, ["a@example.net", "b@example.net", "a+tag@example.net", "boss@example.com"],
    )  # fmt: skip


def test_same_key_charges_once_and_another_body_is_refused(admin: Caller) -> None:
    body = {"documents": [admin.document()], "recipients": FIVE}
    first = admin.post("/sends", body, key="order-1")
    again = admin.post("/sends", dict(reversed(body.items())), key="order-1")
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = admin.post("/sends", body | {"recipients": FIVE[:4]}, key="order-1")
    assert (other.status, other.code) == (409, "idempotency_conflict")
    assert (admin.get("/credits").body["used"], Send.objects.count()) == (5, 1)


def test_key_of_a_refused_request_may_be_used_again(admin: Caller) -> None:
    document = admin.document()
    give_credits(admin, 4)
    assert admin.post("/sends", {"documents": [document], "recipients": FIVE}, key="k").status == 402
    give_credits(admin, 100)
    assert admin.post("/sends", {"documents": [document], "recipients": FIVE}, key="k").status == 201
    assert admin.get("/credits").body["used"] == 5


def test_keys_of_two_callers_do_not_meet(admin: Caller, user: Caller, foreign: Caller) -> None:
    for caller in (admin, user, foreign):
        answer = caller.post("/sends", {"documents": [caller.document()], "recipients": ["a@example.net"]}, key="same")
        assert (answer.status, "Idempotent-Replayed" in answer.headers) == (201, False)


@pytest.mark.parametrize("key", ["x" * 201, "naïve", "tab\there"])
def test_key_that_is_none_is_400(admin: Caller, key: str) -> None:
    body = {"documents": [admin.document()], "recipients": FIVE}
    assert admin.post("/sends", body, key=key).code == "invalid"
    assert Send.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"documents": []}, "documents"), ({"recipients": []}, "recipients"), ({"documents": "x"}, "documents"),
        ({"recipients": ["no address"]}, "recipients"), ({"recipients": [{"email": "a@example.net", "x": 1}]}, "recipients"),
        ({"recipients": [{"email": "a@example.net", "kind": "all"}]}, "recipients"), ({"recipients": [7]}, "recipients"),
        ({"subject": "a\nBcc: x@example.net"}, "subject"), ({"subject": "s" * 201}, "subject"),
        ({"message": "m" * 10_001}, "message"),
        ({"unknown": 1}, "unknown"), ({"settings": {"unknown": 1}}, "settings"), ({"settings": {"access": "everyone"}}, "settings"),
        ({"settings": {"permission": "own"}}, "settings"), ({"settings": {"expires_at": "2020-01-01T00:00:00Z"}}, "expires_at"),
        ({"settings": {"expires_at": "tomorrow"}}, "settings"), ({"settings": {"expires_at": "2031-01-01T00:00:00"}}, "settings"),
        ({"settings": {"watermark": {"fields": ["phone"]}}}, "settings"),
        ({"settings": {"watermark": {"fields": []}}}, "watermark"),
        ({"notify": "perhaps"}, "notify"), ({"subject": "a\u0000b"}, "body"), ({"team": "x"}, "team"), ({"charged": 0}, "charged"),
    ],
)  # fmt: skip
def test_send_with_bad_words_is_400_and_names_the_field(admin: Caller, change: dict[str, object], field: str) -> None:
    refused = admin.post("/sends", {"documents": [admin.document()], "recipients": ["a@example.net"]} | change)
    assert refused.code == "invalid"
    assert [name for name in refused.body["errors"] if name.split(".")[0] == field], refused.body["errors"]
    assert (Send.objects.count(), admin.get("/credits").body["used"]) == (0, 0)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b'"\\ud800"', b"null", b"NaN", b"1e999"]
)
def test_body_that_is_no_json_object_is_400(admin: Caller, body: bytes) -> None:
    answer = admin.call("POST", "/sends", body)
    assert (answer.status, answer.code) == (400, "invalid")


def test_body_beyond_the_limit_is_413(admin: Caller) -> None:
    answer = admin.call("POST", "/sends", b'{"message":"' + b"m" * 5_000_000 + b'"}')
    assert (answer.status, answer.code) == (413, "too_large")


def test_document_that_cannot_be_sent_is_422_with_its_own_code(admin: Caller) -> None:
    for code in ("password_required", "corrupt", "limit_pages", "limit_pixels"):
        upload = admin.upload().body
        make_failed(upload["version_id"], code=code)
        refused = admin.post("/sends", {"documents": [upload["id"]], "recipients": FIVE})
        assert (refused.status, refused.code) == (422, code)
    document = admin.document(pages=0)
    refused = admin.post("/sends", {"documents": [document], "recipients": FIVE})
    assert (refused.status, refused.code) == (422, "unviewable")
    sent = admin.send([document], FIVE, settings={"permission": "download_original"})
    assert sent["charged"] == 5


def test_settings_default_and_change(admin: Caller) -> None:
    sent = admin.send([admin.document()], ["a@example.net"])
    default: dict[str, object] = {
        "access": "named_code", "domains": [], "permission": "view", "starts_at": None, "expires_at": None,
        "expire_after_opening_s": None, "passcode": False, "terms": None,
        "watermark": {
            "fields": ["email", "ip", "time"], "text": "", "size": "", "color": "", "angle": None, "layout": "", "media": "",
        },
        "screen_shield": None, "max_views": None, "max_prints": None, "allow_ips": [], "allow_countries": [], "block_domains": [],
        "protect_pdf": False,
    }  # fmt: skip
    assert sent["settings"] == default
    until = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    changed = admin.call("PATCH", f"/sends/{sent['id']}", {"settings": {"expires_at": until}})
    assert (changed.status, changed.body["charged"], changed.body["settings"]) == (200, 0, default | {"expires_at": until})
    offset = admin.call(
        "PATCH", f"/sends/{sent['id']}", {"settings": {"expires_at": until.replace("Z", "+02:00"), "watermark": None}}
    )
    assert offset.body["settings"]["watermark"] is None
    assert datetime.fromisoformat(offset.body["settings"]["expires_at"]) == datetime.fromisoformat(until) - timedelta(hours=2)
    assert admin.call("PATCH", f"/sends/{sent['id']}", {"settings": {"expires_at": "2020-01-01T00:00:00Z"}}).code == "invalid"
    assert admin.call("PATCH", f"/sends/{sent['id']}", {}).code == "invalid"
    assert admin.call("PATCH", f"/sends/{sent['id']}", {"settings": {}, "subject": "x"}).code == "invalid"


def test_scheduled_send_says_so(admin: Caller) -> None:
    start = datetime.now(UTC) + timedelta(days=1)
    sent = admin.send([admin.document()], ["a@example.net"], settings={"starts_at": start.isoformat()})
    assert (sent["state"], sent["charged"]) == ("scheduled", 1)


def test_revoke_and_restore_whole_and_in_part(admin: Caller) -> None:
    documents = [admin.document(), admin.document()]
    sent = admin.send(documents, FIVE)
    path = f"/sends/{sent['id']}"
    assert admin.post(f"{path}/revoke").body["state"] == "revoked"
    assert admin.post(f"{path}/restore").body["state"] == "active"
    person = sent["recipients"][1]["id"]
    assert admin.post(f"{path}/revoke", {"recipients": [person], "documents": [documents[0]]}).body["state"] == "active"
    seen = admin.get(path).body
    assert [one["state"] for one in seen["recipients"]] == ["active", "revoked", "active", "active", "active"]
    assert [one["revoked"] for one in seen["documents"]] == [True, False]
    restored = admin.post(f"{path}/restore", {"recipients": [person], "documents": [documents[0]]})
    assert (restored.status, restored.body["charged"]) == (200, 0)
    assert admin.post(f"{path}/revoke", {"recipients": ["rcp_absent"]}).status == 404
    assert admin.post(f"{path}/revoke", {"people": []}).code == "invalid"


def test_cancel_gives_back_within_fifteen_minutes(admin: Caller) -> None:
    sent = admin.send([admin.document()], FIVE)
    cancelled = admin.post(f"/sends/{sent['id']}/cancel", key="c-1")
    assert (cancelled.status, cancelled.body["state"], cancelled.body["charged"], cancelled.body["available"]) == (
        200,
        "cancelled",
        -5,
        1500,
    )
    assert admin.post(f"/sends/{sent['id']}/cancel", key="c-1").body == cancelled.body
    late = admin.send([admin.document()], FIVE)
    Send.objects.filter(public_id=late["id"]).update(sent_at=datetime.now(UTC) - timedelta(minutes=15, seconds=1))
    refused = admin.post(f"/sends/{late['id']}/cancel")
    assert (refused.status, refused.code) == (409, "too_late")
    assert admin.get("/credits").body["used"] == 5


def test_remind_is_free_and_not_too_often(admin: Caller) -> None:
    sent = admin.send([admin.document()], FIVE)
    drain()
    assert admin.post(f"/sends/{sent['id']}/remind").body == {"reminded": 5}
    refused = admin.post(f"/sends/{sent['id']}/remind")
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert admin.get("/credits").body["used"] == 5


def test_recipients_are_added_and_removed(admin: Caller) -> None:
    sent = admin.send([admin.document(), admin.document()], ["a@example.net"])
    path = f"/sends/{sent['id']}/recipients"
    price = admin.post("/sends/quote", {"send_id": sent["id"], "recipients": ["a@example.net", "b@example.net"]}).body
    assert price["cost"] == 2
    added = admin.post(path, {"recipients": ["a@example.net", "b@example.net"]}, key="add-1")
    assert (added.status, added.body["charged"], added.body["available"]) == (201, 2, 1496)
    assert [one["email"] for one in added.body["recipients"]] == ["b@example.net"]
    assert admin.post(path, {"recipients": ["a@example.net", "b@example.net"]}, key="add-1").body == added.body
    assert admin.post(path, {"recipients": ["c@example.net"]}, key="add-1").code == "idempotency_conflict"
    person = added.body["recipients"][0]["id"]
    assert admin.call("DELETE", f"{path}/{person}").status == 204
    assert admin.call("DELETE", f"{path}/{person}").status == 404
    assert admin.get("/credits").body["used"] == 4
    assert admin.post(path, {"recipients": []}).code == "invalid"
    admin.post(f"/sends/{sent['id']}/revoke")
    assert admin.post(path, {"recipients": ["d@example.net"]}).code == "not_live"


def test_sends_belong_to_their_sender(admin: Caller, user: Caller, foreign: Caller) -> None:
    sent = user.send([user.document()], ["a@example.net"])
    person = sent["recipients"][0]["id"]
    calls: list[tuple[str, str, object]] = [
        ("GET", "", None), ("PATCH", "", {"settings": {}}), ("POST", "/remind", None), ("POST", "/cancel", None),
        ("POST", "/recipients", {"recipients": ["b@example.net"]}), ("DELETE", f"/recipients/{person}", None),
        ("GET", "/analytics", None), ("GET", "/events", None),
    ]  # fmt: skip
    for method, tail, body in calls:
        for caller in (admin, foreign):
            refused = caller.call(method, f"/sends/{sent['id']}{tail}", body)
            absent = caller.call(method, f"/sends/snd_absent{tail}", body)
            assert (refused.status, refused.code, absent.code) == (404, "not_found", "not_found"), (method, tail)
            assert refused.body | {"request_id": "", "id": ""} == absent.body | {"request_id": "", "id": ""}
    for deed in ("revoke", "restore"):
        assert foreign.post(f"/sends/{sent['id']}/{deed}").code == "not_found"
    assert admin.post(f"/sends/{sent['id']}/restore").code == "forbidden"  # admins see that it exists, by name and numbers
    assert admin.get("/sends").body["items"] == []
    assert user.get(f"/sends/{sent['id']}").body["state"] == "active"


def test_admin_ends_a_colleagues_send_without_seeing_it(admin: Caller, user: Caller) -> None:
    sent = user.send([user.document()], ["a@example.net"], subject="Private")
    ended = admin.post(f"/sends/{sent['id']}/revoke")
    assert (ended.status, ended.body["state"], "Private" in str(ended.body)) == (200, "revoked", False)
    assert user.get(f"/sends/{sent['id']}").body["state"] == "revoked"
    assert user.post(f"/sends/{sent['id']}/restore").status == 403


def test_sends_are_listed_filtered_and_paged(admin: Caller) -> None:
    document = admin.document()
    ids = [admin.send([document], [f"p{number}@example.net"], subject=f"No {number}")["id"] for number in range(3)]
    admin.post(f"/sends/{ids[0]}/revoke")
    first = admin.get("/sends?limit=2").body
    second = admin.get(f"/sends?limit=2&cursor={first['next']}").body
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert [one["id"] for one in admin.get("/sends?state=ended").body["items"]] == ids[:1]
    assert [one["id"] for one in admin.get("/sends?search=p2@example").body["items"]] == ids[2:]
    for query in ("state=else", "cursor=x", "limit=101", "limit=-1", "page=2"):
        assert admin.get(f"/sends?{query}").code == "invalid"


def test_analytics_and_events_tell_what_was_done(admin: Caller) -> None:
    document = admin.document(pages=4)
    sent = admin.send([document], ["a@example.net", "b@example.net"])
    admin.post(f"/sends/{sent['id']}/revoke", {"recipients": [sent["recipients"][1]["id"]]})
    seen = admin.get(f"/sends/{sent['id']}/analytics").body
    assert (seen["recipients"], seen["opened"], seen["opens"], seen["active_ms"]) == (2, 0, 0, 0)
    assert [(line["email"], line["document_id"], line["opens"], line["pages_seen"]) for line in seen["items"]] == [
        ("a@example.net", document, 0, 0),
        ("b@example.net", document, 0, 0),
    ]
    events = admin.get(f"/sends/{sent['id']}/events").body
    kinds = [event["kind"] for event in events["items"]]
    assert kinds == ["send.recipient_revoked", "send.sent"]
    assert events["items"][1]["actor"] == "boss@example.com"
    first = admin.get(f"/sends/{sent['id']}/events?limit=1").body
    second = admin.get(f"/sends/{sent['id']}/events?limit=1&cursor={first['next']}").body
    assert [event["kind"] for event in first["items"] + second["items"]] == kinds


def test_read_key_reads_own_sends(user: Caller) -> None:
    sent = user.send([user.document()], ["a@example.net"])
    reader = make_caller(user.persona, "read")  # type: ignore[arg-type]
    assert reader.get(f"/sends/{sent['id']}").status == 200
    calls: list[tuple[str, str, object]] = [
        ("PATCH", "", {"settings": {}}), ("POST", "/revoke", None), ("POST", "/restore", None), ("POST", "/remind", None),
        ("POST", "/cancel", None), ("POST", "/recipients", {"recipients": ["b@example.net"]}),
        ("DELETE", f"/recipients/{sent['recipients'][0]['id']}", None),
    ]  # fmt: skip
    for method, tail, body in calls:
        assert reader.call(method, f"/sends/{sent['id']}{tail}", body).code == "forbidden", (method, tail)


def test_version_of_the_moment_is_what_is_sent(admin: Caller) -> None:
    document = admin.document()
    added = admin.upload(b"%PDF-1.4\nnew", to=f"/documents/{document}/versions").body
    make_ready(added["id"])
    sent = admin.send([document], ["a@example.net"])
    assert sent["documents"][0]["version_id"] == Version.objects.get(document__public_id=document, number=1).public_id
