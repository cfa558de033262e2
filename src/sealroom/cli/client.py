# SPDX-License-Identifier: Apache-2.0
"""A small client of the REST API: JSON calls and streamed uploads, nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

_CHUNK = 256 * 1024  # bytes
_TIMEOUT = 120  # seconds

Progress = Callable[[int, int], None]


class ApiRefusal(Exception):
    """The server refused, or could not be reached; the text says why and what to do."""


class ApiClient:
    """Speaks for one key to one server."""

    def __init__(self, server: str, key: str) -> None:
        parts = urlsplit(server)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ApiRefusal(f"{server} is no address of a server")
        self._parts, self._key = parts, key

    def call(self, method: str, path: str, body: object = None, *, idempotency_key: str = "") -> dict[str, Any]:
        """One call under /api/v1; the answer's object. Raises `ApiRefusal`."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return self._exchange(method, path, None if body is None else json.dumps(body).encode(), headers)

    def upload(self, path: Path, progress: Progress) -> dict[str, Any]:
        """Stream a file in constant memory; the document. Raises `ApiRefusal`."""
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="upload"; '
            f"filename*=UTF-8''{quote(path.name)}\r\nContent-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        size = path.stat().st_size

        def parts() -> Iterator[bytes]:
            yield head
            done = 0
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
                    done += len(chunk)
                    progress(done, size)
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        return self._exchange("POST", "/documents", parts(), headers)

    def _exchange(self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str]) -> dict[str, Any]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=_TIMEOUT)
        headers |= {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "Sealroom-Client": "cli"}
        try:
            connection.request(method, f"/api/v1{path}", body=body, headers=headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise ApiRefusal(f"the server at {self._parts.netloc} did not answer as expected: {error}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise ApiRefusal(_sentence(answer))
        assert isinstance(answer, dict)
        return answer


def _sentence(problem: dict[str, Any]) -> str:
    """A refusal for people: its sentence, then the numbers it carries."""
    facts = {name: value for name, value in problem.items() if name not in {"type", "title", "status", "code", "request_id"}}
    numbers = ", ".join(f"{name} {value}" for name, value in facts.items())
    return f"{problem.get('title', 'refused')} ({problem.get('code', 'error')}{': ' + numbers if numbers else ''})"
