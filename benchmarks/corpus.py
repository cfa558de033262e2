# SPDX-License-Identifier: Apache-2.0
"""Runs a corpus of documents through upload, preparation and view, and tells where the product disagrees with its manifest.

    SEALROOM_CORPUS=<folder with MANIFEST.csv> python -m benchmarks.corpus [report.md] [kind ...]

Without a file name the report is printed. Exit status 1 when fewer than 98.9 % agree, or a sandbox sent or received a packet.

Columns used of the manifest: file, kind, expected, pages. What `expected` means stands in the corpus' own README. Every file is
uploaded into a throw-away installation and prepared in the real sandbox; two of its pages are drawn with a mark and its words are
read, or its film is opened. Two at a time.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.packets import PacketWatch
from django.db import connection
from django.utils import timezone

from sealroom.cli import setup

_DATA = tempfile.TemporaryDirectory(prefix="corpus-")
os.environ |= {"SEALROOM_DATA": _DATA.name, "SEALROOM_PAYMENT_GATEWAY": "none"}
setup.load()

from sealroom.accounts import flows as accounts  # noqa: E402 -- settings first
from sealroom.accounts.queries import actor_for  # noqa: E402
from sealroom.billing import flows as billing  # noqa: E402
from sealroom.documents import flows as documents  # noqa: E402
from sealroom.documents import queries  # noqa: E402
from sealroom.documents.errors import WorkshopFailure  # noqa: E402
from sealroom.documents.ports import Kind, get_workshop  # noqa: E402
from sealroom.viewing import flows as viewing  # noqa: E402

if TYPE_CHECKING:
    from sealroom.accounts.rules import Actor
    from sealroom.documents.models import Document

WORKERS = 2
LIMIT_CODES = frozenset({"limit_pages", "limit_pixels", "limit_time", "limit_memory", "limit_size"})
COUNTED_ROUGHLY = frozenset({"text", "csv", "xls", "xlsx", "ods", "fods", "mismatch", "eml"})
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
    with installation() as actor, PacketWatch() as watch, ThreadPoolExecutor(WORKERS) as pool:
        started = time.perf_counter()
        outcomes = list(pool.map(lambda row: run(actor, root, row), rows))
    text = write_report(outcomes, time.perf_counter() - started, watch)
    for report in reports:
        report.write_text(text, "utf-8")
    if not reports:
        print(text)
    built = [outcome for outcome in outcomes if outcome.answer != "not built"]
    agreed = sum(outcome.agrees for outcome in built)
    print(f"{agreed} of {len(built)} agree ({100 * agreed / max(1, len(built)):.1f} %), {len(outcomes) - len(built)} not built")
    return 0 if agreed >= 0.989 * len(built) and watch.packets == 0 else 1


def run(actor: Actor, root: Path, row: Row) -> Outcome:
    """One file, from its upload to its marked pages."""
    started = time.perf_counter()
    try:
        answer, pages, why = look(actor, root / row.file)
    except WorkshopFailure as failure:
        answer, pages, why = failure.code, None, str(failure.facts)
    except Exception as error:
        answer, pages, why = f"crash: {type(error).__name__}", None, str(error)
    finally:
        connection.close()
    seconds = time.perf_counter() - started
    return Outcome(row, answer, pages, seconds, agrees(row, answer, pages), why)


def look(actor: Actor, path: Path) -> tuple[str, int | None, str]:
    """What the product says to this file: its answer, its pages, and a word on it, all by the real flows."""
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(1 << 20), b"")
        document = documents.accept_upload(actor, chunks, name=path.name, size=path.stat().st_size, now=timezone.now())
    assert document.current is not None
    documents.prepare(document.current.pk, now=timezone.now())
    view = queries.view_of(queries.get_document(actor, document.public_id))
    if view.state == "failed" and view.error is not None:
        return view.error.code, None, str(view.error.facts)
    if view.is_media:
        return play(document), None, view.kind
    if not view.pages:
        return ("not viewable" if view.kind == Kind.OTHER else "not built"), None, view.kind
    for page in sorted({1, (view.pages + 1) // 2}):
        picture = viewing.preview_page(actor, document.public_id, page, width=1600, now=timezone.now())
        if not picture.data.startswith(b"\xff\xd8"):
            return "crash: picture", view.pages, f"page {page}"
    documents.read(document.current.pk, now=timezone.now())
    return "renders", view.pages, ""


def play(document: Document) -> str:
    """What the bytes are that a player would get."""
    document.refresh_from_db()
    assert document.current is not None
    with closing(documents.open_media(document.current)) as film:
        head = film.read(12)
    return "renders" if head[4:8] == b"ftyp" or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"ID") else "crash: film"


@contextmanager
def installation() -> Iterator[Actor]:
    """A throw-away installation with one member, its jobs left alone: this module does what the worker would."""
    setup.prepare()
    user = accounts.make_user("corpus@example.com")
    billing.found_team(user, name="Corpus", time_zone="UTC", language="en", now=timezone.now(), plan="enterprise")
    actor = actor_for(user)
    assert actor is not None
    try:
        yield actor
    finally:
        get_workshop().close()
        connection.close()
        _DATA.cleanup()


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


def write_report(outcomes: list[Outcome], seconds: float, watch: PacketWatch) -> str:
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
        f"{watch.packets} packets, sent or received, in the {watch.namespaces} network namespaces of the sandboxes.",
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
