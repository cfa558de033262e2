# SPDX-License-Identifier: Apache-2.0
"""The send that is being written: read from the form or from its draft, and laid out for the page. One layout serves the whole
page, the autosave's answer and the page after a refusal, so that all three say the same."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sealroom.accounts.rules import Actor
from sealroom.core.ids import new_id
from sealroom.documents import flows as documents
from sealroom.documents.queries import DocumentView, VersionView, get_document, view_of
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.rules import (
    MAX_RECIPIENTS,
    MOST_BYTES,
    Addressee,
    LineError,
    People,
    SendRequest,
    SendSettings,
    read_people,
    setting_errors,
)
from sealroom.web import conditions, presets, setting_panels, wording
from sealroom.web.errors import TABLE, Refusal
from sealroom.web.forms.choices import LANGUAGES
from sealroom.web.forms.sending import TYPED_AT_MOST, SendForm, TypedRecipient, TypedRecipients

CHUNK = 64 * 1024
_MEMORY = "typed_but_invalid"  # session: what was typed as a recipient and is none, which a draft cannot keep


@dataclass(frozen=True)
class Composed:
    """A send being written."""

    draft_id: str
    documents: tuple[str, ...]
    typed: TypedRecipients
    message: str
    language: str
    settings: SendSettings
    preset: str = ""
    preset_is_new: bool = False
    is_listed: bool = False  # more people than fit the field, from a file: they stay in the draft and are not typed

    def request(self, *, notify: bool) -> SendRequest:
        """As the sends room takes it."""
        people = tuple(Addressee(one.address, one.name) for one in self.typed.people)
        return SendRequest(
            self.documents,
            people,
            message=self.message,
            settings=self.settings,
            language=self.language,
            notify=notify,
            preset=self.preset,
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing worth keeping."""
        return not (self.documents or self.typed.people or self.message.strip())


@dataclass(frozen=True)
class ShownFile:
    """A file's row: `state` is preparing, ready or failed; `fault` the sentence for a failed one."""

    id: str
    name: str
    ext: str
    size: int
    pages: str
    state: str
    checked: bool
    fault: str = ""
    wants_password: bool = False


def blank(actor: Actor, *, now: datetime) -> Composed:
    """Nothing written yet."""
    choice = presets.default_choice(actor, now=now)
    return Composed("", (), TypedRecipients(), "", actor.language, choice.settings, choice.id)


def from_form(actor: Actor, form: SendForm, *, now: datetime) -> Composed:
    """What a valid form holds. Another preset than before brings its own settings; what it fixed is never read from the form."""
    data = form.cleaned_data
    choice = presets.find_choice(actor, data["preset"], now=now)
    if data["preset"] != data["preset_before"]:
        chosen = choice.settings
    else:
        before = settings_before(actor, data["draft"], now=now)
        chosen = choice.held(conditions.settings_of(form, before=before, fixed=choice.fixed))
    typed = data["recipients"]
    if data["listed"] and data["draft"] and "unlist" not in form.data:
        listed = queries.get_send(actor, data["draft"]).recipients.filter(removed_at=None).order_by("pk")
        kept = tuple(TypedRecipient(one.address, one.name) for one in listed)
        typed = replace(typed, people=kept).with_more(typed.people)
    return Composed(
        data["draft"],
        tuple(data["document"]),
        typed,
        data["message"],
        data["language"] or "en",
        chosen,
        choice.id,
        data["preset"] != data["preset_before"],
        len(typed.people) > TYPED_AT_MOST,
    )


def settings_before(actor: Actor, draft_id: str, *, now: datetime) -> SendSettings:
    """What the form starts from: the draft's settings, else the team's default. Raises `NotFound` for another's draft."""
    if not draft_id:
        return presets.default_choice(actor, now=now).settings
    return queries.settings_of(queries.get_send(actor, draft_id))


def from_draft(request: HttpRequest, actor: Actor, *, draft_id: str, now: datetime) -> Composed:
    """The draft asked for, else the latest one that waits for nothing, else a blank. Raises `NotFound` for another's draft."""
    if not draft_id:
        rows = queries.list_sends(actor, which="draft", limit=10, now=now).items
        draft_id = next((row.id for row in rows if not row.waiting), "")
    if not draft_id:
        return blank(actor, now=now)
    detail = queries.send_detail(actor, draft_id, now=now)
    people = tuple(TypedRecipient(one.address, one.name) for one in detail.recipients if one.state != "removed")
    invalid = tuple(request.session.get(_MEMORY, {}).get(draft_id, ()))
    kept = tuple(one.id for one in detail.documents)
    typed = TypedRecipients(people, invalid)
    return Composed(
        draft_id,
        kept,
        typed,
        detail.message,
        detail.language,
        detail.settings,
        detail.preset,
        is_listed=len(people) > TYPED_AT_MOST,
    )


