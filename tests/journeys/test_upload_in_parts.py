# SPDX-License-Identifier: Apache-2.0
"""An upload by a client of others (tuspy) goes on after the server was killed in the middle, and arrives whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.journeys.server import Server, family, serving

pytestmark = pytest.mark.slow
client = pytest.importorskip("tusclient.client", reason="tuspy is not installed; 'make test-setup' does that")

SIZE = 40 * 1024 * 1024
PART = 3 * 1024 * 1024


def kill(server: Server) -> None:
    """End the server and all its processes at once, as a power cut would."""
    for process in family(server.process.pid):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    server.process.wait(20)


def peak_kib(server: Server) -> int:
    """The most memory any process of the server has held."""
    found = [0]
    for process in family(server.process.pid):
        text = Path(f"/proc/{process}/status").read_text()
        found += [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")]
    return max(found)


def read(server: Server, key: str, path: str) -> Any:
    request = urllib.request.Request(f"{server.base_url}/api/v1{path}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def uploader(server: Server, key: str, file: BinaryIO, **more: Any) -> Any:
    made = client.TusClient(f"{server.base_url}/api/v1/uploads", headers={"Authorization": f"Bearer {key}"})
    told = {"filename": "Long notes.txt"}
    return made.uploader(file_stream=file, chunk_size=PART, metadata=told, upload_checksum=True, **more)


@pytest.fixture
def source() -> Iterator[BinaryIO]:
    """A long text."""
    line = b"a line of words that says nothing at all\n"
    with io.BytesIO((line * (SIZE // len(line) + 1))[:SIZE]) as file:
        yield file


def test_it_goes_on_after_kill_9_and_arrives_whole(tmp_path: Path, source: BinaryIO) -> None:
    whole = source.read()
    with serving(tmp_path) as server:
        key = json.loads(server.command("demo", "--json").stdout)["api_key"]
        before = peak_kib(server)
        first = uploader(server, key, source)
        for _ in range(5):
            first.upload_chunk()
        assert first.offset == 5 * PART
        grown = peak_kib(server) - before
        kill(server)
    place = first.url.rpartition("/")[2]
    with serving(tmp_path) as server:
        again = uploader(server, key, source, url=f"{server.base_url}/api/v1/uploads/{place}")
        assert again.offset == 5 * PART, "nothing that was acknowledged is lost"
        again.upload()
        assert again.offset == SIZE
        documents = read(server, key, "/documents")["items"]
        (made,) = [one for one in documents if one["name"] == "Long notes.txt"]
        assert (made["size"], made["sha256"]) == (SIZE, hashlib.sha256(whole).hexdigest())
    assert grown < 48 * 1024, "more memory than a few parts take"
