# SPDX-License-Identifier: Apache-2.0
"""How soon a reader sees the first page, beside pdf.js in the same Chromium, in turns; turning pages; stamped pages a second.

    python -m benchmarks.viewer [rounds]

Both sides are on loopback, with an empty cache, a page as wide as the other's, and a reader who is let in already: ours from the
click on the mailed link (redirects included) until the stamped picture is decoded and a frame has passed, pdf.js from the same
click until its canvas is drawn, from a server that gives the whole file at once. Prints Markdown. Needs `npm ci` in
benchmarks/pdfjs and the documents of SEALROOM_CORPUS; what is missing is left out.
"""

from __future__ import annotations

import functools
import http.client
import http.server
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent
PDFJS = HERE / "pdfjs"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CORPUS = ("4a10e1ae-pdfjs_wikipedia.pdf", "e8b9d461-Seige_of_Vicksburg_Sample_OCR.pdf", "706124ec-0000001.pdf")
GENERATED = "350 pages of text"
BAR, TURN_BAR, RATE_BAR, SHARE_BAR = 0.6, 100.0, 100.0, 0.8
TURNS = 40
OURS = """() => {
  const tell = () => requestAnimationFrame(() => (window.shownAt ??= performance.now()));
  const look = () => {
    const picture = document.querySelector("[data-first], .sheet img");
    if (!picture) return requestAnimationFrame(look);
    picture.decode().then(tell, () => requestAnimationFrame(look));
  };
  window.shifts = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.shifts += one.value)))
    .observe({ type: "layout-shift", buffered: true });
  look();
}"""
TURN = """(page) => new Promise((done) => {
  const began = performance.now();
  document.querySelector('[data-do="next"]').click();
  const look = () => document.querySelector(`.sheet.is-shown[data-page="${page}"]`)
    ? requestAnimationFrame(() => done(performance.now() - began)) : requestAnimationFrame(look);
  look();
})"""


def main(rounds: int) -> int:
    """Print the section; 1 when a bar is not held."""
    sys.path.insert(0, str(HERE.parent))
    from tests.journeys import server as product  # noqa: PLC0415 -- after the path

    product.START_SECONDS = 300  # a machine that others use too
    with (
        tempfile.TemporaryDirectory() as folder,
        product.serving(Path(folder), SEALROOM_WEB_WORKERS="2") as server,
        sync_playwright() as playwright,
    ):
        files = _files(Path(folder))
        wish = {"files": {name: str(path) for name, path in files.items()}}
        sent = _stage(wish, server.environment)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with _static(Path(folder)) as base:
            rows, shifts = _first_pages(browser, sent, server.base_url, base, rounds)
        turns = _turns(browser, sent[GENERATED], server.base_url)
        browser.close()
        rate = _rate(sent[GENERATED], server.base_url)
        share = float(sent["share"])
    return _report(rows, shifts, turns, rate, share)


def _files(folder: Path) -> dict[str, Path]:
    """The documents, at hand for both sides."""
    found = {}
    for name in CORPUS:
        path = Path(os.environ.get("SEALROOM_CORPUS", "")) / "pdf" / name
        if path.is_file():
            found[name.partition("-")[2]] = Path(shutil.copy(path, folder / name))
    path = folder / "generated.pdf"
    path.write_bytes(_text_pdf(350))
    return {**found, GENERATED: path}


def _text_pdf(pages: int) -> bytes:
    """Words by chance, always the same."""
    chance = random.Random(4)
    words = ["".join(chance.choice("abcdefghilmnoprstu") for _ in range(chance.randint(2, 10))) for _ in range(900)]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), invariant=1)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 15)
        canvas.drawString(62, 770, f"{page}. {' '.join(chance.choices(words, k=4))}")
        canvas.setFont("Times-Roman", 11)
        for line in range(46):
            canvas.drawString(62, 740 - 15 * line, " ".join(chance.choices(words, k=13))[:92])
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _stage(wish: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    """Send the documents in a process of the product, and let a browser in."""
    command = [sys.executable, "-m", "benchmarks.viewer_stage", json.dumps(wish)]
    settings = environment | {"DJANGO_SETTINGS_MODULE": "sealroom.project.settings"}
    done = subprocess.run(command, env=settings, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@contextmanager
def _static(folder: Path) -> Iterator[str]:
    """pdf.js, its page and the documents."""
    for name in ("page.html", "page.mjs"):
        shutil.copy(PDFJS / name, folder / name)
    if (PDFJS / "node_modules").is_dir():
        (folder / "node_modules").symlink_to(PDFJS / "node_modules")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@contextmanager
def _page(browser: Browser, sent: dict[str, Any] | None = None, base_url: str = "") -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900})
    if sent is not None:
        context.add_cookies([{"name": sent["cookie_name"], "value": sent["cookie"], "url": base_url}])
    page = context.new_page()
    yield page
    context.close()


