# SPDX-License-Identifier: Apache-2.0
"""Callers of the API: a member with a key and a client that speaks JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sealroom.accounts import flows as accounts
from sealroom.accounts.rules import Route
from sealroom.documents.models import Version, VersionState
from tests.factories.accounts import Persona

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.body["status"] == self.status
        return str(self.body["code"])


@dataclass
class Caller:
    """A key in use."""

    key: str
    persona: Persona | None = None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None) -> Answer:
        """One call under /api/v1."""
        response = self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers=self._headers(headers),
        )
        return _answer(response)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: object = None, *, key: str = "") -> Answer:
        return self.call("POST", path, body, headers={"Idempotency-Key": key} if key else None)

    def upload(
        self,
        data: bytes = PDF,
        *,
        name: str = "Offer.pdf",
        to: str = "/documents",
        key: str = "",
        parts: dict[str, object] | None = None,
    ) -> Answer:
        """Send a file as a browser would."""
        fields = parts if parts is not None else {"file": SimpleUploadedFile(name, data)}
        headers = self._headers({"Idempotency-Key": key} if key else None)
        return _answer(self.client.post(f"/api/v1{to}", fields, headers=headers))

    def document(self, name: str = "Offer.pdf", *, pages: int = 2) -> str:
        """The id of a document that is ready."""
        answer = self.upload(name=name)
        assert answer.status == 201, answer.body
        make_ready(answer.body["version_id"], pages=pages)
        return str(answer.body["id"])

    def send(self, documents: Sequence[str], recipients: Sequence[str], **more: object) -> dict[str, Any]:
        """A send that went out."""
        answer = self.post("/sends", {"documents": list(documents), "recipients": list(recipients), **more})
        assert answer.status == 201, answer.body
        body: dict[str, Any] = answer.body
        return body

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        return ({"Authorization": f"Bearer {self.key}"} if self.key else {}) | (more or {})


def make_caller(persona: Persona, *scopes: str) -> Caller:
    """A new key of the persona, with every scope unless some are named."""
    actor = persona.actor_by(Route.WEB)
    wanted = scopes or (("read", "send", "rooms", "admin") if actor.role == "admin" else ("read", "send", "rooms"))
    if actor.role != "admin":
        wanted = tuple(scope for scope in wanted if scope != "admin")
    _, secret = accounts.create_key(actor, "tests", wanted, None, now=datetime.now(UTC))
    return Caller(secret, persona)


def make_ready(version_id: str, *, pages: int = 2) -> None:
    """Set the state that preparing would reach, without opening the file."""
    Version.objects.filter(public_id=version_id).update(state=VersionState.READY, pages=pages, ready_at=datetime.now(UTC))


def make_failed(version_id: str, *, code: str = "corrupt") -> None:
    """Set the state of a file that could not be prepared."""
    Version.objects.filter(public_id=version_id).update(state=VersionState.FAILED, error_code=code)


def _answer(response: Any) -> Answer:
    kind = response.headers.get("Content-Type", "")
    return Answer(
        response.status_code,
        json.loads(response.content) if response.content and "json" in kind else response.content,
        dict(response.headers),
    )
