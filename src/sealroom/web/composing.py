# SPDX-License-Identifier: Apache-2.0
"""The send that is being written: read from the form or from its draft, and laid out for the page. One layout serves the whole
page, the autosave's answer and the page after a refusal, so that all three say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from sealroom.access.rules import Watermark
from sealroom.accounts.rules import Actor
from sealroom.core.ids import new_id
from sealroom.documents import flows as documents
from sealroom.documents.queries import DocumentView, VersionView, get_document, view_of
from sealroom.sends import flows as sends
from sealroom.sends import queries
from sealroom.sends.rules import Addressee, SendRequest, SendSettings, setting_errors
from sealroom.web import wording
from sealroom.web.errors import TABLE, Refusal
from sealroom.web.forms.choices import LANGUAGES
from sealroom.web.forms.sending import MARKS, SendForm, SettingsForm, TypedRecipient, TypedRecipients

CHUNK = 64 * 1024
_OFFERED = ("view", "download_pdf")
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

    def request(self, *, notify: bool) -> SendRequest:
        """As the sends room takes it."""
        people = tuple(Addressee(one.address, one.name) for one in self.typed.people)
        return SendRequest(
            self.documents, people, message=self.message, settings=self.settings, language=self.language, notify=notify
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


def blank(actor: Actor) -> Composed:
    """Nothing written yet."""
    return Composed("", (), TypedRecipients(), "", actor.language, SendSettings())


def from_form(form: SendForm) -> Composed:
    """What a valid form holds."""
    data = form.cleaned_data
    return Composed(
        data["draft"], tuple(data["document"]), data["recipients"], data["message"], data["language"] or "en", settings_of(form)
    )


def settings_of(form: SettingsForm, *, before: SendSettings | None = None) -> SendSettings:
    """The settings a form holds; what it does not show stays as it was."""
    base = before or SendSettings()
    mark = base.watermark or Watermark()
    fields = tuple(form.cleaned_data["mark"])
    return replace(
        base,
        permission=form.cleaned_data["permission"],
        expires_at=form.cleaned_data["expires_at"],
        watermark=replace(mark, fields=fields) if fields or mark.text else None,
    )


def settings_initial(settings: SendSettings) -> dict[str, object]:
    """Settings as a form's initial values."""
    fields = list(settings.watermark.fields) if settings.watermark else []
    return {"permission": settings.permission, "expires_at": settings.expires_at, "mark": fields}


def from_draft(request: HttpRequest, actor: Actor, *, draft_id: str, now: datetime) -> Composed:
    """The draft asked for, else the latest one that waits for nothing, else a blank. Raises `NotFound` for another's draft."""
    if not draft_id:
        rows = queries.list_sends(actor, which="draft", limit=10, now=now).items
        draft_id = next((row.id for row in rows if not row.waiting), "")
    if not draft_id:
        return blank(actor)
    detail = queries.send_detail(actor, draft_id, now=now)
    people = tuple(TypedRecipient(one.address, one.name) for one in detail.recipients if one.state != "removed")
    invalid = tuple(request.session.get(_MEMORY, {}).get(draft_id, ()))
    kept = tuple(one.id for one in detail.documents)
    return Composed(draft_id, kept, TypedRecipients(people, invalid), detail.message, detail.language, detail.settings)


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
    fault = ""
    if state == "failed":
        row = TABLE.get(view.error.code if view.error else "")
        fault = f"{row.title}. {row.text}" if row else _("It could not be read. Remove it, or upload another copy.")
    return ShownFile(view.id, view.name, ext, view.size, wording.pages(view.pages), state, view.state == "converting", fault)


def layout(actor: Actor, composed: Composed, *, now: datetime, refusal: Refusal | None = None) -> dict[str, object]:
    """Everything the page shows of what is written. Raises `NotFound` for a document the actor may not send."""
    shown = [shown_file(view_of(get_document(actor, one))) for one in composed.documents]
    people = [Addressee(one.address, one.name) for one in composed.typed.people]
    quote = queries.quote(actor, composed.documents, people, now=now)
    return {
        "composed": composed,
        "key": new_id("web"),
        "files": shown,
        "preparing": sum(file.state == "preparing" for file in shown),
        "failed": sum(file.state == "failed" for file in shown),
        "quote": quote,
        "full_price": quote.cost == len(shown) * len(people),
        "files_text": wording.files(len(shown)),
        "file_limit": wording.size_limit(settings.SEALROOM_MAX_FILE_BYTES),
        "people_text": wording.people(len(people)),
        "recipients_text": wording.recipients(len(people)),
        "count": len(people),
        "is_complete": bool(shown and people),
        "invalid_json": json.dumps(composed.typed.invalid),
        "words": wording.setting_words(composed.settings, actor.time_zone),
        "setting_errors": setting_errors(composed.settings, now=now),
        "settings_form": SettingsForm(initial=settings_initial(composed.settings)),
        "ends_local": _for_field(composed.settings.expires_at),
        "permissions": [(one, wording.permission(one), one == composed.settings.permission) for one in _OFFERED],
        "marks": [(value, words, _has_mark(composed.settings, value)) for value, words in MARKS],
        "languages": LANGUAGES,
        "refusal": refusal,
    }


def _has_mark(settings: SendSettings, field: str) -> bool:
    return settings.watermark is not None and field in settings.watermark.fields


def _for_field(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""
