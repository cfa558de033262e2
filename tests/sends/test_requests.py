# SPDX-License-Identifier: Apache-2.0
"""Asking for access: silent to the asker, decided by the sender with the price before him."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sealroom.access.models import Link
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.core.models import Job
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows, queries, tasks
from sealroom.sends.models import AccessRequest, Send
from tests.factories.access import make_document, token_of
from tests.factories.accounts import Persona
from tests.factories.sends import available, jobs_named, recipient_of, send
from tests.sends.test_flows import spent_to

pytestmark = pytest.mark.django_db
ASKER = "asker@example.net"


@pytest.fixture
def sent(owner: Persona, now: datetime) -> Send:
    documents: list[Document] = [make_document(owner, f"{name}.pdf", now=now) for name in ("Term sheet", "Forecast")]
    return send(owner, documents, ["a@example.com"], now=now).send


def link_of(sent: Send) -> Link:
    link = recipient_of(sent, "a@example.com").link
    assert link is not None
    return link


def ask(
    reference: str, now: datetime, *, address: str = ASKER, name: str = "Ada Asker", note: str = "Please", ip: str = "192.0.2.1"
) -> None:
    """Ask, and let the job work."""
    flows.request_access(reference, address=address, name=name, note=note, ip=ip, now=now)
    (job,) = jobs_named("sends.take_request")
    assert address not in str(job)
    tasks.take_request(**job)
    Job.objects.filter(name="sends.take_request").delete()


def test_the_sender_is_told_and_grants_with_one_click(owner: Persona, sent: Send, now: datetime) -> None:
    ask(token_of(link_of(sent)), now)
    mail = OutgoingMail.objects.get(key__startswith="asked:")
    assert (mail.to_address, "Ada Asker asks for access" in mail.subject) == (owner.email, True)
    for words in ("Granting it costs 2 credits", "> Please", f"/sends/{sent.public_id}/"):
        assert words in mail.text
    (row,) = queries.list_requests(owner.actor, now=now)
    assert (row.send_id, row.address, row.name, row.note, row.state, row.cost) == (
        sent.public_id,
        ASKER,
        "Ada Asker",
        "Please",
        "pending",
        2,
    )
    assert queries.send_detail(owner.actor, sent.public_id, now=now).requests == 1
    assert queries.quote_of_request(owner.actor, row.id, now=now).cost == 2

    done = flows.approve_request(owner.actor, row.id, key="k", now=now)
    again = flows.approve_request(owner.actor, row.id, key="k", now=now)
    assert (done.charged, again.charged, again.replayed, available(owner, now)) == (2, 2, True, 1496)
    assert recipient_of(sent, ASKER).link is not None
    assert OutgoingMail.objects.filter(to_address=ASKER).count() == 1
    assert [one.state for one in queries.list_requests(owner.actor, sent.public_id, decided=True, now=now)] == ["approved"]
    assert flows.approve_request(owner.actor, row.id, key="other", now=now).charged == 0


def test_granting_is_all_or_nothing(owner: Persona, sent: Send, now: datetime) -> None:
    ask(link_of(sent).public_id, now)
    spent_to(owner, 1, now)
    (row,) = queries.list_requests(owner.actor, now=now)
    with pytest.raises(InsufficientCredits):
        flows.approve_request(owner.actor, row.id, key="k", now=now)
    assert [one.state for one in queries.list_requests(owner.actor, now=now)] == ["pending"]


def test_a_declined_request_is_over_for_a_week(owner: Persona, sent: Send, now: datetime) -> None:
    ask(link_of(sent).public_id, now)
    (row,) = queries.list_requests(owner.actor, now=now)
    flows.decline_request(owner.actor, row.id, now=now)
    flows.decline_request(owner.actor, row.id, now=now)
    with pytest.raises(NotFound):
        flows.approve_request(owner.actor, row.id, key="k", now=now)
    ask(link_of(sent).public_id, now + timedelta(days=6))
    assert AccessRequest.objects.count() == 1
    ask(link_of(sent).public_id, now + timedelta(days=8))
    assert len(queries.list_requests(owner.actor, now=now)) == 1
    assert not OutgoingMail.objects.filter(to_address=ASKER).exists()


@pytest.mark.parametrize("case", ["unknown", "ended", "deleted", "invited", "sender", "pending"])
def test_where_there_is_nothing_to_decide_nothing_happens_and_nobody_sees_it(
    owner: Persona, sent: Send, now: datetime, case: str
) -> None:
    reference, address, before = link_of(sent).public_id, ASKER, 0
    if case == "unknown":
        reference = "x" * 43
    elif case == "ended":
        flows.revoke(owner.actor, sent.public_id, now=now)
    elif case == "deleted":
        flows.delete_send(owner.actor, sent.public_id, now=now)
    elif case == "invited":
        address = "A@example.com"
    elif case == "sender":
        address = owner.email
    else:
        ask(reference, now)
        before = 1
    flows.request_access(reference, address=address, ip="192.0.2.1", now=now)
    (job,) = jobs_named("sends.take_request")
    tasks.take_request(**job)
    assert AccessRequest.objects.count() == before
    assert OutgoingMail.objects.filter(key__startswith="asked:").count() == before


def test_a_request_is_the_senders_alone(owner: Persona, member: Persona, stranger: Persona, sent: Send, now: datetime) -> None:
    ask(link_of(sent).public_id, now)
    request = AccessRequest.objects.get().public_id
    for other in (member, stranger):
        assert queries.list_requests(other.actor, now=now) == ()
        with pytest.raises(NotFound):
            flows.approve_request(other.actor, request, key="k", now=now)
        with pytest.raises(NotFound):
            flows.decline_request(other.actor, request, now=now)


def test_what_cannot_be_asked_is_refused(sent: Send, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.request_access("x", address="nobody", name="a\x07", note="n" * 501, ip="192.0.2.1", now=now)
    assert refusal.value.errors == {"address": ["bad_address"], "name": ["bad_name"], "note": ["too_long"]}


def test_who_asks_too_often_waits_whether_there_is_a_link_or_not(sent: Send, now: datetime) -> None:
    for reference in (link_of(sent).public_id, "y" * 43):
        ip = f"192.0.2.{len(reference)}"
        for number in range(20):
            flows.request_access(reference, address=f"p{number}@example.net", ip=ip, now=now)
        with pytest.raises(RateLimited):
            flows.request_access(reference, address="last@example.net", ip=ip, now=now)
