# SPDX-License-Identifier: Apache-2.0
"""How long a sender waits from the upload to a file that is ready: its first page can be read. Prints Markdown.

    python -m benchmarks.first_page [rounds]

A running `sealroom serve` with its own worker takes a PDF of one page and a Word file of a hundred, over HTTP; LibreOffice alone
converts the same Word file in the same round. Bars: the PDF within a second, the Word file within a second more than LibreOffice.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from benchmarks.pages import text_pdf
from tests.documents.test_office import docx
from tests.journeys.server import Server, serving

PAGES = 100
BAR_SECONDS = 1.0
_PATIENCE = 300.0
_PARAGRAPH = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def main() -> int:
    """Print the section; 1 when a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    soffice = shutil.which("soffice")
    pdf, word = text_pdf(1), long_docx()
    waits: dict[str, list[float]] = {"pdf": [], "docx": [], "soffice": []}
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as name, serving(Path(name)) as server:
        key = json.loads(server.command("demo", "--json").stdout)["api_key"]
        wait_until_ready(server, key, "warm.pdf", pdf)
        for _ in range(rounds):
            waits["pdf"].append(wait_until_ready(server, key, "one.pdf", pdf))
            if soffice:
                waits["docx"].append(wait_until_ready(server, key, "hundred.docx", word))
                waits["soffice"].append(convert_alone(soffice, word))
    return report(waits, rounds)


def report(waits: dict[str, list[float]], rounds: int) -> int:
    """The table; 1 when a bar is missed."""
    seconds = {name: median(told) for name, told in waits.items() if told}
    rows: list[tuple[str, float, float | None, float]] = [("PDF of one page", seconds["pdf"], None, BAR_SECONDS)]
    if "docx" in seconds:
        bar = seconds["soffice"] + BAR_SECONDS
        rows.append((f"Word file of {PAGES} pages, beside LibreOffice alone", seconds["docx"], seconds["soffice"], bar))
    print("\n## From the upload to the first page\n")
    print(f"Seconds from the first byte sent to a file that is ready, through server and worker; medians of {rounds} rounds.\n")
    print("| What | Sealroom | Comparison | Bar | Holds |\n|---|---:|---:|---:|---|")
    for what, ours, theirs, bar in rows:
        told = "" if theirs is None else f"{theirs:.2f}"
        print(f"| {what} | {ours:.2f} | {told} | ≤ {bar:.2f} | {'yes' if ours <= bar else '**no**'} |")
    return int(any(ours > bar for _, ours, _, bar in rows))


def wait_until_ready(server: Server, key: str, name: str, data: bytes) -> float:
    """Upload a file; the seconds until it is ready. It is deleted then, so that nothing of it is drawn while others wait."""
    boundary = secrets.token_hex(8)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    started = time.monotonic()
    place = f"{server.base_url}/api/v1/documents"
    document = ask(key, place, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    place = f"{place}/{document['id']}"
    while document["state"] != "ready":
        if document["state"] == "failed" or time.monotonic() - started > _PATIENCE:
            raise RuntimeError(f"{name}: {document}")
        time.sleep(0.02)
        document = ask(key, place)
    seconds = time.monotonic() - started
    urllib.request.urlopen(urllib.request.Request(place, headers=_headers(key), method="DELETE")).close()
    return seconds


def ask(key: str, place: str, body: bytes | None = None, more: dict[str, str] | None = None) -> dict[str, object]:
    """One call of the API."""
    with urllib.request.urlopen(urllib.request.Request(place, body, _headers(key) | (more or {}))) as answer:
        told: dict[str, object] = json.load(answer)
    return told


def convert_alone(soffice: str, data: bytes) -> float:
    """LibreOffice from the command line, with a new profile as the sandbox gives it; the seconds it took."""
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as name:
        folder = Path(name)
        (folder / "in.docx").write_bytes(data)
        command = [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf"]
        started = time.monotonic()
        subprocess.run(
            [*command, "--outdir", str(folder), str(folder / "in.docx")],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": name, "PATH": os.environ["PATH"], "SAL_USE_VCLPLUGIN": "svp"},
        )
        return time.monotonic() - started


def long_docx() -> bytes:
    """A Word file of so many pages with thirty lines each."""
    lines = [
        "".join(_PARAGRAPH.format(f"Page {page}, line {line}: words that say nothing at all") for line in range(30))
        for page in range(PAGES)
    ]
    return docx(_BREAK.join(lines))


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


if __name__ == "__main__":
    sys.exit(main())
