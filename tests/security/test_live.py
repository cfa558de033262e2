# SPDX-License-Identifier: Apache-2.0
"""The product as it runs: killed while files come in, and asked for its last credit by many at once."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.journeys.server import Server, serving

pytestmark = pytest.mark.slow
MAKE = """
import sys
from sealroom.cli import setup
setup.prepare()
from datetime import UTC, datetime
from sealroom.accounts import flows as accounts, queries
from sealroom.accounts.rules import Route
from sealroom.billing import flows as billing
now = datetime.now(UTC)
user = accounts.make_user("owner@example.com", name="Olive Owner")
billing.found_team(user, name="Northwind", time_zone="UTC", language="en", now=now, plan="team", credits=3)
print(accounts.create_key(queries.actor_for(user, route=Route.CLI), "k", ["read", "send"], None, now=now)[1])
"""
CHECK = """
import sys, hashlib
from sealroom.cli import setup
setup.load()
from sealroom.documents.models import Document
from sealroom.documents.ports import get_blob_store
for one in Document.objects.select_related("current"):
    with get_blob_store().open(one.current.original_key) as file:
        print(one.public_id, hashlib.sha256(file.read()).hexdigest(), one.current.sha256)
"""


def run(server: Server, source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", source], env=server.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as running:
        yield running


def call(server: Server, key: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    parts = urlsplit(server.base_url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    kind = {"Content-Type": "application/json"} if "Content-Type" not in headers else {}
    link.request(method, f"/api/v1{path}", data, {"Authorization": f"Bearer {key}", **kind, **headers})
    answer = link.getresponse()
    text = answer.read()
    link.close()
    return answer.status, json.loads(text) if text else None


def upload(server: Server, key: str, data: bytes) -> tuple[int, Any]:
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="Notes.txt"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return call(server, key, "POST", "/documents", body, **{"Content-Type": f"multipart/form-data; boundary={boundary}"})


def test_many_at_once_spend_the_last_credits_once(server: Server) -> None:
    """Three credits, eight sends of one file to one new person each, in threads over HTTP: three go out, and the books agree."""
    key = run(server, MAKE)
    status, made = upload(server, key, b"A note.\n")
    assert status == 201, made
    deadline = time.monotonic() + 40
    while call(server, key, "GET", f"/documents/{made['id']}")[1]["state"] != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    found: list[int] = []

    def send(number: int) -> None:
        body = {"documents": [made["id"]], "recipients": [f"r{number}@example.net"]}
        status, _ = call(server, key, "POST", "/sends", body, **{"Idempotency-Key": f"k{number // 2}"})
        while status in {429, 503}:  # the same key is being worked on
            time.sleep(0.2)
            status, _ = call(server, key, "POST", "/sends", body, **{"Idempotency-Key": f"k{number // 2}"})
        found.append(status)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found.count(201) == 3
    assert set(found) <= {201, 402, 409}
    assert call(server, key, "GET", "/credits")[1]["available"] == 0
    checked = server.command("check")
    assert checked.returncode == 0, checked.stdout


def test_a_kill_at_any_moment_loses_no_acknowledged_upload(tmp_path: Path) -> None:
    """Processes of their own take in files and say so; each is killed at some moment. What was acknowledged is there, whole; what
    was not has left no row that names missing bytes. They are split off one that has the product loaded and no connection open."""
    source = """
import sys
from sealroom.cli import setup
setup.load()
from datetime import UTC, datetime
import random
from sealroom.accounts import queries
from sealroom.accounts.models import User
from sealroom.accounts.rules import Route
from sealroom.documents import flows
actor = queries.actor_for(User.objects.get(email="owner@example.com"), route=Route.API)
from django.db import connections
import hashlib, os
connections.close_all()
for _line in sys.stdin:
    child = os.fork()
    if not child:
        random.seed()
        break
    print("up", child, flush=True)
    os.waitpid(child, 0)
    print("down", flush=True)
else:
    sys.exit()
while True:
    data = b"note " + random.randbytes(150_000).hex().encode()
    pieces = [data[at:at + 65536] for at in range(0, len(data), 65536)]
    made = flows.accept_upload(actor, pieces, name="Notes.txt", size=len(data), now=datetime.now(UTC))
    print(made.public_id, hashlib.sha256(data).hexdigest(), flush=True)
"""
    acknowledged: dict[str, str] = {}
    with serving(tmp_path) as server:
        run(server, MAKE)
    environment = server.environment
    chance = random.Random(20261123)
    with subprocess.Popen(
        [sys.executable, "-c", source], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for number in range(40):  # on a slow machine few are taken in before the end comes
            if number >= 8 and len(acknowledged) > 5:
                break
            print(file=parent.stdin, flush=True)
            up, child = parent.stdout.readline().split()
            assert up == "up"
            time.sleep(chance.uniform(0.01, 0.25) * (1 + number // 8))
            os.kill(int(child), signal.SIGKILL)
            for line in iter(parent.stdout.readline, "down\n"):
                words = line.removesuffix("down\n").split()
                if len(words) == 2 and len(words[1]) == 64:
                    acknowledged[words[0]] = words[1]
                if line.endswith("down\n"):
                    break
        parent.stdin.close()
    kept = {name: (now, then) for name, now, then in (line.split() for line in run(server, CHECK).splitlines())}
    assert all(now == then for now, then in kept.values())
    assert {name: kept[name][0] for name in acknowledged} == acknowledged
    assert len(acknowledged) > 5
    checked = server.command("check")
    assert "missing" not in checked.stdout.lower() or checked.returncode == 0, checked.stdout


def test_a_browser_that_goes_away_leaves_nothing(server: Server) -> None:
    key = run(server, MAKE)
    parts = urlsplit(server.base_url)
    for sent in (0, 10, 200_000):
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as line:
            head = (
                f"POST /api/v1/documents HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
                '--b\r\nContent-Disposition: form-data; name="file"; filename="Notes.txt"\r\n\r\n'
            )
            line.sendall(head.encode() + b"x" * sent)
    time.sleep(1)
    assert call(server, key, "GET", "/documents")[1]["items"] == []
    assert [path for path in (server.data / "tmp").rglob("*") if path.is_file()] == []
    assert [path for path in (server.data / "blobs").rglob("*") if path.is_file()] == []
    with sqlite3.connect(server.data / "sealroom.sqlite3") as database:
        assert database.execute("select count(*) from documents_version").fetchone() == (0,)
    digest = hashlib.sha256(b"whole\n").hexdigest()
    assert upload(server, key, b"whole\n")[1]["sha256"] == digest
