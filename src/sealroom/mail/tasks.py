# SPDX-License-Identifier: Apache-2.0
"""Work of the mail room."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sealroom.core.jobs import Retry, every, task
from sealroom.mail import flows


def _give_up(mail_id: int) -> None:
    flows.give_up(mail_id, timezone.now())


# The message counts its own attempts (`rules.decide`); the job's cap only ends a job whose worker dies every time.
@task("mail.deliver", max_attempts=30, on_dead=_give_up)
def deliver(mail_id: int) -> None:
    """One attempt; `rules` says when the next one is."""
    wait = flows.deliver(mail_id, timezone.now())
    if wait is not None:
        raise Retry("the other side asks for patience", delay=wait)


@every(timedelta(hours=6), "mail.blank_settled")
def blank_settled() -> None:
    """Forget bodies that are no longer needed."""
    flows.blank_settled(timezone.now())
