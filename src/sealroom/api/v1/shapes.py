# SPDX-License-Identifier: Apache-2.0
"""Shapes that several calls share: recipients, settings, and how they become the rooms' values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field, StrictBool, StrictInt, field_validator

from sealroom.access.rules import Watermark
from sealroom.accounts.rules import Actor
from sealroom.api.app import Body
from sealroom.core.errors import Invalid, NotFound
from sealroom.sends import queries
from sealroom.sends.rules import PERIOD, Addressee, OwnTerms, SendSettings, read_shield

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
    media: Literal["", "laid_over"] = ""

    @property
    def value(self) -> Watermark:
        """As the rooms take it."""
        return Watermark(tuple(dict.fromkeys(self.fields)), self.text, self.size, self.color, self.angle, self.layout, self.media)


class TermsIn(Body):
    """Terms of this send alone: a text (HTML is sanitised), or a document of yours that is a PDF. One of the two."""

    text: str = Field("", max_length=50_000)
    document: str = Field("", max_length=64)


Names = Annotated[list[Annotated[str, Field(max_length=260)]], Field(max_length=200)]


class PresetSettingsIn(Body):
    """The settings of sends to come; what is not named is left to the member's defaults. `expires_after_s` counts from the moment
    a send is made."""

    access: Literal["named_code", "named_quick", "domains", "anyone_verified", "anyone"] = "named_code"
    domains: Names = []
    permission: Literal["view", "print", "download_pdf", "download_original"] = "view"
    expires_after_s: StrictInt | None = None
    expire_after_opening_s: StrictInt | None = None
    terms: Literal["organization"] | None = None
    watermark: WatermarkIn | None = Field(default_factory=lambda: WatermarkIn.model_validate({}))
    screen_shield: StrictBool | Literal["small", "medium", "large"] | None = False
    max_views: StrictInt | None = None
    max_prints: StrictInt | None = None
    allow_ips: Names = []
    allow_countries: Names = []
    block_domains: Names = []
    protect_pdf: StrictBool = False

    @property
    def named(self) -> dict[str, object]:
        """What was named, as presets keep it."""
        values: dict[str, object] = self.model_dump(mode="json", include=self.model_fields_set)
        if "watermark" in values and self.watermark is not None:
            values["watermark"] = asdict(self.watermark.value) | {"fields": list(self.watermark.value.fields)}
        if values.get("screen_shield", "") is None:
            values["screen_shield"] = False
        return values


class SettingsIn(Body):
    """The settings of a send; what is not named keeps its value (a new send: its preset's, or the default). A `passcode` of null
    is none; `terms` are null, "organization", or own ones; `screen_shield` is false, true, or the size of the clear window."""

    access: Literal["named_code", "named_quick", "domains", "anyone_verified", "anyone"] = "named_code"
    domains: Names = []
    permission: Literal["view", "print", "download_pdf", "download_original"] = "view"
    starts_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    expire_after_opening_s: StrictInt | None = None
    passcode: str | None = Field(None, max_length=128)
    terms: Literal["organization"] | TermsIn | None = None
    watermark: WatermarkIn | None = Field(default_factory=lambda: WatermarkIn.model_validate({}))
    screen_shield: StrictBool | Literal["small", "medium", "large"] | None = False
    max_views: StrictInt | None = None
    max_prints: StrictInt | None = None
    allow_ips: Names = []
    allow_countries: Names = []
    block_domains: Names = []
    protect_pdf: StrictBool = False

    @field_validator("starts_at", "expires_at")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def applied_to(self, settings: SendSettings) -> SendSettings:
        """The settings with what was named put in."""
        return SendSettings(**{**settings.__dict__, **named_in(self)})


class WatermarkOut(Schema):
    """The mark in force."""

    fields: list[str]
    text: str
    size: str
    color: str
    angle: int | None
    layout: str
    media: str


class TermsOut(Schema):
    """Terms of this send alone: the text as readers see it ("" for a PDF, then `document` names it), and the SHA-256 of exactly
    what they accept."""

    text: str
    document: str | None
    sha256: str


class SettingsOut(Schema):
    """The settings in force. `passcode` says whether there is one; `screen_shield` is null or the size of the clear window."""

    access: str
    domains: list[str]
    permission: str
    starts_at: datetime | None
    expires_at: datetime | None
    expire_after_opening_s: int | None
    passcode: bool
    terms: Literal["organization"] | TermsOut | None
    watermark: WatermarkOut | None
    screen_shield: str | None
    max_views: int | None
    max_prints: int | None
    allow_ips: list[str]
    allow_countries: list[str]
    block_domains: list[str]
    protect_pdf: bool


def named_in(body: Body) -> dict[str, object]:
    """The settings that a body names, as the rooms take them."""
    values: dict[str, object] = {name: getattr(body, name) for name in body.model_fields_set}
    for name in ("domains", "allow_ips", "allow_countries", "block_domains"):
        if isinstance(listed := values.get(name), list):
            values[name] = tuple(listed)
    if isinstance(mark := values.get("watermark"), WatermarkIn):
        values["watermark"] = mark.value
    if "screen_shield" in values:
        values["screen_shield"] = read_shield(values["screen_shield"] or False)
    if isinstance(terms := values.get("terms"), TermsIn):
        values["terms"] = OwnTerms(terms.text, terms.document)
    return values


def begun(
    actor: Actor, preset: str | None, settings: SettingsIn | None, *, is_named: bool = False, now: datetime
) -> tuple[str, SendSettings, int | None]:
    """The preset a send follows (its id, or ""), the settings it begins with, and the seconds of the preset's period where it
    decides the end. `is_named`: the caller said which preset, or none. Raises `Invalid` for an end other than a preset's fixed
    period."""
    if preset:
        try:
            found, base = queries.settings_of_preset(actor, preset, now=now)
        except NotFound:
            raise Invalid({"preset": ["unknown"]}) from None
        row: queries.PresetRow | None = found
    elif is_named:
        row, base = None, queries.house_settings(actor, now=now)
    else:
        row, base = queries.default_settings(actor, now=now)
    wished = settings.applied_to(base) if settings is not None else base
    if row is not None and PERIOD in row.fixed and wished.expires_at != base.expires_at:
        raise Invalid({"expires_at": ["fixed_by_preset"]})
    period = row.settings.get(PERIOD) if row is not None and wished.expires_at == base.expires_at else None
    return row.id if row is not None else "", wished, period if isinstance(period, int) else None


def addressees(recipients: list[str | RecipientIn]) -> tuple[Addressee, ...]:
    """As the rooms take them."""
    return tuple(Addressee(one) if isinstance(one, str) else Addressee(one.email, one.name, one.kind) for one in recipients)


def settings_out(settings: SendSettings) -> SettingsOut:
    """As the API shows them."""
    mark, own = settings.watermark, settings.terms
    terms = TermsOut(text=own.text, document=own.document or None, sha256=own.sha256) if isinstance(own, OwnTerms) else None
    return SettingsOut(
        access=settings.access,
        domains=list(settings.domains),
        permission=settings.permission,
        starts_at=settings.starts_at,
        expires_at=settings.expires_at,
        expire_after_opening_s=settings.expire_after_opening_s,
        passcode=settings.passcode is not None,
        terms=terms if terms is not None else "organization" if own else None,
        watermark=WatermarkOut.model_validate(mark, from_attributes=True) if mark else None,
        screen_shield=settings.screen_shield or None,
        max_views=settings.max_views,
        max_prints=settings.max_prints,
        allow_ips=list(settings.allow_ips),
        allow_countries=list(settings.allow_countries),
        block_domains=list(settings.block_domains),
        protect_pdf=settings.protect_pdf,
    )
