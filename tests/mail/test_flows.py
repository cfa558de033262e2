# SPDX-License-Identifier: Apache-2.0
import email
import email.policy
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from sealroom.core.errors import Invalid
from sealroom.core.jobs import worker
from sealroom.core.models import Job, JobState
from sealroom.mail import flows, queries, rules
from sealroom.mail.adapters.fake import FakeTransport
from sealroom.mail.models import MailState, OutgoingMail, Suppression
from sealroom.mail.ports import Envelope, Outcome, Stage
from sealroom.mail.signals import mail_bounced
from tests.conftest import NOW
from tests.mail.conftest import Compose

GONE = Outcome(550, "5.1.1 no such user", Stage.RECIPIENT)
BUSY = Outcome(451, "4.3.0 try later", Stage.DATA)


@pytest.fixture
def bounces() -> Iterator[list[tuple[str, str, bool]]]:
    seen: list[tuple[str, str, bool]] = []

    def listen(sender: object, about: str, address: str, permanent: bool, **_: object) -> None:
        assert connection.in_atomic_block
        seen.append((about, address, permanent))

    mail_bounced.connect(listen)
    yield seen
    mail_bounced.disconnect(listen)


def _parse(envelope: Envelope) -> EmailMessage:
    message = email.message_from_bytes(envelope.data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_compose_renders_text_unescaped_and_html_escaped(compose: Compose) -> None:
    mail = compose(sender_name="Olive & Co")
    assert mail.subject == "Three files for you"
    assert mail.text == "Hello Olive & Co & co: Please read <b>this</b>. 127.0.0.1:8000\n"
    assert "<h1>Three files for you</h1>" in mail.html
    assert "Please read &lt;b&gt;this&lt;/b&gt;." in mail.html


def test_compose_speaks_the_language_given(compose: Compose) -> None:
    mail = compose(language="fr", context={"greeting": gettext_lazy("January")})
    assert mail.text.startswith("janvier")
    assert '<html lang="fr">' in mail.html


def test_compose_keeps_bodies_sealed(compose: Compose) -> None:
    mail = compose(context={"body": "code 123456"})
    stored = OutgoingMail.objects.values().get(pk=mail.pk)
    assert not any(b"123456" in bytes(v) for v in stored.values() if isinstance(v, bytes))
    assert not any("123456" in v for v in stored.values() if isinstance(v, str))


def test_compose_twice_with_one_key_gives_the_first_mail(compose: Compose, fake: FakeTransport) -> None:
    first, second = compose(), compose(context={"title": "Other"}, to="other@example.com")
    assert (first.pk, second.subject) == (second.pk, "Three files for you")
    worker.drain()
    compose()
    worker.drain()
    assert len(fake.taken) == 1


def test_compose_sends_nothing_when_the_deed_fails(compose: Compose, fake: FakeTransport) -> None:
    class Refused(Exception):
        pass

    def deed() -> None:
        with transaction.atomic():
            compose()
            raise Refused

    with pytest.raises(Refused):
        deed()
    worker.drain()
    assert fake.taken == []


@pytest.mark.parametrize("break_", ["\r\nBcc: x@example.com", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("field", ["to", "to_name", "sender_name", "reply_to", "subject"])
def test_compose_refuses_line_breaks_in_headers(compose: Compose, field: str, break_: str) -> None:
    value = f"nadia{break_}@example.com"
    with pytest.raises(Invalid) as refusal:
        compose(**({"context": {"title": value}} if field == "subject" else {field: value}))
    assert list(refusal.value.errors) == [field]
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("to", ["", "nadia", "nadia@example.com, b@example.com", "Nadia <nadia@example.com>"])
def test_compose_takes_one_bare_address(compose: Compose, to: str) -> None:
    with pytest.raises(Invalid):
        compose(to=to)


def test_delivered_message_is_complete_and_names_the_real_sender(compose: Compose, fake: FakeTransport) -> None:
    mail = compose(to_name="Nadia Køhl", sender_name="Olive Owner", reply_to="olive@example.com", to="Nadia@Example.com")
    worker.drain()
    (envelope,) = fake.taken
    message = _parse(envelope)
    assert (envelope.sender, envelope.recipient) == (f"sealroom+{mail.public_id}@127.0.0.1", "nadia@example.com")
    assert message["From"] == "Olive Owner via Sealroom <sealroom@127.0.0.1>"
    assert message["Reply-To"] == "Olive Owner <olive@example.com>"
    assert message.get_all("To") == ["Nadia Køhl <nadia@example.com>"]
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Sun, 22 Nov 2026 14:03:00 +0000"
    assert (message["Cc"], message["Bcc"]) == (None, None)
    assert _part(message, "plain").strip() == mail.text.strip()
    assert _part(message, "html").strip() == mail.html.strip()
    assert envelope.data.isascii()
    assert max(map(len, envelope.data.splitlines())) < 998


@pytest.mark.parametrize("body", ["Ünïcode 株式会社 🦊 عربي", "x" * 5000, "From here\n.\n..dots\nFrom there"])
def test_delivered_message_carries_any_text(compose: Compose, fake: FakeTransport, body: str) -> None:
    mail = compose(context={"body": body}, sender_name='Zoë, "the" <boss> 🦊')
    worker.drain()
    message = _parse(fake.taken[0])
    assert _part(message, "plain") == mail.text
    assert message["From"].addresses[0].display_name == 'Zoë, "the" <boss> 🦊 via Sealroom'


def test_delivered_message_reaches_an_international_address(compose: Compose, fake: FakeTransport) -> None:
    compose(to="用户@例え.jp")
    worker.drain()
    assert fake.taken[0].recipient == "用户@xn--r8jz45g.jp"
    assert "To: 用户@xn--r8jz45g.jp\r\n".encode() in fake.taken[0].data


def test_deliver_settles_as_sent(compose: Compose, fake: FakeTransport) -> None:
    mail = compose(about="recipient:rcp_1")
    worker.drain()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_answer) == (MailState.SENT, 1, "250 ok")
    fact = queries.mail_state("recipient:rcp_1")
    assert fact is not None
    assert (fact.state, fact.address, fact.attempts) == ("sent", "nadia@example.com", 1)
    assert queries.mail_state("recipient:rcp_2") is None
    assert queries.mail_states(["", "recipient:rcp_1", "x"]) == {"recipient:rcp_1": fact}


def test_deliver_again_does_nothing_once_settled(compose: Compose, fake: FakeTransport) -> None:
    mail = compose()
    worker.drain()
    assert flows.deliver(mail.pk, NOW) is None
    assert len(fake.taken) == 1


def test_deliver_retries_the_same_bytes(compose: Compose, fake: FakeTransport) -> None:
    fake.answers = [BUSY, Outcome(0, "timed out", Stage.CONNECT)]
    mail = compose()
    before = timezone.now()
    for state in ("retrying", "retrying", "sent"):
        Job.objects.update(due_at=before)
        assert worker.drain() == 1
        mail.refresh_from_db()
        assert mail.state == state
    assert (mail.attempts, len(fake.taken)) == (3, 1)
    assert Job.objects.get(name="mail.deliver").state == JobState.DONE


def test_retried_message_is_byte_for_byte_the_same(compose: Compose) -> None:
    mail = compose(sender_name="Zoë")
    assert flows._envelope(mail) == flows._envelope(OutgoingMail.objects.get(pk=mail.pk))


def test_deliver_bounces_on_a_final_refusal(compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]]) -> None:
    fake.answers = [GONE]
    mail = compose(about="recipient:rcp_1")
    worker.drain()
    mail.refresh_from_db()
    assert mail.state == MailState.BOUNCED
    assert bounces == [("recipient:rcp_1", "nadia@example.com", True)]
    assert queries.is_suppressed("nadia@example.com")


