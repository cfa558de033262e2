# SPDX-License-Identifier: Apache-2.0
"""Ids swapped one at a time in requests that would else succeed: another team's, a colleague's, and a child of another parent. The
answer is always "there is no such thing", and not a row changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from sealroom.access.models import Pass
from sealroom.accounts import flows as accounts
from sealroom.accounts import queries as account_queries
from sealroom.accounts.models import ApiToken
from sealroom.httpkit.visitors import cookie_name
from sealroom.sends.models import Recipient
from tests.factories.access import make_pass
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.api import Caller, make_caller

UNWATCHED = {"core.RateBucket", "sessions.Session"}


@dataclass(frozen=True)
class Things:
    """What one member owns."""

    persona: Persona
    caller: Caller
    document: str
    version: str
    send: str
    recipient: str
    link: str
    draft: str
    key: str


@dataclass(frozen=True)
class House:
    """The attacker's own things, and those of a colleague and of another team."""

    mine: Things
    others: dict[str, Things]
    member: str
    invitations: dict[str, str]


def things_of(persona: Persona, name: str, uuid: str) -> Things:
    """A document with a pending version, a send and a draft."""
    caller = make_caller(persona)
    document = caller.document(f"{name}.pdf")
    version = caller.upload(to=f"/documents/{document}/versions").body["id"]
    sent = caller.send([document], [f"reader.of.{name}@example.net"], message=f"secret of {name}")
    draft = caller.call("PUT", f"/drafts/{uuid}", {"documents": [document], "recipients": ["later@example.net"]}).body["id"]
    recipient = Recipient.objects.select_related("link").get(send__public_id=sent["id"])
    assert recipient.link is not None
    key = ApiToken.objects.filter(membership=persona.membership).latest("pk").public_id
    return Things(persona, caller, document, version, sent["id"], recipient.public_id, recipient.link.public_id, draft, key)


@pytest.fixture
def house(db: None) -> House:
    """Mallory is an admin (the most rights one can have) of the team of Carol; Vera is in another team."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    mallory = make_persona("mallory@example.com", team_name="Northwind", name="Mallory", now=now)
    carol = make_member(mallory, "carol@example.com", name="Carol", now=now)
    vera = make_persona("vera@example.org", team_name="Elsewhere", name="Vera", now=now)
    invitations = {}
    for person, address in ((mallory, "one@example.com"), (vera, "two@example.com")):
        invitations[person.email] = accounts.invite_member(person.actor, address, "user", now=now).public_id
    return House(
        things_of(mallory, "mallory", "11111111-1111-4111-8111-111111111111"),
        {
            "colleague": things_of(carol, "carol", "22222222-2222-4222-8222-222222222222"),
            "stranger": things_of(vera, "vera", "33333333-3333-4333-8333-333333333333"),
        },
        account_queries.list_members(vera.actor)[0].id,
        invitations,
    )


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, without what any request may touch (limits, when a key was last used)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for model in apps.get_models():
        if model._meta.label not in UNWATCHED:
            values = list(model._default_manager.order_by("pk").values())
            found[model._meta.label] = [{k: v for k, v in row.items() if not k.startswith("last_used")} for row in values]
    return found


def beside_the_trail(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows that are not the audit trail's own."""
    return {label: values for label, values in found.items() if not label.startswith("audit.")}


