# SPDX-License-Identifier: Apache-2.0
"""Every setting over the API: as written, as read back, and what is refused; presets, requests, deletion."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.factories.api import Caller
from tests.factories.sends import jobs_named

from sealroom.access.models import PolicyRow
from sealroom.billing.models import Subscription
from sealroom.billing.queries import plan_by_code
from sealroom.core.models import StoredAnswer
from sealroom.sends import flows, tasks
from sealroom.sends.models import Deed

MARK = {
    "fields": ["email"],
    "text": "Draft",
    "size": "small",
    "color": "#aa0000",
    "angle": 30,
    "layout": "tile",
    "media": "laid_over",
}
FULL: dict[str, object] = {
    "access": "domains", "domains": ["EXAMPLE.com"], "permission": "download_pdf", "starts_at": "2020-01-01T00:00:00Z",
    "expires_at": "2090-01-01T00:00:00Z", "expire_after_opening_s": 3600, "passcode": "open sesame",
    "terms": {"text": "<p>Keep it.</p>"}, "watermark": MARK, "screen_shield": True, "max_views": 3, "max_prints": 2,
    "allow_ips": ["198.51.100.7/24"], "block_domains": ["example.org"], "protect_pdf": True,
}  # fmt: skip


def test_all_settings_are_read_back_as_they_bind(admin: Caller) -> None:
    answer = admin.post("/sends", {"documents": [admin.document()], "settings": FULL}, key="order-1")
    assert (answer.status, answer.body["charged"], answer.body["recipients"]) == (201, 1, [])
    assert "/v/" in answer.body["link"]
    settings = answer.body["settings"]
    assert len(settings["terms"].pop("sha256")) == 64
    assert settings == FULL | {
        "domains": ["example.com"],
        "passcode": True,
        "terms": {"text": "<p>Keep it.</p>", "document": None},
        "screen_shield": "medium",
        "allow_ips": ["198.51.100.0/24"],
        "allow_countries": [],
    }
    assert "sesame" not in str(answer.body)
    for kept in (StoredAnswer.objects.get().request_digest, Deed.objects.get().request_digest):
        assert len(kept) == 64


def test_a_change_names_only_what_changes(admin: Caller) -> None:
    sent = admin.send([admin.document()], [], settings=FULL)
    before = PolicyRow.objects.get().passcode_hash
    changed = admin.call("PATCH", f"/sends/{sent['id']}", {"settings": {"screen_shield": "large"}})
    assert changed.body["settings"] == sent["settings"] | {"screen_shield": "large"}
    assert PolicyRow.objects.get().passcode_hash == before
    off: dict[str, object] = {"screen_shield": False, "passcode": None, "terms": None, "domains": [], "access": "named_code"}
    cleared = admin.call("PATCH", f"/sends/{sent['id']}", {"settings": off}).body
    assert (cleared["link"], cleared["settings"]["passcode"], cleared["settings"]["terms"]) == (None, False, None)


def test_widening_is_charged_or_refused_with_the_numbers(admin: Caller) -> None:
    sent = admin.send([admin.document(), admin.document()], ["a@example.net"])
    quote = admin.post("/sends/quote", {"send_id": sent["id"], "settings": {"access": "anyone"}}).body
    assert (quote["cost"], [line["recipient"] for line in quote["lines"]]) == (2, ["", ""])
    wide = admin.call("PATCH", f"/sends/{sent['id']}", {"settings": {"access": "anyone"}})
    assert (wide.body["charged"], wide.body["available"]) == (2, 1496)
    assert wide.body["link"] == admin.get(f"/sends/{sent['id']}").body["link"]
    other = admin.send([admin.document()], ["a@example.net"])
    Subscription.objects.update(plan=plan_by_code("pro"))
    refused = admin.call("PATCH", f"/sends/{other['id']}", {"settings": {"screen_shield": True}})
    assert (refused.status, refused.code, refused.body["feature"]) == (403, "feature_missing", "screen_shield")
    assert refused.body["buy_url"].endswith("?focus=screen_shield")
    assert admin.send([admin.document()], ["a@example.net"])["settings"]["watermark"] is None


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"access": "domains"}, "domains"), ({"access": "anyone", "domains": ["example.com"]}, "domains"),
        ({"allow_ips": ["everywhere"]}, "allow_ips"), ({"allow_countries": ["FR"]}, "allow_countries"),
        ({"passcode": ""}, "passcode"), ({"max_views": 0}, "max_views"), ({"max_prints": 10**30}, "max_prints"),
        ({"expire_after_opening_s": 5}, "expire_after_opening_s"), ({"terms": "organization"}, "terms"), ({"terms": {}}, "terms"),
        ({"watermark": MARK | {"color": "white"}}, "watermark"), ({"block_domains": ["a b"]}, "block_domains"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_400_and_named(admin: Caller, settings: dict[str, object], field: str) -> None:
    refused = admin.post("/sends", {"documents": [admin.document()], "recipients": ["a@example.net"], "settings": settings})
    assert (refused.code, list(refused.body["errors"])) == ("invalid", [field])


@pytest.mark.parametrize(
    "settings",
    [{"max_views": True}, {"screen_shield": "yes"}, {"terms": "ours"}, {"access": "all"}, {"expires": 1}, {"domains": "x"}],
)
def test_a_setting_of_the_wrong_kind_is_400(admin: Caller, settings: dict[str, object]) -> None:
    refused = admin.post("/sends", {"documents": ["doc_x"], "settings": settings})
    assert (refused.code, [name.split(".")[0] for name in refused.body["errors"]][:1]) == ("invalid", ["settings"])


def test_presets_are_made_by_admins_and_followed_by_sends(admin: Caller, user: Caller) -> None:
    body = {
        "name": "Banks",
        "settings": {"permission": "print", "expires_after_s": 86400},
        "fixed": ["permission", "expires_after_s"],
    }
    made = admin.post("/presets", body | {"is_default": True})
    assert (made.status, made.body["settings"], made.body["fixed"]) == (201, body["settings"], body["fixed"])
    assert user.post("/presets", body).code == "forbidden"
    listed = user.get("/presets").body
    assert (listed["items"], listed["presets_only"]) == ([made.body], False)
    document = user.document()
    sent = user.send([document], ["a@example.net"])
    assert (sent["preset"], sent["settings"]["permission"]) == (made.body["id"], "print")
    for settings in ({"permission": "view"}, {"expires_at": None}):
        refused = user.post("/sends", {"documents": [document], "recipients": ["a@example.net"], "settings": settings})
        assert list(refused.body["errors"].values()) == [["fixed_by_preset"]]
        refused = user.call("PATCH", f"/sends/{sent['id']}", {"settings": settings})
        assert list(refused.body["errors"].values()) == [["fixed_by_preset"]]
    assert user.send([document], ["b@example.net"], preset=None)["preset"] is None
    assert admin.call("PATCH", "/presets", {"presets_only": True}).body["presets_only"]
    free = {"documents": [document], "recipients": ["c@example.net"], "preset": None}
    assert user.post("/sends", free).body["errors"] == {"preset": ["required"]}
    assert user.post("/sends", free | {"preset": "pre_x"}).body["errors"] == {"preset": ["unknown"]}
    assert admin.call("PUT", f"/presets/{made.body['id']}", {"name": "Others"}).body["fixed"] == []
    assert admin.call("DELETE", f"/presets/{made.body['id']}").status == 204
    assert user.get("/presets").body["items"] == []


def test_a_changed_draft_is_not_committed(admin: Caller) -> None:
    path = "/drafts/33333333-3333-4333-8333-333333333333"
    content = {"documents": [admin.document()], "recipients": ["a@example.net"]}
    first = admin.call("PUT", path, content).body
    second = admin.call("PUT", path, content | {"settings": {"passcode": "1234"}}).body
    stale = admin.post(f"/drafts/{first['id']}/commit", key=f"{first['id']}:{first['revision']}")
    assert (stale.status, stale.code, stale.body["revision"]) == (409, "stale_draft", second["revision"])
    sent = admin.post(f"/drafts/{first['id']}/commit", key=f"{first['id']}:{second['revision']}")
    assert (sent.status, sent.body["settings"]["passcode"], sent.body["charged"]) == (201, True, 1)


def test_requests_are_seen_with_their_price_and_decided(admin: Caller, user: Caller) -> None:
    sent = admin.send([admin.document(), admin.document()], ["a@example.net"])
    for asker in ("x@example.net", "y@example.net"):
        flows.request_access(
            sent["link"].rstrip("/").rpartition("/")[2], address=asker, name="Ada", ip="192.0.2.1", now=datetime.now(UTC)
        )
    for job in jobs_named("sends.take_request"):
        tasks.take_request(**job)
    listed = admin.get(f"/sends/{sent['id']}/requests").body["items"]
    assert [(one["email"], one["state"], one["cost"]) for one in listed] == [
        ("y@example.net", "pending", 2),
        ("x@example.net", "pending", 2),
    ]
    assert user.post(f"/requests/{listed[0]['id']}/approve").code == "not_found"
    done = admin.post(f"/requests/{listed[0]['id']}/approve", key="yes")
    assert (done.status, done.body["charged"], done.body["recipients"][0]["email"]) == (201, 2, "y@example.net")
    assert admin.post(f"/requests/{listed[1]['id']}/decline").status == 204
    assert [one["state"] for one in admin.get(f"/sends/{sent['id']}/requests").body["items"]] == ["approved", "declined"]


def test_a_deleted_send_is_gone_and_its_ledger_stays(admin: Caller) -> None:
    sent = admin.send([admin.document()], ["a@example.net"])
    assert admin.call("DELETE", f"/sends/{sent['id']}").status == 204
    for method, path in (("GET", ""), ("POST", "/restore"), ("POST", "/cancel"), ("DELETE", ""), ("GET", "/events")):
        assert admin.call(method, f"/sends/{sent['id']}{path}").code == "not_found"
    assert admin.get("/sends").body["items"] == []
    assert admin.get("/credits").body["used"] == 1
    assert admin.get("/credits/ledger").body["items"][0]["send_id"] == sent["id"]