def test_deliver_does_not_suppress_for_a_refusal_of_this_message(
    compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]]
) -> None:
    fake.answers = [Outcome(554, "5.7.1 looks like spam", Stage.DATA)]
    compose(about="a")
    worker.drain()
    assert (bounces, queries.is_suppressed("nadia@example.com")) == ([("a", "nadia@example.com", True)], False)


def test_deliver_gives_up_after_all_attempts(compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]]) -> None:
    allowed = rules.attempts_allowed(urgent=False)
    fake.answers = [BUSY] * 50
    mail = compose(about="a")
    for attempt in range(allowed):
        assert bounces == [], attempt
        Job.objects.update(due_at=timezone.now())
        worker.drain()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (MailState.FAILED, allowed)
    assert bounces == [("a", "nadia@example.com", False)]
    assert not queries.is_suppressed("nadia@example.com")


def test_suppressed_address_bounces_at_once_without_contact(
    compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]]
) -> None:
    Suppression.objects.create(address="nadia@example.com", reason="gone", at=NOW)
    mail = compose(about="a")
    assert bounces == []  # not inside the sender's own transaction
    worker.drain()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, fake.taken) == (MailState.BOUNCED, 0, [])
    assert bounces == [("a", "nadia@example.com", True)]


def test_code_reaches_a_suppressed_address_and_lifts_it(compose: Compose, fake: FakeTransport) -> None:
    Suppression.objects.create(address="nadia@example.com", reason="gone", at=NOW)
    compose(urgent=True)
    worker.drain()
    assert (len(fake.taken), queries.is_suppressed("nadia@example.com")) == (1, False)


