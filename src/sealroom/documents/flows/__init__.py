# SPDX-License-Identifier: Apache-2.0
"""What is done with documents, one module per deed."""

from sealroom.documents.flows.again import give_up_unlocking, prepare_unlocked, retry, retry_kept, unlock, unlock_kept
from sealroom.documents.flows.copies import Copies, check_copies, copy_document, copying
from sealroom.documents.flows.keep import (
    delete_document,
    delete_kept_document,
    rename_kept_document,
    share_in_library,
    sweep_blobs,
    take_from_library,
)
from sealroom.documents.flows.media import burn_mark, media_of, open_media
from sealroom.documents.flows.pages import base_page, open_original
from sealroom.documents.flows.prepare import bake, give_up, prepare
from sealroom.documents.flows.reading import read, search_text, structure_of, text_of
from sealroom.documents.flows.resumable import (
    Checksum,
    Destination,
    abandon_upload,
    append,
    begin_kept_upload,
    begin_upload,
    remove_expired_uploads,
)
from sealroom.documents.flows.scan import (
    ScannerState,
    check_scanner,
    defer_rescans,
    eicar,
    put_off,
    require_clean,
    rescan,
    scan_rest,
)
from sealroom.documents.flows.upload import Keeping, accept_upload, add_kept_version, add_version, check_room, publish_version

__all__ = [
    "Checksum",
    "Copies",
    "Destination",
    "Keeping",
    "ScannerState",
    "abandon_upload",
    "accept_upload",
    "add_kept_version",
    "add_version",
    "append",
    "bake",
    "base_page",
    "begin_kept_upload",
    "begin_upload",
    "burn_mark",
    "check_copies",
    "check_room",
    "check_scanner",
    "copy_document",
    "copying",
    "defer_rescans",
    "delete_document",
    "delete_kept_document",
    "eicar",
    "give_up",
    "give_up_unlocking",
    "media_of",
    "open_media",
    "open_original",
    "prepare",
    "prepare_unlocked",
    "publish_version",
    "put_off",
    "read",
    "remove_expired_uploads",
    "rename_kept_document",
    "require_clean",
    "rescan",
    "retry",
    "retry_kept",
    "scan_rest",
    "search_text",
    "share_in_library",
    "structure_of",
    "sweep_blobs",
    "take_from_library",
    "text_of",
    "unlock",
    "unlock_kept",
]
