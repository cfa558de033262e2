# SPDX-License-Identifier: Apache-2.0
"""Two mail programs of others, as their users start them, through a running gateway."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import SECONDS, Gateway
from tests.factories.documents import make_pdf

pytestmark = pytest.mark.slow
POOR = "554 5.7.0 Not sent: needs 2 credits, 1 left. Nothing was delivered or charged."


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {name} libnet-ssleay-perl)")
    return found


@pytest.fixture(scope="module")
def percy(running: Gateway) -> Gateway:
    return running.member("percy@example.com", 20)


def run(*words: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, input=data, capture_output=True, check=False, timeout=SECONDS)


@pytest.mark.parametrize("security", ["--tls", "--tls-on-connect"])
def test_swaks(percy: Gateway, tmp_path: Path, security: str) -> None:
    swaks, paper, left = program("swaks"), tmp_path / "plan.pdf", percy.credits_left
    paper.write_bytes(make_pdf())
    port = percy.port if security == "--tls" else percy.tls_port
    trust = percy.server.environment["SEALROOM_SUBMISSION_CERT"]
    there = [swaks, "--server", f"127.0.0.1:{port}", security, "--tls-ca-path", trust, "--from", percy.address]
    there += ["--to", "ben@example.org", "--auth", "PLAIN" if security == "--tls" else "LOGIN", "--auth-user", percy.address]
    letter = ["--header", f"Subject: Swaks {security}", "--body", "Hello", "--attach", f"@{paper}"]
    done = run(*there, "--auth-password", percy.secret, *letter)
    assert (done.returncode, b"<~  250 2.0.0 Accepted" in done.stdout) == (0, True), done.stdout.decode()
    copy = percy.sink.wait(1, subject=f"Swaks {security}")["ben@example.org"]
    assert [part.get_content_type() for part in copy.walk() if not part.is_multipart()] == ["text/plain"]
    assert ("/v/" in str(copy), percy.credits_left) == (True, left - 1)
    wrong = run(*there, "--auth-password", "no")
    assert b"535 5.7.8 Sign in with your address and an app password" in wrong.stdout


def test_msmtp(percy: Gateway, tmp_path: Path) -> None:
    msmtp, left = program("msmtp"), percy.credits_left
    settings = tmp_path / "msmtprc"
    settings.write_text(
        f"account default\nhost 127.0.0.1\nport {percy.port}\ntls on\ntls_starttls on\nauth plain\n"
        f"tls_trust_file {percy.server.environment['SEALROOM_SUBMISSION_CERT']}\n"
        f"user {percy.address}\npassword {percy.secret}\nfrom {percy.address}\n"
    )
    settings.chmod(0o600)
    mail = corpus.with_files("Msmtp", ("plan.pdf", make_pdf()), ("note.pdf", make_pdf(("two",))), sender=percy.address)
    done = run(msmtp, f"--file={settings}", "--read-recipients", data=mail.replace(b"cleo@example.net", b"percy@example.com"))
    assert (done.returncode, done.stderr) == (0, b"")
    copies = percy.sink.wait(3, subject="Msmtp")  # Ben, himself (free), and Bcc, whom msmtp takes out of the header
    assert (sorted(copies), left - percy.credits_left) == (["ben@example.org", "hidden@example.net", "percy@example.com"], 4)


def test_what_a_program_shows_when_credits_are_short(running: Gateway, tmp_path: Path) -> None:
    msmtp, poor = program("msmtp"), running.member("poor@example.com", 1)
    settings = tmp_path / "msmtprc"
    settings.write_text(
        f"account default\nhost 127.0.0.1\nport {poor.port}\ntls on\ntls_starttls on\nauth plain\ntls_certcheck off\n"
        f"user {poor.address}\npassword {poor.secret}\nfrom {poor.address}\n"
    )
    settings.chmod(0o600)
    mail = corpus.with_files("Msmtp poor", ("plan.pdf", make_pdf()), sender=poor.address)
    done = run(msmtp, f"--file={settings}", "ben@example.org", "cleo@example.net", data=mail)
    assert done.returncode != 0
    assert POOR in " ".join(done.stderr.decode().split())
    assert poor.credits_left == 1
