# SPDX-License-Identifier: Apache-2.0
"""What a page costs, beside what it is compared with, in turns within one run. Prints Markdown.

    python -m benchmarks.pages [rounds]

All figures are CPU milliseconds of the process and its children (the sandbox, MuPDF's), medians over the rounds; on a machine
that others use too, trust the ratios. The documents are made on the spot from a fixed seed. Needs `npm ci` in benchmarks/mupdf
for the comparison with MuPDF, which is left out otherwise.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2
import simplejpeg
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from sealroom.documents.adapters.workshop import SandboxWorkshop

if TYPE_CHECKING:
    from sealroom.accounts.rules import Actor
    from sealroom.documents.models import Version

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
WIDTH = 1600
MUPDF = Path(__file__).parent / "mupdf"
MUPDF_SCALE = 2.95
A4 = (595.0, 842.0)
MANY = 1000
SCAN, FINE_SCAN = "colour scan at 200 dpi", "colour scan at 300 dpi"


@dataclass
class Bar:
    """A measured ratio and what it must not exceed (or must reach, with `at_least`); None where it is only told."""

    name: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    limit: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Ours over theirs; theirs over ours where the bar says how much less ours must be."""
        return median(self.theirs) / median(self.ours) if self.at_least else median(self.ours) / median(self.theirs)

    @property
    def holds(self) -> bool:
        """Whether the bar is held."""
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def row(self) -> str:
        """A line of the table."""
        bar = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit}"
        verdict = ("yes" if self.holds else "**no**") if bar else ""
        cells = [
            self.name,
            f"{median(self.ours):.1f}",
            f"{median(self.theirs):.1f}",
            f"{self.ratio:.2f}",
            bar,
            verdict,
        ]
        return f"| {' | '.join(cells)} |"


