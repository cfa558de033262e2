# SPDX-License-Identifier: Apache-2.0
"""What stands before every call: pages of any origin may call (with a key, never with a cookie), a key in the address is refused,
unknown parameters too, uploads beyond the limit are refused before they are read, and every refusal is a problem."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from sealroom.api.app import api
from sealroom.api.errors import problem
from sealroom.httpkit import tus

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Idempotent-Replayed, Retry-After, WWW-Authenticate, X-Request-Id, "
    + ", ".join(tus.ANSWERED_HEADERS),
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Accept-Language, Authorization, Content-Type, Idempotency-Key, Sealroom-Client, "
    + ", ".join(tus.ASKED_HEADERS),
    "Access-Control-Max-Age": "86400",
}
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_SECRETS = {"key", "api_key", "apikey", "access_token", "token", "authorization", "bearer"}
_UPLOADS = ("/api/v1/uploads", "/api/v1/datarooms/{room_id}/uploads")
_ENVELOPE = 64 * 1024  # bytes a multipart body may have around its file

View = Callable[..., HttpResponseBase]


def guarded(pattern: URLPattern) -> URLPattern:
    """The address with its view behind the guard."""
    if pattern.name == "openapi-json":  # the one view that would answer every method
        return URLPattern(pattern.pattern, _guard(require_safe(pattern.callback)), pattern.default_args, pattern.name)
    return URLPattern(pattern.pattern, _guard(pattern.callback), pattern.default_args, pattern.name)


@csrf_exempt
def _nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return problem(request, "not_found")


def _guard(view: View) -> View:
    @wraps(view)
    def guarded_view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=_ALLOWED | _PREFLIGHT | {"Allow": METHODS} | _offers(request))
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        response = _refusal(request) or view(request, *args, **kwargs)
        if response.status_code == 405:
            allow = response.headers.get("Allow", "")
            response = problem(request, "method_not_allowed")
            response.headers["Allow"] = allow
        if is_head and isinstance(response, HttpResponse):
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        elif is_head and isinstance(response, StreamingHttpResponse):
            response.streaming_content = iter(())  # the stream that was there stays open with the response, and is closed with it
        for name, value in _ALLOWED.items():
            response.headers[name] = value
        if _is_upload(request):
            tus.sign(response)
        return response

    return guarded_view


def _is_upload(request: HttpRequest) -> bool:
    return _template_of(request).startswith(_UPLOADS)


def _offers(request: HttpRequest) -> dict[str, str]:
    """What a client of resumable uploads asks for before it begins."""
    return tus.offers(settings.SEALROOM_MAX_FILE_BYTES) if _is_upload(request) else {}


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request that is refused whatever its key may do."""
    for name in request.GET:
        if name.lower() in _SECRETS:
            return problem(request, "invalid", {"errors": {name: ["a key never belongs into an address; send it as a header"]}})
    if any("\0" in text for text in [request.path, *request.GET, *request.GET.values()]):
        return problem(request, "not_found" if "\0" in request.path else "invalid")
    known = _parameters().get((request.method or "", _template_of(request)))
    unknown = sorted(set(request.GET) - known) if known is not None else []
    if unknown:
        return problem(request, "invalid", {"errors": {name: ["unknown"] for name in unknown}})
    limit = settings.SEALROOM_MAX_FILE_BYTES
    if request.content_type == "multipart/form-data" and _length_of(request) > limit + _ENVELOPE:
        return problem(request, "too_large", {"limit": limit})
    return None


def _length_of(request: HttpRequest) -> int:
    text = request.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _template_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return "/" + _CONVERTER.sub(r"{\1}", match.route) if match else ""


@cache
def _parameters() -> dict[tuple[str, str], frozenset[str]]:
    """The query parameters each call takes, by method and address, as the description says."""
    found = {}
    for address, methods in api.get_openapi_schema()["paths"].items():
        for method, call in methods.items():
            names = (one["name"] for one in call.get("parameters", []) if one["in"] == "query")
            found[method.upper(), address] = frozenset(names)
    return found


NOTHING_ELSE = guarded(path("<path:rest>", _nothing_here, name="api-unknown"))
