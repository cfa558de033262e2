# SPDX-License-Identifier: Apache-2.0
"""What the gateway for mail programs costs: its memory for a large mail, and how many small ones it takes, beside a server that
only stores them.

    python -m benchmarks.smtp [--seconds 10]

A mail of 25 MB with three files goes to ten recipients of a running installation, after one of 5 MB of the same shape: the peak
memory of the gateway's process may not grow with the mail (bar: within 16 MB). Then eight programs hand in mails of 100 KB as fast
as they are answered, for some seconds, in turns with an `aiosmtpd` that writes and syncs each to a file, both over TLS. The bar,
for mails without files: 20 a second. With a file each, what takes the time is the sandbox that opens it.
"""

from __future__ import annotations

import argparse
import io
import os
import smtplib
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
from aiosmtpd.controller import Controller
from tests.doors.smtp import corpus
from tests.doors.smtp.stage import Gateway, gateway
from tests.journeys.server import family, free_port

PROGRAMS, MAIL_BYTES, BAR_RATE = 8, 100_000, 20
SMALL, LARGE, BAR_KIB = 5_000_000, 25_000_000, 16 * 1024
SENDER = "bench@example.com"


def main() -> int:
    """Print the section; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    with (
        tempfile.TemporaryDirectory(prefix="sealroom-bench-") as name,
        gateway(Path(name), most_bytes=2**26, SEALROOM_SUBMISSION_PER_MINUTE="100000") as bare,
    ):
        there = bare.member(SENDER, 1400)
        took = [weigh(there, size) for size in (SMALL, SMALL, LARGE)][1:]
        rates = measure_rates(there, Path(name), seconds)
    grown = took[1][1] - took[0][1]
    print("\n## Mail programs\n")
    print("Mails with three files to ten recipients, handed in over TLS; peak memory of the gateway's process.\n")
    print("| mail | seconds to the yes | peak memory | Growth | Bar | Holds |\n|---|---:|---:|---:|---|---|")
    print(f"| 5 MB | {took[0][0]:.1f} | {took[0][1] / 1024:.0f} MB | | | |")
    holds = "yes" if grown <= BAR_KIB else "**no**"
    print(f"| 25 MB | {took[1][0]:.1f} | {took[1][1] / 1024:.0f} MB | {grown / 1024:.1f} MB | ≤ {BAR_KIB // 1024} MB | {holds} |")
    print(f"\nMails of 100 KB a second, {PROGRAMS} programs at once, {seconds:g} seconds each.\n")
    print("| mail | Sealroom | aiosmtpd that stores | Ratio | Bar | Holds |\n|---|---:|---:|---:|---|---|")
    for what, own, plain in rates:
        verdict = f"≥ {BAR_RATE} | {'yes' if own >= BAR_RATE else '**no**'}" if what == "words alone" else "|"
        print(f"| {what} | {own:.1f} | {plain:.1f} | {own / plain:.2f} | {verdict} |")
    return 0 if grown <= BAR_KIB and rates[0][1] >= BAR_RATE else 1


def weigh(there: Gateway, size: int) -> tuple[float, int]:
    """Hand in one mail of so many bytes: seconds to the answer, and the most memory the process held meanwhile (KiB)."""
    process = process_of(there)
    data = corpus.with_files(f"Weigh {time.monotonic()}", *[(f"{n}.pdf", heavy_pdf(size // 4)) for n in range(3)], sender=SENDER)
    Path(f"/proc/{process}/clear_refs").write_text("5")  # the peak is counted from here
    began = time.monotonic()
    answer = there.send(data, *[f"r{number}@example.net" for number in range(10)])
    assert answer.startswith("250"), answer
    return time.monotonic() - began, peak_kib(process)


def heavy_pdf(size: int) -> bytes:
    """One page, and so many bytes that nothing can make smaller."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.Ballast = pdf.make_stream(os.urandom(size))
        pdf.save(out)
    return out.getvalue()


def process_of(there: Gateway) -> int:
    """The process that listens to programs."""
    return next(one for one in family(there.server.process.pid) if b"smtp" in Path(f"/proc/{one}/cmdline").read_bytes())


def peak_kib(process: int) -> int:
    """The most memory it held."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def measure_rates(there: Gateway, folder: Path, seconds: float) -> list[tuple[str, float, float]]:
    """Mails a second without and with a file: ours, and those of a server that stores."""
    words = "a line of words that says nothing at all but is long enough\r\n" * (MAIL_BYTES // 61)
    paper = heavy_pdf(MAIL_BYTES * 7 // 10)

    def plain(subject: str) -> bytes:
        head = corpus.HEAD.replace("one@example.com", f"{subject}@example.com").replace("nadia@example.com", SENDER)
        return corpus.mail(corpus.part("text/plain", words), head.replace("The plan", subject))

    def with_file(subject: str) -> bytes:
        return corpus.with_files(subject, ("plan.pdf", paper), sender=SENDER)

    def sign_in(smtp: smtplib.SMTP) -> None:
        smtp.login(there.address, there.secret)

    controller, port = storing(there, folder)
    try:
        found = []
        for what, make in (("words alone", plain), ("with a file of 70 KB", with_file)):
            ours = rate(there.port, there.trust, make, seconds, sign_in)
            found.append((what, ours, rate(port, there.trust, make, seconds, lambda _smtp: None)))
    finally:
        controller.stop()
    return found


def storing(there: Gateway, folder: Path) -> tuple[Controller, int]:
    """A server that writes each mail to a file and syncs it, over the same TLS."""
    place, port = folder / "stored", free_port()
    place.mkdir()

    class Store:
        count = 0

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- the library's name
            self.count += 1
            with (place / str(self.count)).open("wb") as file:
                file.write(envelope.content)
                file.flush()
                os.fsync(file.fileno())
            return "250 OK"

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(there.server.environment["SEALROOM_SUBMISSION_CERT"])
    controller = Controller(Store(), hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True)
    controller.start()
    return controller, port


def rate(
    port: int, trust: ssl.SSLContext, make: Callable[[str], bytes], seconds: float, sign_in: Callable[[smtplib.SMTP], None]
) -> float:
    """Mails a second of all programs together."""

    def program(number: int) -> int:
        done = 0
        with smtplib.SMTP("127.0.0.1", port, timeout=120) as smtp:
            smtp.starttls(context=trust)
            sign_in(smtp)
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                smtp.sendmail(SENDER, [f"r{number}@example.net"], make(f"m{port}.{number}.{done}.{time.monotonic_ns()}"))
                done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(PROGRAMS) as pool:
        done = sum(pool.map(program, range(PROGRAMS)))
    return done / (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