def calls(me: Things, them: Things) -> Iterator[tuple[str, str, object]]:
    """API calls in which exactly one id is theirs."""
    yield "GET", f"/documents/{them.document}", None
    yield "DELETE", f"/documents/{them.document}?end_sends=true", None
    yield "GET", f"/documents/{them.document}/versions/{them.version}", None
    yield "GET", f"/documents/{me.document}/versions/{them.version}", None
    yield "GET", f"/documents/{them.document}/versions/{me.version}", None
    yield "POST", f"/documents/{me.document}/versions/{them.version}/publish", None
    yield "POST", f"/documents/{them.document}/versions/{me.version}/publish", None
    yield "POST", f"/documents/{them.document}/versions/{them.version}/publish", None
    yield "POST", "/sends", {"documents": [them.document], "recipients": ["x@example.net"]}
    yield "POST", "/sends", {"documents": [me.document, them.document], "recipients": ["x@example.net"]}
    yield "POST", "/sends/quote", {"documents": [them.document], "recipients": ["x@example.net"]}
    yield "POST", "/sends/quote", {"send_id": them.send, "recipients": ["x@example.net"]}
    yield "GET", f"/sends/{them.send}", None
    yield "PATCH", f"/sends/{them.send}", {"settings": {"permission": "download_pdf"}}
    yield "POST", f"/sends/{them.send}/remind", {}
    yield "POST", f"/sends/{them.send}/cancel", None
    yield "POST", f"/sends/{them.send}/recipients", {"recipients": ["x@example.net"]}
    yield "GET", f"/sends/{them.send}/analytics", None
    yield "GET", f"/sends/{them.send}/events", None
    yield "DELETE", f"/sends/{them.send}/recipients/{them.recipient}", None
    yield "DELETE", f"/sends/{me.send}/recipients/{them.recipient}", None
    yield "DELETE", f"/sends/{them.send}/recipients/{me.recipient}", None
    for deed in ("revoke", "restore"):
        yield "POST", f"/sends/{me.send}/{deed}", {"recipients": [them.recipient]}
        yield "POST", f"/sends/{me.send}/{deed}", {"recipients": [me.recipient, them.recipient]}
        yield "POST", f"/sends/{me.send}/{deed}", {"documents": [them.document]}
    yield "PUT", "/drafts/44444444-4444-4444-8444-444444444444", {"documents": [them.document]}
    yield "POST", f"/drafts/{me.draft}/documents", {"documents": [them.document]}
    yield "POST", f"/drafts/{them.draft}/documents", {"documents": [me.document]}
    yield "POST", f"/drafts/{them.draft}/quote", None
    yield "POST", f"/drafts/{them.draft}/commit", None
    yield "DELETE", f"/drafts/{them.draft}", None


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_api_does_not_know_an_id_of_somebody_else(house: House, who: str) -> None:
    me, them, before = house.mine, house.others[who], rows()
    found: dict[str, int] = {}
    for method, path, body in calls(me, them):
        key = {"Idempotency-Key": f"k-{len(found)}"} if path.endswith("/commit") else None
        answer = me.caller.call(method, path, body, headers=key)
        found[f"{method} {path} {json.dumps(body)}"] = answer.status
        assert "secret of" not in str(answer.body)
    assert found == dict.fromkeys(found, 404)
    assert rows() == before


def test_an_admin_ends_a_colleagues_send_but_not_parts_of_it(house: House) -> None:
    carol, mallory, vera = house.others["colleague"], house.mine, house.others["stranger"]
    before = rows()
    for path in ("revoke", "restore"):
        assert mallory.caller.post(f"/sends/{vera.send}/{path}").status == 404
        parts: dict[str, object] = {"recipients": [carol.recipient]}
        assert mallory.caller.post(f"/sends/{carol.send}/{path}", parts).status == 403
    assert beside_the_trail(rows()) == beside_the_trail(before)
    assert len(rows()["audit.Event"]) == len(before["audit.Event"]) + 2  # the refusals of rights are in the trail
    assert mallory.caller.post(f"/sends/{carol.send}/revoke").status == 200
    assert carol.caller.post(f"/sends/{carol.send}/restore").status == 403


def test_api_gives_no_hold_on_people_and_keys_of_another_team(house: House) -> None:
    mallory, vera = house.mine, house.others["stranger"]
    before = rows()
    theirs = house.invitations[vera.persona.email]
    found = [
        mallory.caller.call("DELETE", f"/keys/{vera.key}").status,
        mallory.caller.call("PATCH", f"/members/{house.member}", {"role": "user"}).status,
        mallory.caller.call("DELETE", f"/members/{house.member}").status,
        mallory.caller.call("DELETE", f"/members/invitations/{theirs}").status,
    ]
    assert found == [404] * 4
    assert rows() == before


