# SPDX-License-Identifier: Apache-2.0
"""What is decided about a file: which kind its first bytes show, whether its name tells the same, and how big it may be.

Only fixed bytes are compared here. Nothing is parsed: what lies inside a container is looked at in the sandbox.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass

from sealroom.documents.kinds import Kind

HEAD_BYTES = 4096
"""How many first bytes `decide_kind` wants to see."""

NAME_CHARACTERS = 200
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Limits:
    """The most that is taken in. Bytes, pixels, pages and seconds; the operator may set them lower or higher."""

    file_bytes: int = 2 * 1024**3
    pages: int = 5_000
    image_pixels: int = 100_000_000
    archive_entries: int = 10_000
    unpacked_bytes: int = 2 * 1024**3
    unpack_ratio: int = 1_000
    text_bytes: int = 20 * 1024**2
    output_bytes: int = 1024**3
    raster_side: int = 2_400
    raster_pixels: int = 8_000_000
    convert_seconds: int = 120
    inspect_seconds: int = 60
    render_seconds: int = 30
    memory_bytes: int = 1_536 * 1024**2


class Refusal(enum.StrEnum):
    """Why a file is not taken in."""

    PROGRAM = "program"
    ARCHIVE = "archive"
    MISMATCH = "mismatch"
    EMPTY = "empty"


@dataclass(frozen=True)
class TypeVerdict:
    """Exactly one of the two is set."""

    kind: Kind | None = None
    refusal: Refusal | None = None


class Signature(enum.Enum):
    """What the first bytes look like."""

    PDF = enum.auto()
    IMAGE = enum.auto()
    ZIP = enum.auto()
    OLE = enum.auto()
    RTF = enum.auto()
    SVG = enum.auto()
    XML = enum.auto()
    MEDIA = enum.auto()
    PROGRAM = enum.auto()
    ARCHIVE = enum.auto()
    TEXT = enum.auto()
    BINARY = enum.auto()


_PDF_MARK = b"%PDF-"
_PREFIXES: tuple[tuple[bytes, Signature], ...] = (
    (_PDF_MARK, Signature.PDF),
    (b"\x89PNG\r\n\x1a\n", Signature.IMAGE),
    (b"\xff\xd8\xff", Signature.IMAGE),
    (b"GIF87a", Signature.IMAGE),
    (b"GIF89a", Signature.IMAGE),
    (b"II*\x00", Signature.IMAGE),
    (b"MM\x00*", Signature.IMAGE),
    (b"II+\x00", Signature.IMAGE),
    (b"MM\x00+", Signature.IMAGE),
    (b"8BPS\x00", Signature.IMAGE),
    (b"\x00\x00\x01\x00", Signature.IMAGE),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Signature.IMAGE),
    (b"\xff\x4f\xff\x51", Signature.IMAGE),
    (b"PK\x03\x04", Signature.ZIP),
    (b"PK\x05\x06", Signature.ZIP),
    (b"PK\x07\x08", Signature.ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Signature.OLE),
    (b"{\\rt", Signature.RTF),
    (b"\x7fELF", Signature.PROGRAM),
    (b"\xfe\xed\xfa\xce", Signature.PROGRAM),
    (b"\xfe\xed\xfa\xcf", Signature.PROGRAM),
    (b"\xce\xfa\xed\xfe", Signature.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Signature.PROGRAM),
    (b"\xca\xfe\xba\xbe", Signature.PROGRAM),
    (b"\x00asm", Signature.PROGRAM),
    (b"dex\n", Signature.PROGRAM),
    (b"L\x00\x00\x00\x01\x14\x02\x00", Signature.PROGRAM),
    (b"Rar!\x1a\x07", Signature.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Signature.ARCHIVE),
    (b"\x1f\x8b", Signature.ARCHIVE),
    (b"\x1f\x9d", Signature.ARCHIVE),
    (b"BZh", Signature.ARCHIVE),
    (b"\xfd7zXZ\x00", Signature.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Signature.ARCHIVE),
    (b"MSCF\x00\x00\x00\x00", Signature.ARCHIVE),
    (b"!<arch>\n", Signature.ARCHIVE),
    (b"\xed\xab\xee\xdb", Signature.ARCHIVE),
    (b"xar!", Signature.ARCHIVE),
    (b"ID3", Signature.MEDIA),
    (b"OggS", Signature.MEDIA),
    (b"fLaC", Signature.MEDIA),
    (b"\x1aE\xdf\xa3", Signature.MEDIA),
    (b"\x00\x00\x01\xba", Signature.MEDIA),
)
_STILL_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx", b"avif", b"avis"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PDF = _words("pdf")
_IMAGES = _words("png apng jpg jpeg jpe jfif gif webp tif tiff heic heif avif bmp dib ico jp2 j2k jpx psd")
_OFFICE = _words(
    "doc dot docx docm dotx dotm xls xlt xlsx xlsm xlsb xltx xltm ppt pps pot pptx pptm ppsx ppsm potx potm odt"
    " ott ods ots odp otp odg fodt fods fodp rtf"
)
_MEDIA = _words("mp4 m4v m4a mov webm mkv mp3 ogg oga ogv opus flac wav avi mpg mpeg aac")
_PROGRAMS = _words(
    "exe dll com scr pif bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta msi msp msix cpl jar class apk ipa app"
    " deb rpm dmg pkg sh bash csh ksh zsh lnk reg so dylib sys drv xll xpi crx gadget chm scf url desktop"
    " appimage"
)
_ARCHIVES = _words("zip rar 7z gz tgz bz2 tbz2 xz txz zst tar cab arj lzh lha iso img ace cpio whl egg war ear")
_ZIP_DOCUMENTS = _words("pages key numbers epub vsdx xps oxps sketch kmz 3mf idml mmap xmind drawio")


def decide_kind(name: str, head: bytes) -> TypeVerdict:
    """The kind of a file by its first `HEAD_BYTES` bytes, or why it is refused.

    Refused are programs and archives, by content or by name, and content that belies its name. A kind we cannot show is
    `OTHER`. That a container holds what its name says is proved later, in the sandbox.
    """
    extension = extension_of(name)
    signature = read_signature(head)
    if not head:
        return TypeVerdict(refusal=Refusal.EMPTY)
    if _promises_document(extension):
        kind = _kind_promised(extension, signature, head)
        return TypeVerdict(kind=kind) if kind else TypeVerdict(refusal=Refusal.MISMATCH)
    if signature is Signature.PROGRAM or extension in _PROGRAMS:
        return TypeVerdict(refusal=Refusal.PROGRAM)
    if signature is Signature.ARCHIVE or extension in _ARCHIVES:
        return TypeVerdict(refusal=Refusal.ARCHIVE)
    return _kind_shown(extension, signature)


def read_signature(head: bytes) -> Signature:
    """What the first bytes look like; never a statement about what follows them."""
    for prefix, signature in _PREFIXES:
        if head.startswith(prefix):
            return signature
    is_text = looks_like_text(head)
    for signature, holds in (
        (Signature.IMAGE, head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS),
        (Signature.MEDIA, head[4:8] == b"ftyp"),
        (Signature.IMAGE, head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
        (Signature.MEDIA, head[:4] == b"RIFF"),
        (Signature.ARCHIVE, head[257:262] == b"ustar"),
        (Signature.PROGRAM, re.match(rb"(?:\xef\xbb\xbf)?#! ?/", head)),
        (Signature.PROGRAM, head[:2] == b"MZ" and not is_text),
        (Signature.IMAGE, head[:2] == b"BM" and not is_text),
        (Signature.PDF, _PDF_MARK in head[:1024]),
        (Signature.BINARY, not is_text),
    ):
        if holds:
            return signature
    return _markup_signature(head)


def _markup_signature(head: bytes) -> Signature:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in head.lower():
        return Signature.SVG
    return Signature.XML if start.startswith(b"<?xml") else Signature.TEXT


def looks_like_text(head: bytes) -> bool:
    """Whether bytes read as text: UTF-16 with its mark, or no control characters beyond white space, escape and page feed."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) % 2 == 0 or len(head) >= HEAD_BYTES
    return not re.search(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]", head)


