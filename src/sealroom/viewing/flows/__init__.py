# SPDX-License-Identifier: Apache-2.0
"""What viewing does, one module per deed."""

from sealroom.viewing.flows.downloads import download_original, download_pdf
from sealroom.viewing.flows.media import (
    Form,
    Showing,
    Stream,
    give_up_copy,
    make_copy,
    open_stream,
    play,
    remove_unused_copies,
    showing,
)
from sealroom.viewing.flows.openings import heartbeat, record_denial, record_download, record_page, record_print
from sealroom.viewing.flows.pages import PageImage, preview_page, render_page
from sealroom.viewing.flows.prints import print_page, start_print
from sealroom.viewing.flows.texts import find_text, read_structure, read_text

__all__ = [
    "Form",
    "PageImage",
    "Showing",
    "Stream",
    "download_original",
    "download_pdf",
    "find_text",
    "give_up_copy",
    "heartbeat",
    "make_copy",
    "open_stream",
    "play",
    "preview_page",
    "print_page",
    "read_structure",
    "read_text",
    "record_denial",
    "record_download",
    "record_page",
    "record_print",
    "remove_unused_copies",
    "render_page",
    "showing",
    "start_print",
]
