# SPDX-License-Identifier: Apache-2.0
"""What billing writes to people, in both languages, once each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sealroom.accounts.models import Role
from sealroom.billing.flows import letters
from sealroom.billing.models import BillingProfile, Invoice, InvoiceKind, InvoiceStatus, Payment, Subscription
from sealroom.billing.ports import DECLINES
from sealroom.billing.rules.money import Line, LineKind
from sealroom.mail.models import OutgoingMail
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.billing import LATE, make_invoice

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
PLACE = "http://127.0.0.1:8000/admin/billing/"
Tell = Callable[[Persona], None]


@pytest.fixture(params=["en", "fr"])
def admin(request: pytest.FixtureRequest, db: None) -> Persona:
    """The only admin of a team, in each language."""
    return make_persona("olive@example.com", team_name="Northwind", name="Olive", language=request.param, now=NOW)


def invoice_of(persona: Persona, **values: Any) -> Invoice:
    return make_invoice(persona.team, language=persona.user.language, **values)


def only() -> OutgoingMail:
    [mail] = OutgoingMail.objects.all()
    return mail


def says(
    persona: Persona, english: tuple[str, ...], french: tuple[str, ...], *, button: str = "http://127.0.0.1:8000/admin/plan/"
) -> None:
    """The one mail there is has this subject and these sentences, in text and HTML, and leads there."""
    mail, (subject, *sentences) = only(), english if persona.user.language == "en" else french
    assert (mail.to_address, mail.language, mail.subject) == ("olive@example.com", persona.user.language, subject)
    for sentence in sentences:
        assert sentence in mail.text
        assert sentence in mail.html
    assert f"\n{button}\n" in mail.text
    assert f'href="{button}"' in mail.html


def test_paid(admin: Persona) -> None:
    invoice = invoice_of(admin, status=InvoiceStatus.PAID, paid_at=NOW, balance_used=400)
    letters.tell_paid(invoice, now=NOW)
    says(
        admin,
        (
            "Receipt SR-000123: $54.00",
            "Thank you. Invoice SR-000123 of 26\xa0Nov\xa02026 for the team Northwind is paid.",
            "Amounts in US dollars",
        ),
        (
            "Reçu SR-000123\u202f: 54,00\xa0$",
            "Merci. La facture SR-000123 du 26\xa0nov.\xa02026 pour l’équipe Northwind est payée.",
            "Montants en dollars US",
        ),
        button=f"{PLACE}invoices/{invoice.public_id}/",
    )
    english = [
        "500 credits (18 of 30 days of $25.00): $15.00",
        "1 data room (18 of 30 days of $50.00): $30.00",
        "VAT 20%: $9.00",
        "Total: $54.00",
        "Taken from your balance: −$4.00",
        "Paid: $50.00",
    ]
    french = [
        "500 crédits (18\xa0jours sur\xa030, sur\xa025,00\xa0$)\u202f: 15,00\xa0$",
        "1 salle de données (18\xa0jours sur\xa030, sur\xa050,00\xa0$)\u202f: 30,00\xa0$",
        "VAT 20\u202f%\u202f: 9,00\xa0$",
        "Total\u202f: 54,00\xa0$",
        "Prélevé sur votre solde\u202f: −4,00\xa0$",
        "Payé\u202f: 50,00\xa0$",
    ]
    lines = only().text.splitlines()
    expected = english if admin.user.language == "en" else french
    assert [line for line in lines if line in expected] == expected


def test_owed(admin: Persona) -> None:
    invoice = invoice_of(admin)
    letters.tell_owed(invoice, now=NOW)
    says(
        admin,
        (
            "Invoice SR-000123: $54.00 to be transferred",
            "Invoice SR-000123 for the team Northwind is waiting for your transfer of $54.00.",
            "10\xa0Dec\xa02026",
            "IBAN XX00 0000 0000 0000",
            "BIC EXAMPLEX",
        ),
        (
            "Facture SR-000123\u202f: 54,00\xa0$ à virer",
            "La facture SR-000123 de l’équipe Northwind attend votre virement de 54,00\xa0$.",
            "10\xa0déc.\xa02026",
            "IBAN XX00 0000 0000 0000",
            "BIC EXAMPLEX",
        ),
        button=f"{PLACE}invoices/{invoice.public_id}/",
    )


def test_failed(admin: Persona) -> None:
    invoice = invoice_of(admin)
    times: dict[str, Any] = {"next_try": NOW + timedelta(days=3), "last_day": NOW + timedelta(days=14), "now": NOW}
    letters.tell_failed(invoice, reason="card_declined", **times)
    letters.tell_failed(invoice, reason="card_declined", **times)
    says(
        admin,
        (
            "Payment of $54.00 failed",
            "We could not collect $54.00 for the team Northwind (invoice SR-000123). The bank declined the card.",
            "We try again on 29\xa0Nov\xa02026. You can also pay now, or give another payment method.",
            "If it is not paid by 10\xa0Dec\xa02026, sending pauses.",
        ),
        (
            "Échec du paiement de 54,00\xa0$",
            "Nous n’avons pas pu encaisser 54,00\xa0$ pour l’équipe Northwind (facture SR-000123). La banque a refusé la carte.",
            "Nous réessaierons le 29\xa0nov.\xa02026.",
            "Sans paiement d’ici le 10\xa0déc.\xa02026, les envois seront suspendus.",
        ),
        button=f"{PLACE}invoices/{invoice.public_id}/",
    )


def test_every_try_is_told_and_the_last_one_names_no_other(owner: Persona) -> None:
    invoice = invoice_of(owner)
    for next_try in (NOW + timedelta(days=3), NOW + timedelta(days=7), None):
        letters.tell_failed(invoice, reason="expired_card", next_try=next_try, last_day=NOW, now=NOW)
    texts = [mail.text for mail in OutgoingMail.objects.order_by("pk")]
    assert ["We try again on" in text for text in texts] == [True, True, False]


def test_every_decline_has_a_sentence(owner: Persona) -> None:
    assert len({letters._reason(reason) for reason in (*DECLINES, "something else")}) == len(DECLINES) + 1


def test_paused(admin: Persona) -> None:
    invoice = invoice_of(admin)
    letters.tell_paused(invoice, now=NOW)
    says(
        admin,
        (
            "Sending is paused until $54.00 is paid",
            "Invoice SR-000123 ($54.00) has not been paid. The team Northwind cannot send anything until it is.",
            "Revoking, removing, deleting and exporting still work. Nothing is deleted.",
        ),
        (
            "Envois suspendus jusqu’au paiement de 54,00\xa0$",
            "La facture SR-000123 (54,00\xa0$) n’a pas été payée. L’équipe Northwind ne peut rien envoyer",
            "Vous pouvez toujours révoquer, retirer, supprimer et exporter. Rien n’est supprimé.",
        ),
        button=f"{PLACE}invoices/{invoice.public_id}/",
    )


def test_resumed_once_a_day(admin: Persona) -> None:
    letters.tell_resumed(admin.team, now=NOW)
    letters.tell_resumed(admin.team, now=NOW + timedelta(minutes=1))
    says(
        admin,
        ("Sending works again", "Your payment has arrived. The team Northwind can send again."),
        ("Les envois fonctionnent à nouveau", "Votre paiement nous est parvenu. L’équipe Northwind peut à nouveau envoyer."),
    )
    letters.tell_resumed(admin.team, now=NOW + timedelta(days=31))
    assert OutgoingMail.objects.count() == 2


@pytest.mark.parametrize(
    ("what", "english", "french"),
    [
        (
            "cancelled",
            ("Your subscription ends on 14\xa0Dec\xa02026", "The subscription of the team Northwind ends on 14\xa0Dec\xa02026."),
            (
                "Votre abonnement prend fin le 14\xa0déc.\xa02026",
                "L’abonnement de l’équipe Northwind prend fin le 14\xa0déc.\xa02026.",
            ),
        ),
        (
            "downgraded",
            ("Your plan changes on 14\xa0Dec\xa02026", "The team Northwind moves to a smaller plan on 14\xa0Dec\xa02026."),
            (
                "Votre forfait change le 14\xa0déc.\xa02026",
                "L’équipe Northwind passe à un forfait plus petit le 14\xa0déc.\xa02026.",
            ),
        ),
        (
            "reduced",
            ("Your add-ons change on 14\xa0Dec\xa02026", "The team Northwind has fewer add-ons from 14\xa0Dec\xa02026 on."),
            (
                "Vos options changent le 14\xa0déc.\xa02026",
                "L’équipe Northwind aura moins d’options à partir du 14\xa0déc.\xa02026.",
            ),
        ),
        (
            "interval",
            (
                "Your billing interval changes on 14\xa0Dec\xa02026",
                "The team Northwind is billed at another interval from 14\xa0Dec\xa02026 on.",
            ),
            (
                "Votre rythme de facturation change le 14\xa0déc.\xa02026",
                "L’équipe Northwind sera facturée à un autre rythme à partir du 14\xa0déc.\xa02026.",
            ),
        ),
    ],
)
def test_scheduled(admin: Persona, what: str, english: tuple[str, ...], french: tuple[str, ...]) -> None:
    effective = datetime(2026, 12, 14, 9, 30, tzinfo=UTC)
    for _ in range(2):
        letters.tell_scheduled(admin.team, what=what, effective_at=effective, key="change:7", now=NOW)
    says(admin, english, french)
    assert what in letters.SCHEDULED


def test_kept(admin: Persona) -> None:
    invoice = invoice_of(admin, status=InvoiceStatus.VOID, voided_at=NOW, number=None)
    payment = Payment.objects.create(
        invoice=invoice, gateway="stripe", amount=5400, currency="USD", key="k", created_at=NOW, settled_at=NOW
    )
    letters.tell_kept(payment, now=NOW)
    says(
        admin,
        (
            "$54.00 kept as your balance",
            "Your payment of $54.00 for the team Northwind came after the offer it was for had ended, so nothing was changed.",
            "Please choose again.",
        ),
        (
            "54,00\xa0$ conservés sur votre solde",
            "Votre paiement de 54,00\xa0$ pour l’équipe Northwind est arrivé après la fin de l’offre concernée\u202f; rien",
            "Veuillez choisir à nouveau.",
        ),
    )


def test_trial_ends(admin: Persona) -> None:
    ends_at = NOW + timedelta(days=3)
    for _ in range(2):
        letters.tell_trial_ends(admin.team, ends_at=ends_at, days=3, now=NOW)
    says(
        admin,
        ("Your trial ends in 3 days", "The trial of the team Northwind ends on 29\xa0Nov\xa02026."),
        ("Votre essai se termine dans 3\xa0jours", "L’essai de l’équipe Northwind se termine le 29\xa0nov.\xa02026."),
    )
    letters.tell_trial_ends(admin.team, ends_at=ends_at, days=1, now=NOW)
    last = OutgoingMail.objects.latest("pk")
    expected = {"en": "Your trial ends in 1 day", "fr": "Votre essai se termine dans 1\xa0jour"}
    assert last.subject == expected[admin.user.language]


def test_trial_ended_once_per_trial(admin: Persona) -> None:
    for later in (0, 1):
        letters.tell_trial_ended(admin.team, now=NOW + timedelta(days=later))
    says(
        admin,
        ("Your trial has ended", "The trial of the team Northwind is over. Choose a plan to send again."),
        ("Votre essai est terminé", "L’essai de l’équipe Northwind est terminé. Choisissez un forfait pour envoyer à nouveau."),
    )
    Subscription.objects.filter(team=admin.team).update(trial_ends_at=NOW)
    letters.tell_trial_ended(admin.team, now=NOW)
    assert OutgoingMail.objects.count() == 2


def test_refunded(admin: Persona) -> None:
    invoice = invoice_of(admin, status=InvoiceStatus.PAID, paid_at=NOW)
    line = Line(LineKind.REFUND, "refund", -4500, 1, -4500, LATE, LATE)
    note = invoice_of(admin, lines=[line], kind=InvoiceKind.CREDIT_NOTE, number=124, corrects=invoice, due=0)
    letters.tell_refunded(note, amount=5400, now=NOW)
    says(
        admin,
        (
            "Refund of $54.00",
            "We are paying $54.00 back to the team Northwind.",
            "Credit note SR-000124 corrects invoice SR-000123.",
        ),
        (
            "Remboursement de 54,00\xa0$",
            "Nous remboursons 54,00\xa0$ à l’équipe Northwind, par le moyen utilisé pour le paiement.",
            "L’avoir SR-000124 rectifie la facture SR-000123.",
        ),
        button=f"{PLACE}invoices/{note.public_id}/",
    )


# -- Who reads it ----------------------------------------------------------------------------------------------------------
def test_admins_and_contact_read_it_each_once_in_their_language(owner: Persona, stranger: Persona) -> None:
    second = make_member(owner, "second@example.com", role=Role.ADMIN, now=NOW)
    second.user.language = "fr"
    second.user.save(update_fields=["language"])
    make_member(owner, "user@example.com", now=NOW)
    BillingProfile.objects.create(team=owner.team, contact_email="Billing@Example.COM")
    invoice = invoice_of(owner)
    for _ in range(2):
        letters.tell_owed(invoice, now=NOW)
    mails = OutgoingMail.objects.order_by("pk")
    assert [(mail.to_address, mail.language) for mail in mails] == [
        ("owner@example.com", "en"),
        ("second@example.com", "fr"),
        ("billing@example.com", "en"),
    ]
    assert {mail.team for mail in mails} == {owner.team.public_id}


def test_a_contact_who_is_an_admin_gets_one_mail(owner: Persona) -> None:
    BillingProfile.objects.create(team=owner.team, contact_email="OWNER@example.com")
    letters.tell_owed(invoice_of(owner), now=NOW)
    assert [mail.to_address for mail in OutgoingMail.objects.all()] == ["owner@example.com"]


@pytest.mark.parametrize("contact", ["", "nobody", "a@b\r\nBcc: x@example.com"])
def test_a_contact_that_is_no_address_is_left_out(owner: Persona, contact: str) -> None:
    BillingProfile.objects.create(team=owner.team, contact_email=contact)
    letters.tell_owed(invoice_of(owner), now=NOW)
    assert OutgoingMail.objects.count() == 1


def test_hostile_names_stand_there_as_they_are(owner: Persona) -> None:
    owner.team.name = "<script>alert(1)</script> {team} %(x)s {{ y }}"
    owner.team.save(update_fields=["name"])
    invoice = invoice_of(owner, seller={"name": "S", "account": ["<b>IBAN</b> {0}"]})
    letters.tell_owed(invoice, now=NOW)
    mail = only()
    assert "for the team <script>alert(1)</script> {team} %(x)s {{ y }} is waiting" in mail.text
    assert "Account: <b>IBAN</b> {0}" in mail.text
    assert "<script" not in mail.html
    assert "<b>IBAN" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {team} %(x)s {{ y }}" in mail.html
