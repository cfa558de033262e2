# SPDX-License-Identifier: Apache-2.0
"""Shapes that several calls of data rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Schema
from pydantic import AwareDatetime, Field, StrictBool, field_validator

from sealroom.api.app import Body
from sealroom.api.v1.shapes import Names, TermsIn, TermsOut, WatermarkIn, WatermarkOut, named_in, settings_out
from sealroom.datarooms.queries import SeenItem
from sealroom.datarooms.rules import RoomSettings

Id = Annotated[str, Field(max_length=64)]
Ids = Annotated[list[Id], Field(max_length=2_000)]
Permission = Literal["none", "view", "print", "download_pdf", "download_original", "contribute"]
Audience = Literal["off", "owners", "group", "everyone"]
ROOM_TAG = "data rooms"


class RoomSettingsIn(Body):
    """The settings of a data room; what is not named keeps its value. `default_permission` holds for guests for whom nothing is
    set; who comes by the open link joins `default_group` (null: none). The others are as those of a send."""

    default_permission: Permission = "view"
    default_group: Id | None = None
    shows_guests: StrictBool = False
    shows_index: StrictBool = True
    sends_updates: StrictBool = True
    question_audience: Audience = "owners"
    banner: str = Field("", max_length=300)
    about: str = Field("", max_length=20_000)
    access: Literal["named_code", "named_quick", "domains", "anyone_verified"] = "named_code"
    domains: Names = []
    starts_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    passcode: str | None = Field(None, max_length=128)
    terms: Literal["organization"] | TermsIn | None = None
    watermark: WatermarkIn | None = Field(default_factory=lambda: WatermarkIn.model_validate({}))
    screen_shield: StrictBool | Literal["small", "medium", "large"] | None = False
    allow_ips: Names = []
    allow_countries: Names = []
    block_domains: Names = []
    protect_pdf: StrictBool = False

    @field_validator("starts_at", "expires_at")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return utc(value)

    def applied_to(self, settings: RoomSettings) -> RoomSettings:
        """The settings with what was named put in."""
        values = named_in(self)
        if "default_group" in values:
            values["default_group"] = values["default_group"] or ""
        if "default_permission" in values:
            values["default_right"] = values.pop("default_permission")
        plain = {name: values.pop(name) for name in list(values) if name in RoomSettings.__dataclass_fields__}
        conditions = replace(settings.conditions, **values)  # type: ignore[arg-type]
        return replace(settings, conditions=conditions, **plain)  # type: ignore[arg-type]


class RoomSettingsOut(Schema):
    """The settings in force. `passcode` says whether there is one."""

    default_permission: str
    default_group: str | None
    shows_guests: bool
    shows_index: bool
    sends_updates: bool
    question_audience: str
    banner: str
    about: str
    access: str
    domains: list[str]
    starts_at: datetime | None
    expires_at: datetime | None
    passcode: bool
    terms: Literal["organization"] | TermsOut | None
    watermark: WatermarkOut | None
    screen_shield: str | None
    allow_ips: list[str]
    allow_countries: list[str]
    block_domains: list[str]
    protect_pdf: bool


class ItemOut(Schema):
    """A folder or file. `folder`: id of the folder it lies in, null at the top; `number`: its place ("1.2"), "" where the room
    shows none. Of files: facts of the version that readers see; of folders `files` counts what lies below."""

    id: str
    kind: Literal["folder", "file"]
    name: str
    number: str
    folder: str | None
    files: int
    type: str
    size: int
    pages: int
    sha256: str
    state: str
    added_at: datetime
    changed_at: datetime


class ItemsOut(Schema):
    """A page of items."""

    items: list[ItemOut]
    next: str | None


class ItemIdsIn(Body):
    """Items by id."""

    items: Ids = Field(min_length=1)


def utc(value: datetime | None) -> datetime | None:
    """As the rooms take instants."""
    return value.astimezone(UTC) if value else None


def room_settings_out(settings: RoomSettings) -> RoomSettingsOut:
    """As the API shows them."""
    shared = settings_out(settings.conditions).model_dump(include=set(RoomSettingsOut.model_fields))
    own = {name: getattr(settings, name) for name in RoomSettings.__dataclass_fields__ if name in RoomSettingsOut.model_fields}
    own |= {"default_permission": settings.default_right, "default_group": settings.default_group or None}
    return RoomSettingsOut.model_validate(shared | own)


def item_out(one: SeenItem) -> ItemOut:
    """As the API shows it."""
    return ItemOut(
        id=one.id,
        kind="folder" if one.is_folder else "file",
        name=one.name,
        number=one.number,
        folder=one.parent or None,
        files=one.files,
        type=one.kind,
        size=one.size,
        pages=one.pages,
        sha256=one.sha256,
        state=one.state,
        added_at=one.added_at,
        changed_at=one.changed_at,
    )


def attachment(chunks: Iterator[bytes], name: str, content_type: str, size: int) -> StreamingHttpResponse:
    """Bytes to take along."""
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
        "Content-Length": str(size),
    }
    return StreamingHttpResponse(chunks, content_type=content_type, headers=headers)


def bytes_of(content_type: str) -> dict[str, object]:
    """How a call that answers bytes is described."""
    shape = {"schema": {"type": "string", "format": "binary"}}
    return {"responses": {200: {"description": "The bytes", "content": {content_type: shape}}}}
