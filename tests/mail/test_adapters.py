# SPDX-License-Identifier: Apache-2.0
"""Transports against their contract; SMTP against a real server on loopback that misbehaves in every way."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from sealroom.core.errors import NotFound
from sealroom.mail import ports, queries
from sealroom.mail.adapters.fake import FakeTransport
from sealroom.mail.adapters.outbox import OutboxTransport
from sealroom.mail.adapters.smtp import Relay, SmtpTransport, parse_relay
from sealroom.mail.apps import check_transport
from sealroom.mail.ports import Outcome, Stage
from tests.mail.contract_transport import DATA, check, envelope


def test_fake_keeps_the_contract() -> None:
    check(FakeTransport())


def test_outbox_keeps_the_contract(tmp_path: Path) -> None:
    check(OutboxTransport(tmp_path))


def test_smtp_keeps_the_contract(serve: Any) -> None:
    peer, transport = serve()
    check(transport)
    first = peer.received[0]
    assert (first.mail_from, first.rcpt_tos) == ("sealroom+eml_x@example.com", ["nadia@example.com"])
    assert first.content == DATA


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"rcpt": "450 4.2.0 greylisted"}, Outcome(450, "4.2.0 greylisted", Stage.RECIPIENT)),
        ({"rcpt": "550 5.1.1 unknown"}, Outcome(550, "5.1.1 unknown", Stage.RECIPIENT)),
        ({"mail": "553 5.1.8 bad sender"}, Outcome(553, "5.1.8 bad sender", Stage.SENDER)),
        ({"data": "451 4.3.0 later"}, Outcome(451, "4.3.0 later", Stage.DATA)),
        ({"data": "554 5.7.1 spam"}, Outcome(554, "5.7.1 spam", Stage.DATA)),
    ],
)
def test_smtp_tells_what_the_peer_said_and_when(serve: Any, answers: dict[str, str], outcome: Outcome) -> None:
    peer, transport = serve(**answers)
    assert transport.deliver(envelope()) == outcome
    assert peer.received == []


def test_smtp_meets_a_peer_that_drops_after_the_data(serve: Any) -> None:
    _, transport = serve(data="drop")
    outcome = transport.deliver(envelope())
    assert (outcome.accepted, outcome.stage) == (False, Stage.DATA)
    assert outcome.code in {0, -1}


def test_smtp_does_not_wait_for_a_slow_peer_for_ever(serve: Any) -> None:
    _, transport = serve(data="stall", step=0.3)
    outcome = transport.deliver(envelope())
    assert (outcome.code, outcome.stage, "timed out" in outcome.answer) == (0, Stage.DATA, True)


def test_smtp_meets_nobody() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        transport = SmtpTransport(Relay("127.0.0.1", probe.getsockname()[1], "", "", "none"), step_seconds=1.0)
        outcome = transport.deliver(envelope())
    assert (outcome.code, outcome.stage) == (0, Stage.CONNECT)


def test_smtp_cuts_a_peer_that_drips() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        peer, _ = listener.accept()
        with peer:
            while not stop.wait(0.05):
                try:
                    peer.sendall(b"2")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    relay = Relay("127.0.0.1", listener.getsockname()[1], "", "", "none")
    begun = time.monotonic()
    outcome = SmtpTransport(relay, step_seconds=5.0, total_seconds=0.5).deliver(envelope())
    stop.set()
    thread.join(5)
    listener.close()
    assert (outcome.accepted, outcome.stage) == (False, Stage.CONNECT)
    assert time.monotonic() - begun < 4


def test_smtp_carries_an_international_address_only_where_it_may(serve: Any) -> None:
    peer, transport = serve()
    assert transport.deliver(envelope(to="用户@xn--r8jz45g.jp")).accepted
    assert peer.received[0].rcpt_tos == ["用户@xn--r8jz45g.jp"]


def test_smtp_never_signs_in_over_an_open_line_it_did_not_ask_to_protect(serve: Any) -> None:
    _, plain = serve()
    relay = Relay("127.0.0.1", plain._relay.port, "u", "p", "starttls")
    outcome = SmtpTransport(relay, step_seconds=2.0).deliver(envelope())
    assert (outcome.code, outcome.stage) == (0, Stage.CONNECT)
    assert "STARTTLS" in outcome.answer


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example.com", Relay("mail.example.com", 587, "", "", "starttls")),
        ("smtp://mail.example.com?tls=implicit", Relay("mail.example.com", 465, "", "", "implicit")),
        ("smtp://u%40x:p%3A%2F@mail.example.com:2525?tls=starttls", Relay("mail.example.com", 2525, "u@x", "p:/", "starttls")),
        ("smtp://127.0.0.1:1025", Relay("127.0.0.1", 1025, "", "", "none")),
        ("smtp://[::1]:1025?tls=none", Relay("::1", 1025, "", "", "none")),
        ("smtp://mail.example.com?tls=none", Relay("mail.example.com", 25, "", "", "none")),
    ],
)
def test_parse_relay(url: str, relay: Relay) -> None:
    assert parse_relay(url) == relay


@pytest.mark.parametrize(
    "url",
    ["", "http://mail.example.com", "smtp://", "smtp://h?tls=maybe", "smtp://h?x=1", "smtp://h/path", "smtp://u:p@h?tls=none"],
)
def test_parse_relay_refuses(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        parse_relay(url)


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OutboxTransport:
    transport = OutboxTransport(tmp_path / "outbox")
    monkeypatch.setattr(ports, "get_transport", lambda: transport)
    return transport


def test_outbox_lists_newest_first_and_reads_what_was_written(outbox: OutboxTransport, tmp_path: Path) -> None:
    assert queries.list_outbox() == []
    for number in (2, 1, 3):
        outbox.deliver(envelope(number))
    entries = queries.list_outbox()
    assert [entry.name for entry in entries] == [f"20261122T14030{number}.000000Z-eml_{number:020}.eml" for number in (3, 2, 1)]
    assert len(queries.list_outbox(limit=2)) == 2
    message = queries.read_outbox(entries[0].name)
    assert (message.to, message.subject, message.raw) == ("nadia@example.com", "One", DATA)
    assert message.text.startswith("Hello")
    assert [path.name for path in (tmp_path / "outbox").iterdir() if path.name.startswith(".")] == []
    assert (tmp_path / "outbox" / entries[0].name).stat().st_mode & 0o777 == 0o600


def test_outbox_reads_an_international_address(outbox: OutboxTransport) -> None:
    outbox.deliver(envelope(data=DATA.replace(b"nadia@", "用户@".encode())))
    (entry,) = queries.list_outbox()
    assert entry.to == "用户@example.com"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../keys",
        "/etc/passwd",
        "20261122T140301.000000Z-eml_x/../../keys",
        ".20261122T140301.000000Z-eml_0.eml",
        "x.eml",
    ],
)
def test_outbox_opens_only_names_of_its_own(outbox: OutboxTransport, tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").write_text("secret")
    outbox.deliver(envelope())
    assert outbox.outbox.read(name) is None


def test_outbox_says_later_when_the_disk_is_full(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    outcome = OutboxTransport(blocked / "outbox").deliver(envelope())
    assert (outcome.code, outcome.accepted) == (451, False)


@pytest.mark.parametrize(("url", "faults"), [("smtp://mail.example.com", 0), ("smtp://u:p@mail.example.com?tls=none", 1)])
def test_bad_relay_is_found_at_the_start(settings: Any, url: str, faults: int) -> None:
    settings.SEALROOM_SMTP_URL = url
    settings.SEALROOM_MAIL_TRANSPORT = "sealroom.mail.adapters.smtp.SmtpTransport"
    ports.get_transport.cache_clear()
    try:
        assert [fault.id for fault in check_transport(None)] == ["mail.E001"] * faults
    finally:
        ports.get_transport.cache_clear()


def test_outbox_is_absent_with_smtp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "get_transport", lambda: SmtpTransport(Relay("127.0.0.1", 1, "", "", "none")))
    assert not queries.has_outbox()
    with pytest.raises(NotFound):
        queries.list_outbox()
    with pytest.raises(NotFound):
        queries.read_outbox("20261122T140301.000000Z-eml_00000000000000000001.eml")
