# SPDX-License-Identifier: Apache-2.0
"""The extension for Thunderbird as this installation hands it out, and the list Thunderbird asks for newer versions. Both are
public: there is no secret in them."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from sealroom.web.gates import open_door
from sealroom.web.thunderbird import manifest, package


@require_safe
@open_door
def extension(request: HttpRequest) -> HttpResponse:
    """The package, with the address of this installation in it."""
    answer = HttpResponse(package(), content_type="application/x-xpinstall")
    answer.headers["Content-Disposition"] = 'attachment; filename="sealroom-thunderbird.xpi"'
    return answer


@require_safe
@open_door
def updates(request: HttpRequest) -> JsonResponse:
    """The version this installation hands out, in Mozilla's form for updates."""
    gecko = manifest()["browser_specific_settings"]["gecko"]
    newest = {
        "version": manifest()["version"],
        "update_link": settings.SEALROOM_BASE_URL + reverse("web:thunderbird_xpi"),
        "update_hash": f"sha256:{hashlib.sha256(package()).hexdigest()}",
        "browser_specific_settings": {"gecko": {"strict_min_version": gecko["strict_min_version"]}},
    }
    return JsonResponse({"addons": {gecko["id"]: {"updates": [newest]}}})
