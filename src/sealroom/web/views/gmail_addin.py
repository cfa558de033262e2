# SPDX-License-Identifier: Apache-2.0
"""The extension for Gmail as this installation hands it out: to unpack, to install by policy, and the list of selectors. Nothing
here is secret, and every address is that of the installation, never of the request."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from sealroom.core.crx import packed, public_half, signature_of
from sealroom.httpkit.selectors import published
from sealroom.web.addins import archive, files_of, manifest_of
from sealroom.web.gates import open_door
from sealroom.web.gmail import key, own_id

SIGNED_LIST = b"sealroom gmail selectors\n"  # stands before the list when it is signed, so that the signature fits nothing else
_UPDATES = """<?xml version="1.0" encoding="UTF-8"?>
<gupdate xmlns="http://www.google.com/update2/response" protocol="2.0">
  <app appid="{id}">
    <updatecheck codebase="{codebase}" version="{version}"/>
  </app>
</gupdate>
"""


@require_safe
@open_door
def unpacked(request: HttpRequest) -> HttpResponse:
    """The files of the extension, with the public key that gives them their id. Browsers refuse an address for updates there."""
    answer = HttpResponse(archive(_files()), content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="sealroom-gmail.zip"'
    return answer


@require_safe
@open_door
def package(request: HttpRequest) -> HttpResponse:
    """The signed package, for installation by policy; it knows where its next version is."""
    made = packed(archive(_files(update_url=_absolute("web:gmail_updates"))), key())
    return HttpResponse(made, content_type="application/x-chrome-extension")


@require_safe
@open_door
def updates(request: HttpRequest) -> HttpResponse:
    """Which version there is, for browsers that look for updates by themselves."""
    words = {"id": own_id(), "codebase": _absolute("web:gmail_crx"), "version": manifest_of("gmail")["version"]}
    text = _UPDATES.format(**{name: escape(value) for name, value in words.items()})
    return HttpResponse(text, content_type="application/xml")


@require_safe
@open_door
def selectors(request: HttpRequest) -> HttpResponse:
    """The operator's list of selectors, signed with the key of the extension; 404 where there is none."""
    found = published(settings.SEALROOM_DATA)
    if not found.version:
        raise Http404
    signature = signature_of(SIGNED_LIST + found.raw, key())
    return JsonResponse(
        {"payload": base64.b64encode(found.raw).decode(), "signature": base64.b64encode(signature).decode()},
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"},
    )


def _absolute(name: str) -> str:
    return str(settings.SEALROOM_BASE_URL) + reverse(name)


def _files(**more: str) -> dict[str, bytes]:
    """The add-in with the installation's key and address: whoever takes it from here need not type the address, and is not asked
    again whether the extension may speak to it."""
    files, manifest = files_of("gmail"), manifest_of("gmail")
    base = urlsplit(settings.SEALROOM_BASE_URL)
    hosts = manifest["host_permissions"]
    assert isinstance(hosts, list)
    manifest |= {
        "key": base64.b64encode(public_half(key())).decode(),
        "host_permissions": [*hosts, f"{base.scheme}://{base.netloc}/*"],
    }
    files["manifest.json"] = _json(manifest | more)
    files["installation.json"] = _json({"server": settings.SEALROOM_BASE_URL})
    return dict(sorted(files.items()))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