def extension_of(name: str) -> str:
    """The lower-case extension without its dot, empty when there is none."""
    stem, dot, extension = name.strip().rpartition(".")
    return extension.lower() if dot and stem else ""


def clean_name(name: str) -> str:
    """A file name that is safe to show and to put into a header: no folder, no control or direction marks, not empty.

    The name is for people only; no path is ever made of it.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(" " if c.isspace() else c for c in base if c.isspace() or c in _JOINERS or unicodedata.category(c)[0] != "C")
    kept = " ".join(kept.split()).lstrip(". ")
    if len(kept) > NAME_CHARACTERS:
        extension = extension_of(kept)[:20]
        kept = f"{kept[: NAME_CHARACTERS - len(extension) - 2]}….{extension}" if extension else kept[:NAME_CHARACTERS]
    return kept or "document"


_Accepted = frozenset[Signature]
_UNKNOWN: _Accepted = frozenset({Signature.BINARY, Signature.TEXT, Signature.XML})
"""Bytes nobody knows may still be a damaged file of the kind the name says; the engine will tell."""
_READABLE: _Accepted = frozenset({Signature.TEXT, Signature.XML, Signature.SVG, Signature.RTF})
_PROMISES: tuple[tuple[frozenset[str], Kind, _Accepted], ...] = (
    (_PDF, Kind.PDF, _UNKNOWN | {Signature.PDF}),
    (_IMAGES, Kind.IMAGE, _UNKNOWN | {Signature.IMAGE}),
    (_OFFICE, Kind.OFFICE, _UNKNOWN | {Signature.ZIP, Signature.OLE, Signature.RTF}),
    (_words("svg"), Kind.SVG, frozenset({Signature.SVG, Signature.XML, Signature.TEXT})),
    (_words("svgz"), Kind.SVG, frozenset({Signature.ARCHIVE})),
    (_words("eml"), Kind.EMAIL, _UNKNOWN),
    (_words("txt text log"), Kind.TEXT, _READABLE),
    (_words("md markdown"), Kind.MARKDOWN, _READABLE),
    (_words("csv tsv tab"), Kind.CSV, _READABLE),
)
_SHOWN = {Signature.PDF: Kind.PDF, Signature.IMAGE: Kind.IMAGE, Signature.MEDIA: Kind.MEDIA, Signature.RTF: Kind.OFFICE}


def _promises_document(extension: str) -> bool:
    return any(extension in extensions for extensions, _, _ in _PROMISES)


def _kind_promised(extension: str, signature: Signature, head: bytes) -> Kind | None:
    """The kind a known extension promises, or None when the bytes are plainly something else."""
    if extension in _PDF and _PDF_MARK in head[:1024] and signature not in (Signature.PROGRAM, Signature.ZIP):
        return Kind.PDF  # readers allow rubbish before the mark, and rubbish may look like anything
    return next((kind for extensions, kind, accepted in _PROMISES if extension in extensions and signature in accepted), None)


def _kind_shown(extension: str, signature: Signature) -> TypeVerdict:
    """The kind of a file whose extension promises nothing we know."""
    if signature is Signature.ZIP:
        return TypeVerdict(kind=Kind.OTHER) if extension in _ZIP_DOCUMENTS else TypeVerdict(refusal=Refusal.ARCHIVE)
    if extension in _MEDIA:
        is_media = signature in (Signature.MEDIA, Signature.BINARY)
        return TypeVerdict(kind=Kind.MEDIA) if is_media else TypeVerdict(refusal=Refusal.MISMATCH)
    if signature is Signature.TEXT and not extension:
        return TypeVerdict(kind=Kind.TEXT)
    return TypeVerdict(kind=_SHOWN.get(signature, Kind.OTHER))
