# SPDX-License-Identifier: Apache-2.0
"""Sends the documents of benchmarks/viewer.py on the data of its server, and lets a browser in. Prints JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import django
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
django.setup()

from django.test import Client  # noqa: E402 -- Django is ready now
from tests.factories.access import make_pass  # noqa: E402
from tests.factories.accounts import make_persona  # noqa: E402
from tests.factories.documents import upload_ready  # noqa: E402

from sealroom.access import queries as access  # noqa: E402
from sealroom.httpkit.visitors import cookie_name  # noqa: E402
from sealroom.sends import flows  # noqa: E402
from sealroom.sends.models import Recipient  # noqa: E402
from sealroom.sends.rules import Addressee, SendRequest, SendSettings  # noqa: E402
from sealroom.viewing.flows import pages  # noqa: E402


def send(files: dict[str, str]) -> dict[str, Any]:
    """A send for each document, with a pass for its reader."""
    owner = make_persona("owner@example.com", team_name="Northwind", now=timezone.now())
    made: dict[str, Any] = {}
    for name, path in files.items():
        document = upload_ready(owner.actor, Path(path).read_bytes(), name=Path(path).name, now=timezone.now())
        request = SendRequest(
            documents=(document.public_id,),
            recipients=(Addressee("reader@example.com"),),
            subject="Papers",
            settings=SendSettings(),
        )
        sent = flows.send_documents(owner.actor, request, key=name, now=timezone.now()).send
        link = Recipient.objects.select_related("link").get(send=sent).link
        assert link is not None
        made[name] = {
            "file": Path(path).name,
            "url": access.link_url(link),
            "path": f"/v/d/{link.public_id}/{document.public_id}/",
            "cookie": make_pass(link, now=timezone.now()),
            "cookie_name": cookie_name(),
        }
    return made


def share_of_pixels(sent: dict[str, Any], *, rounds: int = 60) -> float:
    """Of the CPU of one request for a warm page, through every layer but the network: how much is base page, stamp and encoder."""
    client = Client()
    client.cookies[sent["cookie_name"]] = sent["cookie"]
    spent = 0.0
    draw = pages.draw_page

    def timed(*words: Any, **named: Any) -> Any:
        nonlocal spent
        began = time.process_time()
        try:
            return draw(*words, **named)
        finally:
            spent += time.process_time() - began

    address = f"{sent['path']}p/1.jpg?w=1600"
    host = os.environ["SEALROOM_BASE_URL"].rpartition("/")[2].partition(":")[0]
    assert client.get(address, headers={"host": host}).status_code == 200
    with mock.patch.object(pages, "draw_page", timed):
        began = time.process_time()
        for _round in range(rounds):
            client.get(address, headers={"host": host})
        return spent / (time.process_time() - began)


if __name__ == "__main__":
    answer = send(json.loads(sys.argv[1])["files"])
    answer["share"] = share_of_pixels(list(answer.values())[-1])
    print(json.dumps(answer))
