# SPDX-License-Identifier: Apache-2.0
"""Help: for everybody, also without an account. Whether an article helped is asked at its end; answers go to the support."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from sealroom.core import ratelimit
from sealroom.core.ids import new_id
from sealroom.httpkit.address import client_address
from sealroom.mail import flows as mail
from sealroom.web import articles
from sealroom.web.answers import page
from sealroom.web.gates import open_door


@require_GET
@open_door
def index(request: HttpRequest) -> HttpResponse:
    """All articles."""
    return page(request, "web/help/index.html", {"entries": articles.ENTRIES, "base": _base(request)})


@require_GET
@open_door
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article, with what is near it and the question whether it helped."""
    context = {
        "article": articles.article(slug),
        "help_base": _base(request),
        "help_url": reverse("web:help"),
        "feedback_url": reverse("web:help_answer", args=[slug]),
        "feedback_done": "thanks" in request.GET,
    }
    return page(request, "web/help/article.html", context)


@require_POST
@open_door
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    """Tell the support whether the article answered the question; at most 10 an hour from an address. Names no reader."""
    known = articles.article(slug)
    now = timezone.now()
    ratelimit.take("help_answer", ratelimit.source_of(client_address(request)), limit=10, per=timedelta(hours=1), now=now)
    helped = request.POST.get("answer") == "yes"
    mail.compose(
        "web/mail/help_answer",
        to=settings.SEALROOM_SUPPORT_ADDRESS,
        key=new_id("help"),
        language="en",
        context={"slug": known.slug, "helped": helped, "read_in": get_language()},
        now=now,
        about=f"help:{known.slug}"[:64],
    )
    return redirect(reverse("web:help_article", args=[slug]) + "?thanks=1")


def _base(request: HttpRequest) -> str:
    return "kit/frame.html" if getattr(request, "actor", None) else "web/help/outside.html"
