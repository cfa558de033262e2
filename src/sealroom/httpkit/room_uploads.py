# SPDX-License-Identifier: Apache-2.0
"""The desk of a data room for resumable uploads (`httpkit.tus`), whoever the hand is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sealroom.datarooms import flows
from sealroom.datarooms.flows import Hand
from sealroom.documents.flows import Checksum
from sealroom.documents.queries import UploadView


class RoomDesk:
    """Takes files into a data room. The metadata may name the folder (`folder`, an id; none: the top) and folders below it (`path`,
    made as far as they are not there yet), or the file it is the next version of (`item`). `Sealroom-Item` says what it has
    become."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    def begin(self, name: str, size: int, said: Mapping[str, str], *, now: datetime) -> UploadView:
        """See `tus.Desk`. Folders are there from now on, whatever becomes of the upload."""
        folder, item = said.get("folder", ""), said.get("item", "")
        if (path := said.get("path", "")) and not item:
            folder = flows.create_path(self._hand, folder, path, now=now).public_id
        return flows.begin_upload(self._hand, folder, name, size, now=now, item_id=item)

    def find(self, upload_id: str, *, now: datetime) -> UploadView:
        """See `tus.Desk`."""
        return flows.upload_of(self._hand, upload_id, now=now)[0]

    def append(
        self, upload_id: str, chunks: Iterator[bytes], *, offset: int, checksum: Checksum | None, now: datetime
    ) -> UploadView:
        """See `tus.Desk`."""
        return flows.append_upload(self._hand, upload_id, chunks, offset=offset, checksum=checksum, now=now)

    def abandon(self, upload_id: str, *, now: datetime) -> None:
        """See `tus.Desk`."""
        flows.abandon_upload(self._hand, upload_id, now=now)

    def told(self, upload: UploadView, *, now: datetime) -> Mapping[str, str]:
        """See `tus.Desk`."""
        item = flows.upload_of(self._hand, upload.id, now=now)[1] if upload.document_id else ""
        return {"Sealroom-Item": item} if item else {}
