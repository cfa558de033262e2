# SPDX-License-Identifier: Apache-2.0
"""Mail clients sign in: by a code confirmed in the browser, then with tokens that reach a few calls."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tests.factories.accounts import Persona, connect_device
from tests.factories.api import Caller, make_caller

from sealroom.accounts.models import Device


def begin(nobody: Caller) -> dict[str, str]:
    answer = nobody.post("/auth/device", {"client": "gmail-ext", "version": "1.2", "label": "Olive's laptop"})
    assert answer.status == 200, answer.body
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    body: dict[str, str] = answer.body
    return body


def test_code_is_confirmed_by_post_and_becomes_tokens(boss: Persona, nobody: Caller) -> None:
    asked = begin(nobody)
    path = "/settings/mail/connect/"
    assert asked["verification_uri_complete"].endswith(f"{path}?code={asked['user_code']}")
    poll = {"device_code": asked["device_code"]}
    pending = nobody.post("/auth/token", poll)
    assert (pending.status, pending.code, pending.body["error"]) == (400, "authorization_pending", "authorization_pending")
    assert nobody.post("/auth/token", poll).code == "slow_down"
    browser = boss.client()
    page = browser.get(path, {"code": asked["user_code"], "deed": "approve"}).content.decode()
    for shown in ("Gmail", "Olive&#x27;s laptop", "127.0.0.1", "boss@example.com", "Northwind", asked["user_code"], "refuse"):
        assert shown in page
    assert Device.objects.count() == 0  # looking at the page, whatever its address says, lets nobody in
    strict = type(browser)(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post(path, {"code": asked["user_code"], "deed": "approve"}).status_code == 403
    assert browser.post(path, {"code": asked["user_code"], "deed": "approve"})["Location"] == "/settings/mail/"


def test_tokens_do_what_mail_clients_need(boss: Persona, nobody: Caller) -> None:
    tokens = connect_device(boss, now=datetime.now(UTC))
    device = Caller(tokens.access_token, boss)
    me = device.get("/me").body
    assert (me["user"]["email"], me["credits"], me["senders"]) == ("boss@example.com", {"available": 1500}, ["boss@example.com"])
    assert me["limits"] == {"file_bytes": 2 * 1024**3, "files": 100, "recipients": 10_000, "message_html_bytes": 1024 * 1024}
    assert me["policy"] == {"mode": "ask", "min_bytes": 0, "internal_domains": [], "internal_only": False}
    assert (me["presets"], me["selectors_version"]) == ([], 0)
    document = device.document()
    assert device.send([document], ["a@example.net"])["charged"] == 1
    assert [one["route"] for one in device.get("/credits/ledger").body["items"] if one["kind"] == "charge"] == ["gmail"]
    for path in ("/keys", "/members", "/presets", "/billing/plan", "/billing/invoices"):
        assert (path, device.get(path).code) == (path, "forbidden")
    assert device.post("/keys", {"name": "More", "scopes": ["send"]}).code == "forbidden"
    colleague = make_caller(boss).send([document], ["b@example.net"])
    assert device.get(f"/sends/{colleague['id']}").status == 200  # the same member's
    assert nobody.post("/auth/revoke", {"token": tokens.refresh_token}).status == 204
    assert device.get("/me").code == "unauthenticated"


def test_device_of_a_user_sees_only_his_own(boss: Persona, admin: Caller, user: Caller) -> None:
    assert user.persona is not None
    device = Caller(connect_device(user.persona, now=datetime.now(UTC)).access_token)
    sent = admin.send([admin.document()], ["a@example.net"])
    assert device.get(f"/sends/{sent['id']}").code == "not_found"
    assert device.post(f"/sends/{sent['id']}/revoke").code == "not_found"
    assert device.get("/credits/ledger").body["items"] == []


def test_admins_device_ends_no_colleagues_send(boss: Persona, admin: Caller, user: Caller) -> None:
    sent = user.send([user.document()], ["a@example.net"])
    device = Caller(connect_device(boss, now=datetime.now(UTC)).access_token)
    assert device.post(f"/sends/{sent['id']}/revoke").code == "not_found"
    assert admin.post(f"/sends/{sent['id']}/revoke").status == 200


def test_refresh_and_bad_requests(boss: Persona, nobody: Caller) -> None:
    tokens = connect_device(boss, now=datetime.now(UTC))
    fresh = nobody.post("/auth/token", {"refresh_token": tokens.refresh_token})
    assert (fresh.status, fresh.body["token_type"], fresh.body["expires_in"], fresh.body["scope"]) == (
        200,
        "Bearer",
        3600,
        "mail:send",
    )
    assert nobody.post("/auth/token", {"refresh_token": tokens.refresh_token}).code == "invalid_grant"
    assert Caller(fresh.body["access_token"]).get("/me").code == "unauthenticated"
    assert nobody.post("/auth/token", {}).code == "invalid"
    assert nobody.post("/auth/token", {"device_code": "a", "refresh_token": "b"}).code == "invalid"
    assert nobody.post("/auth/device", {"client": "other"}).code == "invalid"


@pytest.mark.parametrize("deed", ["deny", "approve"])
def test_page_of_mail_programs(boss: Persona, nobody: Caller, deed: str) -> None:
    browser, asked = boss.client(), begin(nobody)
    assert browser.get("/settings/mail/connect/").status_code == 200
    assert browser.post("/settings/mail/connect/", {"code": "BBBB-BBBB"}).status_code == 404
    assert asked["user_code"] in browser.post("/settings/mail/connect/", {"code": asked["user_code"]}).content.decode()
    assert browser.post("/settings/mail/connect/", {"code": asked["user_code"], "deed": deed}).status_code == 302
    answer = nobody.post("/auth/token", {"device_code": asked["device_code"]})
    assert answer.status == (200 if deed == "approve" else 400)
    assert Device.objects.count() == (deed == "approve")
    made = browser.post("/settings/mail/", {"label": "Scanner"}).content.decode()
    (secret,) = re.findall(r"\b[0-9A-Za-z]{24}\b", re.sub(r"<input[^>]*csrf[^>]*>", "", made))[:1]
    page = browser.get("/settings/mail/").content.decode()
    assert (secret in page, "Scanner" in page, "Olive&#x27;s laptop" in page) == (False, True, deed == "approve")
    revokes = re.findall(r'action="(/settings/mail/(?:devices|passwords)/[^"]+/revoke/)"', page)
    assert [browser.post(address).status_code for address in revokes] == [302] * len(revokes)
    assert re.findall(r"/revoke/", browser.get("/settings/mail/").content.decode()) == []


def test_admin_decides_what_clients_do(boss: Persona, admin: Caller, user: Caller) -> None:
    form = {
        "mode": "force", "min_mb": "5", "internal_domains": "Example.com\n@Müller.example", "internal_only": "on",
        "max_file_mb": "10", "max_files": "3", "max_recipients": "7", "author": "own",
    }  # fmt: skip
    browser = boss.client()
    assert browser.post("/admin/integrations/", form)["Location"] == "/admin/integrations/"
    me = user.get("/me").body
    assert me["policy"] == {
        "mode": "force",
        "min_bytes": 5 * 1024**2,
        "internal_domains": ["example.com", "xn--mller-kva.example"],
        "internal_only": True,
    }
    assert (me["limits"]["file_bytes"], me["limits"]["files"], me["limits"]["recipients"]) == (10 * 1024**2, 3, 7)
    assert "xn--mller-kva.example" in browser.get("/admin/integrations/").content.decode()
    for wrong in ({"internal_domains": "no domain!"}, {"internal_domains": ""}, {"mode": "sometimes"}, {"max_files": "0"}):
        assert browser.post("/admin/integrations/", form | wrong).status_code == 422
    assert user.persona is not None
    assert user.persona.client().post("/admin/integrations/", form).status_code == 403
