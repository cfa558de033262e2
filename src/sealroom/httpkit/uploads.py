# SPDX-License-Identifier: Apache-2.0
"""Where the files of a form lie while it is read: in a file without a name, so that nothing clear is left behind when the process
is killed, and nobody else can open it. Named by FILE_UPLOAD_HANDLERS."""

from __future__ import annotations

import tempfile
import weakref
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class NamelessFile(UploadedFile):  # type: ignore[type-arg]  # generic for type checkers only
    """A file that is gone with its last reader, however that comes about: not every path of a request closes its files.

    A request that failed and its traceback hold each other, and such a knot is finalized in any order: `__del__` comes too late."""

    def __init__(self, file: IO[bytes], *facts: Any) -> None:
        super().__init__(file, *facts)
        weakref.finalize(self, file.close)


class NamelessFileUploadHandler(FileUploadHandler):
    """Takes what `MemoryFileUploadHandler` leaves: files too large for memory."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self.file = NamelessFile(
            tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR),  # noqa: SIM115 -- lives as long as the request
            self.file_name,
            self.content_type,
            0,
            self.charset,
            self.content_type_extra,
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        """Hand the file over, wound back."""
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        """Forget what has come so far."""
        if hasattr(self, "file"):
            self.file.close()
