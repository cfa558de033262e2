# SPDX-License-Identifier: Apache-2.0
"""The Outlook add-in over http: its manifests, and its files with the headers that let Outlook, and nobody else, frame them.

Public: nothing here is secret, and nothing depends on who asks or on the Host header.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sealroom.httpkit.pages import error_page
from sealroom.web import addins, outlook

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
}
_CDN = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
_LOCAL = "office/"
_DAY = "public, max-age=86400"  # Outlook shows no icon that caches may not keep


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The add-in only manifest (XML)."""
    if (refusal := _refusal(request)) is not None:
        return refusal
    return _download(outlook.xml_manifest(outlook.add_in()), "application/xml", "sealroom-outlook.xml")


@require_safe
def package(request: HttpRequest) -> HttpResponse:
    """The unified manifest (JSON) with its icons, as a ZIP archive."""
    if (refusal := _refusal(request)) is not None:
        return refusal
    files = addins.files_of("outlook")
    content = {
        "manifest.json": outlook.json_manifest(outlook.add_in()),
        "fr-fr.json": outlook.json_words("fr-FR"),
        "color.png": files["icons/color.png"],
        "outline.png": files["icons/outline.png"],
    }
    return _download(addins.archive(content), "application/zip", "sealroom-outlook.zip")


@require_safe
def file(request: HttpRequest, addin_file: str) -> HttpResponse:
    """A file of the add-in, or of Microsoft's library where the operator laid it beside the installation."""
    name = addin_file
    content = _office_file(name.removeprefix(_LOCAL)) if name.startswith(_LOCAL) else addins.file_of("outlook", name)
    kind = _TYPES.get(Path(name).suffix)
    if content is None or kind is None:
        return error_page(request, status=404, code="not_found")
    if name.endswith(".html") and settings.SEALROOM_OFFICE_JS:
        content = content.replace(_CDN.encode(), f"{_LOCAL}office.js".encode())
    response = HttpResponse(content, content_type=kind, headers=_headers(name))
    response.may_be_framed = True  # type: ignore[attr-defined] # by whom, the policy says
    return response


def _headers(name: str) -> dict[str, str]:
    """Outlook's pages show icons and frames of ours, and a dialog must still see the window that opened it."""
    headers = {
        "Content-Security-Policy": _policy(),
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return headers | ({"Cache-Control": _DAY} if name.endswith(".png") else {})


def _policy() -> str:
    # Microsoft's library fetches a second script from its other host.
    scripts = [] if settings.SEALROOM_OFFICE_JS else ["https://appsforoffice.microsoft.com", "https://ajax.aspnetcdn.com"]
    parts = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *scripts],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": settings.SEALROOM_OUTLOOK_FRAME_ANCESTORS or ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in parts.items())


def _office_file(name: str) -> bytes | None:
    """From the operator's folder, and from nowhere above it."""
    if not settings.SEALROOM_OFFICE_JS:
        return None
    top = Path(settings.SEALROOM_OFFICE_JS).resolve()
    wanted = (top / name).resolve()
    return wanted.read_bytes() if wanted.is_relative_to(top) and wanted.is_file() else None


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Outlook takes add-ins from https only, so a manifest that names http would install nothing."""
    if outlook.add_in().origin.startswith("https://"):
        return None
    return error_page(
        request,
        status=409,
        code="https_required",
        title=_("Outlook needs https"),
        advice=_("Outlook loads add-ins from https addresses only. Ask your operator to set SEALROOM_BASE_URL to one."),
    )


def _download(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
