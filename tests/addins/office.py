# SPDX-License-Identifier: Apache-2.0
"""A sender with a real Thunderbird, a real server behind its extension and a real mail server to send by; and his recipients."""

from __future__ import annotations

import email
import email.policy
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from sealroom.web import addins
from tests.addins.line import Line, line
from tests.addins.mailprogram import thunderbird
from tests.addins.writer import Writer
from tests.doors.smtp.stage import Gateway
from tests.factories.documents import make_pdf
from tests.journeys.server import code_in, free_port

SENDER = "olive@example.com"
CREDITS = 90
DESK, PEOPLE = "tests.addins.desk", "tests.doors.smtp.people"
SECONDS = 60


@dataclass
class Outgoing:
    """The mail server Thunderbird sends by. `refuse`: addresses it turns away."""

    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append((list(envelope.rcpt_tos), message))
        return "250 OK"


@dataclass
class Office:
    """Everything that runs."""

    gate: Gateway
    writer: Writer
    outgoing: Outgoing
    line: Line
    folder: Path

    def deed(self, name: str, **words: Any) -> Any:
        """What is done elsewhere by the sender."""
        return self.gate.server.backstage.do(DESK, name, email=SENDER, **words)

    @property
    def left(self) -> int:
        """The team's credits."""
        return int(self.deed("charges")[-1])

    @contextmanager
    def policy(self, **rule: Any) -> Iterator[None]:
        """What the team decided about mail programs, for a while; the extension has heard of it."""
        self._decide(**rule)
        try:
            yield
        finally:
            self._decide()

    def _decide(self, **rule: Any) -> None:
        self.gate.server.backstage.do(PEOPLE, "policy", email=SENDER, **rule)
        self.writer.ask("me", anew=True)

    def file(self, name: str, *pages: str) -> Path:
        """A PDF on the sender's disk."""
        path = self.folder / name
        path.write_bytes(make_pdf(pages or ("Page one",)))
        return path

    def newest(self) -> tuple[list[str], EmailMessage]:
        """The mail that left last, with its envelope."""
        return self.outgoing.taken[-1]


@contextmanager
def office_of(folder: Path, gate: Gateway) -> Iterator[Office]:
    """A mail server, and a Thunderbird whose extension is signed in, beside a server with a gateway."""
    outgoing, port = Outgoing(), free_port()
    controller = Controller(outgoing, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    try:
        with line() as between, thunderbird(folder / "program", proxy=between.port) as program:
            office = Office(gate, Writer(program), outgoing, between, folder)
            made = gate.server.backstage.do(DESK, "make_member", email=SENDER, name="Olive Owner", left=CREDITS)
            gate.address, gate.secret = SENDER, made["secret"]
            office.writer.add_account(SENDER, "Olive Owner", port)
            package = folder / "sealroom.xpi"
            package.write_bytes(fetch(f"{gate.server.base_url}/integrations/thunderbird/extension.xpi"))
            assert office.writer.install(package) == ["thunderbird@sealroom", addins.version(), True]
            sign_in(office)
            yield office
    finally:
        controller.stop()


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        data: bytes = answer.read()
    return data


def sign_in(office: Office) -> None:
    """Through the settings page: the server's address stands there, the member confirms the code in his browser."""
    office.writer.open("pages/options.html")
    script = """
        const at = (id) => document.getElementById(id);
        await until(() => at("server") && !at("outside").hidden);
        const offered = at("server").value;
        document.querySelector("#outside button").click();
        await until(() => !at("waits").hidden || !at("refused").hidden);
        return [offered, at("code").textContent, at("refused").textContent];
    """
    offered, code, refused = office.writer.program.in_page("pages/options.html", script)
    assert (offered, refused) == (office.gate.server.base_url, "")
    office.deed("approve", code=code)
    told = office.writer.program.in_page(
        "pages/options.html",
        """
        const at = (id) => document.getElementById(id);
        await until(() => !at("inside").hidden && at("left").textContent);
        return [at("who").textContent, at("left").textContent];
        """,
    )
    assert told == [f"Signed in as {SENDER} (Northwind) at {office.gate.server.base_url}.", f"{office.left} credits are left."]


class Reader:
    """A recipient's browser, as far as it needs no script."""

    def __init__(self, office: Office) -> None:
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._sink = office.gate.sink

    def get(self, url: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(url))

    def post(self, url: str, page: str, **fields: str) -> tuple[int, str]:
        token = page.split('csrfmiddlewaretoken" value="')[1].split('"', maxsplit=1)[0]
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self._ask(urllib.request.Request(url, data, {"Referer": url}))

    def enter(self, url: str, address: str) -> str:
        """Through the gates by a code; the page of the mail."""
        _status, page = self.get(url)
        before = self._codes(address)
        _status, page = self.post(f"{url}code/", page, address=address)
        ends = time.monotonic() + SECONDS
        while len(self._codes(address)) == len(before):
            assert time.monotonic() < ends, "no code came"
            time.sleep(0.1)
        status, page = self.post(f"{url}verify/", page, code=code_in(self._codes(address)[-1]))
        assert status == 200
        return page

    def _codes(self, address: str) -> list[EmailMessage]:
        return [one for _sender, to, one in list(self._sink.taken) if to == address and "code" in str(one["Subject"]).lower()]

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                self.url = answer.url
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.url = error.url
            return error.code, error.read().decode()


def words_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None, message
    return str(part.get_content())


def link_in(text: str) -> str:
    found = re.findall(r"http://127\.0\.0\.1:\d+/v/[\w-]+/", text)
    assert found, text
    assert len(set(found)) == 1
    return str(found[0])
