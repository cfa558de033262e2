# SPDX-License-Identifier: Apache-2.0
"""The product as one command: it starts in an empty folder, keeps its worker, serves the command line, and stops whole."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories.documents import make_pdf
from tests.journeys.server import Server, family, serving

pytestmark = pytest.mark.slow


def wait_until(look: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Until it is so."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def workers(server: Server) -> set[int]:
    """The worker processes of a server."""
    found = set()
    for process in family(server.process.pid):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"worker" in words:
            found.add(process)
    return found


def test_serve_lives_through_a_day(tmp_path: Path) -> None:
    with serving(tmp_path, from_nothing=True) as server:
        assert f"{server.base_url}/setup/" in server.setup_url
        demo = server.command("demo", "--json")  # beside the live server, whose worker does half of the work
        assert demo.returncode == 0, demo.stderr
        facts = json.loads(demo.stdout)
        assert facts["base_url"] == server.base_url
        send_from_the_command_line(server, facts["api_key"], tmp_path)
        lose_the_worker(server)
        send_from_the_command_line(server, facts["api_key"], tmp_path)
        everybody = family(server.process.pid)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        wait_until(lambda: not {process for process in everybody if Path(f"/proc/{process}").exists()}, "a process is left", 5)
        said = server.log.read_text()
    assert [word for word in ("traceback", "warning", "panicked") if word in said.lower()] == [], said


def send_from_the_command_line(server: Server, key: str, folder: Path) -> None:
    """Two files to two people; one more time, for nothing, as a question of the price."""
    (folder / "Offer.pdf").write_bytes(make_pdf(["offer"]))
    (folder / "Größe & Preis.txt").write_text("42\n")
    words = ["send", str(folder / "Offer.pdf"), str(folder / "Größe & Preis.txt"), "--to", "a@example.net", "b@example.net"]
    environment = server.environment | {"SEALROOM_API_KEY": key, "SEALROOM_SERVER": server.base_url}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sealroom.cli.main", *words, *more]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    asked = run("--dry-run")
    assert (asked.returncode, asked.stdout.startswith("4 credits, ")) == (0, True), asked.stderr
    sent = run("--subject", "From the shell", "--no-mail")
    assert sent.returncode == 0, sent.stderr
    first, *links = sent.stdout.splitlines()[1:]
    assert " active: 4 charged" in first
    assert [line.split("\t")[0] for line in links] == ["a@example.net", "b@example.net"]
    with urllib.request.urlopen(links[0].split("\t")[1], timeout=10) as page:
        assert page.status == 200
    environment["SEALROOM_API_KEY"] = "sr_live_wrong"
    refused = run()
    assert (refused.returncode, "unauthenticated" in refused.stderr) == (1, True)
    del environment["SEALROOM_API_KEY"]
    assert (run().returncode, "SEALROOM_API_KEY" in run().stderr) == (1, True)


def lose_the_worker(server: Server) -> None:
    """kill -9; another takes its place."""
    wait_until(lambda: len(workers(server)) == 1, "no worker")
    (before,) = workers(server)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: bool(workers(server) - {before}), "the worker was not replaced")


def test_serve_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    """Two servers on one port would each get some of the requests."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "sealroom.cli.main", "serve", "--port", str(port)],
            env={**os.environ, "SEALROOM_DATA": str(tmp_path / "data"), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, f"cannot listen on 127.0.0.1:{port}: Address already in use\n")
    assert not (tmp_path / "data").exists()
