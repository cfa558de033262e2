# SPDX-License-Identifier: Apache-2.0
"""A member with an app password and few credits: run beside a server, as `python -m tests.doors.smtp.people EMAIL CREDITS`.

Prints JSON. A process of its own, because the server's process knows nothing of tests.
"""

from __future__ import annotations

import json
import os
import sys

import django
from django.db import transaction
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
django.setup()

from tests.factories.accounts import make_persona  # noqa: E402 -- Django is ready now
from tests.factories.sends import available  # noqa: E402

from sealroom.accounts import flows as accounts  # noqa: E402
from sealroom.credits import flows as credits  # noqa: E402


def main(email: str, left: int) -> None:
    """Make the member."""
    now = timezone.now()
    owner = make_persona(email, team_name="Gateway", name="Nadia Khan", now=now)
    _made, secret = accounts.make_app_password(owner.actor, "Laptop", now=now)
    pairs = [f"used:{number}" for number in range(available(owner, now) - left)]
    with transaction.atomic():
        credits.spend(owner.team.pk, pairs, actor=owner.actor, key="use up", request_digest="", now=now)
    print(json.dumps({"secret": secret}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