def test_a_member_cannot_revoke_a_colleagues_key(house: House) -> None:
    carol, mallory = house.others["colleague"], house.mine
    client = carol.persona.client()
    before = rows()
    assert carol.caller.call("DELETE", f"/keys/{mallory.key}").status == 404
    assert client.post(f"/settings/keys/{mallory.key}/revoke/").status_code == 404
    assert rows() == before


def pages(me: Things, them: Things) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Members' pages in which exactly one id is theirs."""
    yield "GET", f"/?draft={them.draft}", {}
    yield "GET", f"/files/{them.document}/", {}
    yield "POST", "/draft/discard/", {"draft": them.draft}
    for address in ("", "settings/", "recipients/"):
        yield "GET", f"/sends/{them.send}/{address}", {}
    yield "POST", f"/sends/{them.send}/settings/", {"permission": "download_pdf"}
    yield "POST", f"/sends/{them.send}/recipients/", {"recipients": "x@example.net", "deed": "add"}
    yield "POST", f"/sends/{me.send}/recipients/{them.recipient}/remove/", {}
    yield "POST", f"/sends/{them.send}/recipients/{me.recipient}/remove/", {}
    for deed in ("revoke", "restore"):
        yield "POST", f"/sends/{me.send}/{deed}/", {"recipient": them.recipient}
        yield "POST", f"/sends/{me.send}/{deed}/", {"document": them.document}
    for deed in ("remind", "cancel"):
        yield "POST", f"/sends/{them.send}/{deed}/", {}
    for method in ("GET", "POST"):
        yield method, f"/sends/{me.send}/files/{them.document}/replace/", {}
        yield method, f"/sends/{them.send}/files/{me.document}/replace/", {}
        yield method, f"/sends/{me.send}/files/{me.document}/replace/{them.version}/", {}
        yield method, f"/sends/{them.send}/files/{them.document}/replace/{me.version}/", {}


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_pages_do_not_know_an_id_of_somebody_else(house: House, who: str) -> None:
    me, them = house.mine, house.others[who]
    client = me.persona.client()
    before = rows()
    found: dict[str, int] = {}
    for method, path, data in pages(me, them):
        answer = client.get(path) if method == "GET" else client.post(path, data)
        found[f"{method} {path} {data}"] = answer.status_code
        assert b"secret of" not in answer.content
    assert found == dict.fromkeys(found, 404)
    assert rows() == before


def test_a_form_naming_a_foreign_file_or_draft_sends_nothing(house: House) -> None:
    me = house.mine
    client, before = me.persona.client(), rows()
    for them in house.others.values():
        for data in (
            {"document": them.document, "recipients": "x@example.net", "deed": "notify"},
            {"draft": them.draft, "document": me.document, "recipients": "x@example.net", "deed": "notify"},
        ):
            answer = client.post("/", data)
            assert answer.status_code == 404, data
            assert b"secret of" not in answer.content
            assert client.post("/draft/", data).status_code == 404
        assert client.post("/files/choose/", {"chosen": them.document}).status_code == 404
    assert rows() == before


def test_a_pass_opens_only_its_own_link_and_documents(house: House) -> None:
    me, them = house.mine, house.others["stranger"]
    link = Recipient.objects.select_related("link").get(public_id=me.recipient).link
    assert link is not None
    cookie = make_pass(link, now=datetime.now(UTC))
    client = Client()
    client.cookies[cookie_name()] = cookie
    other_own = me.caller.document("Not sent.pdf")
    before = Pass.objects.count()
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for ending in ("", "p/1.jpg", "download/"):
        for link_id, document, expected in (
            (me.link, them.document, 404),
            (me.link, other_own, 404),
            (them.link, them.document, 401),
            (them.link, me.document, 401),
        ):
            found[link_id, document, ending] = (client.get(f"/v/d/{link_id}/{document}/{ending}").status_code, expected)
    assert [case for case, (status, expected) in found.items() if status != expected] == []
    assert client.get(f"/v/d/{them.link}/").status_code == 401
    assert Pass.objects.count() == before
