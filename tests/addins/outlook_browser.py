# SPDX-License-Identifier: Apache-2.0
"""Hosts over TLS for a browser that is told where they are: the installation behind a forwarder, and others that frame it."""

from __future__ import annotations

import datetime
import http.server
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOME, OUTLOOK, ELSEWHERE = "files.sealroom.example", "outlook.office.com", "elsewhere.example"


def make_context(folder: Path) -> ssl.SSLContext:
    """A certificate of nobody's for the three hosts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOME)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in (HOME, OUTLOOK, ELSEWHERE)])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    certificate = (
        made.not_valid_after(now + datetime.timedelta(days=2)).add_extension(names, critical=False).sign(key, hashes.SHA256())
    )
    kind = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    (folder / "tls.pem").write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    return context


class _Quiet(socketserver.ThreadingTCPServer):
    """A listener whose clients may leave in the middle of anything."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers close connections they opened in advance."""


class _Pages(http.server.BaseHTTPRequestHandler):
    """A page of another site that frames the pane."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """The same page everywhere."""
        pane = f"https://{HOME}/integrations/outlook/pane.html?v=0.1.0"
        page = f'<!DOCTYPE html><title>Mail</title><iframe src="{pane}" width="340" height="900"></iframe>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_words: object) -> None:
        """Nothing."""


def _forwarder(context: ssl.SSLContext, port: int) -> type[socketserver.BaseRequestHandler]:
    class Forward(socketserver.BaseRequestHandler):
        """Takes TLS off and passes bytes on, both ways."""

        def handle(self) -> None:
            """Until either side has said everything."""
            with (
                context.wrap_socket(self.request, server_side=True) as front,
                socket.create_connection(("127.0.0.1", port)) as back,
            ):
                back_to_front = threading.Thread(target=_pour, args=(back, front), daemon=True)
                back_to_front.start()
                _pour(front, back)
                back_to_front.join()

    return Forward


def _pour(source: socket.socket, into: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            into.sendall(piece)
        into.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


@contextmanager
def _listening(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def hosts(folder: Path, port: int) -> Iterator[list[str]]:
    """Serve the hosts while the block lasts; the browser's flags that lead to them. The installation listens on `port`."""
    context = make_context(folder)
    pages = _Quiet(("127.0.0.1", 0), _Pages)
    pages.socket = context.wrap_socket(pages.socket, server_side=True, do_handshake_on_connect=False)
    with _listening(_Quiet(("127.0.0.1", 0), _forwarder(context, port))) as home, _listening(pages) as others:
        rules = [f"MAP {HOME}:443 127.0.0.1:{home}", *(f"MAP {host}:443 127.0.0.1:{others}" for host in (OUTLOOK, ELSEWHERE))]
        yield [f"--host-resolver-rules={', '.join(rules)}", "--ignore-certificate-errors"]