def _first_pages(
    browser: Browser, sent: dict[str, Any], ours: str, theirs: str, rounds: int
) -> tuple[dict[str, tuple[list[float], list[float]]], float]:
    rows: dict[str, tuple[list[float], list[float]]] = {}
    shifts = 0.0
    has_pdfjs = (PDFJS / "node_modules" / "pdfjs-dist").is_dir()
    for name, one in sent.items():
        if name == "share":
            continue
        rows[name] = ([], [])
        print(f"{name} …", file=sys.stderr, flush=True)
        for turn in range(rounds + 1):  # the first warms both sides
            with _page(browser, one, ours) as page:
                page.add_init_script(f"({OURS})()")
                page.goto(one["url"], wait_until="commit")
                page.wait_for_function("() => window.shownAt")
                mine = float(page.evaluate("window.shownAt"))
                page.locator(".sheet.is-shown").first.wait_for()
                page.wait_for_load_state("networkidle")
                shifts = max(shifts, float(page.evaluate("window.shifts")))
            if turn:
                rows[name][0].append(mine)
            if not has_pdfjs:
                continue
            with _page(browser) as page:
                page.goto(f"{theirs}/page.html?file={one['file']}", wait_until="commit")
                page.wait_for_function("() => window.shownAt")
                if turn:
                    rows[name][1].append(float(page.evaluate("window.shownAt")))
    return rows, shifts


def _turns(browser: Browser, sent: dict[str, Any], base_url: str) -> list[float]:
    """From the press to the picture, when the next page had the time it takes to read a glance."""
    with _page(browser, sent, base_url) as page:
        page.goto(sent["url"])
        page.locator(".sheet.is-shown").first.wait_for()
        page.keyboard.press("c")
        times = []
        for number in range(2, TURNS + 2):
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(400)
            times.append(float(page.evaluate(TURN, number)))
        return times


def _rate(sent: dict[str, Any], base_url: str, *, seconds: float = 6, clients: int = 8) -> float:
    """Stamped pages a second through the server, each with its live check; 800 pixels wide, pages 1 to 20 in turns."""
    host = base_url.removeprefix("http://")
    ends = time.monotonic() + seconds
    counts = [0] * clients

    def read(client: int) -> None:
        line = http.client.HTTPConnection(host, timeout=30)
        while time.monotonic() < ends:
            path = f"{sent['path']}p/{1 + (counts[client] + client) % 20}.jpg?w=800"
            line.request("GET", path, headers={"Cookie": f"{sent['cookie_name']}={sent['cookie']}"})
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            counts[client] += 1

    threads = [threading.Thread(target=read, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _report(rows: dict[str, tuple[list[float], list[float]]], shifts: float, turns: list[float], rate: float, share: float) -> int:
    print("## Viewer\n\nMedians in turns, in the same Chromium on loopback: from the click to the first page that can be read.\n")
    print("| document | Sealroom | pdf.js | Ratio | Bar | Holds |\n|---|---:|---:|---:|---|---|")
    held = True
    for name, (ours, theirs) in rows.items():
        mine = median(ours)
        if not theirs:
            print(f"| {name} | {mine:.0f} ms | (not installed) | | | |")
            continue
        ratio = mine / median(theirs)
        held &= ratio <= BAR
        print(f"| {name} | {mine:.0f} ms | {median(theirs):.0f} ms | {ratio:.2f} | ≤ {BAR} | {_word(ratio <= BAR)} |")
    slow = quantiles(turns, n=20)[-1]
    reaches = rate >= RATE_BAR or share >= SHARE_BAR
    speed = f"{rate:.0f} | ≥ 100, or the share | {_word(reaches)}"
    print("\n| What | Measured | Bar | Holds |\n|---|---:|---|---|")
    print(f"| page turn to picture, prefetched, p95 of {len(turns)} | {slow:.0f} ms | ≤ 100 ms | {_word(slow <= TURN_BAR)} |")
    print(f"| layout shift while the viewer opens | {shifts:.3f} | 0 | {_word(shifts == 0)} |")
    print(f"| stamped pages a second with authorisation (8 clients, 800 pixels) | {speed} |")
    print(f"| share of a request's CPU that is base, stamp and encode | {share:.0%} | ≥ 80 % | {_word(share >= SHARE_BAR)} |\n")
    return int(not (held and slow <= TURN_BAR and shifts == 0 and reaches))


def _word(holds: object) -> str:
    return "yes" if holds else "no"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