def main() -> int:
    """Measure and print; 1 when a bar is not held."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory(prefix="sealroom-bench-") as folder, product(Path(folder)):
        bars = measure(Path(folder), rounds)
    print(report(bars, rounds))
    return 0 if all(bar.holds for bar in bars) else 1


def report(bars: list[Bar], rounds: int) -> str:
    """The table as Markdown."""
    lines = [
        "## Pages",
        "",
        f"CPU milliseconds, children included, medians of {rounds} rounds taken in turns; pages at {WIDTH} pixels.",
        "",
        "| What | Sealroom | Comparison | Ratio | Bar | Holds |",
        "|---|---:|---:|---:|---:|---|",
        *(bar.row() for bar in bars),
    ]
    return "\n".join(lines) + "\n"


def measure(folder: Path, rounds: int) -> list[Bar]:
    """Every bar, measured round by round so that a slow moment of the machine meets both sides."""
    from tests.factories.documents import make_actor  # noqa: PLC0415 -- app ready

    actor = make_actor()
    files = {"text page": text_pdf(1), SCAN: scan_pdf(200), FINE_SCAN: scan_pdf(300), "1,000 pages": text_pdf(MANY)}
    versions = {name: ready(actor, data) for name, data in files.items()}
    paths = {name: folder / f"{name}.pdf" for name in files}
    for name, data in files.items():
        paths[name].write_bytes(data)
    bars: list[Bar] = []
    steps: list[Callable[[], None]] = []
    for name in ("text page", SCAN):
        steps += [warm_step(bars, versions[name], name), cold_step(bars, versions[name], files[name], name)]
    steps.append(cold_step(bars, versions[FINE_SCAN], files[FINE_SCAN], FINE_SCAN, limit=None))
    steps += place_steps(bars, versions["1,000 pages"])
    with mupdf() as ask:
        if ask is not None:
            steps += [mupdf_step(bars, versions[name], paths[name], name, ask) for name in ("text page", SCAN)]
            steps.append(mupdf_step(bars, versions[FINE_SCAN], paths[FINE_SCAN], FINE_SCAN, ask, limit=None))
        for step in steps:
            step()
        for bar in bars:
            bar.ours.clear()
            bar.theirs.clear()
        for _ in range(rounds):
            for step in steps:
                step()
    return bars


def warm_step(bars: list[Bar], version: Version, name: str) -> Callable[[], None]:
    """A page that was read before, marked and encoded, against encoding those pixels alone; then the same with the process's
    memory of it wiped, so that it comes from the encrypted store."""
    bar = add(bars, Bar(f"warm stamped page against encoding it alone ({name})", limit=1.8))
    # A scan is kept as a JPEG, and reading one costs as much as writing it: no bar is set for that.
    stored = add(bars, Bar(f"the same from the encrypted store ({name})", limit=1.8 if name == "text page" else None))
    pixels = base(version, 1)

    def step() -> None:
        alone = cpu(lambda: encode(pixels))
        forget_memory()
        bar.theirs.append(alone)
        stored.theirs.append(alone)
        stored.ours.append(cpu(lambda: stamped(version, 1)))
        bar.ours.append(cpu(lambda: stamped(version, 1)))

    return step


def cold_step(bars: list[Bar], version: Version, data: bytes, name: str, *, limit: float | None = 1.5) -> Callable[[], None]:
    """A page nobody asked for before: drawn in the sandbox, kept encrypted, marked, encoded; against PDFium and the encoder
    alone in this process."""
    bar = add(bars, Bar(f"cold stamped page against render + encode alone ({name})", limit=limit))
    opened = pypdfium2.PdfDocument(data)
    scale = WIDTH / A4[0]

    def alone() -> None:
        page = opened[0]
        bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
        encode(bitmap.to_numpy())
        page.close()

    def step() -> None:
        bar.theirs.append(cpu(alone))
        forget_page(version, 1)
        bar.ours.append(cpu(lambda: stamped(version, 1)))

    return step


def place_steps(bars: list[Bar], version: Version) -> list[Callable[[], None]]:
    """Page 900 of a thousand against page 1 of the same document, from the cache and drawn anew."""
    last = 900
    warm = add(bars, Bar(f"page {last} of {MANY} against page 1 (warm)", limit=1.2))
    cold = add(bars, Bar(f"page {last} of {MANY} against page 1 (cold)", limit=1.2))
    stamped(version, last)

    def warm_pair() -> None:
        warm.theirs.append(cpu(lambda: stamped(version, 1)))
        warm.ours.append(cpu(lambda: stamped(version, last)))

    def cold_pair() -> None:
        forget_page(version, 1)
        forget_page(version, last)
        cold.theirs.append(cpu(lambda: stamped(version, 1)))
        cold.ours.append(cpu(lambda: stamped(version, last)))

    return [warm_pair, cold_pair]


def mupdf_step(
    bars: list[Bar], version: Version, path: Path, name: str, ask: Ask, *, limit: float | None = 8
) -> Callable[[], None]:
    """A cold page with its mark against MuPDF's PNG and JPEG without one."""
    bar = add(bars, Bar(f"cold stamped page against MuPDF {MUPDF_SCALE}x, PNG + JPEG q80 ({name})", limit=limit, at_least=True))

    def step() -> None:
        bar.theirs.append(ask(path, 0))
        forget_page(version, 1)
        bar.ours.append(cpu(lambda: stamped(version, 1)))

    return step


def add(bars: list[Bar], bar: Bar) -> Bar:
    """Put a bar into the table."""
    bars.append(bar)
    return bar


# -- the product ----------------------------------------------------------------------------------------------------------


class RoomyWorkshop(SandboxWorkshop):
    """Every document of this benchmark keeps its child, as a document being read does."""

    @classmethod
    def from_settings(cls) -> RoomyWorkshop:
        """With room for more documents than are measured."""
        return cls(children=8)


@contextmanager
def product(folder: Path) -> Iterator[None]:
    """An installation in a folder of its own."""
    os.environ.update(SEALROOM_DATA=str(folder), SEALROOM_BASE_URL="http://127.0.0.1:8000")
    os.environ["DJANGO_SETTINGS_MODULE"] = "sealroom.project.settings"
    import django  # noqa: PLC0415 -- app ready
    from django.conf import settings  # noqa: PLC0415 -- app ready
    from django.core.management import call_command  # noqa: PLC0415 -- app ready

    settings.SEALROOM_WORKSHOP = "benchmarks.pages.RoomyWorkshop"
    django.setup()
    call_command("migrate", verbosity=0)
    from sealroom.documents.ports import get_workshop  # noqa: PLC0415 -- app ready

    try:
        yield
    finally:
        get_workshop().close()


def ready(actor: Actor, data: bytes) -> Version:
    """An uploaded and prepared version, its document at hand."""
    from tests.factories.documents import current, upload_ready  # noqa: PLC0415 -- app ready

    return current(upload_ready(actor, data))


