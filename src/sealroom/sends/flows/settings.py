# SPDX-License-Identifier: Apache-2.0
"""Settings of a send held to its preset, before `viewing.flows.conditions` checks them and puts them in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sealroom.accounts.rules import Actor
from sealroom.core.errors import Invalid, NotFound
from sealroom.sends import queries, rules
from sealroom.sends.models import Preset, Send
from sealroom.sends.rules import PERIOD, SendRequest, SendSettings


def follow_preset(actor: Actor, request: SendRequest, *, now: datetime) -> tuple[SendRequest, Preset | None]:
    """The request held to the preset it names: a fixed period begins now. Raises `Invalid` for an unknown preset, and with the
    reason `fixed_by_preset` for each fixed setting it leaves."""
    if request.expires_after_s is not None:
        ends = now + timedelta(seconds=request.expires_after_s)
        request = replace(request, settings=replace(request.settings, expires_at=ends))
    if not request.preset:
        return request, None
    try:
        preset = queries.get_preset(actor, request.preset)
    except NotFound:
        raise Invalid({"preset": ["unknown"]}) from None
    return replace(request, settings=hold_to(actor, preset, request.settings, now=now)), preset


def as_asked(actor: Actor, request: SendRequest) -> SendRequest:
    """The request without what the clock put into it: under a fixed period the end is never the sender's wish."""
    fixed = Preset.objects.filter(team_id=actor.team_id, public_id=request.preset).values_list("fixed", flat=True).first()
    return replace(request, settings=replace(request.settings, expires_at=None)) if fixed and PERIOD in fixed else request


def hold_to(actor: Actor, preset: Preset, settings: SendSettings, *, now: datetime) -> SendSettings:
    """Settings of a send to come, held to a preset. Raises `Invalid`."""
    bundle = queries.settings_under(actor, preset, now=now)
    errors = rules.broken(bundle, preset.fixed, rules.normalized(settings))
    if errors:
        raise Invalid(errors)
    return rules.held(bundle, preset.fixed, settings)


def require_preset(actor: Actor, send: Send) -> None:
    """Raise `Invalid` for a send without a preset where an admin asks for one."""
    if send.preset_id is None and queries.presets_only(actor):
        raise Invalid({"preset": ["required"]})
