# SPDX-License-Identifier: Apache-2.0
"""Runs a corpus of documents through sniffing, the workshop and the renderer, and tells where it disagrees with its manifest.

    SEALROOM_CORPUS=<folder with MANIFEST.csv> python -m benchmarks.corpus [report.md] [kind ...]

Without a file name the report is printed. Exit status 1 when fewer than 95 % agree.

Columns used of the manifest: file, kind, expected, pages. What `expected` means stands in the corpus' own README. Every file is
opened by the real workshop; two files at a time.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import BinaryIO

from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind
from sealroom.documents.rules import HEAD_BYTES, decide_kind

BUILT = frozenset({Kind.PDF, Kind.IMAGE, Kind.TEXT, Kind.MARKDOWN, Kind.CSV, Kind.OFFICE})
WORKERS = 2
LIMIT_CODES = frozenset({"limit_pages", "limit_pixels", "limit_time", "limit_memory", "limit_size"})
COUNTED_ROUGHLY = frozenset({"text", "csv", "xls", "xlsx", "ods", "fods", "mismatch"})
"""Kinds whose page count is not compared: it is the paper's, not the file's."""


@dataclass(frozen=True)
class Row:
    """A file and what the manifest says of it."""

    file: str
    kind: str
    expected: str
    pages: int | None


@dataclass(frozen=True)
class Outcome:
    """What the product said to a file."""

    row: Row
    answer: str  # "renders", a refusal's code, "not viewable", "not built", or "crash: …"
    pages: int | None
    seconds: float
    agrees: bool
    why: str = ""


def main(words: list[str]) -> int:
    """Run the kinds that are named, or all, and report."""
    if "SEALROOM_CORPUS" not in os.environ:
        print("SEALROOM_CORPUS names no folder: nothing to run.", file=sys.stderr)
        return 2
    reports = [Path(word) for word in words if word.endswith(".md")]
    kinds = frozenset(words) - {str(report) for report in reports}
    root = Path(os.environ["SEALROOM_CORPUS"])
    with (root / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        rows = [Row(r["file"], r["kind"], r["expected"], int(r["pages"]) if r["pages"] else None) for r in csv.DictReader(file)]
    rows = [row for row in rows if not kinds or row.kind in kinds]
    workshop = SandboxWorkshop(children=WORKERS + 1)
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(lambda row: run(workshop, root, row), rows))
    workshop.close()
    text = write_report(outcomes, time.perf_counter() - started)
    for report in reports:
        report.write_text(text, "utf-8")
    if not reports:
        print(text)
    built = [outcome for outcome in outcomes if outcome.answer != "not built"]
    agreed = sum(outcome.agrees for outcome in built)
    print(f"{agreed} of {len(built)} agree ({100 * agreed / max(1, len(built)):.1f} %), {len(outcomes) - len(built)} not built")
    return 0 if agreed >= 0.95 * len(built) else 1


def run(workshop: SandboxWorkshop, root: Path, row: Row) -> Outcome:
    started = time.perf_counter()
    try:
        answer, pages, why = look(workshop, root / row.file)
    except WorkshopFailure as failure:
        answer, pages, why = failure.code, None, str(failure.facts)
    except Exception as error:
        answer, pages, why = f"crash: {type(error).__name__}", None, str(error)
    seconds = time.perf_counter() - started
    return Outcome(row, answer, pages, seconds, agrees(row, answer, pages), why)


def look(workshop: SandboxWorkshop, path: Path) -> tuple[str, int | None, str]:
    """What the product would say to this file: its answer, its pages, and a word on it."""
    with path.open("rb") as file:
        verdict = decide_kind(path.name, file.read(HEAD_BYTES))
        if verdict.kind is None:
            return "type_refused", None, str(verdict.refusal)
        if verdict.kind not in BUILT:
            return ("not viewable" if verdict.kind is Kind.OTHER else "not built"), None, verdict.kind.value
        made = workshop.paginate(file, kind=verdict.kind, name=path.name, document=str(path))
        if made.pdf is None:
            return draw(workshop, path, len(made.pages))
    return draw(workshop, path, len(made.pages), io.BytesIO(made.pdf))


def draw(workshop: SandboxWorkshop, path: Path, pages: int, pdf: BinaryIO | None = None) -> tuple[str, int | None, str]:
    """Draw page 1 and one in the middle."""
    with path.open("rb") as original:
        for page in sorted({1, (pages + 1) // 2}):
            source = pdf or original
            raster = workshop.render(source, page=page, width=1600, document=str(path))
            if len(raster.pixels) != raster.width * raster.height * raster.channels:
                return "crash: raster", pages, f"page {page}"
    return "renders", pages, ""


def agrees(row: Row, answer: str, pages: int | None) -> bool:
    if answer.startswith(("crash", "workshop")):
        return False
    answers: dict[str, bool] = {
        "lenient": True,
        "renders": answer == "renders" and row.pages in (None, pages),
        "renders_approx": answer == "renders" and is_near(row, pages or 0),
        "password": answer == "password_required",
        "corrupt": answer == "corrupt",
        "refuse_type": answer in ("type_refused", "not viewable"),
        "refuse_limit": answer in LIMIT_CODES or answer == "renders",
    }
    return answers[row.expected]


def is_near(row: Row, pages: int) -> bool:
    """Whether a count that depends on fonts and paper is near enough."""
    if row.pages is None or row.kind in COUNTED_ROUGHLY:
        return pages >= 1
    return abs(pages - row.pages) <= max(1, row.pages * 0.25)


def write_report(outcomes: list[Outcome], seconds: float) -> str:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups["not built: " + outcome.row.kind if outcome.answer == "not built" else outcome.row.kind].append(outcome)
    built = [outcome for outcome in outcomes if outcome.answer != "not built"]
    agreed = sum(outcome.agrees for outcome in built)
    crashes = sum(outcome.answer.startswith(("crash", "workshop")) for outcome in built)
    hangs = sum(outcome.answer == "limit_time" for outcome in built)
    lines = [
        "# Corpus report",
        "",
        (
            f"{len(outcomes)} files in {seconds:.0f} s with {WORKERS} at a time. Of the kinds built,"
            f" **{agreed} of {len(built)} agree"
            f" ({100 * agreed / max(1, len(built)):.1f} %)**; {crashes} crashes, {hangs} ended by the clock;"
            f" {len(outcomes) - len(built)} files of kinds not built yet."
        ),
        "",
        "| kind | files | agree | crashes | ended by the clock | median s | longest s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, group in sorted(groups.items()):
        times = [outcome.seconds for outcome in group]
        counts = (
            "-" if kind.startswith("not built") else str(sum(o.agrees for o in group)),
            str(sum(o.answer.startswith(("crash", "workshop")) for o in group)),
            str(sum(o.answer == "limit_time" for o in group)),
        )
        lines.append(f"| {kind} | {len(group)} | {' | '.join(counts)} | {median(times):.2f} | {max(times):.2f} |")
    lines += ["", "## Disagreements", "", "| file | expected | answer | why |", "|---|---|---|---|"]
    for outcome in built:
        if not outcome.agrees:
            expected = f"{outcome.row.expected} {outcome.row.pages or ''}".strip()
            got = f"{outcome.answer} {outcome.pages or ''}".strip()
            lines.append(f"| {outcome.row.file} | {expected} | {got} | {outcome.why[:120].replace('|', '/')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
