# SPDX-License-Identifier: Apache-2.0
"""The words that stand in a mail in the place of its files."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.template import Context, loader
from django.template.backends.django import Template
from django.utils import translation
from django.utils.translation import gettext, ngettext

from sealroom.smtp.rewrite import Block

_MOST_NAMES = 20


def block_for(url: str, *, sender: str, names: Sequence[str], language: str) -> Block:
    """In the sender's language, with one link. `names` has one entry for each file; it is "" where names are not to be told."""
    with translation.override(language):
        shown = [name for name in names if name][:_MOST_NAMES]
        more = len(names) - len(shown) if shown else 0
        count = len(names)
        values = {
            "intro": ngettext("{sender} sent you {n} protected file:", "{sender} sent you {n} protected files:", count).format(
                sender=sender, n=count
            ),
            "names": shown,
            "more": ngettext("and {n} more file", "and {n} more files", more).format(n=more) if more else "",
            "label": ngettext("Open the file", "Open the files", count),
            "url": url,
            "host": urlsplit(settings.SEALROOM_BASE_URL).netloc,
            "how": gettext("This link is for you alone. When you open it, a 6-digit code is sent to your address."),
        }
        html = loader.render_to_string("smtp/mail/block.html", values)
        plain = loader.get_template("smtp/mail/block.txt")
        assert isinstance(plain, Template)
        text = plain.template.render(Context(values, autoescape=False))
    return Block(text.strip() + "\n", html.strip())
