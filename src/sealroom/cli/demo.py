# SPDX-License-Identifier: Apache-2.0
"""`sealroom demo`: a team to try things with, made once at random, and how to sign in to it.

Everything goes through the same flows as in earnest; codes and invitations are read from the outbox, as the people would read them.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sealroom.cli import demo_room, setup

if TYPE_CHECKING:
    from sealroom.access.models import Link
    from sealroom.accounts.rules import Actor
    from sealroom.sends.models import Send
    from sealroom.sends.rules import SendRequest

_PATIENCE = 90  # seconds for a mail or a document of the demo
_IP = "203.0.113.7"  # of a reader
_READERS = ("investor@example.com", "counsel@example.com", "auditor@example.com")


_CONDITIONS = {
    "access": "domains",
    "domains": ("example.com",),
    "passcode": "sesame-24",
    "screen_shield": "medium",
    "max_views": 5,
    "expire_after_opening_s": 7 * 24 * 3600,
}


class _Refused(Exception):
    """The demo cannot be made here; the text says why and what to do."""


def run(argv: list[str]) -> int:
    """Make the demo or print it again; 1 with a sentence when it is refused."""
    parser = argparse.ArgumentParser(prog="sealroom demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--force", action="store_true", help="also beside other teams or under a public address")
    options = parser.parse_args(argv)
    setup.adopt_address()
    setup.prepare()
    from django.conf import settings  # noqa: PLC0415 -- app ready

    file = settings.SEALROOM_DATA / "demo.json"
    try:
        with setup.locked(settings.SEALROOM_DATA / "demo.lock"):
            facts = json.loads(file.read_text()) if file.exists() else _make(file, force=options.force)
    except _Refused as refusal:
        print(f"no demo was made: {refusal}", file=sys.stderr)
        return 1
    facts["base_url"] = settings.SEALROOM_BASE_URL
    print(json.dumps(facts, indent=2) if options.json else _told(facts))
    return 0


def _told(facts: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"Sign in at {facts['base_url']}/accounts/login/",
            *(f"  {role:5} {facts[role]['email']}  {facts[role]['password']}" for role in ("admin", "user")),
            f"API key of the admin: {facts['api_key']}",
            f"Mails to everybody are at {facts['base_url']}/outbox/ (admin)",
        ]
    )


def _make(file: Path, *, force: bool) -> dict[str, Any]:
    _refuse_where_it_would_disturb(force=force)
    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready

    suffix = "" if accounts.needs_setup() else f"-{secrets.token_hex(3)}"
    people = {role: (f"{role}{suffix}@example.com", secrets.token_urlsafe(12)) for role in ("admin", "user")}
    admin, key = _team(people, now=datetime.now(UTC) - timedelta(days=9))
    documents = _sends(admin)
    cast = demo_room.Cast(people["user"][0], _READERS[:2], _READERS[2])
    demo_room.make(admin, cast, documents, _prove, now=datetime.now(UTC) - timedelta(minutes=2))
    facts: dict[str, Any] = {"base_url": "", "api_key": key}
    facts |= {role: {"email": address, "password": password} for role, (address, password) in people.items()}
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(facts, out)
    return facts


def _refuse_where_it_would_disturb(*, force: bool) -> None:
    from django.conf import settings  # noqa: PLC0415 -- app ready

    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready

    if settings.SEALROOM_SMTP_URL:
        raise _Refused("mail leaves this machine (SEALROOM_SMTP_URL); the demo's people must not be written to")
    if not force and not accounts.needs_setup():
        raise _Refused("there are teams already; --force makes it beside them")
    if not force and urlsplit(settings.SEALROOM_BASE_URL).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise _Refused(f"{settings.SEALROOM_BASE_URL} is a public address; --force makes it all the same")


def _team(people: dict[str, tuple[str, str]], *, now: datetime) -> tuple[Actor, str]:
    """The team with its two members, and a key of the admin. `now`: when it began."""
    from sealroom.accounts import flows as accounts  # noqa: PLC0415 -- app ready
    from sealroom.accounts import queries  # noqa: PLC0415 -- app ready
    from sealroom.accounts.rules import Route  # noqa: PLC0415 -- app ready
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready

    (address, password), (user_address, user_password) = people["admin"], people["user"]
    founder = accounts.make_user(address, password=password)
    billing.found_team(founder, name="Demo team", time_zone="Europe/Paris", language="en", now=now, plan="team", is_demo=True)
    accounts.add_operator(address, now=now)
    admin = queries.actor_for(founder, route=Route.CLI)
    assert admin is not None
    colleague = accounts.make_user(user_address, password=user_password)
    billing.invite_member(admin, user_address, "user", now=datetime.now(UTC))
    accounts.accept_invitation(_read_mail(user_address, r"/join/([\w-]+)/"), colleague, now=datetime.now(UTC))
    _, key = accounts.create_key(admin, "Demo", ["read", "send", "admin"], None, now=now)
    return admin, key


@dataclass(frozen=True)
class _Post:
    """A send of the demo."""

    documents: tuple[str, ...]
    recipients: tuple[str, ...]
    subject: str
    message: str = ""
    expires_at: datetime | None = None
    permission: str = "view"
    settings: dict[str, Any] = field(default_factory=dict)  # further ones


def _sends(admin: Actor) -> dict[str, str]:
    """Sends in every state: one expired, one revoked, one with many conditions and a link for all, one running that one of its
    readers opened, and a draft. Returns the documents: id by name."""
    from sealroom.cli import demo_papers as papers  # noqa: PLC0415 -- slow import
    from sealroom.sends import flows as sends  # noqa: PLC0415 -- app ready

    now = datetime.now(UTC)
    sheet = _document(admin, "Term sheet.pdf", papers.term_sheet(), now=now - timedelta(days=8))
    figures = _document(admin, "Forecast.pdf", papers.forecast(), now=now - timedelta(days=8))
    plan = _document(admin, "Floor plan.png", papers.floor_plan(), now=now - timedelta(days=8))
    ended = _Post((plan,), _READERS[:2], "Floor plan", expires_at=now - timedelta(days=2))
    _send(admin, ended, now=now - timedelta(days=7))
    revoked = _send(admin, _Post((figures,), _READERS[:1], "First figures"), now=now - timedelta(days=5))
    sends.revoke(admin, revoked.public_id, now=now - timedelta(days=4))
    guarded = _Post((plan,), _READERS[:1], "Floor plan, second look", expires_at=now + timedelta(days=14), settings=_CONDITIONS)
    _send(admin, guarded, now=now - timedelta(days=1))
    text = "Please read this before our call. The figures are those of last month."
    running = _Post((sheet, figures), _READERS, "Series A", text, now + timedelta(days=30), "download_pdf")
    send = _send(admin, running, now=now - timedelta(hours=20))
    _open(send, sheet, now=datetime.now(UTC) - timedelta(minutes=3))
    sends.save_draft(admin, _request(_Post((plan, sheet), _READERS[2:], "For the audit")), now=datetime.now(UTC))
    return {"Term sheet.pdf": sheet, "Forecast.pdf": figures, "Floor plan.png": plan}


def _request(post: _Post) -> SendRequest:
    from sealroom.sends.rules import Addressee, SendRequest, SendSettings  # noqa: PLC0415 -- app ready

    return SendRequest(
        documents=post.documents,
        recipients=tuple(Addressee(address) for address in post.recipients),
        subject=post.subject,
        message=post.message,
        settings=SendSettings(permission=post.permission, expires_at=post.expires_at, **post.settings),
        language="en",
    )


def _send(admin: Actor, post: _Post, *, now: datetime) -> Send:
    from sealroom.sends import flows as sends  # noqa: PLC0415 -- app ready

    return sends.send_documents(admin, _request(post), key=f"demo-{secrets.token_hex(8)}", now=now).send


def _document(admin: Actor, name: str, data: bytes, *, now: datetime) -> str:
    """The id of a document that is ready."""
    from sealroom.documents import flows as documents  # noqa: PLC0415 -- app ready
    from sealroom.documents import queries  # noqa: PLC0415 -- app ready

    made = documents.accept_upload(admin, [data], name=name, size=len(data), now=now)

    def state() -> str | None:
        found = queries.view_of(queries.get_document(admin, made.public_id)).state
        return found if found in {"ready", "failed"} else None

    if _wait_for(state, name) == "failed":
        raise _Refused(f"{name} could not be prepared; see 'sealroom doctor'")
    return made.public_id


def _open(send: Send, document: str, *, now: datetime) -> None:
    """The first reader proves the address by the mailed code and reads the first two pages."""
    from sealroom.access import flows as access  # noqa: PLC0415 -- app ready
    from sealroom.viewing import flows as viewing  # noqa: PLC0415 -- app ready

    recipient = send.recipients.select_related("link").order_by("pk").first()
    assert recipient is not None
    assert recipient.link is not None
    cookie = _prove(recipient.link, recipient.address, now)
    admission = access.check_pass(cookie, recipient.link.public_id, document, ip=_IP, now=now)
    for page, second in ((1, 20), (2, 55)):
        viewing.record_page(admission, page, now=now + timedelta(seconds=second - 20))
        viewing.heartbeat(admission, {page: 18_000}, now=now + timedelta(seconds=second))


def _prove(link: Link, address: str, now: datetime) -> str:
    """A browser that proved an address behind a link by the mailed code: its cookie."""
    from sealroom.access import flows as access  # noqa: PLC0415 -- app ready

    meeting = access.meet(None, user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", now=now)
    before = frozenset(_mails())
    access.request_code(meeting.visitor, link.public_id, address, ip=_IP, now=now)
    code = "".join(_read_mail(address, r"(?m)^\s*(\d{3}[\s\u202f\u00a0]?\d{3})\s*$", before=before).split())
    return access.verify_code(meeting.visitor, link.public_id, code, remember=False, ip=_IP, now=now).new_cookie


def _mails() -> list[Path]:
    """The mails that were written, the newest first."""
    from django.conf import settings  # noqa: PLC0415 -- app ready

    return sorted((settings.SEALROOM_DATA / "outbox").glob("*.eml"), key=lambda one: one.stat().st_mtime, reverse=True)


def _read_mail(address: str, pattern: str, *, before: frozenset[Path] = frozenset()) -> str:
    """What the first group finds in the newest mail to an address that was not there `before`."""

    def found() -> str | None:
        for path in (one for one in _mails() if one not in before):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            part = message.get_body(preferencelist=("plain",)) if address in str(message["To"]) else None
            match = re.search(pattern, part.get_content()) if part is not None else None
            if match:
                return match.group(1)
        return None

    return _wait_for(found, f"the mail to {address}")


def _wait_for(look: Callable[[], str | None], what: str) -> str:
    """Work on the jobs, beside a worker that may run too, until there is something to see."""
    from sealroom.core.jobs.worker import drain  # noqa: PLC0415 -- app ready

    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        drain()
        if found := look():
            return found
        time.sleep(0.1)
    raise _Refused(f"{what} did not come within {_PATIENCE} seconds")
