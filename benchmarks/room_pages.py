# SPDX-License-Identifier: Apache-2.0
"""How long the pages of a large data room take, in the server and in Chromium; how fast a thousand small files come into a room.

    python -m benchmarks.room_pages [rounds]

The room of benchmarks/rooms.py on a real server on loopback. In the browser: from the address until the page has loaded and a frame
has passed, with a warm cache. The files go into an empty room by three connections, one request each, as the page sends them, in
turns with the same files put into the same team's library of documents by the API's plainest call. Prints Markdown.
"""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, sync_playwright
from tests.journeys.server import Server, serving

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SERVER_BAR, BROWSER_BAR = 0.5, 1.0
FILES, BYTES, TURN, LINES = 1_000, 20_000, 100, 3
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"


def main() -> int:
    """Print both tables; 1 when a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as folder, serving(Path(folder), SEALROOM_WEB_WORKERS="2") as server:
        staged = stage(server, rounds)
        kept = show_pages(server, staged, rounds)
        show_import(server, staged)
    return 0 if kept else 1


def stage(server: Server, rounds: int) -> dict[str, Any]:
    """Plant the room on the server's data."""
    environment = server.environment | {"DJANGO_SETTINGS_MODULE": "sealroom.project.settings"}
    command = [sys.executable, "-m", "benchmarks.room_stage", str(rounds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show_pages(server: Server, staged: dict[str, Any], rounds: int) -> bool:
    """The table of pages; whether the bars are kept."""
    print("\n### Its pages\n")
    print(f"Medians of {rounds} rounds (`python -m benchmarks.room_pages`).\n")
    print("| page | server (CPU) | Bar | in the browser | Bar | Holds |\n|---|---:|---|---:|---|---|")
    kept = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for page in staged["pages"]:
            took = browsed(browser, server, page["path"], staged["cookies"][page["who"]], rounds)
            holds = page["cpu"] <= SERVER_BAR and took <= BROWSER_BAR
            kept = kept and holds
            print(
                f"| {page['name']} | {page['cpu'] * 1000:,.0f} ms | ≤ {SERVER_BAR * 1000:,.0f} ms | {took * 1000:,.0f} ms "
                f"| ≤ {BROWSER_BAR * 1000:,.0f} ms | {'yes' if holds else '**no**'} |"
            )
        browser.close()
    return kept


def browsed(browser: Browser, server: Server, path: str, cookies: dict[str, str], rounds: int) -> float:
    """Seconds until the page stands there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": name, "value": value, "url": server.base_url} for name, value in cookies.items()])
    page, took = context.new_page(), []
    for _round in range(rounds + 1):
        page.goto(server.base_url + path)
        took.append(float(page.evaluate(PAINTED)) / 1000)
    context.close()
    return median(took[1:])


def show_import(server: Server, staged: dict[str, Any]) -> None:
    """The table of a thousand files."""
    key = staged["key"]
    session = staged["cookies"]["leads"]
    room, token = new_room(server, session)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (session | token).items())}
    headers |= {"X-CSRFToken": next(iter(token.values())), "Content-Type": "application/octet-stream", "Origin": server.base_url}
    into_room = into_library = 0.0
    for turn in range(FILES // TURN):
        names = [f"{turn:02}-{number:03}.txt" for number in range(TURN)]
        into_room += sent(server, [(f"{room}?{urlencode({'name': name, 'folder': ''})}", headers, text()) for name in names])
        into_library += sent(server, [library_call(key, name) for name in names])
    print("\n### A thousand small files\n")
    files = f"{FILES:,} texts of {BYTES // 1000} kB by {LINES} connections"
    print(f"{files}, in turns with as many put into the team's library by the API.\n")
    print("| | into a data room | into the library | ratio |\n|---|---:|---:|---:|")
    print(f"| files a second | {FILES / into_room:,.0f} | {FILES / into_library:,.0f} | {into_room / into_library:.2f} |")


def new_room(server: Server, session: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Found a room as its page does; the address files are sent to, and the cookie of the form's token."""
    cookies = "; ".join(f"{name}={value}" for name, value in session.items())
    answer, _body = ask(server, "GET", "/rooms/", {"Cookie": cookies}, b"")
    name, _, rest = (answer.getheader("Set-Cookie") or "").partition("=")
    token = {name: rest.partition(";")[0]}
    headers = {
        "Cookie": f"{cookies}; {name}={token[name]}",
        "X-CSRFToken": token[name],
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": server.base_url,
    }
    answer, _body = ask(server, "POST", "/rooms/", headers, urlencode({"name": "A thousand files"}).encode())
    assert answer.status == 302, answer.status
    return f"{answer.getheader('Location')}upload/", token


def library_call(key: str, name: str) -> tuple[str, dict[str, str], bytes]:
    """One file in a multipart form."""
    edge = secrets.token_hex(12)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={edge}"}
    return "/api/v1/documents", headers, head.encode() + text() + f"\r\n--{edge}--\r\n".encode()


def sent(server: Server, calls: list[tuple[str, dict[str, str], bytes]]) -> float:
    """Seconds that all calls take by so many connections."""
    began = time.perf_counter()
    with ThreadPoolExecutor(LINES) as pool:
        statuses = list(pool.map(lambda call: ask(server, "POST", *call)[0].status, calls))
    assert set(statuses) == {201}, set(statuses)
    return time.perf_counter() - began


def ask(server: Server, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    """One request on its own connection."""
    line = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=120)
    line.request(method, path, body, headers)
    answer = line.getresponse()
    said = answer.read()
    line.close()
    return answer, said


def text() -> bytes:
    """A file of its own."""
    return secrets.token_hex(BYTES // 2).encode()


if __name__ == "__main__":
    sys.exit(main())
