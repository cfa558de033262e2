# SPDX-License-Identifier: Apache-2.0
"""What viewing does, one module per deed."""

from sealroom.viewing.flows.downloads import download_original, download_pdf
from sealroom.viewing.flows.openings import heartbeat, record_denial, record_download, record_page
from sealroom.viewing.flows.pages import PageImage, preview_page, render_page

__all__ = [
    "PageImage",
    "download_original",
    "download_pdf",
    "heartbeat",
    "preview_page",
    "record_denial",
    "record_download",
    "record_page",
    "render_page",
]
