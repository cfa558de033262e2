# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with bytes at rest and with files of strangers; every class has one stable code."""

from __future__ import annotations

from typing import ClassVar

from sealroom.core.errors import DomainError


class BlobMissing(DomainError):
    """No blob has this key."""

    code: ClassVar[str] = "blob_missing"


class BlobCorrupt(DomainError):
    """The stored bytes are not the bytes that were put: damaged, cut, exchanged, or sealed with an unknown key."""

    code: ClassVar[str] = "blob_corrupt"


class StorageFull(DomainError):
    """The medium has no room left; nothing was kept."""

    code: ClassVar[str] = "storage_full"


class TooLarge(DomainError):
    """The stream is longer than allowed (`limit` bytes); nothing was kept."""

    code: ClassVar[str] = "too_large"


class StorageQuota(DomainError):
    """The team's plan has no room for these bytes (`used` and `limit`, bytes); nothing was kept."""

    code: ClassVar[str] = "storage_quota"


class TooManyUploads(DomainError):
    """The user has begun as many uploads as may lie open (`limit`); nothing was begun."""

    code: ClassVar[str] = "too_many_uploads"


class OffsetConflict(DomainError):
    """A resumable upload stands elsewhere than the client believes (`offset`, bytes); nothing of the request was kept."""

    code: ClassVar[str] = "offset_conflict"


class ChecksumMismatch(DomainError):
    """The bytes that came are not those whose checksum was told; nothing of the request was kept."""

    code: ClassVar[str] = "checksum_mismatch"


class NotReady(DomainError):
    """The version is still being prepared, or cannot be (`state`, `error`)."""

    code: ClassVar[str] = "not_ready"


class WorkshopFailure(DomainError):
    """A file could not be opened, converted or drawn. The subclasses tell why; raise them through `workshop_failure`."""

    code: ClassVar[str] = "workshop_failed"


class PasswordRequired(WorkshopFailure):
    """The file is encrypted and opens only with a password."""

    code: ClassVar[str] = "password_required"


class PasswordWrong(WorkshopFailure):
    """The password does not open the file; another may be tried."""

    code: ClassVar[str] = "password_wrong"


class FileCorrupt(WorkshopFailure):
    """The file is broken, or it broke the child that opened it."""

    code: ClassVar[str] = "corrupt"


class TypeRefused(WorkshopFailure):
    """A program, an archive, or content that belies its name."""

    code: ClassVar[str] = "type_refused"


class ConverterMissing(WorkshopFailure):
    """The kind needs a converter that this machine does not have (LibreOffice inside bubblewrap)."""

    code: ClassVar[str] = "converter_missing"


class LimitPages(WorkshopFailure):
    """More pages or frames than allowed."""

    code: ClassVar[str] = "limit_pages"


class LimitPixels(WorkshopFailure):
    """An image declares more pixels than allowed."""

    code: ClassVar[str] = "limit_pixels"


class LimitTime(WorkshopFailure):
    """The work took longer than allowed and was ended."""

    code: ClassVar[str] = "limit_time"


class LimitDuration(WorkshopFailure):
    """A film or sound plays longer than allowed."""

    code: ClassVar[str] = "limit_duration"


class LimitMemory(WorkshopFailure):
    """The work needed more memory than allowed and was ended."""

    code: ClassVar[str] = "limit_memory"


class LimitSize(WorkshopFailure):
    """Too many bytes: the file itself, what it unpacks to, or what it became."""

    code: ClassVar[str] = "limit_size"


class PageFailed(WorkshopFailure):
    """This page cannot be drawn; others may."""

    code: ClassVar[str] = "page_failed"


class PageMissing(WorkshopFailure):
    """The document has no page of this number."""

    code: ClassVar[str] = "page_missing"


class WorkshopBusy(WorkshopFailure):
    """Every child is at work and none came free in time; try again."""

    code: ClassVar[str] = "workshop_busy"


class WorkshopInterrupted(WorkshopFailure):
    """The child was ended from outside, through no fault of the file; try again."""

    code: ClassVar[str] = "workshop_interrupted"


class Infected(DomainError):
    """The virus scanner found `signature` in the file: it is never sent nor handed to anybody."""

    code: ClassVar[str] = "infected"


class LimitScan(WorkshopFailure):
    """The file is larger than the virus scanner takes."""

    code: ClassVar[str] = "limit_scan"


class ScannerDown(DomainError):
    """The virus scanner does not answer, or not as it should (`reason`); try again."""

    code: ClassVar[str] = "scanner_down"


_BY_CODE: dict[str, type[WorkshopFailure]] = {
    kind.code: kind
    for kind in (
        PasswordRequired,
        PasswordWrong,
        FileCorrupt,
        TypeRefused,
        ConverterMissing,
        LimitPages,
        LimitPixels,
        LimitTime,
        LimitDuration,
        LimitMemory,
        LimitSize,
        PageFailed,
        PageMissing,
        WorkshopBusy,
        WorkshopInterrupted,
    )
}


def workshop_failure(code: str, **facts: object) -> WorkshopFailure:
    """The failure that has this code. A code nobody knows came from a child that lies: the file counts as corrupt."""
    return _BY_CODE.get(code, FileCorrupt)(**facts)
