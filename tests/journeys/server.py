# SPDX-License-Identifier: Apache-2.0
"""The product as a user has it: `sealroom serve` in a process of its own, on a free port, with a throw-away data folder."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from tests.journeys.backstage import Backstage
from tests.patterns import lay_installation

START_SECONDS = 240


@dataclass
class Server:
    """A running installation."""

    base_url: str
    data: Path
    setup_url: str
    log: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    backstage: Backstage
    read: dict[Path, EmailMessage] = field(default_factory=dict)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `sealroom WORDS` against this installation."""
        return subprocess.run(
            [sys.executable, "-m", "sealroom.cli.main", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def mails(self, to: str, *, subject: str = "") -> list[EmailMessage]:
        """Mails written for an address with such a subject, oldest first."""
        found = []
        for path in sorted((self.data / "outbox").glob("*.eml")):
            message = self.read.get(path) or self._open(path)
            if to in str(message["To"]) and subject.lower() in str(message["Subject"]).lower():
                found.append(message)
        return found

    def _open(self, path: Path) -> EmailMessage:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.read[path] = message
        return message

    def wait_for_mail(self, to: str, *, subject: str = "", count: int = 1, seconds: float = 40) -> EmailMessage:
        """The latest mail to an address once `count` of them with such a subject are there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.mails(to, subject=subject)
            if len(found) >= count:
                return found[-1]
            time.sleep(0.1)
        subjects = [str(mail["Subject"]) for mail in self.mails(to)]
        raise AssertionError(f"no mail {count} to {to} with {subject!r}; there are {subjects}")


def text_of(message: EmailMessage) -> str:
    """The plain part."""
    part = message.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(message: EmailMessage, pattern: str) -> str:
    """The first address in the plain part that matches."""
    match = re.search(rf"https?://\S*{pattern}\S*", text_of(message))
    assert match, text_of(message)
    return match.group().rstrip(".,>)")


def code_in(message: EmailMessage) -> str:
    """The six digits of a code mail."""
    match = re.search(r"(?<!\d)(\d{3})[\s\u202f\u00a0]?(\d{3})(?!\d)", text_of(message))
    assert match, text_of(message)
    return match.group(1) + match.group(2)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path, *, from_nothing: bool = False, **extra: str) -> Iterator[Server]:
    """Start, wait until it answers, and stop by process id at the end. A new installation begins with a copied database and copied
    static files, unless the test is about how it makes them: `from_nothing`."""
    port = free_port()
    data = folder / "data"
    if not (from_nothing or data.exists()):
        lay_installation(data)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEALROOM_", "DJANGO_"))}
    environment |= {"SEALROOM_DATA": str(data), "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"SEALROOM_BASE_URL": f"http://127.0.0.1:{port}", "SEALROOM_WEB_WORKERS": "1", **extra}
    log = folder / "serve.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "sealroom.cli.main", "serve", "--port", str(port)],
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    base_url = f"http://127.0.0.1:{port}"
    backstage = Backstage(environment, folder / "backstage.log")
    try:
        _wait_until_up(base_url, process, log)
        match = re.search(r"http://\S+/setup/\S+", log.read_text())
        yield Server(base_url, data, match.group() if match else "", log, process, environment, backstage)
    finally:
        backstage.end()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base_url}/accounts/login/", timeout=10):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def family(root: int) -> set[int]:
    """The process and all below it that live."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, size = {root} & parents.keys(), -1
    while len(found) != size:
        size = len(found)
        found |= {process for process, parent in parents.items() if parent in found}
    return found
