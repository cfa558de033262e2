# SPDX-License-Identifier: Apache-2.0
"""Every condition of a send on Send Files and afterwards; presets, terms, people from files and contacts, requests for access."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.doors.web.conftest import HTMX
from tests.factories.accounts import Persona
from tests.factories.sends import available, send

from sealroom.access import flows as access
from sealroom.access.models import Acceptance, PolicyRow, Terms
from sealroom.documents.models import Document
from sealroom.httpkit import visitors
from sealroom.sends import flows
from sealroom.sends.models import AccessRequest, Contact, Preset, Recipient, Send
from sealroom.sends.rules import SendSettings

pytestmark = pytest.mark.django_db
ALL: dict[str, Any] = {
    "access": "named_quick",
    "permission": "download_pdf",
    "protect_pdf": "on",
    "starts_at": "2100-01-01T08:00",
    "expires_at": "2100-02-01T08:00",
    "timer_amount": "2",
    "timer_unit": "86400",
    "mark": ["email"],
    "mark_text": "Draft only",
    "mark_color": "#a01010",
    "mark_angle": "0",
    "mark_layout": "center",
    "mark_size": "large",
    "mark_media": "laid_over",
    "terms": "own",
    "terms_text": "Keep it **secret**.",
    "screen_shield": "small",
    "passcode_on": "on",
    "passcode": "orange lamp",
    "max_views": "3",
    "max_prints": "2",
    "allow_ips": "192.0.2.0/24\n2001:db8::/32",
    "block_domains": "example.net, example.info",
}


def fields(files: list[Document], **more: Any) -> dict[str, Any]:
    base = {"document": [one.public_id for one in files], "recipients": "r0@example.com", "key": "k1"}
    return base | {"message": "", "language": "en"} | more


def in_force(sent: Send) -> PolicyRow:
    return PolicyRow.objects.get(pk=Send.objects.get(pk=sent.pk).policy_id)


def test_every_setting_of_the_form_is_put_in_force(owner: Persona, files: list[Document]) -> None:
    response = owner.client().post("/", fields(files, deed="link", **ALL))
    assert response.status_code == 302, response.content.decode()[:3000]
    policy = Send.objects.get().policy
    assert (policy.access, policy.permission, policy.protect_pdf) == ("named_quick", "download_pdf", True)
    assert (policy.expire_after_opening_s, policy.max_views, policy.max_prints) == (172800, 3, 2)
    assert policy.watermark == {
        "fields": ["email"], "text": "Draft only", "size": "large", "color": "#a01010", "angle": 0, "layout": "center",
        "media": "laid_over",
    }  # fmt: skip
    assert (policy.screen_shield, policy.terms_mode) == ("small", "own")
    assert policy.terms is not None
    assert policy.terms.html == "<p>Keep it <strong>secret</strong>.</p>"
    assert policy.passcode_hash != ""
    assert (policy.allow_ips, policy.block_domains) == (["192.0.2.0/24", "2001:db8::/32"], ["example.net", "example.info"])


def test_page_says_what_was_chosen_and_never_the_passcode(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    answer = client.post("/draft/", fields(files, **ALL), headers=HTMX).content.decode()
    assert "ends 2 days after the first opening" in answer
    page = client.get("/").content.decode()
    assert all(
        words in page for words in ("people you name, by a personal link without a code", "terms of this send", "Draft only")
    )
    assert "orange lamp" not in page
    # What was kept is kept when the form comes back without the secret.
    client.post("/draft/", fields(files, draft=Send.objects.get().public_id, **(ALL | {"passcode": ""})), headers=HTMX)
    assert Send.objects.get().policy.passcode_hash != ""
    assert Terms.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"passcode_on": "on", "passcode": ""}, "Type a passcode of at least 4 characters"),
        ({"access": "domains", "domains": ""}, "Name at least one domain."),
        ({"allow_ips": "somewhere"}, "Write networks as in 192.0.2.0/24"),
        ({"terms": "own", "terms_text": ""}, "Write the terms, or choose a PDF"),
        ({"terms": "organization"}, "Your organisation has no terms yet."),
        ({"starts_at": "2100-02-01T08:00", "expires_at": "2100-01-01T08:00"}, "Access would end before it begins."),
    ],
)
def test_what_does_not_fit_is_said_below_its_sentence(
    owner: Persona, files: list[Document], change: dict[str, str], words: str
) -> None:
    client = owner.client()
    live = client.post("/draft/", fields(files, **change), headers=HTMX)
    assert (live.status_code, words in live.content.decode()) == (200, True)
    whole = client.post("/", fields(files, deed="notify", **change))
    assert (whole.status_code, words in whole.content.decode()) == (422, True)
    assert not Send.objects.filter(state="sent").exists()


def test_open_access_costs_one_more_and_needs_nobody(owner: Persona, files: list[Document], present: datetime) -> None:
    client, open_form = owner.client(), {"access": "anyone", "recipients": ""}
    assert "<strong>2 credits</strong>" in client.post("/draft/", fields(files) | open_form, headers=HTMX).content.decode()
    draft = Send.objects.get().public_id
    where = client.post("/", fields(files, deed="link", draft=draft) | open_form)["Location"]
    page = client.get(where).content.decode()
    assert ("The link for anybody" in page, "/v/" in page, available(owner, present)) == (True, True, 1498)


def test_settings_after_sending_are_read_back(owner: Persona, sent: Send) -> None:
    client, address = owner.client(), f"/sends/{sent.public_id}/settings/"
    response = client.post(address, ALL)
    assert (response.status_code, response["Location"]) == (302, address)
    assert in_force(sent).max_views == 3
    page = client.get(address).content.decode()
    assert "The settings are in force." in page
    assert 'value="3"' in page
    client.post(address, {"shown": ["passcode", "watermark"]})  # unticked boxes post nothing
    policy = in_force(sent)
    assert (policy.passcode_hash, policy.watermark, policy.max_views) == ("", None, 3)


def test_opening_a_send_is_asked_back_with_its_price(owner: Persona, sent: Send, present: datetime) -> None:
    client, address = owner.client(), f"/sends/{sent.public_id}/settings/"
    page = client.post(address, {"access": "anyone_verified"})
    assert (page.status_code, "Put in force for 2 credits" in page.content.decode()) == (200, True)
    assert (in_force(sent).access, available(owner, present)) == ("named_code", 1490)
    client.post(address, {"access": "anyone_verified", "deed": "confirm"})
    assert (in_force(sent).access, available(owner, present)) == ("anyone_verified", 1488)


def test_preset_is_made_chosen_and_holds(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    form = {"name": "Confidential", "permission": "view", "mark": ["email", "name"], "shown": ["watermark", "period"]}
    form |= {"lasts_amount": "30", "lasts_unit": "86400", "timer_unit": "60", "fixed": ["watermark", "period"]}
    assert client.post("/admin/security/presets/new/", form)["Location"] == "/admin/security/presets/"
    preset = Preset.objects.get()
    assert (preset.settings["expires_after_s"], set(preset.fixed)) == (
        2592000,
        {"watermark", "expires_after_s", "expire_after_opening_s"},
    )
    page = client.get("/admin/security/presets/").content.decode()
    assert ("ends 30 days after the sending" in page, "From when until when, Watermark" in page) == (True, True)

    chosen = {"preset": preset.public_id, "preset_before": ""}
    answer = client.post("/draft/", fields(files, **chosen), headers=HTMX).content.decode()
    assert ('id="settings-card"' in answer, answer.count("Fixed by your admins in this preset") >= 3) == (True, True)
    same = {"preset": preset.public_id, "preset_before": preset.public_id, "draft": Send.objects.get().public_id}
    client.post("/", fields(files, deed="link", mark=["ip"], expires_at="2100-01-01T08:00", max_views="1", **same))
    sent = Send.objects.get()
    assert sent.policy.watermark is not None
    assert (sent.preset, sent.policy.watermark["fields"], sent.policy.max_views) == (preset, ["email", "name"], 1)
    assert sent.policy.expires_at is not None
    assert sent.policy.expires_at.year < 2100


def test_preset_needs_a_name_of_its_own(owner: Persona) -> None:
    client = owner.client()
    client.post("/admin/security/presets/new/", {"name": "One"})
    again = client.post("/admin/security/presets/new/", {"name": "One"})
    assert (again.status_code, "Another preset has this name." in again.content.decode()) == (422, True)
    client.post(f"/admin/security/presets/{Preset.objects.get().public_id}/remove/")
    assert Preset.objects.filter(removed_at=None).count() == 0


def test_presets_only_leaves_no_other_choice(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    flows.save_preset(owner.actor, "", "Only", {}, [], now=files[0].created_at)
    client.post("/admin/security/presets/only/", {"only": "on"})
    assert "No preset" not in client.get("/?new=1").content.decode()
    assert client.post("/", fields(files, deed="notify")).status_code == 422


def test_organisations_terms_are_previewed_put_in_force_and_withdrawn(owner: Persona) -> None:
    client, address = owner.client(), "/admin/security/terms/"
    shown = client.post(address, {"text": "# Rules\n\n<script>x</script>Keep it.", "deed": "preview"}).content.decode()
    assert ("<h1>Rules</h1>" in shown, "<script>x" in shown, Terms.objects.exists()) == (True, False, False)
    client.post(address, {"text": "Keep it.", "deed": "save"})
    assert Terms.objects.get().html == "<p>Keep it.</p>"
    assert client.post(address, {"text": "", "deed": "save"}).status_code == 422
    client.post(address, {"deed": "withdraw"})
    assert Terms.objects.get().withdrawn_at is not None


def _accepted(owner: Persona, sent: Send, present: datetime) -> Acceptance:
    from tests.factories.access import make_pass  # noqa: PLC0415 -- app ready

    from sealroom.access.models import Pass  # noqa: PLC0415 -- app ready

    terms = access.set_organization_terms(owner.actor, html="<p>Keep it.</p>", now=present)
    link = Recipient.objects.filter(send=sent).earliest("pk").link
    assert link is not None
    make_pass(link, now=present)
    held = Pass.objects.get(link=link)
    row = {"terms": terms, "number": 1, "text_sha256": terms.sha256, "typed_name": "=Rita", "address": "r0@example.com"}
    return Acceptance.objects.create(link=link, reader=held.reader, browser_pass=held, accepted_at=present, **row)


def test_acceptances_are_listed_with_record_and_file(owner: Persona, member: Persona, sent: Send, present: datetime) -> None:
    made, client = _accepted(owner, sent, present), owner.client()
    assert "=Rita" in client.get("/admin/security/acceptances/?q=rita").content.decode()
    record = client.get(f"/admin/security/acceptances/{made.public_id}/certificate/")
    mine = client.get(f"/sends/{sent.public_id}/acceptances/{made.public_id}/certificate/")
    assert [one.content[:5] for one in (record, mine)] == [b"%PDF-", b"%PDF-"]
    file: Any = client.post("/admin/security/acceptances/export/", {"format": "csv"})
    assert "'=Rita" in b"".join(file.streaming_content).decode()
    assert "=Rita" in client.get(f"/sends/{sent.public_id}/").content.decode()
    other = member.client()
    assert other.get(f"/sends/{sent.public_id}/acceptances/{made.public_id}/certificate/").status_code == 404


def test_people_of_a_file_are_taken_and_wrong_lines_named(owner: Persona, files: list[Document]) -> None:
    lines = "email,name\na@example.com,Ann\n,Nobody\nb@example.com,Bob\nnot an address,\n"
    upload = SimpleUploadedFile("people.csv", lines.encode(), content_type="text/csv")
    page = owner.client().post("/", fields(files, deed="people", people=upload)).content.decode()
    assert all(
        words in page for words in ("Read from the file: 2", "Line 3: no address", "Line 5: no e-mail address", "Ann &lt;a@exa")
    )
    assert set(Recipient.objects.values_list("address", flat=True)) == {"a@example.com", "b@example.com", "r0@example.com"}


def test_a_long_list_stays_in_the_draft_without_being_typed(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    lines = "\n".join(f"p{number}@example.com" for number in range(600))
    upload = SimpleUploadedFile("people.csv", lines.encode(), content_type="text/csv")
    page = client.post("/", fields(files, deed="people", people=upload)).content.decode()
    assert ("601 people" in page, "p599@example.com" in page) == (True, False)
    draft = Send.objects.get().public_id
    client.post("/draft/", fields(files, draft=draft, listed="on", recipients="new@example.com"), headers=HTMX)
    assert Recipient.objects.count() == 602
    client.post("/", fields(files, draft=draft, listed="on", recipients="new@example.com", unlist="on"))
    assert list(Recipient.objects.values_list("address", flat=True)) == ["new@example.com"]


def test_contacts_are_ones_own(owner: Persona, member: Persona, sent: Send) -> None:
    client = owner.client()
    client.post("/contacts/", {"address": "Nadia@Example.com", "name": "Nadia", "company": "Acme"})
    again = client.post("/contacts/", {"address": "nadia@example.com"})
    assert (again.status_code, "among your contacts already" in again.content.decode()) == (422, True)
    contact = Contact.objects.get(address="nadia@example.com")
    assert "Nadia" in client.get("/contacts/?q=acme").content.decode()
    picker = client.get("/contacts/choose/?company=Acme", headers=HTMX).content.decode()
    assert (picker.count('name="person"'), "checked" in picker) == (1, True)
    other = member.client()
    assert "Acme" not in other.get("/contacts/").content.decode()
    assert other.post(f"/contacts/{contact.public_id}/delete/").status_code == 404
    client.post(f"/contacts/{contact.public_id}/", {"address": "nadia@example.com", "name": "Nadia K", "company": ""})
    contact.refresh_from_db()
    assert (contact.name, contact.company) == ("Nadia K", "")
    upload = SimpleUploadedFile("c.csv", b"x@example.com,Xi\nnobody\n", content_type="text/csv")
    assert "Line 2: no address" in client.post("/contacts/import/", {"people": upload}).content.decode()
    client.post(f"/contacts/{contact.public_id}/delete/")
    assert not Contact.objects.filter(pk=contact.pk).exists()


def test_chosen_contacts_go_into_the_draft_without_scripts(owner: Persona) -> None:
    owner.client().post("/contacts/choose/", {"person": ['"Nadia" <nadia@example.com>']})
    assert list(Recipient.objects.values_list("address", "name")) == [("nadia@example.com", "Nadia")]


def test_request_is_approved_with_its_price_or_declined(owner: Persona, sent: Send, present: datetime) -> None:
    client = owner.client()
    first, second = (
        AccessRequest.objects.create(send=sent, address=f"ask{number}@example.com", note="Please", asked_at=present)
        for number in (1, 2)
    )
    page = client.get(f"/sends/{sent.public_id}/").content.decode()
    assert ("Approve, 2 credits" in page, "Please" in page) == (True, True)
    assert "2 requests for access" in client.get("/sends/").content.decode()
    for _ in range(2):  # pressed twice
        client.post(f"/requests/{first.public_id}/approve/", {"who": first.address})
    client.post(f"/requests/{second.public_id}/decline/", {"who": second.address})
    assert available(owner, present) == 1488
    page = client.get("/requests/").content.decode()
    assert ("Nobody is waiting" in page, "Invited" in page, "Declined" in page) == (True, True, True)


def test_sender_looks_as_a_recipient(owner: Persona, sent: Send) -> None:
    person = Recipient.objects.filter(send=sent).earliest("pk")
    response = owner.client().post(f"/sends/{sent.public_id}/preview/", {"recipient": person.public_id})
    assert (response.status_code, "/v/" in response["Location"]) == (302, True)
    assert visitors.cookie_name() in response.cookies
    assert owner.client().get(f"/sends/{sent.public_id}/preview/").status_code == 405


def test_send_is_deleted_for_good_after_a_question(owner: Persona, sent: Send) -> None:
    client, address = owner.client(), f"/sends/{sent.public_id}/delete/"
    assert "Delete for good" in client.get(address).content.decode()
    client.post(address)
    assert (client.get(f"/sends/{sent.public_id}/").status_code, in_force(sent).revoked_at is not None) == (404, True)


def test_versions_of_a_file_are_shown(owner: Persona, sent: Send, files: list[Document]) -> None:
    page = owner.client().get(f"/sends/{sent.public_id}/files/{files[0].public_id}/versions/").content.decode()
    assert ("shown now" in page, "Term sheet.pdf" in page) == (True, True)


def test_deeds_need_the_token_of_the_page(owner: Persona, sent: Send) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    for path in (f"sends/{sent.public_id}/delete/", "contacts/", "admin/security/presets/only/", "admin/security/terms/"):
        assert client.post(f"/{path}", {}).status_code == 403


def test_password_of_protected_copies_is_told_to_the_sender(owner: Persona, files: list[Document], present: datetime) -> None:
    settings = SendSettings(access="anyone", permission="download_pdf", protect_pdf=True)
    sent = send(owner, files, [], settings=settings, now=present).send
    page = owner.client().get(f"/sends/{sent.public_id}/").content.decode()
    assert "Password of Term sheet.pdf" in page
