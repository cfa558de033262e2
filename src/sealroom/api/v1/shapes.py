# SPDX-License-Identifier: Apache-2.0
"""Shapes that several calls share: recipients, settings, and how they become the rooms' values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from ninja import Schema
from pydantic import AwareDatetime, Field, field_validator

from sealroom.access.rules import Watermark
from sealroom.api.app import Body
from sealroom.sends.rules import Addressee, SendSettings

MarkField = Literal["email", "name", "ip", "time"]


class RecipientIn(Body):
    """A recipient with a name and a place."""

    email: str = Field(max_length=320)
    name: str = Field("", max_length=200)
    kind: Literal["to", "cc", "bcc"] = "to"


class WatermarkIn(Body):
    """What the mark says and how it looks."""

    fields: list[MarkField] = ["email", "ip", "time"]
    text: str = Field("", max_length=200)
    size: str = Field("", max_length=20)
    color: str = Field("", max_length=20)
    angle: int | None = Field(None, ge=-90, le=90)
    layout: str = Field("", max_length=20)

    @property
    def value(self) -> Watermark:
        """As the rooms take it."""
        return Watermark(tuple(dict.fromkeys(self.fields)), self.text, self.size, self.color, self.angle, self.layout)


class SettingsIn(Body):
    """The settings of a send; what is not named keeps its value (a new send: its default)."""

    access: Literal["named_code"] = "named_code"
    permission: Literal["view", "print", "download_pdf", "download_original"] = "view"
    starts_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    watermark: WatermarkIn | None = Field(default_factory=lambda: WatermarkIn.model_validate({}))

    @field_validator("starts_at", "expires_at")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def applied_to(self, settings: SendSettings) -> SendSettings:
        """The settings with what was named put in."""
        mark = self.watermark
        values: dict[str, object] = {
            "access": self.access,
            "permission": self.permission,
            "starts_at": self.starts_at,
            "expires_at": self.expires_at,
            "watermark": mark.value if mark else None,
        }
        named = {name: values[name] for name in self.model_fields_set}
        return SendSettings(**{**settings.__dict__, **named})


class WatermarkOut(Schema):
    """The mark in force."""

    fields: list[str]
    text: str
    size: str
    color: str
    angle: int | None
    layout: str


class SettingsOut(Schema):
    """The settings in force."""

    access: str
    permission: str
    starts_at: datetime | None
    expires_at: datetime | None
    watermark: WatermarkOut | None


def addressees(recipients: list[str | RecipientIn]) -> tuple[Addressee, ...]:
    """As the rooms take them."""
    return tuple(Addressee(one) if isinstance(one, str) else Addressee(one.email, one.name, one.kind) for one in recipients)


def settings_out(settings: SendSettings) -> SettingsOut:
    """As the API shows them."""
    mark = settings.watermark
    return SettingsOut(
        access=settings.access,
        permission=settings.permission,
        starts_at=settings.starts_at,
        expires_at=settings.expires_at,
        watermark=WatermarkOut.model_validate(mark, from_attributes=True) if mark else None,
    )
