# SPDX-License-Identifier: Apache-2.0
"""The conditions of a send between the form and the sends room, in groups: a group is one sentence on Send Files, one card on the
other pages, and one thing an admin fixes in a preset."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sealroom.access.rules import Watermark
from sealroom.sends.rules import KEEP, OwnTerms, SendSettings
from sealroom.web.forms.security import SettingsForm
from sealroom.web.markup import terms_html

_APART = re.compile(r"[\s,;]+")
_BLACK = "#000000"  # what a browser's field of colours says when nobody chose one; the house's own colour


@dataclass(frozen=True)
class Group:
    """`keys` as the API names the settings it holds; `feature` is what a plan must have for it."""

    name: str
    icon: str
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    feature: str = ""


GROUPS = (
    Group("access", "mail", ("access", "domains"), ("access", "domains")),
    Group("permission", "eye", ("permission", "protect_pdf"), ("permission", "protect_pdf")),
    Group(
        "period",
        "calendar",
        ("starts_at", "expires_at", "expire_after_opening_s"),
        ("starts_at", "expires_at", "timer_amount", "timer_unit"),
    ),
    Group(
        "watermark",
        "stamp",
        ("watermark",),
        ("mark", "mark_text", "mark_size", "mark_color", "mark_angle", "mark_layout", "mark_media"),
        "watermark",
    ),
    Group("terms", "book", ("terms",), ("terms", "terms_text", "terms_document")),
    Group("shield", "shield-check", ("screen_shield",), ("screen_shield",), "screen_shield"),
    Group("passcode", "key", ("passcode",), ("passcode_on", "passcode")),
    Group("limits", "hash", ("max_views", "max_prints"), ("max_views", "max_prints")),
    Group(
        "restrictions",
        "globe",
        ("allow_ips", "allow_countries", "block_domains"),
        ("allow_ips", "allow_countries", "block_domains"),
    ),
)
GROUP_OF = {key: group.name for group in GROUPS for key in group.keys}


def settings_of(form: SettingsForm, *, before: SendSettings, fixed: Collection[str] = ()) -> SendSettings:
    """The settings a valid form holds. What it did not post, and what a preset fixed, stays as it was before."""
    after = before
    for group in GROUPS:
        if _was_posted(form, group):
            read = {key: value for key, value in _READERS[group.name](form.cleaned_data, before).items() if key not in fixed}
            after = replace(after, **read)
    return after


def _was_posted(form: SettingsForm, group: Group) -> bool:
    """A box that is not ticked posts nothing, so pages name the groups they show."""
    shown = form.data.getlist("shown") if hasattr(form.data, "getlist") else form.data.get("shown", ())
    return group.name in shown or any(name in form.data for name in group.fields)


def _access(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    return {"access": data["access"] or before.access, "domains": apart(data["domains"])}


def _permission(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    return {"permission": data["permission"] or before.permission, "protect_pdf": data["protect_pdf"]}


def _period(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    amount = data["timer_amount"]
    seconds = amount * int(data["timer_unit"] or 3600) if amount else None
    return {"starts_at": data["starts_at"], "expires_at": data["expires_at"], "expire_after_opening_s": seconds}


def _watermark(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    fields, text = tuple(data["mark"]), " ".join(data["mark_text"].split())
    if not fields and not text:
        return {"watermark": None}
    color = data["mark_color"].lower()
    mark = Watermark(
        fields=fields,
        text=text,
        size=data["mark_size"],
        color="" if color == _BLACK else color,
        angle=int(data["mark_angle"]) if data["mark_angle"] else None,
        layout=data["mark_layout"],
        media=data["mark_media"],
    )
    return {"watermark": mark}


def _terms(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    """Own terms without a new text are those in force."""
    mode = data["terms"]
    if mode == "organization":
        return {"terms": "organization"}
    if mode != "own":
        return {"terms": None if mode == "off" else before.terms}
    now = before.terms if isinstance(before.terms, OwnTerms) else OwnTerms()
    document, text = data["terms_document"], terms_html(data["terms_text"])
    if (document, text) in {(now.document, now.text), ("", "")}:
        return {"terms": now}
    if (document and document != now.document) or not text:
        return {"terms": OwnTerms(document=document)}
    return {"terms": OwnTerms(text=text)}


def _shield(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    return {"screen_shield": data["screen_shield"]}


def _passcode(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    """On, with an empty field: the one in force stays; where there is none, "" is refused by the room."""
    if not data["passcode_on"]:
        return {"passcode": None}
    return {"passcode": data["passcode"] or (KEEP if before.passcode is not None else "")}


def _limits(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    return {"max_views": data["max_views"], "max_prints": data["max_prints"]}


def _restrictions(data: Mapping[str, Any], before: SendSettings) -> dict[str, Any]:
    return {
        "allow_ips": apart(data["allow_ips"]),
        "allow_countries": tuple(data["allow_countries"]),
        "block_domains": apart(data["block_domains"]),
    }


_READERS: dict[str, Callable[[Mapping[str, Any], SendSettings], dict[str, Any]]] = {
    "access": _access,
    "permission": _permission,
    "period": _period,
    "watermark": _watermark,
    "terms": _terms,
    "shield": _shield,
    "passcode": _passcode,
    "limits": _limits,
    "restrictions": _restrictions,
}


def apart(text: str) -> tuple[str, ...]:
    """A typed list: parted by commas, semicolons, spaces or lines; each once."""
    return tuple(dict.fromkeys(one for one in _APART.split(text.strip()) if one))


def initial_of(settings: SendSettings) -> dict[str, object]:
    """Settings as a form's initial values; never a passcode."""
    mark = settings.watermark or Watermark(fields=())
    amount, unit = _timer(settings.expire_after_opening_s)
    terms = settings.terms
    return {
        "access": settings.access,
        "domains": ", ".join(settings.domains),
        "permission": settings.permission,
        "protect_pdf": settings.protect_pdf,
        "starts_at": settings.starts_at,
        "expires_at": settings.expires_at,
        "timer_amount": amount,
        "timer_unit": unit,
        "mark": list(mark.fields),
        "mark_text": mark.text,
        "mark_size": "" if mark.size == "medium" else mark.size,
        "mark_color": mark.color or _BLACK,
        "mark_angle": "" if mark.angle is None else str(mark.angle),
        "mark_layout": "" if mark.layout == "tile" else mark.layout,
        "mark_media": mark.media,
        "terms": "off" if terms is None else terms if isinstance(terms, str) else "own",
        "terms_text": terms.text if isinstance(terms, OwnTerms) else "",
        "terms_document": terms.document if isinstance(terms, OwnTerms) else "",
        "screen_shield": settings.screen_shield,
        "passcode_on": settings.passcode is not None,
        "max_views": settings.max_views,
        "max_prints": settings.max_prints,
        "allow_ips": "\n".join(settings.allow_ips),
        "allow_countries": list(settings.allow_countries),
        "block_domains": ", ".join(settings.block_domains),
    }


def _timer(seconds: int | None) -> tuple[int | None, str]:
    """A time in the largest unit that divides it."""
    if not seconds:
        return None, "86400"
    unit = next((unit for unit in (86400, 3600) if seconds % unit == 0), 60)
    return max(1, seconds // unit), str(unit)
