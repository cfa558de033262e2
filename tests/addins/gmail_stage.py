# SPDX-License-Identifier: Apache-2.0
"""What a browser with the extension meets: a page in Gmail's place (reconstructed) and a running installation, both behind one TLS
port of this machine. Between browser and installation things can go wrong here, as they do on real lines."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealroom.api.errors import TABLE

PAGES = Path(__file__).parent / "gmail_page"
FILES = "files.sealroom.test"
MAIL = "mail.google.com"
# What Gmail's page demands of scripts, as far as an extension can run into it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass
class Desk:
    """What was asked, what Google was given, and what goes wrong now: `trouble` answers "down" (nobody there), "lost" (done, but
    the answer never arrives), the code of a refusal, or "" for a request to the installation."""

    behind: int
    port: int = 0
    pin: str = ""
    asked: list[str] = field(default_factory=list)
    given: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    mails: list[dict[str, object]] = field(default_factory=list)
    trouble: Callable[[str], str] = lambda _asked: ""
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def flags(self) -> list[str]:
        """For a browser that shall find both here and believe nobody else."""
        rules = ", ".join(f"MAP {host}:443 127.0.0.1:{self.port}" for host in (MAIL, FILES))
        return [
            f"--host-resolver-rules={rules}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={self.pin}",
        ]


@contextmanager
def desk(folder: Path, behind: int) -> Iterator[Desk]:
    """Listen in front of the installation on port `behind`."""
    made = Desk(behind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder, made))

    class Handler(_Handler):
        at = made

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """A browser that goes away is none."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
        made.port = listener.server_port
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        yield made
        listener.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    at: Desk
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Host", "").startswith(MAIL):
            self._be_gmail(body)
        else:
            self._pass_on(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is served alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _be_gmail(self, body: bytes) -> None:
        place = urlsplit(self.path)
        words = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/send":
            self.at.mails.append(json.loads(body))
            self._answer(204)
        elif place.path == "/upload":
            self.at.uploads.append(words["name"])
            self.at.given[words["attid"]] = body
            self._answer(204)
        elif "attid" in words:
            found = self.at.given.get(words["attid"])
            self._answer(200 if found is not None else 404, found or b"", "application/octet-stream")
        elif place.path.startswith("/fixture/"):
            file = PAGES / Path(place.path).name
            self._answer(200, file.read_bytes(), _KINDS[file.suffix])
        elif place.path.startswith("/mail/"):
            self._answer(200, (PAGES / "page.html").read_bytes(), _KINDS[".html"], {"Content-Security-Policy": POLICY})
        else:
            self._answer(404)

    def _pass_on(self, body: bytes) -> None:
        asked = f"{self.command} {urlsplit(self.path).path}"
        self.at.asked.append(asked)
        trouble = self.at.trouble(asked)
        if trouble == "down":
            self.close_connection = True
            return
        if trouble not in {"", "lost"}:
            self._refuse(trouble)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        headers |= {"Host": FILES, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
        line = http.client.HTTPConnection("127.0.0.1", self.at.behind, timeout=120)
        try:
            line.request(self.command, self.path, body or None, headers)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        if trouble == "lost":
            self.close_connection = True
            return
        if answer.status == 409:
            content = _soon(content)
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in {*_HOP, "content-type", "set-cookie"}}
        cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        self._answer(answer.status, content, answer.getheader("Content-Type", ""), kept, cookies)

    def _refuse(self, code: str) -> None:
        """As the installation refuses, without having been asked."""
        status, title = TABLE[code]
        refusal = {"code": code, "error": code, "title": str(title), **self.at.facts}
        self._answer(status, json.dumps(refusal).encode(), "application/problem+json")

    def _answer(
        self,
        status: int,
        content: bytes = b"",
        kind: str = "",
        headers: dict[str, str] | None = None,
        cookies: list[str] | None = None,
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        for value in cookies or []:
            self.send_header("Set-Cookie", value)
        if kind:
            self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)


def _soon(refusal: bytes) -> bytes:
    """What is not ready is asked for again at once: nobody waits here for seconds a server may name."""
    said = json.loads(refusal)
    return json.dumps(said | ({"retry_after": 0.1} if "retry_after" in said else {})).encode()


def _certificate(folder: Path, made: Desk) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, MAIL)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(MAIL), x509.DNSName(FILES)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    made.pin = base64.b64encode(hashlib.sha256(public).digest()).decode()
    file = folder / "desk.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return file
