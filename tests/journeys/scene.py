# SPDX-License-Identifier: Apache-2.0
"""A team with something on every page of Document Security: a deed on the data of a server (see `tests.journeys.backstage`)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pikepdf
from django.utils import timezone

from sealroom.access import flows as access
from sealroom.access import queries as links
from sealroom.accounts import flows as accounts
from sealroom.accounts.models import User
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.billing.models import Invoice
from sealroom.documents import flows as documents
from sealroom.documents.models import Document
from sealroom.sends import flows
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import Addressee, MailCommit, OwnTerms, SendRequest, SendSettings
from tests.factories.accounts import Persona, connect_device
from tests.factories.documents import make_pdf, upload_ready
from tests.factories.films import make_film
from tests.journeys.story import PASSCODE, outlined_pdf

TERMS = "<h2>Confidentiality</h2><p>The reader keeps <strong>everything</strong> to himself.</p>" + "".join(
    f"<p>{number}. What is read here is used for the sale of the company alone, and for nothing else, for five years.</p>"
    for number in range(1, 9)
)


BROKEN = b"%PDF-1.7\n" + b"nothing that can be read\n" * 20


class Scene:
    """What the owner does."""

    def __init__(self, email: str) -> None:
        user = User.objects.get(email=email)
        membership = user.memberships.get()
        self.owner = Persona(user, membership.team, membership)
        self.found: dict[str, Any] = {}

    def keep(self, data: bytes, name: str) -> Document:
        return upload_ready(self.owner.actor, data, name=name, now=timezone.now())

    def send(self, name: str, documents: list[Document], to: tuple[str, ...], settings: SendSettings, **more: Any) -> Send:
        request = SendRequest(
            documents=tuple(one.public_id for one in documents),
            recipients=tuple(Addressee(address, "Nadia Reader") for address in to),
            settings=settings,
            language="fr",
            **more,
        )
        send = flows.send_documents(self.owner.actor, request, key=f"scene {name}", now=timezone.now()).send
        send.refresh_from_db()
        link = send.open_link or Recipient.objects.select_related("link").filter(send=send).earliest("pk").link
        assert link is not None
        self.found[name] = {
            "send": send.public_id,
            "link": link.public_id,
            "url": links.link_url(link),
            "documents": list(request.documents),
        }
        return send

    def mail(self, name: str, document: Document, to: tuple[str, ...], words: str) -> None:
        """A mail of protected words and a file, delivered by its sender's own program: one link for all."""
        actor, now = self.owner.actor, timezone.now()
        request = SendRequest(documents=(document.public_id,), recipients=(), subject="Papers for Thursday", language="fr")
        draft = flows.save_draft(actor, request, uuid=name, envelope=flows.Envelope("gmail"), now=now).send
        send = flows.put_words(actor, draft.public_id, html=words, now=now)
        wanted = MailCommit(tuple(Addressee(address, "Nadia Reader") for address in to))
        flows.commit_mail(actor, send.public_id, wanted, key=f"scene {name}", revision=send.revision, now=now)
        send.refresh_from_db()
        assert send.shared_link is not None
        self.found[name] = {"send": send.public_id, "url": links.link_url(send.shared_link)}

    def leave_half_done(self, replaced: Document) -> None:
        """A draft with files that failed, and new versions of a file: one that could take its place, one that failed."""
        locked, broken = (self.keep(data, name) for data, name in ((_locked(), "Locked.pdf"), (BROKEN, "Scan of page 3.pdf")))
        request = SendRequest(documents=(locked.public_id, broken.public_id), recipients=(Addressee("draft@example.com", ""),))
        self.found["draft"] = flows.save_draft(self.owner.actor, request, now=timezone.now()).send.public_id
        versions = []
        for data in (make_pdf(["Another text"]), BROKEN):
            version = documents.add_version(
                self.owner.actor, replaced.public_id, [data], name=replaced.name, size=len(data), now=timezone.now()
            )
            documents.prepare(version.pk, now=timezone.now())
            versions.append(version.public_id)
        self.found["versions"] = versions


def _locked() -> bytes:
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf())) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(owner="owner", user="secret", R=6))
    return file.getvalue()


def set_scene(email: str) -> dict[str, Any]:
    """Terms, presets, contacts, a request, and sends with every condition."""
    scene, now = Scene(email), timezone.now()
    actor = scene.owner.actor
    access.set_organization_terms(actor, html=TERMS, now=now)
    preset = flows.save_preset(
        actor,
        "",
        "Confidential",
        {"permission": "view", "screen_shield": "small"},
        ["permission", "watermark"],
        is_default=False,
        now=now,
    )
    scene.found["preset"] = preset.public_id
    contact = flows.save_contact(
        actor, "", address="contact@subsidiary.example.org", name="Carla Contact", company="Subsidiary", now=now
    )
    scene.found["contact"] = contact.public_id
    book = scene.keep(outlined_pdf(), "Term sheet v3.pdf")
    short = scene.keep(make_pdf(["Terms of access, page 1", "page 2"]), "Non-disclosure agreement.pdf")
    film = scene.keep(make_film(seconds=6), "Site visit.mp4")

    gated = SendSettings(
        permission="print", passcode=PASSCODE, terms=OwnTerms(text=TERMS), expire_after_opening_s=7800, max_prints=3, max_views=5
    )
    people = ("gated@example.com", "counsel.of.the.other.side@subsidiary.example.org", "k.olsen@example.org")
    letter = {"subject": "Papers for Thursday", "message": "Dear Nadia,\n\nsection 3 has changed. Please send remarks by Friday."}
    scene.send("gated", [book, short], people, gated, **letter)
    rest = SendSettings(access="anyone", permission="download_original", protect_pdf=True)
    scene.send("open", [book], (), rest)
    scene.send("pdf terms", [short], (), SendSettings(access="anyone", terms=OwnTerms(document=short.public_id)))
    scene.send("shield", [book], (), SendSettings(access="anyone", screen_shield="medium", expires_at=now + timedelta(minutes=130)))
    scene.send("quick", [book, film], ("quick@example.com", email), SendSettings(access="named_quick", permission="download_pdf"))
    scene.send("film", [film], (), SendSettings(access="anyone"))
    ended = scene.send("ended", [short], (), SendSettings(access="anyone"))
    scene.send("to come", [short], (), SendSettings(access="anyone", starts_at=now + timedelta(days=2)))
    flows.revoke(actor, ended.public_id, now=timezone.now())
    asked = {
        "address": "uma@elsewhere.example.net",
        "name": "Uma Uninvited",
        "note": "Our bank asked me to look at section 3.",
        "ip": "203.0.113.9",
    }
    scene.mail("letter", short, ("mailed@example.com", "hidden@example.com"), TERMS)
    asked_in = accounts.ask_for_device("thunderbird-ext", version="1.0.0", label="Thunderbird, Linux", ip="203.0.113.9", now=now)
    scene.found["code"] = asked_in.user_code
    connect_device(scene.owner, now=now)
    accounts.make_app_password(actor, "Scanner on the second floor", now=now)
    scene.leave_half_done(short)
    for change in ({}, {"address": "someone@example.net", "name": "", "note": ""}):
        flows.request_access(scene.found["gated"]["link"], now=timezone.now(), **(asked | change))
    return scene.found


def confirm_transfer() -> None:
    """The money for the one open invoice has come."""
    billing.confirm_transfer(Invoice.objects.get(status="open").public_id, who=SYSTEM, now=timezone.now())


DEEDS: dict[str, Callable[..., object]] = {"set_scene": set_scene, "confirm_transfer": confirm_transfer}
