# SPDX-License-Identifier: Apache-2.0
"""Stripe without Stripe, in three parts on loopback:

- the **peer**: localstripe, a process of its own out of `.peer/` (GPL: started, never imported). It keeps customers, cards,
  payments and refunds, declines, and sends signed messages.
- the **front** before it: what the peer lacks, after Stripe's documentation. Hosted pages, idempotency keys, lists by customer, the
  parameters `description` and `return_url`, redirects to the bank, the shape of errors.
- the **inbox**: a small server that takes messages and keeps them, as they came.

Use the fixture `stripe_peer` of `tests/conftest.py`; it skips when the peer is not installed (`make test-setup`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sealroom.core.ids import new_id

FOLDER = Path(__file__).resolve().parent.parent / ".peer"
KEY, SECRET = "sk_test_of_the_peer", "whsec_of_the_peer"
PAYS, DECLINED, ASKS = "4242424242424242", "4000000000000341", "4000002500003155"
# Its own command listens on every address and leaves its store in a shared folder; so it is started by hand, on our socket.
_LAUNCH = """
import socket, sys
from aiohttp import web
from localstripe import resources, server
resources.store.dump_to_disk = lambda: None
web.run_app(server.app, sock=socket.socket(fileno=int(sys.argv[1])), print=None, access_log=None)
"""
_UNKNOWN_TO_PEER = ("description", "return_url", "setup_future_usage")

Reply = tuple[int, dict[str, Any]]


def sign(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers by which a message proves its origin."""
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}"}


# -- Servers on loopback -----------------------------------------------------------------------------------------------------
@contextmanager
def serving(answer: Callable[[str, str, bytes, Mapping[str, str]], tuple[int, dict[str, Any], Mapping[str, str]]]) -> Iterator[str]:
    """An HTTP server that answers with JSON; its address. `answer` gets method, path with query, body and headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, facts, headers = answer(self.command, self.path, body, dict(self.headers.items()))
            said = json.dumps(facts).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients that hang up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def call(base: str, method: str, path: str, pairs: list[tuple[str, str]] | None = None) -> Reply:
    """Ask a server on loopback, as a client with the peer's key."""
    connection = HTTPConnection(urlsplit(base).netloc, timeout=20)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request(method, path, urlencode(pairs or []).encode() if method == "POST" else None, headers)
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(raw or b"{}")
    except ValueError:
        return answer.status, {}


