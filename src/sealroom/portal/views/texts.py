# SPDX-License-Identifier: Apache-2.0
"""What is not a picture: words and hits for who may copy, and the way around in a document. Checked like the pictures."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from sealroom.portal.door import data_view
from sealroom.portal.views.pages import admit
from sealroom.viewing import flows as viewing


@require_GET
@data_view
def text(request: HttpRequest, *, link_id: str, document_id: str, number: int) -> JsonResponse:
    """The words of a page with their boxes in points: [text, x, y, width, height]."""
    found = viewing.read_text(admit(request, link_id, document_id), number, now=timezone.now())
    words = [[word.text, *_places(word.x, word.y, word.width, word.height)] for word in found.words]
    return JsonResponse({"page": number, "words": words})


@require_GET
@data_view
def search(request: HttpRequest, *, link_id: str, document_id: str) -> JsonResponse:
    """Where `q` stands: pages with counts and boxes."""
    hits = viewing.find_text(admit(request, link_id, document_id), request.GET.get("q", ""), now=timezone.now())
    found = [{"page": hit.page, "count": hit.count, "boxes": [_places(*box) for box in hit.boxes]} for hit in hits]
    return JsonResponse({"hits": found, "total": sum(hit.count for hit in hits)})


@require_GET
@data_view
def structure(request: HttpRequest, *, link_id: str, document_id: str) -> JsonResponse:
    """Outline [title, page, level], links [page, x, y, width, height, target page, address] and sheets [name, first page]."""
    found = viewing.read_structure(admit(request, link_id, document_id), now=timezone.now())
    links = [[one.page, *_places(one.x, one.y, one.width, one.height), one.target_page, one.uri] for one in found.links]
    return JsonResponse(
        {
            "outline": [[one.title, one.page, one.level] for one in found.outline],
            "links": links,
            "sheets": [[one.name, one.first_page] for one in found.sheets],
        }
    )


def _places(*values: float) -> list[float]:
    return [round(value, 2) for value in values]
