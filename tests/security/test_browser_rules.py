# SPDX-License-Identifier: Apache-2.0
"""Forged requests: forms without their token, redirects that lead away, hosts and addresses that a client made up, and text that
would be markup."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls.resolvers import URLPattern

from sealroom.accounts import flows as accounts
from sealroom.httpkit.visitors import cookie_name
from sealroom.mail.flows import _envelope
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.models import Recipient
from sealroom.sends.rules import Addressee, SendRequest
from tests.doors.test_permission_table import TABLE, routes
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.api import make_caller
from tests.factories.sends import open_as

AWAY = [
    "https://evil.example", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example",
    "\\\\evil.example", "http:///evil.example", "http:evil.example", "https:evil.example", "/\t/evil.example", "\t//evil.example",
    " //evil.example", "//evil.example/%2f..", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x",
    "//testserver@evil.example", "https://testserver.evil.example", "https://testserver@evil.example", "//evil。example",
    "\x01//evil.example", "ftp://testserver/", "/\n/evil.example", "http://[::1]]@evil.example",
]  # fmt: skip

MARKUP = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "</title><script>alert(1)</script>",
    "{{7*7}}", "{% debug %}", "${7*7}", "<%= 7*7 %>", "javascript:alert(1)", "</textarea><script>x</script>", "<!--<script>",
    "</script><script>alert(1)</script>", "<iframe srcdoc='<b>'>", "<a href=//evil.example>x</a>", "<math><mi xlink:href='x'>",
    '" autofocus onfocus=alert(1) x="', "' onmouseover='alert(1)", "`${alert(1)}`", "&lt;script&gt;alert(1)", "&#60;script&#62;",
    "<style>*{background:red}</style>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet>",
    "<c-badge>x</c-badge>", "%(name)s %s {0} {name}", "\\u003cscript\\u003e", "<details open ontoggle=alert(1)>", "=1+1|cmd",
    "<object data=x>", "<embed src=x>", "<form action=//evil.example>", "<input autofocus onfocus=alert(1)>", "]]><script>",
    "<video><source onerror=alert(1)>", "<body onload=alert(1)>", "<xss style=x>", "<noscript><p title='</noscript><img src=x>'>",
    "<template><script>", "data:text/html,<script>",
]  # fmt: skip
SIGNS = (
    "<script>alert", "<img src=x", "<svg/", "<iframe", "<a href=//evil", "<math", "<style>*", "<base href=//",
    "<meta http-equiv=refresh", "<c-badge", "<details open on", "<object data=x", "<embed", "<form action=//",
    "<video><s", "<body onload", "<xss", "<noscript><p", '" autofocus onfocus', "' onmouseover='", "<input autofocus",
    "<link rel=stylesheet>", "<%= 7*7",
)  # fmt: skip


def path_of(route: str) -> str:
    """An address of the route, with made-up names."""

    def named(part: str) -> str:
        return "1.jpg" if part.endswith(".jpg") else "1" if part.startswith("<int:") else "x1"

    return "/" + "/".join(named(part) if part.startswith("<") else part for part in route.split("/"))


def posts() -> list[str]:
    return [route for route, methods in TABLE.items() if "POST" in methods and not route.startswith("api/")]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://testserver.evil.example"])
def test_no_form_is_taken_without_its_token_or_from_another_origin(owner: Persona, origin: str | None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    client.cookies[cookie_name()] = "x" * 32
    headers = {"Origin": origin} if origin else {}
    if origin:
        page = client.get("/settings/").content.decode()
        headers["X-CSRFToken"] = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    found = {route: client.post(path_of(route), {}, headers=headers).status_code for route in posts()}
    assert found == dict.fromkeys(found, 403)
    assert len(found) > 40


def test_only_the_api_is_free_of_tokens_and_no_cookie_opens_it(owner: Persona) -> None:
    exempt = [route for route, pattern in routes() if _is_exempt(pattern)]
    assert [route for route in exempt if not route.startswith("api/v1/")] == []
    client = owner.client()
    assert {client.get(f"/api/v1/{path}").status_code for path in ("me", "sends", "documents", "keys", "members")} == {401}
    assert client.post("/api/v1/keys", {"name": "x", "scopes": ["admin"]}, content_type="application/json").status_code == 401


def _is_exempt(pattern: URLPattern) -> bool:
    return bool(getattr(pattern.callback, "csrf_exempt", False))


@pytest.mark.parametrize("target", AWAY)
def test_no_redirect_leads_away(owner: Persona, target: str) -> None:
    client = owner.client()
    answers = [
        client.post("/theme/", {"theme": "dark", "next": target}),
        client.post("/language/setlang/", {"language": "fr", "next": target}),
        client.get("/language/setlang/", {"next": target}, headers={"Referer": "https://evil.example/"}),
        client.get("/accounts/login/", {"next": target}),
        client.get("/accounts/signup/", {"next": target}),
        client.post("/accounts/logout/", {"next": target}),
    ]
    for answer in answers:
        assert "evil" not in answer.headers.get("Location", ""), target
        assert answer.headers.get("Location", "/").startswith("/"), target
    page = Client().get("/accounts/login/", {"next": target}).content.decode()
    assert f'href="{target}' not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example:80", "127.0.0.1.evil"]
)
def test_a_made_up_host_is_refused_and_never_mailed(host: str, db: None) -> None:
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    client = Client()
    assert client.get("/accounts/login/", headers={"Host": host}).status_code == 400
    client.post("/accounts/login/code/", {"email": "nobody@example.com"}, headers=forwarded)
    client.post("/accounts/password/reset/", {"email": "nobody@example.com"}, headers=forwarded)
    mails = list(OutgoingMail.objects.all())
    assert mails
    assert not any("evil" in mail.text + mail.html for mail in mails)


def test_a_made_up_address_does_not_renew_limits(db: None) -> None:
    client = Client()
    statuses = []
    for n in range(12):
        address = f"198.51.100.{n}"
        headers = {"X-Forwarded-For": address, "X-Real-IP": address}
        statuses.append(client.post("/help/credits/answer/", {"answer": "yes"}, headers=headers).status_code)
    assert statuses == [302] * 10 + [429] * 2


@pytest.fixture
def marked(owner: Persona) -> tuple[Persona, str, Any]:
    """Markup in every field a person can fill."""
    now = datetime.now(UTC)
    wall = " ".join(MARKUP)
    accounts.update_profile(owner.user, name=MARKUP[0][:120], now=now)
    accounts.update_team(owner.actor, name=MARKUP[1], time_zone="UTC", language="en", now=now)
    document = make_document(owner, f"{wall[:150]}.pdf", now=now)
    request = SendRequest(
        (document.public_id,), (Addressee("reader@example.net", MARKUP[2] + MARKUP[15]),), subject=wall[:200], message=wall
    )
    sent = flows.send_documents(owner.actor, request, key="k", now=now).send
    cookie = open_as(sent, "reader@example.net", document, now=now)
    return owner, cookie, sent


def test_markup_stays_text_on_every_page_and_in_every_mail(marked: tuple[Persona, str, Any]) -> None:
    owner, cookie, sent = marked
    client = owner.client()
    wall = " ".join(MARKUP)
    links = [one.link.public_id for one in Recipient.objects.select_related("link").filter(send=sent) if one.link]
    document = sent.send_documents.get().document.public_id
    client.cookies[cookie_name()] = cookie
    pages = [
        "/", "/sends/", f"/sends/{sent.public_id}/", f"/sends/{sent.public_id}/settings/",
        f"/sends/{sent.public_id}/recipients/", "/files/choose/", f"/files/{document}/", "/credits/", "/settings/",
        "/settings/keys/", "/admin/team/", "/admin/plan/", "/admin/plan/modify/", "/admin/billing/invoices/",
        "/admin/billing/details/", "/admin/members/", "/admin/activity/", "/received/", "/help/", f"/v/d/{links[0]}/",
        f"/v/d/{links[0]}/{document}/", f"/sends/{sent.public_id}/files/{document}/replace/",
    ]  # fmt: skip
    found = {page: client.get(page, headers={"User-Agent": MARKUP[0]}) for page in pages}
    for text in MARKUP:
        found[f"search {text}"] = client.get("/sends/", {"q": text, "show": text, "cursor": "x"})
        found[f"missing {text}"] = client.get("/sends/" + text.replace("/", "") + "/")
        found[f"typed {text}"] = Client().post("/v/abc/code/", {"address": text})
    found["sent form"] = client.post("/", {"recipients": wall, "message": wall, "deed": "notify", "key": "x"})
    assert {answer.status_code for answer in found.values()} <= {200, 301, 302, 404, 422}
    bodies = {name: answer.content.decode() for name, answer in found.items()}
    bodies |= {f"mail {mail.about}": mail.html for mail in OutgoingMail.objects.all()}
    assert [(name, sign) for name, body in bodies.items() for sign in SIGNS if sign.lower() in body.lower()] == []
    assert not any(word == "49" for word in bodies[f"/sends/{sent.public_id}/"].split())
    sources = [make_caller(owner).call("GET", f"/sends/{sent.public_id}")]
    assert sources[0].headers["Content-Type"].startswith("application/json")
    assert sources[0].body["message"] == wall


def test_mails_have_one_reader_and_no_headers_of_others(marked: tuple[Persona, str, Any]) -> None:
    for mail in OutgoingMail.objects.all():
        message = email.message_from_bytes(_envelope(mail).data, policy=email.policy.default)
        names = [name.lower() for name in message]
        assert sorted(names) == sorted(set(names))
        assert not {"bcc", "cc", "sender"} & set(names)
        assert len(message["To"].addresses) == 1
        assert message["To"].addresses[0].addr_spec == mail.to_address


@pytest.mark.parametrize("text", ["a\r\nBcc: x@example.org", "a\nX: y", "a\u2028b", "a\x85b", "a\x00b", "a\u202eb"])
def test_line_breaks_never_reach_a_header(owner: Persona, text: str) -> None:
    caller = make_caller(owner)
    document = caller.document()
    before = OutgoingMail.objects.count()
    one = caller.post("/sends", {"documents": [document], "recipients": ["a@example.net"], "subject": text})
    two = caller.post("/sends", {"documents": [document], "recipients": [f"a@example.net{text[1:]}"]})
    three = caller.post("/sends", {"documents": [document], "recipients": [{"email": "a@example.net", "name": text}]})
    assert [one.status, two.status] == [400, 400]
    assert three.status == (201 if three.status == 201 and text.isspace() else three.status)
    for mail in OutgoingMail.objects.all()[before:]:
        message = email.message_from_bytes(_envelope(mail).data, policy=email.policy.default)
        assert message["Bcc"] is None
        assert message["X"] is None
