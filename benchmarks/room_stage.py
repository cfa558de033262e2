# SPDX-License-Identifier: Apache-2.0
"""Plants the room of benchmarks/rooms.py on the data of a server, lets its owner and a guest in, and times its pages without a
network. Prints JSON."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from statistics import median
from typing import Any

import django
from django.conf import settings
from django.db.models import Count
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
django.setup()

from benchmarks.rooms import plant  # noqa: E402
from django.test import Client  # noqa: E402 -- Django is ready now
from tests.factories.access import make_pass  # noqa: E402
from tests.factories.accounts import make_persona  # noqa: E402

from sealroom.accounts.flows import create_key  # noqa: E402
from sealroom.httpkit.visitors import cookie_name  # noqa: E402


def main(rounds: int) -> dict[str, Any]:
    """The room, who is let in with which cookies, and what each page takes of the server's CPU, in seconds."""
    owner = make_persona("owner@example.com", team_name="Bench", now=timezone.now())
    room = plant(owner.team, owner.user, random.Random(4))
    link = room.guests.order_by("pk").first().link
    fullest = room.items.filter(document=None).annotate(inside=Count("children")).order_by("-inside", "pk").first()
    leads, visits = owner.client(), Client()
    visits.cookies[cookie_name()] = make_pass(link, now=timezone.now())
    pages = {
        "the room as its owner sees it": (leads, f"/rooms/{room.public_id}/"),
        f"its fullest folder ({fullest.inside} rows)": (leads, f"/rooms/{room.public_id}/?folder={fullest.public_id}"),
        "its list of all rights, first page": (leads, f"/rooms/{room.public_id}/rights/"),
        "the room as a guest sees it": (visits, f"/v/r/{link.public_id}/"),
        "a guest's search": (visits, f"/v/r/{link.public_id}/?q=agreement+99"),
    }
    return {
        "room": room.public_id,
        "key": create_key(owner.actor, "bench", ["read", "send"], None, now=timezone.now())[1],
        "cookies": {
            "leads": {settings.SESSION_COOKIE_NAME: leads.cookies[settings.SESSION_COOKIE_NAME].value},
            "visits": {cookie_name(): visits.cookies[cookie_name()].value},
        },
        "pages": [
            {"name": name, "path": path, "who": "leads" if client is leads else "visits", "cpu": spent(client, path, rounds)}
            for name, (client, path) in pages.items()
        ],
    }


def spent(client: Client, path: str, rounds: int) -> float:
    """Seconds of CPU of one request through every layer but the network, the median of so many."""
    host = settings.SEALROOM_BASE_URL.rpartition("/")[2].partition(":")[0]
    took = []
    for _round in range(rounds + 1):
        began = time.process_time()
        answer = client.get(path, headers={"host": host})
        took.append(time.process_time() - began)
        assert answer.status_code == 200, (path, answer.status_code)
    return median(took[1:])


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
