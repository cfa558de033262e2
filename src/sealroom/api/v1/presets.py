# SPDX-License-Identifier: Apache-2.0
"""Presets: bundles of settings that admins make for the team's sends."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field, JsonValue

from sealroom.api.app import Body, actor_of
from sealroom.api.repeats import repeatable
from sealroom.api.v1.shapes import PresetSettingsIn
from sealroom.sends import flows, queries
from sealroom.sends.models import Preset

router = Router(tags=["presets"])


class PresetIn(Body):
    """A bundle: `settings` say what sends begin with, `fixed` names those that a member may not change."""

    name: str = Field(max_length=80)
    settings: PresetSettingsIn = Field(default_factory=lambda: PresetSettingsIn.model_validate({}))
    fixed: list[str] = Field([], max_length=50)
    is_default: bool = False


class PresetOut(Schema):
    """A preset. Sends begin with the default one where no other is named."""

    id: str
    name: str
    settings: dict[str, JsonValue]
    fixed: list[str]
    is_default: bool
    updated_at: datetime


class PresetsOut(Schema):
    """All presets of the team by name. `presets_only`: a send must follow one."""

    items: list[PresetOut]
    next: str | None
    presets_only: bool


class PresetRulesIn(Body):
    """Whether a send must follow a preset."""

    presets_only: bool


@router.get("/presets", response=PresetsOut, summary="Presets of the team")
def list_presets(request: HttpRequest) -> PresetsOut:
    """For every member."""
    return _all(request)


@router.patch("/presets", response=PresetsOut, summary="Ask for a preset, or not")
@repeatable
def change_rules(request: HttpRequest, body: PresetRulesIn) -> PresetsOut:
    """Admins only. Binds sends to come."""
    flows.set_presets_only(actor_of(request), body.presets_only, now=timezone.now())
    return _all(request)


@router.post("/presets", response={201: PresetOut}, summary="Make a preset")
@repeatable
def create(request: HttpRequest, body: PresetIn) -> Status[PresetOut]:
    """Admins only."""
    return Status(201, _out(_saved(request, "", body)))


@router.put("/presets/{preset_id}", response=PresetOut, summary="Replace what a preset says")
@repeatable
def replace(request: HttpRequest, preset_id: str, body: PresetIn) -> PresetOut:
    """Admins only. Sends that went out keep their settings; what is fixed for them is what the preset fixes now."""
    return _out(_saved(request, preset_id, body))


@router.delete("/presets/{preset_id}", response={204: None}, summary="Remove a preset")
@repeatable
def remove(request: HttpRequest, preset_id: str) -> HttpResponse:
    """Admins only. Sends that followed it stay bound by it."""
    flows.remove_preset(actor_of(request), preset_id, now=timezone.now())
    return HttpResponse(status=204)


def _saved(request: HttpRequest, preset_id: str, body: PresetIn) -> Preset:
    return flows.save_preset(
        actor_of(request), preset_id, body.name, body.settings.named, body.fixed, is_default=body.is_default, now=timezone.now()
    )


def _all(request: HttpRequest) -> PresetsOut:
    actor = actor_of(request)
    items = [PresetOut.model_validate(row, from_attributes=True) for row in queries.list_presets(actor)]
    return PresetsOut(items=items, next=None, presets_only=queries.presets_only(actor))


def _out(preset: Preset) -> PresetOut:
    return PresetOut.model_validate(queries.preset_row(preset), from_attributes=True)
