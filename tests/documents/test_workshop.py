# SPDX-License-Identifier: Apache-2.0
"""PDF and images through the real workshop: what it tells, what it refuses, and that nothing of it stays."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.errors import WorkshopFailure
from sealroom.documents.ports import Kind, PageSize, Paginated, Raster
from sealroom.documents.rules import Limits

from .conftest import MAKE_SMALL, family_of, is_running, own_pid, pdf_of

A4 = (595.0, 842.0)
walled = pytest.mark.skipif(not bubblewrap.is_available(), reason="bubblewrap is missing or may not be used here")


def paginate(workshop: SandboxWorkshop, data: bytes, kind: Kind = Kind.PDF, name: str = "a.pdf") -> Paginated:
    return workshop.paginate(io.BytesIO(data), kind=kind, name=name, document="doc")


def code_of(workshop: SandboxWorkshop, data: bytes, kind: Kind = Kind.PDF) -> str:
    with pytest.raises(WorkshopFailure) as caught:
        paginate(workshop, data, kind)
    return caught.value.code


def image_bytes(image: Image.Image, encoding: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, encoding, **options)
    return out.getvalue()


def first_page(workshop: SandboxWorkshop, pdf: bytes, width: int = 200) -> Raster:
    return workshop.render(io.BytesIO(pdf), page=1, width=width, document=f"doc{len(pdf)}:{hash(pdf)}")


def pixel(raster: Raster, x: int, y: int) -> tuple[int, ...]:
    at = (y * raster.width + x) * raster.channels
    return tuple(raster.pixels[at : at + raster.channels])


# -- PDF


def test_pages_are_counted_and_measured_as_shown(workshop: SandboxWorkshop) -> None:
    with pikepdf.open(io.BytesIO(pdf_of(A4, A4, A4))) as pdf:
        pdf.pages[1].rotate(90, relative=False)
        pdf.pages[2].CropBox = pikepdf.Array([100, 100, 300, 400])
        out = io.BytesIO()
        pdf.save(out)

    told = paginate(workshop, out.getvalue())

    assert told == Paginated((PageSize(595.0, 842.0), PageSize(842.0, 595.0), PageSize(200.0, 300.0)), None)


def test_giant_page_is_shown_in_proportion(workshop: SandboxWorkshop) -> None:
    with pikepdf.open(io.BytesIO(pdf_of(A4))) as pdf:
        pdf.pages[0].MediaBox = pikepdf.Array([0, 0, 2**31, 2**30])
        out = io.BytesIO()
        pdf.save(out)

    (size,) = paginate(workshop, out.getvalue()).pages

    assert size == PageSize(14400.0, 7200.0)


def test_password_is_asked_for_only_when_needed(workshop: SandboxWorkshop) -> None:
    def locked(user: str) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf_of(A4))) as pdf:
            pdf.save(out, encryption=pikepdf.Encryption(user=user, owner="owner", R=6))
        return out.getvalue()

    assert code_of(workshop, locked("secret")) == "password_required"
    assert len(paginate(workshop, locked("")).pages) == 1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"rubbish" * 100, pdf_of(A4)[:300], b"\x00" * 5000])
def test_broken_file_is_corrupt(workshop: SandboxWorkshop, data: bytes) -> None:
    assert code_of(workshop, data) == "corrupt"


def test_too_many_pages_are_refused_with_the_numbers() -> None:
    small = SandboxWorkshop(Limits(pages=2))
    with pytest.raises(WorkshopFailure) as caught:
        paginate(small, pdf_of(A4, A4, A4))
    small.close()

    assert (caught.value.code, caught.value.facts) == ("limit_pages", {"pages": 3, "limit": 2})


def test_too_long_file_is_refused_before_it_is_opened() -> None:
    small = SandboxWorkshop(Limits(file_bytes=1000))
    code = code_of(small, bytes(1001))
    small.close()

    assert code == "limit_size"


def test_page_is_drawn_at_the_asked_width(workshop: SandboxWorkshop) -> None:
    raster = first_page(workshop, pdf_of((200.0, 300.0)), width=400)

    assert (raster.width, raster.height, raster.channels, len(raster.pixels)) == (400, 600, 1, 400 * 600)
    assert pixel(raster, 200, 5) == (255,)
    assert min(raster.pixels) < 100


def test_coloured_page_has_three_channels(workshop: SandboxWorkshop) -> None:
    def draw(paper: canvas.Canvas, number: int) -> None:
        paper.setFillColorRGB(1, 0, 0)
        paper.rect(0, 0, 3, 3, stroke=0, fill=1)

    raster = first_page(workshop, pdf_of((200.0, 300.0), draw=draw))

    assert (raster.channels, pixel(raster, 1, 298), pixel(raster, 100, 10)) == (3, (255, 0, 0), (255, 255, 255))


@pytest.mark.parametrize("size", [(300.0, 300.0), (100.0, 3000.0), (3000.0, 100.0), (1.0, 14400.0), (14400.0, 1.0)])
def test_raster_stays_within_its_caps(workshop: SandboxWorkshop, size: tuple[float, float]) -> None:
    raster = first_page(workshop, pdf_of(size), width=9000)

    limits = workshop.limits
    assert max(raster.width, raster.height) <= limits.raster_side
    assert raster.width * raster.height <= limits.raster_pixels
    assert min(raster.width, raster.height) >= 1


def test_page_outside_the_document_is_missing(workshop: SandboxWorkshop) -> None:
    for page in (0, -1, 2):
        with pytest.raises(WorkshopFailure) as caught:
            workshop.render(io.BytesIO(pdf_of(A4)), page=page, width=100, document="missing")
        assert caught.value.code == "page_missing"


def test_form_fields_and_notes_are_drawn(workshop: SandboxWorkshop) -> None:
    def draw(paper: canvas.Canvas, number: int) -> None:
        paper.acroForm.textfield(x=50, y=150, width=100, height=40, value="WWWWWW", fontSize=20, borderWidth=0)

    with_form, without = first_page(workshop, pdf_of((200.0, 300.0), draw=draw)), first_page(workshop, pdf_of((200.0, 300.0)))

    assert with_form.pixels != without.pixels


# -- images


def test_image_becomes_an_upright_page_without_its_metadata(workshop: SandboxWorkshop) -> None:
    image = Image.new("RGB", (400, 200), "white")
    image.paste((255, 0, 0), (0, 0, 50, 50))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    exif[0x013B] = "A. Author"

    told = paginate(workshop, image_bytes(image, "PNG", exif=exif, dpi=(144, 144)), Kind.IMAGE)

    assert [(round(size.width), round(size.height)) for size in told.pages] == [(100, 200)]
    assert told.pdf is not None
    assert b"Author" not in told.pdf
    raster = first_page(workshop, told.pdf)
    assert (pixel(raster, 190, 10), pixel(raster, 10, 10)) == ((255, 0, 0), (255, 255, 255))


def test_transparency_lies_on_white(workshop: SandboxWorkshop) -> None:
    told = paginate(workshop, image_bytes(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"), Kind.IMAGE)

    assert told.pdf is not None
    assert set(first_page(workshop, told.pdf).pixels) == {255}


def test_every_frame_of_a_tiff_is_a_page(workshop: SandboxWorkshop) -> None:
    frames = [Image.new("L", (100, 50 * number), 128) for number in (1, 2, 3)]

    told = paginate(workshop, image_bytes(frames[0], "TIFF", save_all=True, append_images=frames[1:]), Kind.IMAGE)

    assert [size.height / size.width for size in told.pages] == [0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    ("mode", "encoding"),
    [
        ("1", "TIFF"),
        ("L", "PNG"),
        ("P", "GIF"),
        ("LA", "PNG"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("RGB", "WEBP"),
        ("I;16", "PNG"),
        ("RGB", "BMP"),
    ],
)
def test_mode_is_understood(workshop: SandboxWorkshop, mode: str, encoding: str) -> None:
    image = Image.new("I;16", (64, 64), 32768) if mode == "I;16" else Image.new("RGB", (64, 64), (128, 128, 128)).convert(mode)

    told = paginate(workshop, image_bytes(image, encoding), Kind.IMAGE)

    assert told.pdf is not None
    middle = pixel(first_page(workshop, told.pdf, width=64), 32, 32)[0]
    assert mode == "1" or 100 <= middle <= 156


def test_pixel_flood_is_refused_by_its_declared_size(workshop: SandboxWorkshop) -> None:
    flood = image_bytes(Image.new("1", (20_000, 20_000)), "PNG")

    with pytest.raises(WorkshopFailure) as caught:
        paginate(workshop, flood, Kind.IMAGE)

    assert (caught.value.code, caught.value.facts) == ("limit_pixels", {"pixels": 400_000_000, "limit": 100_000_000})


def test_kind_that_is_not_built_is_told(workshop: SandboxWorkshop) -> None:
    assert code_of(workshop, b"x", Kind.MEDIA) == "converter_missing"


# -- walls


@walled
@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("connect", "127.0.0.1:9"),
        ("read", "/etc/passwd"),
        ("read", "/etc/hostname"),
        ("read", "/home"),
        ("read", str(Path(__file__).parent)),
        ("read", "/proc/self/environ"),
        ("write", "/sandboxed/x"),
        ("write", "/x"),
        ("run", "/usr/lib/ld-linux.so"),
        ("fork", ""),
        ("signal", "1"),
    ],
)
def test_child_does_not_get_out(workshop: SandboxWorkshop, what: str, where: str) -> None:
    assert workshop.attempt(what, where).startswith("refused: ")


@walled
def test_child_sees_no_file_of_the_host(workshop: SandboxWorkshop, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")

    assert workshop.attempt("read", str(secret)) == "refused: FileNotFoundError 2"


@walled
def test_child_is_nobody_without_environment(workshop: SandboxWorkshop, monkeypatch: pytest.MonkeyPatch) -> None:
    user, variables, _ = workshop.attempt("look").removeprefix("done: ").split()

    assert user == "65534"
    assert int(variables) <= 3
    assert workshop.isolation() == "bubblewrap"


@pytest.mark.parametrize(
    ("what", "where", "code"),
    [
        ("sleep", "60", "limit_time"),
        ("spin", "", "limit_time"),
        ("remember", str(8 * 1024**3), "limit_memory"),
        ("crash", "", "corrupt"),
    ],
)
def test_child_that_misbehaves_is_ended(workshop: SandboxWorkshop, what: str, where: str, code: str) -> None:
    with pytest.raises(WorkshopFailure) as caught:
        workshop.attempt(what, where, seconds=20 if what == "remember" else 1)

    assert caught.value.code == code
    assert workshop.attempt("look").startswith("done: ")


# -- life and death


def children_of(workshop: SandboxWorkshop) -> set[int]:
    zygote = workshop._zygote
    return family_of(zygote.pid) if zygote else set()


def test_nothing_runs_after_close(own_workshop: SandboxWorkshop) -> None:
    before = family_of(own_pid())
    own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document="a")
    family = children_of(own_workshop)
    assert family

    own_workshop.close()
    own_workshop.close()

    # The kernel takes the namespace down with its first process; the last of it may be seen a moment longer than that.
    until = time.monotonic() + 5
    while any(is_running(pid) for pid in family) and time.monotonic() < until:
        time.sleep(0.01)
    assert [pid for pid in family if is_running(pid)] == []
    assert family_of(own_pid()) <= before


def test_documents_never_share_a_child(own_workshop: SandboxWorkshop) -> None:
    own_workshop.attempt("look")
    still = children_of(own_workshop)
    own_workshop.render(io.BytesIO(pdf_of((200.0, 300.0))), page=1, width=100, document="one")
    for_one = children_of(own_workshop) - still
    own_workshop.render(io.BytesIO(pdf_of((300.0, 200.0))), page=1, width=100, document="two")
    for_two = children_of(own_workshop) - still - for_one
    again = own_workshop.render(io.BytesIO(b"not read again"), page=1, width=100, document="one")

    assert (len(for_one), len(for_two), children_of(own_workshop) - still) == (1, 1, for_one | for_two)
    assert (again.width, again.height) == (100, 150)


def test_children_are_few_and_idle_ones_end(own_workshop: SandboxWorkshop) -> None:
    own_workshop.attempt("look")
    still = children_of(own_workshop)
    for name in "abcde":
        own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document=name)
        assert len(children_of(own_workshop) - still) <= 2
    own_workshop._idle_seconds = 0.0
    own_workshop.attempt("look")

    assert children_of(own_workshop) == still


def test_job_survives_the_death_of_its_warm_child(own_workshop: SandboxWorkshop) -> None:
    own_workshop.attempt("look")
    still = children_of(own_workshop)
    own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document="a")
    for pid in children_of(own_workshop) - still:
        os.kill(pid, signal.SIGKILL)

    assert own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document="a").width == 100


def kill_soon(workshop: SandboxWorkshop, *, zygote: bool) -> threading.Thread:
    """End the child that is at work, or the innermost process above it, as soon as it is there."""
    workshop.attempt("look")
    still = children_of(workshop)

    def run() -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            new = children_of(workshop) - still
            if new:
                os.kill(max(still) if zygote else new.pop(), signal.SIGKILL)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("zygote", [False, True])
def test_killed_job_is_told_as_interrupted_and_the_next_one_works(own_workshop: SandboxWorkshop, zygote: bool) -> None:
    killer = kill_soon(own_workshop, zygote=zygote)
    with pytest.raises(WorkshopFailure) as caught:
        own_workshop.attempt("sleep", "8")
    killer.join()

    assert caught.value.code == "workshop_interrupted"
    assert len(paginate(own_workshop, pdf_of(A4)).pages) == 1


def test_many_threads_share_a_workshop(own_workshop: SandboxWorkshop) -> None:
    files = {f"doc{number}": pdf_of(*[(200.0 + number, 300.0)] * 3) for number in range(6)}
    jobs = [(name, page) for name in files for page in (1, 2, 3)] * 2

    def draw(job: tuple[str, int]) -> tuple[int, int]:
        raster = own_workshop.render(io.BytesIO(files[job[0]]), page=job[1], width=100, document=job[0])
        return raster.width, raster.height

    with ThreadPoolExecutor(6) as pool:
        drawn = list(pool.map(draw, jobs))

    assert drawn == [(100, int(100 * 300 / (200 + int(name[3:])) + 0.5)) for name, _ in jobs]


def test_forked_process_starts_a_sandbox_of_its_own(own_workshop: SandboxWorkshop) -> None:
    own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document="a")
    family = children_of(own_workshop)

    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            if own_workshop.render(io.BytesIO(pdf_of(A4)), page=1, width=100, document="a").width == 100:
                own_workshop.close()
                status = 0
        finally:
            os._exit(status)

    assert os.waitpid(pid, 0)[1] == 0
    assert children_of(own_workshop) == family
    assert own_workshop.render(io.BytesIO(b"still warm"), page=1, width=100, document="a").width == 100


def test_sandbox_ends_with_the_process_that_owns_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from sealroom.documents.adapters.workshop import SandboxWorkshop;"
        " w = SandboxWorkshop(); w.attempt('look'); print(w._zygote.pid, flush=True); time.sleep(60)"
    )
    source = Path(__file__).parents[2] / "src"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(source)}
    ) as owner:
        assert owner.stdout is not None
        family = family_of(int(owner.stdout.readline()))
        owner.kill()
    until = time.monotonic() + 10
    while any(is_running(pid) for pid in family) and time.monotonic() < until:
        time.sleep(0.02)

    assert [pid for pid in family if is_running(pid)] == []


def test_without_bubblewrap_limits_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "is_available", lambda: False)
    weaker = SandboxWorkshop(MAKE_SMALL, children=1)
    try:
        assert weaker.isolation() == "rlimits"
        assert weaker.converts_office() is False
        assert len(paginate(weaker, pdf_of(A4)).pages) == 1
        assert weaker.attempt("connect", "127.0.0.1:9").startswith("refused: PermissionError")
        assert weaker.attempt("fork").startswith("refused: PermissionError")
        docx = b"PK\x03\x04"
        assert code_of(weaker, docx, Kind.OFFICE) in ("corrupt", "converter_missing")
    finally:
        weaker.close()