def stamped(version: Version, number: int) -> bytes:
    """The page as a reader gets it."""
    from sealroom.access.rules import Viewer, Watermark  # noqa: PLC0415 -- app ready
    from sealroom.viewing.flows.pages import draw_page  # noqa: PLC0415 -- app ready

    viewer = Viewer("nadia@example.com", "Nadia Noor", "203.0.113.7")
    return draw_page(version, number, width=WIDTH, wishes=Watermark(), viewer=viewer, now=NOW).data


def base(version: Version, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The clear pixels."""
    from sealroom.documents import flows, pixels  # noqa: PLC0415 -- app ready

    return pixels.as_array(flows.base_page(version, number))


def forget_page(version: Version, number: int) -> None:
    """Make a page cold again."""
    from sealroom.documents.ports import get_blob_store  # noqa: PLC0415 -- app ready

    page = version.page_rows.get(number=number)
    if page.base_key:
        get_blob_store().delete(page.base_key)
    version.page_rows.filter(number=number).update(base_key=None)


def forget_memory() -> None:
    """Leave only the encrypted store."""
    from sealroom.documents.flows.pages import forget_hot_pages  # noqa: PLC0415 -- app ready

    forget_hot_pages()


def encode(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """The floor: other pixels for every reader must at least be encoded."""
    is_grey = pixels.ndim == 2 or pixels.shape[2] == 1
    space, subsampling = ("GRAY", "Gray") if is_grey else ("RGB", "420")
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), 80, space, subsampling, fastdct=True)
    return data


# -- CPU ------------------------------------------------------------------------------------------------------------------


def cpu(work: Callable[[], object]) -> float:
    """CPU milliseconds of this process and of all that descend from it. A child that ends meanwhile is counted up to its last
    look; those in this benchmark stay."""
    before = _spent()
    work()
    after = _spent()
    return sum(spent - before.get(pid, 0) for pid, spent in after.items()) / 1e6


def _spent() -> dict[int, int]:
    mine = {os.getpid(): time.process_time_ns()}
    return mine | {pid: _of_process(pid) for pid in _descendants(os.getpid())}


def _of_process(pid: int) -> int:
    # Nanoseconds on a processor, per thread; the ticks of `stat` are too coarse for a page.
    spent = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            spent += int(task.read_text().split()[0])
        except (OSError, IndexError):
            continue
    return spent


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *_descendants(child)]
    return found


# -- MuPDF ----------------------------------------------------------------------------------------------------------------

Ask = Callable[[Path, int], float]


@contextmanager
def mupdf() -> Iterator[Ask | None]:
    """A warm MuPDF that renders on request and tells its CPU milliseconds; None where it is not installed."""
    if not (MUPDF / "node_modules" / "mupdf").is_dir():
        print("MuPDF is not installed (npm ci in benchmarks/mupdf): its comparison is left out.", file=sys.stderr)
        yield None
        return
    process = subprocess.Popen(["node", str(MUPDF / "render.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(path: Path, page: int) -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\t{page}\t{MUPDF_SCALE}\n")
        process.stdin.flush()
        return float(json.loads(process.stdout.readline())["cpu"]) / 1000

    try:
        yield ask
    finally:
        process.communicate(timeout=30)


# -- documents ------------------------------------------------------------------------------------------------------------


def text_pdf(pages: int) -> bytes:
    """Pages full of words in two sizes and a ruled table."""
    chance = random.Random(20)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(2, 11))) for _ in range(900)]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1)
    for number in range(1, pages + 1):
        canvas.setFont("Times-Bold", 18)
        canvas.drawString(60, 780, f"{number}. {' '.join(chance.choices(words, k=3)).title()}")
        canvas.setFont("Times-Roman", 10.5)
        for line in range(42):
            canvas.drawString(60, 750 - line * 14, " ".join(chance.choices(words, k=12)))
        for row in range(6):
            canvas.line(60, 150 - row * 16, 535, 150 - row * 16)
            canvas.drawString(64, 154 - row * 16, "   ".join(chance.choices(words, k=6)))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def scan_pdf(dots: int) -> bytes:
    """One page that is a colour picture with grain at so many dots to the inch, as office scanners make them."""
    noise = np.random.default_rng(21)
    size = round(8.27 * dots), round(11.69 * dots)
    rough = noise.integers(0, 256, (42, 30, 3), np.uint8)
    photo = Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)
    grain = noise.normal(0, 6, (size[1], size[0], 3))
    pixels = np.clip(np.asarray(photo, np.float32) * 0.6 + 80 + grain, 0, 255).astype(np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=80)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(jpeg), 0, 0, *A4)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
