# SPDX-License-Identifier: Apache-2.0
"""Documents: upload, state, versions, deletion."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict

from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.errors import entry_for
from sealroom.api.repeats import charge_key_of, repeatable
from sealroom.core.errors import Invalid
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.sends import flows as sends
from sealroom.sends import queries as send_queries

router = Router(tags=["documents"])


class FaultOut(Schema):
    """Why a document could not be prepared. `signature` names the virus of `infected`, and is "" with every other code."""

    code: str
    message: str
    signature: str = ""


class DocumentOut(Schema):
    """A document in its current version. `state`: received, converting, ready, failed. `pages` is 0 for what cannot be viewed."""

    id: str
    version_id: str
    name: str
    size: int
    sha256: str
    state: str
    pages: int | None
    error: FaultOut | None


class DocumentsOut(Schema):
    """A page of documents, newest first."""

    items: list[DocumentOut]
    next: str | None


class VersionOut(Schema):
    """A further version. Pending until it is published; `cost` is what publishing would charge now."""

    id: str
    number: int
    state: str
    error: FaultOut | None
    published: bool
    cost: int
    recipients: int


class PublishedOut(Schema):
    """What publishing did."""

    charged: int
    available: int
    recipients: int


@router.post("/documents", response={201: DocumentOut}, summary="Upload a file")
@repeatable
def upload(request: HttpRequest, file: File[UploadedFile]) -> Status[DocumentOut]:
    """The bytes are safe on disk when this answers; what needs a parser appears later as `state`."""
    _refuse_other_parts(request)
    now = timezone.now()
    document = documents.accept_upload(actor_of(request), file.chunks(), name=file.name or "", size=file.size, now=now)
    return Status(201, _document(queries.view_of(document)))


@router.get("/documents", response=DocumentsOut, summary="Own documents, or the team's library")
def list_documents(
    request: HttpRequest, search: str = "", cursor: str = "", limit: Limit = 50, library: bool = False
) -> DocumentsOut:
    """Newest first. `search` in names."""
    page = queries.list_documents(actor_of(request), cursor=cursor, limit=limit, library=library, search=search)
    return DocumentsOut(items=[_document(view) for view in page.items], next=page.next or None)


@router.get("/documents/{document_id}", response=DocumentOut, summary="One document")
def read(request: HttpRequest, document_id: str) -> DocumentOut:
    """Own, or of the library."""
    return _document(queries.view_of(queries.get_document(actor_of(request), document_id)))


@router.delete("/documents/{document_id}", response={204: None}, summary="Delete a document for good")
@repeatable
def delete(request: HttpRequest, document_id: str, end_sends: bool = False) -> HttpResponse:
    """409 `in_use` while live sends have it, unless `end_sends` is true."""
    sends.delete_document(actor_of(request), document_id, end_sends=end_sends, now=timezone.now())
    return HttpResponse(status=204)


class PasswordIn(Body):
    """What opens a protected file; blanks count."""

    model_config = ConfigDict(str_strip_whitespace=False)

    password: str


@router.post("/documents/{document_id}/unlock", response={202: DocumentOut}, summary="Open a protected file with its password")
def unlock(request: HttpRequest, document_id: str, body: PasswordIn) -> Status[DocumentOut]:
    """For a document that failed with `password_required` or `password_wrong`. The password is used once and kept nowhere; what
    came of it appears later as `state`."""
    document = documents.unlock(actor_of(request), document_id, body.password, now=timezone.now())
    return Status(202, _document(queries.view_of(document)))


@router.post("/documents/{document_id}/retry", response={202: DocumentOut}, summary="Prepare a failed document again")
@repeatable
def retry(request: HttpRequest, document_id: str) -> Status[DocumentOut]:
    """Without a new upload."""
    document = documents.retry(actor_of(request), document_id, now=timezone.now())
    return Status(202, _document(queries.view_of(document)))


@router.post("/documents/{document_id}/versions", response={201: VersionOut}, summary="Upload a replacement")
@repeatable
def add_version(request: HttpRequest, document_id: str, file: File[UploadedFile]) -> Status[VersionOut]:
    """Pending: links show the old version until the new one is published."""
    _refuse_other_parts(request)
    actor, now = actor_of(request), timezone.now()
    version = documents.add_version(actor, document_id, file.chunks(), name=file.name or "", size=file.size, now=now)
    return Status(201, _version(request, document_id, version.public_id))


@router.get("/documents/{document_id}/versions/{version_id}", response=VersionOut, summary="A version and its price")
def read_version(request: HttpRequest, document_id: str, version_id: str) -> VersionOut:
    """State, and what publishing it would charge now."""
    return _version(request, document_id, version_id)


@router.post("/documents/{document_id}/versions/{version_id}/publish", response=PublishedOut, summary="Publish a replacement")
@repeatable
def publish(request: HttpRequest, document_id: str, version_id: str) -> PublishedOut:
    """Charges one credit per current recipient and switches every link."""
    result = sends.replace(actor_of(request), document_id, version_id, key=charge_key_of(request), now=timezone.now())
    return PublishedOut(charged=result.charged, available=result.available, recipients=result.recipients)


def _refuse_other_parts(request: HttpRequest) -> None:
    """An upload is one file and nothing else."""
    strange = [*request.POST, *(field for field in request.FILES if field != "file")]
    if strange:
        raise Invalid({field: ["unknown"] for field in strange})
    if len(request.FILES.getlist("file")) > 1:
        raise Invalid({"file": ["one file at a time"]})


def fault_out(fault: queries.Fault | None) -> FaultOut | None:
    """A fault as the API shows it."""
    if fault is None:
        return None
    signature = str(fault.facts.get("signature", ""))
    return FaultOut(code=fault.code, message=str(entry_for(fault.code)[1]), signature=signature)


def _document(view: queries.DocumentView) -> DocumentOut:
    return DocumentOut(
        id=view.id,
        version_id=view.version_id,
        name=view.name,
        size=view.size,
        sha256=view.sha256,
        state=view.state,
        pages=view.pages,
        error=fault_out(view.error),
    )


def _version(request: HttpRequest, document_id: str, version_id: str) -> VersionOut:
    actor, now = actor_of(request), timezone.now()
    version = queries.get_version(actor, document_id, version_id)
    view = queries.version_view(version, current_id=version.document.current_id)
    quote = send_queries.quote_of_replacement(actor, document_id, version_id, now=now)
    return VersionOut(
        id=view.id,
        number=view.number,
        state=view.state,
        error=fault_out(view.error),
        published=view.published_at is not None,
        cost=quote.cost,
        recipients=quote.recipients,
    )
