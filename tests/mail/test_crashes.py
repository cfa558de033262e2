# SPDX-License-Identifier: Apache-2.0
"""Sudden death around the other side's "250": the message goes out at least once, at most twice, under one Message-ID."""

import email
import os
import sqlite3
from typing import Any

import pytest

from sealroom.core.jobs import worker
from tests.mail.conftest import compose_letter
from tests.processes import Database, do, start


def _message_ids(received: list[Any]) -> list[str]:
    return [str(email.message_from_bytes(envelope.content)["Message-ID"]) for envelope in received]


def _drain_and_die() -> None:
    os.environ["SEALROOM_FAULT_POINT"] = "after_smtp_250"
    worker.drain()


def test_crash_after_250_sends_the_same_message_once_more(sqlite_database: Database, letters: None, serve: Any, use: Any) -> None:
    peer, transport = serve()
    use(transport)
    do(sqlite_database, compose_letter)
    victim = start(sqlite_database, _drain_and_die)
    victim.join(30)
    assert victim.exitcode == 137
    with sqlite3.connect(sqlite_database.file) as database:
        assert database.execute("SELECT state, attempts FROM mail_outgoingmail").fetchall() == [("queued", 1)]
        database.execute("UPDATE core_job SET lease_until = '2020-01-01 00:00:00'")
    do(sqlite_database, worker.drain)
    ids = _message_ids(peer.received)
    assert (len(ids), len(set(ids))) == (2, 1)
    assert peer.received[0].content == peer.received[1].content
    with sqlite3.connect(sqlite_database.file) as database:
        assert database.execute("SELECT state, attempts, message_id FROM mail_outgoingmail").fetchall() == [("sent", 2, ids[0])]


@pytest.mark.parametrize("answer", ["drop", "451 4.3.0 later"])
def test_message_is_kept_while_the_other_side_does_not_take_it(
    sqlite_database: Database, letters: None, serve: Any, use: Any, answer: str
) -> None:
    peer, transport = serve(data=answer)
    use(transport)
    do(sqlite_database, compose_letter)
    do(sqlite_database, worker.drain)
    peer.answers.clear()
    with sqlite3.connect(sqlite_database.file) as database:
        assert database.execute("SELECT state FROM mail_outgoingmail").fetchall() == [("retrying",)]
        database.execute("UPDATE core_job SET due_at = '2020-01-01 00:00:00'")
    do(sqlite_database, worker.drain)
    assert len(_message_ids(peer.received)) == 1
