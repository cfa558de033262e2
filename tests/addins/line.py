# SPDX-License-Identifier: Apache-2.0
"""The line between a mail program and its server: a proxy on which things go wrong, as they do on real lines."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"}

Trouble = str | dict[str, Any]
"""What befalls a request: "" (nothing), "down" (nobody is there), "half" (the line breaks in the midst of what is sent), "lost"
(it is done, but the answer never comes), or a refusal in the server's place, with its `status`."""


@dataclass
class Line:
    """What was asked on it, and what goes wrong: `trouble` judges a request by its method and path."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    trouble: Callable[[str], Trouble] = lambda _asked: ""

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody is there for a while."""
        self.trouble = lambda _asked: "down"
        try:
            yield
        finally:
            self.trouble = lambda _asked: ""

    @contextmanager
    def broken(self, place: str, *troubles: Trouble) -> Iterator[list[str]]:
        """The first requests whose method and path have `place` in them meet these troubles, one each (questions of the browser
        whether it may ask, apart); those that met one."""
        left, met = list(troubles), list[str]()

        def judge(asked: str) -> Trouble:
            if not left or place not in asked or asked.startswith("OPTIONS"):
                return ""
            met.append(asked)
            return left.pop(0)

        self.trouble = judge
        try:
            yield met
        finally:
            self.trouble = lambda _asked: ""


class _Handler(BaseHTTPRequestHandler):
    line: Line
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is served alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        asked = f"{self.command} {place.path}"
        self.line.asked.append(asked)
        trouble = self.line.trouble(asked)
        if isinstance(trouble, dict):
            self._refuse(trouble)
            return
        self.close_connection = bool(trouble)
        if trouble == "down":
            return
        server = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        try:
            self._pass_on(server, body, len(body) // 2 if trouble == "half" else len(body), is_heard=not trouble)
        finally:
            server.close()
        if trouble:
            self._break_off()

    def _break_off(self) -> None:
        """In the midst of an answer, and at once: otherwise the program asks again by itself and nobody hears of it."""
        self.wfile.write(b"HTTP/1.1 ")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _pass_on(self, server: http.client.HTTPConnection, body: bytes, length: int, *, is_heard: bool) -> None:
        place = urlsplit(self.path)._replace(scheme="", netloc="").geturl()
        server.putrequest(self.command, place, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                server.putheader(name, value)
        if body or self.command in {"POST", "PUT", "PATCH"}:
            server.putheader("Content-Length", str(len(body)))
        server.endheaders(body[:length] or None)
        if length < len(body):
            return
        answer = server.getresponse()
        content = answer.read()
        if is_heard:
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            self._answer(answer.status, content, kept)

    def _refuse(self, trouble: dict[str, Any]) -> None:
        content = json.dumps(trouble).encode()
        told = [("Content-Type", "application/problem+json"), ("Access-Control-Allow-Origin", "*")]
        self._answer(int(trouble["status"]), content, told)

    def _answer(self, status: int, content: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status not in {204, 304}:
            self.wfile.write(content)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A program that goes away is none."""


@contextmanager
def line() -> Iterator[Line]:
    """A proxy on a port of this machine."""
    made = Line()

    class Handler(_Handler):
        line = made

    with _Listener(("127.0.0.1", 0), Handler) as listener:
        made.port = listener.server_port
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown()
            thread.join()
