# SPDX-License-Identifier: Apache-2.0
"""What a large resumable upload costs a running server: its memory, and its time beside writing and syncing the same parts to disk.

    python -m benchmarks.uploads [--megabytes 2048]

A text of that size is generated and sent in parts of 8 MiB to `sealroom serve`, which encrypts and syncs each and puts them
together at the end. The bar: the peak memory of any server process grows by less than 64 MB.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.journeys.server import Server, family, serving

PART = 8 * 1024 * 1024
BAR_KIB = 64 * 1024
_LINE = b"a line of words that says nothing at all but is long enough..\n"
_BLOCK = (_LINE * (PART // len(_LINE) + 1))[:PART]


def main() -> int:
    """Print the section; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2047)
    size = parser.parse_args().megabytes * 1024 * 1024
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as name, serving(Path(name)) as server:
        key = json.loads(server.command("demo", "--json").stdout)["api_key"]
        send(server, key, PART * 2)
        before = peak_kib(server)
        seconds = send(server, key, size)
        grown = peak_kib(server) - before
        raw = write(Path(name) / "raw", size)
    print("\n## Resumable uploads\n")
    print(f"One file of {size / 1e6:.0f} MB in parts of 8 MiB, each encrypted and synced, then put together into a document.\n")
    print("| | Sealroom | write and sync alone | Bar | Holds |\n|---|---:|---:|---|---|")
    print(f"| seconds | {seconds:.1f} | {raw:.1f} | | |")
    print(
        f"| growth of the largest process, MB | {grown / 1024:.1f} | | < {BAR_KIB // 1024} | {'yes' if grown < BAR_KIB else 'no'} |"
    )
    return 0 if grown < BAR_KIB else 1


def send(server: Server, key: str, size: int) -> float:
    """Upload so many bytes; the seconds it took."""
    headers = {"Authorization": f"Bearer {key}", "Tus-Resumable": "1.0.0"}
    told = {"Upload-Length": str(size), "Upload-Metadata": "filename " + base64.b64encode(b"notes.txt").decode()}
    started = time.monotonic()
    begun = urllib.request.Request(f"{server.base_url}/api/v1/uploads", b"", headers | told, method="POST")
    with urllib.request.urlopen(begun) as answer:
        place = f"{server.base_url}{answer.headers['Location']}"
    for offset in range(0, size, PART):
        more = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        part = _BLOCK[: min(PART, size - offset)]
        with urllib.request.urlopen(urllib.request.Request(place, part, headers | more, method="PATCH")) as answer:
            assert answer.headers["Upload-Offset"] == str(offset + len(part))
    return time.monotonic() - started


def write(file: Path, size: int) -> float:
    """The same parts, each written and synced; the seconds it took."""
    started = time.monotonic()
    with file.open("wb") as raw:
        for offset in range(0, size, PART):
            raw.write(_BLOCK[: min(PART, size - offset)])
            raw.flush()
            os.fsync(raw.fileno())
    return time.monotonic() - started


def peak_kib(server: Server) -> int:
    """The most memory any process of the server has held, workers and sandbox left out."""
    found = [0]
    for process in family(server.process.pid):
        try:
            text = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        if b"worker" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
            continue
        found += [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")]
    return max(found)


if __name__ == "__main__":
    sys.exit(main())