@dataclass(frozen=True)
class Received:
    """A message as it came over the wire."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        """The message, read."""
        facts: dict[str, Any] = json.loads(self.body)
        return facts


@dataclass
class Inbox:
    """Where messages arrive. Set `forward` to have each passed on to a server of yours."""

    messages: list[Received] = field(default_factory=list)
    forward: Callable[[Received], int] | None = None

    def take(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Keep a message."""
        message = Received(body, headers)
        self.messages.append(message)
        return (self.forward(message) if self.forward else 200), {}, {}

    def wait(self, type_: str, reference: str, *, seconds: float = 10) -> Received:
        """The first message of a type about an object."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in list(self.messages):
                if message.facts["type"] == type_ and message.facts["data"]["object"]["id"] == reference:
                    return message
            time.sleep(0.02)
        raise AssertionError(f"no {type_} about {reference}; came: {[one.facts['type'] for one in self.messages]}")


# -- What the peer lacks -----------------------------------------------------------------------------------------------------
class Front:
    """Stands before the peer. The customer's side of hosted pages are `pay`, `save`, `decline`, `expire` and `authenticate`."""

    def __init__(self, peer: str, deliver: Callable[[bytes, Mapping[str, str]], None]) -> None:
        self.peer, self._deliver = peer, deliver
        self.url = ""
        self.calls: list[tuple[str, str, dict[str, str], Mapping[str, str]]] = []  # method, path, fields, headers
        self._pages: dict[str, dict[str, Any]] = {}
        self._hidden: dict[str, dict[str, str]] = {}  # page -> what its payment will carry
        self._return: dict[str, str] = {}  # payment -> where the bank sends back to
        self._kept: dict[str, tuple[str, Reply]] = {}
        self._lock = threading.RLock()

    def answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """One request. The same key with the same request gets the same answer, with another one an error."""
        place, _, query = path.partition("?")
        pairs = parse_qsl(body.decode() or query, keep_blank_values=True)
        with self._lock:
            self.calls.append((method, place, dict(pairs), headers))
            key = headers.get("Idempotency-Key", "")
            if method != "POST" or not key:
                return *self._route(method, place, pairs), {}
            request = f"{place} {sorted(pairs)}"
            if key in self._kept and self._kept[key][0] != request:
                return 400, _error("idempotency_error", "this key came with another request"), {}
            replayed = key in self._kept
            if not replayed:
                self._kept[key] = (request, self._route(method, place, pairs))
            status, facts = self._kept[key][1]
            return status, facts, {"Idempotent-Replayed": "true"} if replayed else {}

    def forget_keys(self) -> None:
        """As Stripe does after a day."""
        self._kept.clear()

    def _route(self, method: str, place: str, pairs: list[tuple[str, str]]) -> Reply:
        fields = dict(pairs)
        if fields.get("customer") and self._peer("GET", f"/v1/customers/{fields['customer']}")[0] != 200:
            return 400, _error("invalid_request_error", "No such customer", code="resource_missing", param="customer")
        if place.startswith("/v1/checkout/sessions"):
            return self._page_call(method, place, fields)
        if place == "/v1/payment_intents":
            return self._begin(pairs) if method == "POST" else self._list(fields["customer"])
        if place == "/v1/refunds" and method == "POST" and self._is_too_much(fields):
            return 400, _error("invalid_request_error", "more than is left of the charge", code="charge_already_refunded")
        status, facts = self._peer(method, place + (f"?{urlencode(pairs)}" if method == "GET" and pairs else ""), pairs)
        if status == 404:
            facts = _error("invalid_request_error", "No such object", code="resource_missing", param="id")
        return status, self._with_bank(facts)

    def _list(self, customer: str) -> Reply:
        status, found = self._peer("GET", "/v1/payment_intents?limit=100")
        return status, {**found, "data": [self._with_bank(one) for one in found["data"] if one["customer"] == customer]}

    def _begin(self, pairs: list[tuple[str, str]]) -> Reply:
        """A payment, without what the peer does not know; a decline with its payment, as Stripe answers it."""
        fields = dict(pairs)
        if self._peer("GET", f"/v1/payment_methods/{fields['payment_method']}")[0] != 200:
            return 400, _error("invalid_request_error", "No such method", code="resource_missing", param="payment_method")
        status, facts = self._peer("POST", "/v1/payment_intents", [pair for pair in pairs if pair[0] not in _UNKNOWN_TO_PEER])
        if status == 402:
            _, charge = self._peer("GET", f"/v1/charges/{facts['error']['charge']}")
            _, intent = self._peer("GET", f"/v1/payment_intents/{charge['payment_intent']}")
            return 402, {"error": {**facts["error"], "type": "card_error", "payment_intent": intent}}
        if status == 200:
            self._return[facts["id"]] = fields.get("return_url", "")
        return status, self._with_bank(facts)

    def _with_bank(self, facts: dict[str, Any]) -> dict[str, Any]:
        back = self._return.get(str(facts.get("id")))
        if facts.get("status") == "requires_action" and back:
            url = f"{self.url}/bank/{facts['id']}"
            return {**facts, "next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": back}}}
        return facts

    def _is_too_much(self, fields: dict[str, str]) -> bool:
        status, intent = self._peer("GET", f"/v1/payment_intents/{fields['payment_intent']}")
        if status != 200 or intent["status"] != "succeeded":
            return False
        _, found = self._peer("GET", f"/v1/refunds?payment_intent={fields['payment_intent']}&limit=100")
        back = sum(int(one["amount"]) for one in found["data"])
        return back + int(fields["amount"]) > int(intent["amount"])

    # -- Hosted pages --
    def _page_call(self, method: str, place: str, fields: dict[str, str]) -> Reply:
        name = place.removeprefix("/v1/checkout/sessions").strip("/")
        if method == "POST" and not name:
            return 200, self._open_page(fields)
        if name not in self._pages:
            return 404, _error("invalid_request_error", "No such checkout.session", code="resource_missing", param="session")
        page = dict(self._pages[name])
        for kind in ("payment_intent", "setup_intent"):
            if page[kind] and f"{kind}.payment_method" in fields.values():
                _, page[kind] = self._peer("GET", f"/v1/{kind}s/{page[kind]}?expand[0]=payment_method")
        return 200, page

    def _open_page(self, fields: dict[str, str]) -> dict[str, Any]:
        paying = fields["mode"] == "payment"
        name = new_id("cs_test")
        amount = int(fields["line_items[0][price_data][unit_amount]"]) * int(fields["line_items[0][quantity]"]) if paying else None
        self._pages[name] = {
            "id": name,
            "object": "checkout.session",
            "mode": fields["mode"],
            "status": "open",
            "payment_status": "unpaid" if paying else "no_payment_required",
            "url": f"{self.url}/page/{name}",
            "customer": fields["customer"],
            "client_reference_id": fields.get("client_reference_id"),
            "metadata": _below(fields, "metadata"),
            "amount_total": amount,
            "currency": fields.get("line_items[0][price_data][currency]"),
            "locale": fields.get("locale"),
            "success_url": fields["success_url"],
            "cancel_url": fields.get("cancel_url"),
            "payment_intent": None,
            "setup_intent": None,
            "livemode": False,
        }
        self._hidden[name] = _below(fields, "payment_intent_data[metadata]")
        return self._pages[name]

    def pay(self, name: str, card: str = PAYS) -> None:
        """The customer enters a card on the page and pays; a declined card leaves the page open."""
        page = self._pages[name]
        method = self.card(card, page["customer"])
        facts = {"amount": page["amount_total"], "currency": page["currency"], "customer": page["customer"]}
        pairs = [(key, str(value)) for key, value in facts.items()] + [("payment_method", method), ("confirm", "true")]
        pairs += [(f"metadata[{key}]", value) for key, value in self._hidden[name].items()]
        status, intent = self._begin(pairs)
        if status != 200:
            return
        page |= {"payment_intent": intent["id"], "status": "complete", "payment_status": "paid", "url": None}
        self.tell("checkout.session.completed", page)

    def save(self, name: str, card: str = PAYS) -> None:
        """The customer saves a card on his visit."""
        page = self._pages[name]
        marks = [(f"metadata[{key}]", value) for key, value in page["metadata"].items()]
        _, setup = self._peer("POST", "/v1/setup_intents", [("customer", page["customer"]), *marks])
        method = self.card(card, page["customer"])
        self._peer("POST", f"/v1/setup_intents/{setup['id']}/confirm", [("payment_method", method)])
        page |= {"setup_intent": setup["id"], "status": "complete", "url": None}
        self.tell("checkout.session.completed", page)

    def expire(self, name: str) -> None:
        """Nobody paid for a day."""
        self._pages[name] |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", self._pages[name])

    def authenticate(self, name: str, *, success: bool) -> None:
        """The customer comes to his bank's page. Of a failure the peer says nothing, so this does."""
        _, intent = self._peer("GET", f"/v1/payment_intents/{name}")
        pairs = [("client_secret", intent["client_secret"]), ("success", str(success).lower())]
        _, intent = self._peer("POST", f"/v1/payment_intents/{name}/_authenticate", pairs)
        if not success:
            self.tell("payment_intent.payment_failed", intent)

    def card(self, number: str, customer: str) -> str:
        """Save a card for a customer; its name."""
        facts = {"type": "card", "card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"}
        _, method = self._peer("POST", "/v1/payment_methods", list(facts.items()))
        self._peer("POST", f"/v1/payment_methods/{method['id']}/attach", [("customer", customer)])
        return str(method["id"])

    def customer(self) -> str:
        """A customer; his name."""
        return str(self._peer("POST", "/v1/customers", [("email", "pay@example.com")])[1]["id"])

    def tell(self, type_: str, thing: Mapping[str, Any]) -> None:
        """Send a message as Stripe does."""
        facts = {"id": new_id("evt"), "object": "event", "type": type_, "created": int(time.time()), "data": {"object": thing}}
        body = json.dumps(facts).encode()
        self._deliver(body, sign(body))

    def _peer(self, method: str, path: str, pairs: list[tuple[str, str]] | None = None) -> Reply:
        return call(self.peer, method, path, pairs)