def keep(request: HttpRequest, actor: Actor, composed: Composed, *, notify: bool = True, now: datetime) -> Composed:
    """Save what is written as the draft; the form then names it. Nothing is saved of an empty form."""
    if composed.is_empty and not composed.draft_id:
        return composed
    saved = sends.save_draft(actor, composed.request(notify=notify), draft_id=composed.draft_id, now=now).send.public_id
    known = request.session.get(_MEMORY, {}).get(saved, [])
    if list(composed.typed.invalid) != known:
        request.session[_MEMORY] = {saved: list(composed.typed.invalid)} if composed.typed.invalid else {}
    return replace(composed, draft_id=saved)


def take_files(actor: Actor, files: Iterable[UploadedFile[Any]], *, now: datetime) -> tuple[str, ...]:
    """Take in the files of a plain form; returns their ids. The first refusal is raised."""
    return tuple(
        documents.accept_upload(actor, file.chunks(CHUNK), name=file.name or "", size=file.size, now=now).public_id
        for file in files
    )


def take_people(composed: Composed, file: UploadedFile[Any]) -> tuple[Composed, People]:
    """Put the people of a CSV file behind those who are there, as many as one send may have."""
    found = read_people(file.read(MOST_BYTES + 1))
    more = tuple(TypedRecipient(one.email, one.name) for one in found.accepted)
    typed = composed.typed.with_more(more)
    if len(typed.people) > MAX_RECIPIENTS:
        too_many = LineError(0, "", "too_many")
        found = replace(found, errors=(*found.errors, too_many))
        typed = replace(typed, people=typed.people[:MAX_RECIPIENTS])
    return replace(composed, typed=typed, is_listed=len(typed.people) > TYPED_AT_MOST), found


def incoming(request: HttpRequest) -> Iterator[bytes]:
    """The body as it arrives, never whole in memory and never in a temporary file."""
    return iter(lambda: request.read(CHUNK), b"")


def shown_file(view: DocumentView) -> ShownFile:
    """A document as its row shows it."""
    return shown_version(view)


def shown_version(view: DocumentView | VersionView) -> ShownFile:
    """A version, published or not, in the same manner."""
    state = {"ready": "ready", "failed": "failed"}.get(view.state, "preparing")
    ext = view.name.rpartition(".")[2][:4] if "." in view.name else ""
    fault, code = "", view.error.code if view.error else ""
    wants_password = state == "failed" and code in {"password_required", "password_wrong"}
    if state == "failed":
        row = TABLE.get(code)
        fault = f"{row.title}. {row.text}" if row else _("It could not be read. Remove it, or upload another copy.")
        if view.error and "signature" in view.error.facts:
            fault += " " + _("Found: %(signature)s.") % {"signature": view.error.facts["signature"]}
    return ShownFile(
        view.id, view.name, ext, view.size, wording.pages(view.pages), state, view.state == "converting", fault, wants_password
    )


def layout(
    actor: Actor,
    composed: Composed,
    *,
    now: datetime,
    refusal: Refusal | None = None,
    errors: Mapping[str, Collection[str]] | None = None,
) -> dict[str, object]:
    """Everything the page shows of what is written. Raises `NotFound` for a document the actor may not send. `errors` are reasons
    by setting that the room gave."""
    shown = [shown_file(view_of(get_document(actor, one))) for one in composed.documents]
    people = [Addressee(one.address, one.name) for one in composed.typed.people]
    quote = queries.quote(actor, composed.documents, people, access=composed.settings.access, now=now)
    return {
        "composed": composed,
        "key": new_id("web"),
        "files": shown,
        "preparing": sum(file.state == "preparing" for file in shown),
        "failed": sum(file.state == "failed" for file in shown),
        "quote": quote,
        "full_price": quote.cost == len(shown) * (len(people) + composed.settings.is_open),
        "files_text": wording.files(len(shown)),
        "file_limit": wording.size_limit(settings.SEALROOM_MAX_FILE_BYTES),
        "people_text": wording.people(len(people)),
        "recipients_text": wording.recipients(len(people)),
        "count": len(people),
        "invalid_json": json.dumps(composed.typed.invalid),
        **_settings_layout(actor, composed, errors or {}, now=now),
        "languages": LANGUAGES,
        "refusal": refusal,
    }


def _settings_layout(
    actor: Actor, composed: Composed, errors: Mapping[str, Collection[str]], *, now: datetime
) -> dict[str, object]:
    choice = presets.find_choice(actor, composed.preset, now=now)
    all_errors = {**setting_errors(composed.settings, now=now), **errors}
    return {
        **setting_panels.context(actor, composed.settings, fixed=choice.fixed, errors=all_errors, now=now),
        "presets": presets.offered(actor),
        "preset": choice.id,
        "presets_only": queries.presets_only(actor),
        "has_locks": bool(choice.fixed),
        "settings_changed": composed.preset_is_new,
        "is_open": composed.settings.is_open,
    }
