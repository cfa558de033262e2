# SPDX-License-Identifier: Apache-2.0
"""The address of one file of a mail leads to that file, whatever gates stand before it and whichever of them were passed before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from django.conf import settings
from django.http import HttpResponse
from tests.doors.portal.conftest import NADIA, Reader, everything_stored, paper
from tests.factories.access import code_of, latest_challenge, token_of
from tests.factories.accounts import Persona
from tests.factories.sends import recipient_of, request_for

from sealroom.access.flows import change_policy, make_terms
from sealroom.access.models import Terms
from sealroom.access.rules import Access, TermsMode
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.flows import Envelope
from sealroom.sends.models import Send
from sealroom.sends.rules import Addressee, MailCommit, SendSettings

pytestmark = pytest.mark.django_db
PASSCODE = "Opal 7351"


@dataclass(frozen=True)
class Mail:
    """A mail of two files: the mailed link, the one behind it, and the second file with its address in the mail."""

    token: str
    link: str
    file: str
    address: str

    @property
    def page(self) -> str:
        """Where the file stands for Nadia."""
        return f"/v/d/{self.link}/{self.file}/"

    def gate(self, name: str) -> str:
        return f"/v/{self.link}/{name}/?file={self.file}"


def mail(owner: Persona, *gates: str, access: Access = Access.NAMED_CODE, now: datetime) -> Mail:
    papers = [paper(owner, f"Offer {number}.pdf", now=now) for number in range(2)]
    request = request_for(papers, (), subject="Papers", settings=SendSettings(access=access))
    draft = sends.save_draft(owner.actor, request, uuid="u", envelope=Envelope("outlook"), now=now).send
    wanted = MailCommit((Addressee(NADIA),))
    sends.commit_mail(owner.actor, draft.public_id, wanted, key="k", revision=draft.revision, now=now)
    send = Send.objects.select_related("policy").get()
    terms = make_terms(owner.actor, html="<p>Keep it to yourself.</p>", now=now) if "terms" in gates else None
    value = replace(send.policy.value, terms=TermsMode.OWN) if terms else send.policy.value
    change_policy(send.policy, value, passcode=PASSCODE if "passcode" in gates else None, own_terms=terms, now=now)
    mailed, own = (send.open_link, send.open_link) if access.is_open else (send.shared_link, recipient_of(send, NADIA).link)
    assert own is not None
    assert mailed is not None
    wanted_file = queries.mail_answer(owner.actor, send.public_id).documents[1]
    return Mail(token_of(mailed), own.public_id, wanted_file.id, wanted_file.url.removeprefix(settings.SEALROOM_BASE_URL))


def ways(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.headers["Location"]


def carried(page: HttpResponse) -> str:
    """What the form of a gate carries on."""
    text = page.content.decode()
    return text.partition('name="to" value="')[2].partition('"')[0]


def prove(reader: Reader, mail: Mail) -> HttpResponse:
    """Address and code, from the file's own address."""
    address = carried(reader.get(mail.address))
    reader.post(f"/v/{mail.token}/code/", mail.address, address=NADIA, to=address)
    return reader.type(mail.token, code_of(latest_challenge(NADIA).public_id))


def try_passcode(reader: Reader, page: str, passcode: str) -> HttpResponse:
    return reader.post(page.partition("?")[0], page, passcode=passcode, to=carried(reader.get(page)))


def accept(reader: Reader, page: str, name: str = "Nadia B.") -> HttpResponse:
    terms = Terms.objects.latest("pk").public_id
    return reader.post(page.partition("?")[0], page, terms=terms, name=name, to=carried(reader.get(page)))


def test_through_all_gates_in_one_go(owner: Persona, moment: datetime, reader: Reader) -> None:
    made = mail(owner, "passcode", "terms", now=moment)
    assert ways(prove(reader, made)) == (303, made.gate("passcode"))
    wrong = try_passcode(reader, made.gate("passcode"), "Opal 0000")
    assert (wrong.status_code, carried(wrong)) == (422, made.gate("passcode"))
    assert ways(try_passcode(reader, made.gate("passcode"), PASSCODE)) == (303, made.gate("terms"))
    nameless = accept(reader, made.gate("terms"), name="")
    assert (nameless.status_code, carried(nameless)) == (422, made.gate("terms"))
    come = accept(reader, made.gate("terms"))
    assert (ways(come), come.cookies["sealroom_way"].value) == ((303, made.page), "")
    assert reader.get(made.page).status_code == 200


PASS: dict[str, Callable[[Reader, str], HttpResponse]] = {
    "passcode": lambda reader, page: try_passcode(reader, page, PASSCODE),
    "terms": accept,
}


@pytest.mark.parametrize("gate", PASS)
def test_who_proved_his_address_before_and_stands_before_a_gate(
    owner: Persona, moment: datetime, reader: Reader, gate: str
) -> None:
    made = mail(owner, gate, now=moment)
    reader.prove(made.token, NADIA)  # and went no further
    before = everything_stored()
    looked = reader.get(made.address)
    assert (ways(looked), set(looked.cookies)) == ((302, made.gate(gate)), set())
    assert everything_stored() == before, "looking leaves nothing"
    assert ways(PASS[gate](reader, made.gate(gate))) == (303, made.page)
    assert ways(reader.get(made.gate(gate))) == (302, f"/v/{made.link}/?file={made.file}"), "the gate was passed in another tab"
    assert ways(reader.get(f"/v/{made.link}/?file={made.file}")) == (302, made.page)


@pytest.mark.parametrize("gate", PASS)
def test_the_page_of_a_file_asks_for_the_gate_and_is_come_back_to(
    owner: Persona, moment: datetime, reader: Reader, gate: str
) -> None:
    made = mail(owner, gate, now=moment)
    reader.prove(made.token, NADIA)
    refused = reader.get(made.page)
    assert (refused.status_code, carried(refused)) == (403, made.page)
    assert ways(PASS[gate](reader, f"/v/{made.link}/{gate}/?file={made.file}")) == (303, made.page)


def test_a_link_that_asks_for_no_address(owner: Persona, moment: datetime, reader: Reader) -> None:
    made = mail(owner, "passcode", access=Access.ANYONE, now=moment)
    assert carried(reader.get(made.address)) == made.address
    opened = reader.post(f"/v/{made.token}/open/", made.address, to=made.address)
    assert ways(opened) == (303, made.gate("passcode"))
    assert ways(try_passcode(reader, made.gate("passcode"), PASSCODE)) == (303, made.page)


def test_what_is_not_behind_the_link_ends_at_the_list(owner: Persona, moment: datetime, reader: Reader) -> None:
    made = mail(owner, "passcode", now=moment)
    reader.prove(made.token, NADIA)
    page = f"/v/{made.link}/passcode/?file=doc_other"
    assert ways(try_passcode(reader, page, PASSCODE)) == (303, f"/v/d/{made.link}/")