def test_lift_suppression(db: None) -> None:
    Suppression.objects.create(address="nadia@example.com", reason="gone", at=NOW)
    assert flows.lift_suppression("Nadia@Example.com") is True
    assert flows.lift_suppression("nadia@example.com") is False


def test_answer_of_an_overtaken_attempt_is_dropped(compose: Compose, fake: FakeTransport) -> None:
    mail = compose()

    class Overtaken(FakeTransport):
        def deliver(self, envelope: Envelope) -> Outcome:
            OutgoingMail.objects.update(attempts=2)  # another worker began, after our lease lapsed
            return GONE

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "get_transport", Overtaken)
        flows.deliver(mail.pk, NOW)
    mail.refresh_from_db()
    assert (mail.state, mail.last_answer) == (MailState.QUEUED, "")


def test_network_is_never_touched_inside_a_transaction(
    compose: Compose, use: object, django_capture_on_commit_callbacks: object
) -> None:
    depth: list[int] = []
    outer = len(connection.savepoint_ids)

    class Watching(FakeTransport):
        def deliver(self, envelope: Envelope) -> Outcome:
            depth.append(len(connection.savepoint_ids) - outer)
            return super().deliver(envelope)

    mail = compose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "get_transport", Watching)
        flows.deliver(mail.pk, NOW)
    assert depth == [0]


def test_dead_delivery_job_fails_the_mail(compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]]) -> None:
    mail = compose(about="a")
    Job.objects.update(attempts=30)
    worker.drain()
    mail.refresh_from_db()
    assert (mail.state, bounces) == (MailState.FAILED, [("a", "nadia@example.com", False)])


@pytest.mark.parametrize("reference", ["public_id", "message_id", "bounce_address"])
def test_record_bounce_settles_once(
    compose: Compose, fake: FakeTransport, bounces: list[tuple[str, str, bool]], reference: str
) -> None:
    mail = compose(about="a")
    worker.drain()
    name = {
        "public_id": mail.public_id,
        "message_id": mail.message_id,
        "bounce_address": rules.bounce_address("sealroom@x.example", mail.public_id),
    }[reference]
    assert flows.record_bounce(name, "mailbox\x00\r\nclosed", NOW) is True
    assert flows.record_bounce(name, "mailbox closed", NOW) is False
    mail.refresh_from_db()
    assert (mail.state, mail.last_answer) == (MailState.BOUNCED, "mailbox closed")
    assert bounces == [("a", "nadia@example.com", True)]


def test_record_bounce_ignores_strangers_and_delays(compose: Compose, bounces: list[tuple[str, str, bool]]) -> None:
    mail = compose()
    assert flows.record_bounce("eml_unknown", "x", NOW) is False
    assert flows.record_bounce(mail.public_id, "delayed", NOW, permanent=False) is False
    assert bounces == []


def test_blank_settled_forgets_old_bodies_only(compose: Compose, fake: FakeTransport) -> None:
    mail = compose()
    waiting = compose(key="k2")
    Job.objects.filter(key=waiting.public_id).delete()
    worker.drain()
    assert flows.blank_settled(timezone.now() + timedelta(days=6)) == 0
    assert flows.blank_settled(timezone.now() + timedelta(days=8)) == 1
    mail.refresh_from_db()
    assert (mail.text, mail.html, waiting.text != "") == ("", "", True)
    assert flows.blank_settled(timezone.now() + timedelta(days=8)) == 0