def _error(kind: str, message: str, **facts: object) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **facts}}


def _below(fields: Mapping[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in fields.items() if key.startswith(f"{name}[") and key.endswith("]")}


# -- All of it ---------------------------------------------------------------------------------------------------------------
@dataclass
class Peer:
    """The three parts, running. `url` is for SEALROOM_STRIPE_API_BASE."""

    url: str
    front: Front
    inbox: Inbox
    key: str = KEY
    secret: str = SECRET


def is_installed() -> bool:
    """Whether `make test-setup` could install the peer."""
    return (FOLDER / "localstripe").is_dir()


@contextmanager
def running() -> Iterator[Peer]:
    """Start everything; end it by the process's own number."""
    inbox = Inbox()
    with _peer_process() as peer, serving(inbox.take) as mailbox:

        def deliver(body: bytes, headers: Mapping[str, str]) -> None:
            connection = HTTPConnection(urlsplit(mailbox).netloc, timeout=20)
            connection.request("POST", "/", body, {**headers, "Content-Type": "application/json"})
            connection.getresponse().read()
            connection.close()

        front = Front(peer, deliver)
        with serving(front.answer) as url:
            front.url = url
            call(peer, "POST", "/_config/webhooks/inbox", [("url", mailbox), ("secret", SECRET)])
            yield Peer(url, front, inbox)


@contextmanager
def _peer_process() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        environment = {"PYTHONPATH": str(FOLDER), "PATH": os.environ.get("PATH", "")}
        command = [sys.executable, "-s", "-c", _LAUNCH, str(listening.fileno())]
        process = subprocess.Popen(command, env=environment, pass_fds=[listening.fileno()], stdin=subprocess.DEVNULL)
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            if call(url, "GET", "/v1/balance")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("the stand-in for Stripe does not answer")
