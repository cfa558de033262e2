# SPDX-License-Identifier: Apache-2.0
"""What is done with documents, one module per deed."""

from sealroom.documents.flows.keep import delete_document, share_in_library, sweep_blobs, take_from_library
from sealroom.documents.flows.pages import base_page, open_original
from sealroom.documents.flows.prepare import bake, give_up, prepare
from sealroom.documents.flows.upload import accept_upload, add_version, publish_version

__all__ = [
    "accept_upload",
    "add_version",
    "bake",
    "base_page",
    "delete_document",
    "give_up",
    "open_original",
    "prepare",
    "publish_version",
    "share_in_library",
    "sweep_blobs",
    "take_from_library",
]
