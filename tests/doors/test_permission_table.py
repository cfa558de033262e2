# SPDX-License-Identifier: Apache-2.0
"""Every address of every door, asked by everyone: who gets which status. An address without a row fails the test, and so does a row
without an address; a status that changes must be changed here, where it is seen.

The things in the addresses are the owner's. `400` and `422` mean: let in, and the empty form was refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from tests.factories.access import prove, token_of
from tests.factories.accounts import Persona, make_device, make_member, make_persona
from tests.factories.api import PDF, make_caller
from tests.factories.billing import make_invoice, make_payment
from tests.factories.documents import make_pdf
from tests.factories.sends import jobs_named

from sealroom.access import flows as access
from sealroom.access.models import Acceptance, Link, Pass
from sealroom.accounts import flows as accounts
from sealroom.billing import flows as billing
from sealroom.billing.flows import Wish
from sealroom.datarooms import flows as datarooms
from sealroom.documents import flows as documents
from sealroom.documents.models import Version
from sealroom.httpkit.visitors import cookie_name
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows as sends
from sealroom.sends import tasks
from sealroom.sends.models import AccessRequest, Send

PERSONAS = ("anonymous", "stranger", "member", "owner", "reader", "ended", "key")
# Who they are: nobody; the admin of another team; a User of the owner's team; the Admin who owns everything asked for; a browser
# that proved the address of a living link; one whose link was revoked since; the owner's API key with the scope "read". At the API
# the members come with a key of every scope their role may have, and with their session, which opens nothing there.

METHODS = {"api": ("GET", "POST", "PUT", "PATCH", "DELETE"), "uploads": ("GET", "HEAD", "POST", "PATCH", "DELETE")}
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Offset": "0"}

FRAMED = "integrations/outlook/<path:addin_file>"  # by Outlook's own pages, and by nobody else's

BODIES: dict[str, object] = {
    "POST api/v1/auth/device": {"client": "gmail-ext"},
    "POST api/v1/auth/token": {"device_code": "unknown"},
    "POST api/v1/auth/revoke": {"token": "unknown"},
    "PUT api/v1/drafts/<draft>": {},
    "POST api/v1/documents/<document_id>/unlock": {"password": "secret"},
    "PUT api/v1/drafts/<draft_id>/body": {"text": "Hello"},
    "POST api/v1/drafts/<draft_id>/documents": {"documents": ["doc_x"]},
    "PATCH api/v1/sends/<send_id>": {"settings": {}},
    "POST api/v1/sends/quote": {"recipients": ["a@example.net"]},
    "POST api/v1/sends": {"documents": ["doc_x"], "recipients": ["a@example.net"]},
    "POST api/v1/sends/<send_id>/recipients": {"recipients": ["new@example.net"]},
    "POST api/v1/presets": {"name": "More"},
    "PUT api/v1/presets/<preset_id>": {"name": "Other"},
    "PATCH api/v1/presets": {"presets_only": False},
    "POST api/v1/keys": {"name": "More", "scopes": ["read"]},
    "POST api/v1/members": {"email": "new@example.com"},
    "PATCH api/v1/members/<member_id>": {"role": "user"},
    "POST api/v1/billing/quotes": {"changes": {"add": {"credits": 1}}},
    "POST api/v1/datarooms": {"name": "Project Birch"},
    "PATCH api/v1/datarooms/<room_id>": {"name": "Project Alder II"},
    "POST api/v1/datarooms/<room_id>/clone": {"name": "Project Birch"},
    "POST api/v1/datarooms/<room_id>/transfer": {"to": "member@example.com"},
    "POST api/v1/datarooms/<room_id>/items": {"name": "Leases"},
    "PATCH api/v1/datarooms/<room_id>/items/<item_id>": {"name": "Company"},
    "POST api/v1/datarooms/<room_id>/items/<item_id>/unlock": {"password": "secret"},
    "POST api/v1/datarooms/<room_id>/items/move": {"items": ["<item_id>"]},
    "POST api/v1/datarooms/<room_id>/items/copy": {"items": ["<item_id>"]},
    "POST api/v1/datarooms/<room_id>/items/trash": {"items": ["<item_id>"]},
    "POST api/v1/datarooms/<room_id>/trash/restore": {"items": ["<item_id>"]},
    "POST api/v1/datarooms/<room_id>/trash/delete": {"items": ["<item_id>"]},
    "POST api/v1/datarooms/<room_id>/guests": {"guests": ["new@example.net"]},
    "PATCH api/v1/datarooms/<room_id>/guests/<guest_id>": {"name": "Gus"},
    "POST api/v1/datarooms/<room_id>/groups": {"name": "Banks"},
    "PATCH api/v1/datarooms/<room_id>/groups/<group_id>": {"name": "Banks"},
    "POST api/v1/datarooms/<room_id>/permissions": {"subjects": ["<guest_id>"], "items": [None], "permission": "print"},
    "POST api/v1/datarooms/<room_id>/questions": {"subject": "Rent", "text": "How much?"},
    "POST api/v1/datarooms/<room_id>/questions/<question_id>/replies": {"text": "In the folder."},
    "POST api/v1/datarooms/<room_id>/questions/<question_id>/assign": {"to": None},
}

FORMS = {"POST credits/export/": "format=csv", "POST credits/threshold/": "threshold=50"}

UPLOADS = {"POST api/v1/documents", "POST api/v1/documents/<document_id>/versions", "POST files/"}

TABLE: dict[str, dict[str, str]] = {
    # anonymous stranger member owner reader ended key
    "accounts/login/": {"GET": "200 302 302 302 200 200 200", "POST": "200 302 302 302 200 200 200"},
    "accounts/logout/": {"GET": "302 200 200 200 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/inactive/": {"GET": "200 200 200 200 200 200 200"},
    "accounts/signup/": {"GET": "200 302 302 302 200 200 200", "POST": "200 302 302 302 200 200 200"},
    "accounts/reauthenticate/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "accounts/email/": {"GET": "302 200 200 200 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/confirm-email/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/password/change/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "accounts/password/set/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/password/reset/": {"GET": "200 200 200 200 200 200 200", "POST": "200 200 200 200 200 200 200"},
    "accounts/login/code/confirm/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/password/reset/confirm/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/password/reset/complete/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "accounts/password/reset/done/": {"GET": "200 200 200 200 200 200 200"},
    "accounts/login/code/": {"GET": "200 302 302 302 200 200 200", "POST": "200 302 302 302 200 200 200"},
    "language/setlang/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "api/v1/docs": {"GET": "200 200 200 200 200 200 200"},
    "api/v1/openapi.json": {"GET": "200 200 200 200 200 200 200"},
    "api/v1/auth/device": {"POST": "200 200 200 200 200 200 200"},
    "api/v1/auth/token": {"POST": "400 400 400 400 400 400 400"},
    "api/v1/auth/revoke": {"POST": "204 204 204 204 204 204 204"},
    "api/v1/me": {"GET": "401 200 200 200 401 401 200"},
    "api/v1/credits": {"GET": "401 200 200 200 401 401 200"},
    "api/v1/credits/ledger": {"GET": "401 200 200 200 401 401 200"},
    "api/v1/documents": {"GET": "401 200 200 200 401 401 200", "POST": "401 201 201 201 401 401 403"},
    "api/v1/documents/<document_id>": {"GET": "401 404 404 200 401 401 200", "DELETE": "401 404 404 409 401 401 403"},
    "api/v1/documents/<document_id>/unlock": {"POST": "401 404 404 409 401 401 403"},
    "api/v1/documents/<document_id>/retry": {"POST": "401 404 404 409 401 401 403"},
    "api/v1/documents/<document_id>/versions": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/documents/<document_id>/versions/<version_id>": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/documents/<document_id>/versions/<version_id>/publish": {"POST": "401 404 404 409 401 401 403"},
    "api/v1/uploads": {"POST": "401 201 201 201 401 401 403"},
    "api/v1/uploads/<upload_id>": {
        "GET": "401 404 404 200 401 401 200",
        "POST": "401 400 400 400 401 401 400",
        "PATCH": "401 404 404 204 401 401 403",
        "DELETE": "401 404 404 204 401 401 403",
    },
    "api/v1/sends/quote": {"POST": "401 200 200 200 401 401 200"},
    "api/v1/sends": {"GET": "401 200 200 200 401 401 200", "POST": "401 404 404 404 401 401 403"},
    "api/v1/sends/<send_id>": {
        "GET": "401 404 404 200 401 401 200",
        "PATCH": "401 404 404 200 401 401 403",
        "DELETE": "401 404 404 204 401 401 403",
    },
    "api/v1/sends/<send_id>/requests": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/requests/<request_id>/approve": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/requests/<request_id>/decline": {"POST": "401 404 404 204 401 401 403"},
    "api/v1/presets": {
        "GET": "401 200 200 200 401 401 200",
        "PATCH": "401 200 403 200 401 401 403",
        "POST": "401 201 403 201 401 401 403",
    },
    "api/v1/presets/<preset_id>": {"PUT": "401 404 403 200 401 401 403", "DELETE": "401 404 403 204 401 401 403"},
    "api/v1/sends/<send_id>/revoke": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/sends/<send_id>/restore": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/sends/<send_id>/remind": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/sends/<send_id>/cancel": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/sends/<send_id>/recipients": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/sends/<send_id>/recipients/<recipient_id>": {"DELETE": "401 404 404 204 401 401 403"},
    "api/v1/sends/<send_id>/analytics": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/sends/<send_id>/events": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/drafts/<draft>": {"PUT": "401 200 200 200 401 401 403", "DELETE": "401 404 404 204 401 401 403"},
    "api/v1/drafts/<draft_id>/documents": {"POST": "401 404 404 404 401 401 403"},
    "api/v1/drafts/<draft_id>/quote": {"POST": "401 404 404 200 401 401 200"},
    "api/v1/drafts/<draft_id>/body": {"PUT": "401 404 404 200 401 401 403"},
    "api/v1/drafts/<draft_id>/mark-sent": {"POST": "401 404 404 409 401 401 403"},
    "api/v1/drafts/<draft_id>/commit": {"POST": "401 404 404 400 401 401 403"},
    "api/v1/keys": {"GET": "401 200 200 200 401 401 200", "POST": "401 201 201 201 401 401 403"},
    "api/v1/keys/<key_id>": {"DELETE": "401 404 404 204 401 401 403"},
    "api/v1/members": {"GET": "401 200 403 200 401 401 403", "POST": "401 201 403 201 401 401 403"},
    "api/v1/members/invitations": {"GET": "401 200 403 200 401 401 403"},
    "api/v1/members/invitations/<invitation_id>": {"DELETE": "401 404 403 204 401 401 403"},
    "api/v1/members/<member_id>": {"PATCH": "401 404 403 200 401 401 403", "DELETE": "401 404 403 204 401 401 403"},
    "api/v1/datarooms": {"GET": "401 200 200 200 401 401 200", "POST": "401 201 201 201 401 401 403"},
    "api/v1/datarooms/<room_id>": {
        "GET": "401 404 404 200 401 401 200",
        "PATCH": "401 404 404 200 401 401 403",
        "DELETE": "401 404 404 204 401 401 403",
    },
    "api/v1/datarooms/<room_id>/archive": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/close": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/reopen": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/discard": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/restore": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/clone": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/transfer": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/items": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/items/move": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/items/copy": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/items/trash": {"POST": "401 404 404 204 401 401 403"},
    "api/v1/datarooms/<room_id>/items/<item_id>": {"GET": "401 404 404 200 401 401 200", "PATCH": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/items/<item_id>/content": {"GET": "401 404 404 400 401 401 403"},
    "api/v1/datarooms/<room_id>/items/<item_id>/unlock": {"POST": "401 404 404 400 401 401 403"},
    "api/v1/datarooms/<room_id>/items/<item_id>/retry": {"POST": "401 404 404 400 401 401 403"},
    "api/v1/datarooms/<room_id>/items/<item_id>/versions": {"GET": "401 404 404 400 401 401 400"},
    "api/v1/datarooms/<room_id>/items/<item_id>/versions/<version_id>/restore": {"POST": "401 404 404 400 401 401 403"},
    "api/v1/datarooms/<room_id>/trash": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/trash/restore": {"POST": "401 404 404 404 401 401 403"},
    "api/v1/datarooms/<room_id>/trash/delete": {"POST": "401 404 404 404 401 401 403"},
    "api/v1/datarooms/<room_id>/uploads": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/uploads/<upload_id>": {
        "GET": "401 404 404 404 401 401 403",
        "POST": "401 400 400 400 401 401 400",
        "PATCH": "401 404 404 404 401 401 403",
        "DELETE": "401 404 404 404 401 401 403",
    },
    "api/v1/datarooms/<room_id>/guests": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/guests/remind": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/guests/<guest_id>": {
        "GET": "401 404 404 200 401 401 200",
        "PATCH": "401 404 404 200 401 401 403",
        "DELETE": "401 404 404 204 401 401 403",
    },
    "api/v1/datarooms/<room_id>/guests/<guest_id>/revoke": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/guests/<guest_id>/restore": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/groups": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/groups/<group_id>": {
        "GET": "401 404 404 200 401 401 200",
        "PATCH": "401 404 404 200 401 401 403",
        "DELETE": "401 404 404 204 401 401 403",
    },
    "api/v1/datarooms/<room_id>/permissions": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/questions": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/questions/<question_id>": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/questions/<question_id>/replies": {"POST": "401 404 404 201 401 401 403"},
    "api/v1/datarooms/<room_id>/questions/<question_id>/assign": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/questions/<question_id>/close": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/questions/<question_id>/reopen": {"POST": "401 404 404 200 401 401 403"},
    "api/v1/datarooms/<room_id>/export": {"GET": "401 404 404 200 401 401 200", "POST": "401 404 404 409 401 401 403"},
    "api/v1/datarooms/<room_id>/export/<export_id>": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/export/<export_id>/content": {"GET": "401 404 404 404 401 401 403"},
    "api/v1/datarooms/<room_id>/analytics": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/analytics/guests": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/analytics/items": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/datarooms/<room_id>/events": {"GET": "401 404 404 200 401 401 200"},
    "api/v1/billing/events/<str:gateway>": {"POST": "400 400 400 400 400 400 400"},  # no signature opens it
    "api/v1/mail/bounces": {"POST": "404 404 404 404 404 404 404"},  # closed without a secret
    "api/v1/billing/plan": {"GET": "401 200 403 200 401 401 200"},
    "api/v1/billing/quotes": {"POST": "401 200 403 200 401 401 403"},
    "api/v1/billing/quotes/<quote_id>/confirm": {"POST": "401 404 403 200 401 401 403"},
    "api/v1/billing/invoices": {"GET": "401 200 403 200 401 401 200"},
    "api/v1/": {
        "GET": "404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404",
        "PUT": "404 404 404 404 404 404 404",
        "PATCH": "404 404 404 404 404 404 404",
        "DELETE": "404 404 404 404 404 404 404",
    },
    "api/v1/<path:rest>": {
        "GET": "404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404",
        "PUT": "404 404 404 404 404 404 404",
        "PATCH": "404 404 404 404 404 404 404",
        "DELETE": "404 404 404 404 404 404 404",
    },
    "v/d/<str:link_id>/": {"GET": "401 401 401 401 302 410 401"},
    "v/d/<str:link_id>/<str:document_id>/": {"GET": "401 401 401 401 200 410 401"},
    "v/d/<str:link_id>/<str:document_id>/p/<int:number>.jpg": {"GET": "401 401 401 401 200 410 401"},
    "v/d/<str:link_id>/<str:document_id>/download/": {"GET": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/<str:document_id>/media/": {"GET": "401 401 401 401 404 410 401"},
    "v/d/<str:link_id>/<str:document_id>/media/state.json": {"GET": "401 401 401 401 404 410 401"},
    "v/d/<str:link_id>/<str:document_id>/original/": {"GET": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/<str:document_id>/print/": {"POST": "401 401 401 401 400 410 401"},
    "v/d/<str:link_id>/<str:document_id>/print/<str:job_id>/<int:number>.jpg": {"GET": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/<str:document_id>/structure.json": {"GET": "401 401 401 401 200 410 401"},
    "v/d/<str:link_id>/<str:document_id>/text/<int:number>.json": {"GET": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/<str:document_id>/search/": {"GET": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/<str:document_id>/seen/": {"POST": "401 401 401 401 400 410 401"},
    "v/d/<str:link_id>/pictures/<str:picture_id>.jpg": {"GET": "401 401 401 401 404 410 401"},
    "v/d/<str:link_id>/reply/": {"POST": "401 401 401 401 403 410 401"},
    "v/d/<str:link_id>/terms/<int:number>.jpg": {"GET": "401 401 401 401 404 410 401"},
    "v/d/<str:link_id>/certificate.pdf": {"GET": "401 401 401 401 200 410 401"},
    "v/r/<str:link_id>/": {"GET": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/about/": {"GET": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/folder/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/guests/": {"GET": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/i/<str:item_id>/": {"GET": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/i/<str:item_id>/rename/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/i/<str:item_id>/again/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/i/<str:item_id>/throw/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/join/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/questions/": {"GET": "401 401 401 401 404 410 401", "POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/questions/<str:question_id>/": {"GET": "401 401 401 401 404 410 401", "POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/upload/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/upload/form/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/uploads/": {"POST": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/uploads/<str:upload_id>/": {
        "HEAD": "401 401 401 401 404 410 401",
        "PATCH": "401 401 401 401 404 410 401",
        "DELETE": "401 401 401 401 404 410 401",
    },
    "v/r/<str:link_id>/logo.jpg": {"GET": "401 401 401 401 404 410 401"},
    "v/r/<str:link_id>/zip/": {"POST": "401 401 401 401 404 410 401"},
    "v/<str:reference>/open/": {"POST": "404 404 404 404 404 404 404"},
    "v/<str:reference>/passcode/": {"GET": "401 401 401 401 302 410 401", "POST": "401 401 401 401 302 410 401"},
    "v/<str:reference>/terms/": {"GET": "401 401 401 401 302 410 401", "POST": "401 401 401 401 302 410 401"},
    "v/<str:reference>/request/": {"GET": "200 200 200 200 200 200 200", "POST": "422 422 422 422 422 422 422"},
    "v/<str:reference>/": {"GET": "200 200 200 200 302 302 200"},
    "v/<str:reference>/code/": {"POST": "422 422 422 422 422 422 422"},
    "v/<str:reference>/verify/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "setup/<str:token>/": {"GET": "404 404 404 404 404 404 404", "POST": "404 404 404 404 404 404 404"},
    "welcome/": {"GET": "302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "join/<str:token>/": {"GET": "200 200 200 200 200 200 200", "POST": "200 200 200 200 200 200 200"},
    "": {"GET": "302 200 200 200 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "draft/": {"POST": "302 302 302 302 302 302 302"},
    "draft/discard/": {"POST": "302 302 302 302 302 302 302"},
    "files/": {"POST": "302 201 201 201 302 302 302"},
    "files/choose/": {"GET": "302 200 200 200 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "files/<str:document_id>/": {"GET": "302 404 404 200 302 302 302"},
    "uploads/": {"POST": "302 201 201 201 302 302 302"},
    "uploads/<str:upload_id>/": {
        "HEAD": "302 404 404 200 302 302 302",
        "PATCH": "302 404 404 204 302 302 302",
        "DELETE": "302 404 404 204 302 302 302",
    },
    "files/<str:document_id>/unlock/": {"POST": "302 404 404 302 302 302 302"},
    "files/<str:document_id>/retry/": {"POST": "302 404 404 302 302 302 302"},
    "sends/": {"GET": "302 200 200 200 302 302 302"},
    "sends/<str:send_id>/": {"GET": "302 404 404 200 302 302 302"},
    "sends/<str:send_id>/settings/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/recipients/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 200 302 302 302"},
    "sends/<str:send_id>/recipients/<str:recipient_id>/remove/": {"POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/revoke/": {"POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/restore/": {"POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/remind/": {"POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/cancel/": {"POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/files/<str:document_id>/replace/": {
        "GET": "302 404 404 200 302 302 302",
        "POST": "302 404 404 422 302 302 302",
    },
    "sends/<str:send_id>/files/<str:document_id>/replace/<str:version_id>/": {
        "GET": "302 404 404 200 302 302 302",
        "POST": "302 404 404 409 302 302 302",
    },
    "sends/<str:send_id>/preview/": {"POST": "302 404 404 404 302 302 302"},
    "sends/<str:send_id>/replies/": {"GET": "302 404 404 200 302 302 302"},
    "sends/<str:send_id>/replies/<str:document_id>/": {"GET": "302 404 404 404 302 302 302"},
    "sends/<str:send_id>/delete/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 302 302 302 302"},
    "sends/<str:send_id>/acceptances/<str:acceptance_id>/certificate/": {"GET": "302 404 404 200 302 302 302"},
    "sends/<str:send_id>/files/<str:document_id>/versions/": {"GET": "302 404 404 200 302 302 302"},
    "requests/": {"GET": "302 200 200 200 302 302 302"},
    "requests/<str:request_id>/approve/": {"POST": "302 404 404 302 302 302 302"},
    "requests/<str:request_id>/decline/": {"POST": "302 404 404 302 302 302 302"},
    "rooms/": {"GET": "302 200 200 200 302 302 302", "POST": "302 422 422 422 302 302 302"},
    "rooms/<str:room_id>/": {"GET": "302 404 404 200 302 302 302"},
    "rooms/<str:room_id>/items/": {"POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/items/<str:item_id>/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/upload/": {"POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/uploads/": {"POST": "302 404 404 201 302 302 302"},
    "rooms/<str:room_id>/uploads/<str:upload_id>/": {  # it is of no data room
        "HEAD": "302 404 404 404 302 302 302",
        "PATCH": "302 404 404 404 302 302 302",
        "DELETE": "302 404 404 404 302 302 302",
    },
    "rooms/<str:room_id>/open/": {"POST": "302 404 404 302 302 302 302"},
    "rooms/<str:room_id>/state/": {"POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/delete/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/questions/export/": {"POST": "302 404 404 200 302 302 302"},
    "rooms/<str:room_id>/trash/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/people/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/people/<str:guest_id>/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/groups/<str:group_id>/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/rights/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/logo/": {"GET": "302 404 404 404 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/settings/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/analytics/": {"GET": "302 404 404 200 302 302 302"},
    "rooms/<str:room_id>/analytics/export/": {"POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/export/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/export/<str:export_id>/": {"GET": "302 404 404 404 302 302 302"},
    "rooms/<str:room_id>/questions/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 422 302 302 302"},
    "rooms/<str:room_id>/questions/<str:question_id>/": {
        "GET": "302 404 404 200 302 302 302",
        "POST": "302 404 404 422 302 302 302",
    },
    "contacts/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "contacts/import/": {"POST": "302 302 302 302 302 302 302"},
    "contacts/choose/": {"GET": "302 200 200 200 302 302 302", "POST": "302 302 302 302 302 302 302"},
    "contacts/<str:contact_id>/": {"GET": "302 404 404 200 302 302 302", "POST": "302 404 404 200 302 302 302"},
    "contacts/<str:contact_id>/delete/": {"POST": "302 404 404 302 302 302 302"},
    "received/": {"GET": "302 200 200 200 302 302 302"},
    "credits/": {"GET": "302 200 200 200 302 302 302"},
    "credits/export/": {"POST": "302 200 200 200 302 302 302"},
    "credits/threshold/": {"POST": "302 302 403 302 302 302 302"},
    "settings/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "settings/keys/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "settings/keys/<str:key_id>/revoke/": {"POST": "302 404 404 302 302 302 302"},
    "settings/mail/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "settings/mail/connect/": {"GET": "302 200 200 200 302 302 302", "POST": "302 200 200 200 302 302 302"},
    "settings/mail/devices/<str:device_id>/revoke/": {"POST": "302 404 404 302 302 302 302"},
    "settings/mail/passwords/<str:password_id>/revoke/": {"POST": "302 404 404 302 302 302 302"},
    "theme/": {"POST": "302 302 302 302 302 302 302"},
    "admin/team/": {"GET": "302 200 403 200 302 302 302", "POST": "302 200 403 200 302 302 302"},
    "admin/security/presets/": {"GET": "302 200 403 200 302 302 302"},
    "admin/security/presets/only/": {"POST": "302 302 403 302 302 302 302"},
    "admin/security/presets/new/": {"GET": "302 200 403 200 302 302 302", "POST": "302 422 403 422 302 302 302"},
    "admin/security/presets/<str:preset_id>/": {"GET": "302 404 403 200 302 302 302", "POST": "302 404 403 422 302 302 302"},
    "admin/security/presets/<str:preset_id>/remove/": {"POST": "302 404 403 302 302 302 302"},
    "admin/security/terms/": {"GET": "302 200 403 200 302 302 302", "POST": "302 200 403 200 302 302 302"},
    "admin/security/acceptances/": {"GET": "302 200 403 200 302 302 302"},
    "admin/security/acceptances/export/": {"POST": "302 200 403 200 302 302 302"},
    "admin/security/acceptances/<str:acceptance_id>/certificate/": {"GET": "302 404 403 200 302 302 302"},
    "admin/integrations/": {"GET": "302 200 403 200 302 302 302", "POST": "302 200 403 200 302 302 302"},
    "admin/integrations/signing/": {"POST": "302 302 403 302 302 302 302"},
    "integrations/outlook/manifest.xml": {"GET": "409 409 409 409 409 409 409"},  # plain http here
    "integrations/outlook/manifest.zip": {"GET": "409 409 409 409 409 409 409"},
    "integrations/outlook/<path:addin_file>": {"GET": "200 200 200 200 200 200 200"},
    "integrations/gmail/extension.zip": {"GET": "200 200 200 200 200 200 200"},
    "integrations/gmail/extension.crx": {"GET": "200 200 200 200 200 200 200"},
    "integrations/gmail/updates.xml": {"GET": "200 200 200 200 200 200 200"},
    "integrations/gmail/selectors.json": {"GET": "404 404 404 404 404 404 404"},
    "integrations/thunderbird/extension.xpi": {"GET": "200 200 200 200 200 200 200"},
    "integrations/thunderbird/updates.json": {"GET": "200 200 200 200 200 200 200"},
    "admin/plan/": {"GET": "302 200 403 200 302 302 302"},
    "admin/plan/modify/": {"GET": "302 200 403 200 302 302 302", "POST": "302 422 403 422 302 302 302"},
    "admin/plan/preview/": {"POST": "302 200 403 200 302 302 302"},
    "admin/plan/review/<str:quote_id>/": {"GET": "302 404 403 200 302 302 302", "POST": "302 404 403 302 302 302 302"},
    "admin/plan/cancel/": {"POST": "302 302 403 302 302 302 302"},
    "admin/plan/keep/": {"POST": "302 422 403 422 302 302 302"},
    "admin/billing/": {"GET": "302 302 403 302 302 302 302"},
    "admin/billing/invoices/": {"GET": "302 200 403 200 302 302 302"},
    "admin/billing/invoices/<str:invoice_id>/": {"GET": "302 404 403 200 302 302 302"},
    "admin/billing/invoices/<str:invoice_id>/pdf/": {"GET": "302 404 403 200 302 302 302"},
    "admin/billing/invoices/<str:invoice_id>/pay/": {"POST": "302 404 403 404 302 302 302"},
    "admin/billing/payments/<str:payment_id>/": {"GET": "302 404 403 200 302 302 302"},
    "admin/billing/payments/<str:payment_id>/check/": {"POST": "302 404 403 302 302 302 302"},
    "admin/billing/details/": {"GET": "302 200 403 200 302 302 302", "POST": "302 200 403 200 302 302 302"},
    "admin/billing/details/method/": {"POST": "302 302 403 302 302 302 302"},
    "admin/billing/details/saved/": {"GET": "302 200 403 200 302 302 302", "POST": "302 302 403 302 302 302 302"},
    "admin/activity/": {"GET": "302 200 403 200 302 302 302"},
    "admin/activity/<str:send_id>/revoke/": {"POST": "302 404 403 302 302 302 302"},
    "admin/members/": {"GET": "302 200 403 200 302 302 302", "POST": "302 200 403 200 302 302 302"},
    "admin/members/<str:member_id>/role/": {"POST": "302 422 403 422 302 302 302"},
    "admin/members/<str:member_id>/remove/": {"POST": "302 404 403 302 302 302 302"},
    "admin/invitations/<str:invitation_id>/withdraw/": {"POST": "302 404 403 302 302 302 302"},
    "help/": {"GET": "200 200 200 200 200 200 200"},
    "help/<slug:slug>/": {"GET": "200 200 200 200 200 200 200"},
    "help/<slug:slug>/answer/": {"POST": "302 302 302 302 302 302 302"},
    "operator/teams/": {"GET": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/": {"GET": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/plan/": {"POST": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/suspend/": {"GET": "302 404 404 404 302 302 302", "POST": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/resume/": {"POST": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/quotas/": {"POST": "302 404 404 404 302 302 302"},
    "operator/teams/<str:team_id>/credits/": {"POST": "302 404 404 404 302 302 302"},
    "operator/payments/": {"GET": "302 404 404 404 302 302 302"},
    "operator/payments/<str:payment_id>/refund/": {"POST": "302 404 404 404 302 302 302"},
    "operator/invoices/<str:invoice_id>/": {"GET": "302 404 404 404 302 302 302"},
    "operator/invoices/<str:invoice_id>/pdf/": {"GET": "302 404 404 404 302 302 302"},
    "operator/invoices/<str:invoice_id>/confirm/": {"POST": "302 404 404 404 302 302 302"},
    "operator/invoices/<str:invoice_id>/void/": {"POST": "302 404 404 404 302 302 302"},
    "operator/catalogue/": {"GET": "302 404 404 404 302 302 302"},
    "outbox/": {"GET": "302 404 404 404 302 302 302"},
    "outbox/<str:mail_id>/": {"GET": "302 404 404 404 302 302 302"},
    "outbox/<str:mail_id>/html/": {"GET": "302 404 404 404 302 302 302"},
}  # fmt: skip


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every address with its pattern."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            address = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, address)
            else:
                yield address, entry

    return walk(get_resolver(), "")


@dataclass
class World:
    """The owner's things and everybody's cookies."""

    names: dict[str, str]
    own: dict[str, str]  # the link that ended, for whoever had it
    cookies: dict[str, SimpleCookie]
    keys: dict[str, str]

    def _named(self, text: str) -> str:
        """A body with the ids of the owner's things."""
        for name, value in self.names.items():
            text = text.replace(f'"<{name}>"', f'"{value}"')
        return text

    def ask(self, persona: str, method: str, route: str) -> Any:
        """The answer to one request; nothing it did remains."""
        path = "/" + route
        for name, value in (self.names | (self.own if persona == "ended" else {})).items():
            for kind in ("", "str:", "slug:", "int:", "path:"):
                path = path.replace(f"<{kind}{name}>", value)
        assert "<" not in path, path
        if route == "api/v1/drafts/<draft>" and method == "PUT":
            path = f"/api/v1/drafts/{self.names['uuid']}"
        client = Client(raise_request_exception=False)
        for morsel in self.cookies.get(persona, SimpleCookie()).values():
            client.cookies[morsel.key] = morsel.value
        is_json = route.startswith("api/")
        key = self.keys.get(persona) if is_json or persona == "key" else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        content_type = "application/json" if is_json else "application/x-www-form-urlencoded"
        body: str | bytes = self._named(json.dumps(BODIES[f"{method} {route}"])) if f"{method} {route}" in BODIES else ""
        body = FORMS.get(f"{method} {route}", body)
        if f"{method} {route}" in UPLOADS:
            content_type, body = MULTIPART_CONTENT, encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("Offer.pdf", PDF)})
        if "uploads/" in f"{route}/":
            headers |= TUS
            content_type, body = ("application/offset+octet-stream", "123456789") if method == "PATCH" else ("text/plain", "")
        if route.endswith("/commit"):
            headers["Idempotency-Key"] = "once"
        with transaction.atomic():
            mark = transaction.savepoint()
            response = client.generic(method, path, body, content_type=content_type, headers=headers)
            transaction.savepoint_rollback(mark)
        return response


@pytest.fixture
def world(db: None) -> World:
    """A team with a send of two recipients, one of whom lost access after the proof."""
    now = datetime.now(UTC) - timedelta(minutes=5)
    owner = make_persona("owner@example.com", team_name="Northwind", name="Olive Owner", now=now)
    member = make_member(owner, "member@example.com", now=now)
    stranger = make_persona("stranger@example.org", team_name="Elsewhere", now=now)
    full = make_caller(owner)
    upload = full.upload(make_pdf(["Term sheet"]), name="Term sheet.pdf").body
    documents.prepare(Version.objects.get(public_id=upload["version_id"]).pk, now=now)
    document, second = upload["id"], full.document("Forecast.pdf")
    sent = full.send([document], ["reader@example.net", "ended@example.net"])
    version = full.upload(to=f"/documents/{document}/versions").body["id"]
    draft = full.call("PUT", "/drafts/11111111-1111-4111-8111-111111111111", {"documents": [second]}).body["id"]
    preset = full.post("/presets", {"name": "For banks"}).body["id"]
    invitation = full.post("/members", {"email": "invited@example.com"}).body["id"]
    send = Send.objects.get(public_id=sent["id"])
    links = {one.address: one.link for one in send.recipients.select_related("link")}
    living, ended = links["reader@example.net"], links["ended@example.net"]
    assert living is not None
    assert ended is not None
    sends.request_access(living.public_id, address="asker@example.net", ip="198.51.100.9", now=now)
    tasks.take_request(**jobs_named("sends.take_request")[0])
    readers = {}
    for name, link in (("reader", living), ("ended", ended)):
        readers[name] = SimpleCookie({cookie_name(): prove(token_of(link), link.address, now=now)})
    access.revoke_link(ended, now=now)
    setup = accounts.make_setup_link(now=now)
    assert setup is None  # a team exists: the address answers as if there had never been a link
    cookies = readers | {name: one.client().cookies for name, one in (("owner", owner), ("member", member), ("stranger", stranger))}
    mail = OutgoingMail.objects.filter(about__startswith="recipient:").first()
    bill = make_invoice(owner.team)
    payment = make_payment(bill)
    names = (
        more_names(owner, living, now=now)
        | room_names(owner, now=now)
        | {
            "document_id": document,
            "version_id": version,
            "send_id": sent["id"],
            "recipient_id": sent["recipients"][0]["id"],
            "request_id": AccessRequest.objects.get().public_id,
            "preset_id": preset,
            "draft": draft,
            "draft_id": draft,
            "uuid": "22222222-2222-4222-8222-222222222222",
            "key_id": full.get("/keys").body["items"][0]["id"],
            "member_id": full.get("/members").body["items"][1]["id"],
            "invitation_id": invitation,
            "link_id": living.public_id,
            "reference": token_of(living),
            "number": "1",
            "job_id": "prt_00000000000000000000",
            "token": "x" * 43,
            "slug": "credits",
            "quote_id": billing.quote_change(owner.actor, Wish(items={"credits": 1}), now=datetime.now(UTC)).public_id,
            "invoice_id": bill.public_id,
            "payment_id": payment.public_id,
            "team_id": owner.team.public_id,
            "mail_id": mail.public_id if mail else "absent",
            "rest": "nothing/here",
            "addin_file": "pane.html",
            "upload_id": documents.begin_upload(owner.actor, "Later.pdf", 9, now=datetime.now(UTC)).id,
            "device_id": make_device(owner, now=now).public_id,
            "password_id": accounts.make_app_password(owner.actor, "Phone", now=now)[0].public_id,
            "gateway": "none",
        }
    )
    keys = {"stranger": make_caller(stranger).key, "member": make_caller(member).key, "owner": full.key}
    own = {"link_id": ended.public_id, "reference": token_of(ended)}
    return World(names, own, cookies, keys | {"key": make_caller(owner, "read").key})


def more_names(owner: Persona, link: Link, *, now: datetime) -> dict[str, str]:
    """Of the owner: a contact, and an acceptance of terms."""
    terms = access.set_organization_terms(owner.actor, html="<p>Keep it.</p>", now=now)
    browser = Pass.objects.filter(link=link).earliest("pk")
    acceptance = Acceptance.objects.create(
        link=link, reader=browser.reader, browser_pass=browser, terms=terms, number=1, text_sha256=terms.sha256,
        typed_name="Rita Reader", address="reader@example.net", accepted_at=now,
    )  # fmt: skip
    return {
        "contact_id": sends.save_contact(owner.actor, "", address="friend@example.net", now=now).public_id,
        "acceptance_id": acceptance.public_id,
        "picture_id": "pic_1",
    }


def room_names(owner: Persona, *, now: datetime) -> dict[str, str]:
    """Of the owner: a data room with a folder, a guest, a group and a question."""
    room = datarooms.create_room(owner.actor, "Project Alder", now=now)
    hand = datarooms.lead(owner.actor, room.public_id)
    (guest,) = datarooms.invite_guests(owner.actor, room.public_id, ["guest@example.net"], now=now)
    return {
        "room_id": room.public_id,
        "item_id": datarooms.create_folder(hand, "", "Corporate", now=now).public_id,
        "guest_id": guest.public_id,
        "group_id": datarooms.create_group(owner.actor, room.public_id, "Bidders", now=now).public_id,
        "export_id": datarooms.request_export(owner.actor, room.public_id, now=now),  # nobody has made it yet
        "question_id": datarooms.ask_question(hand, datarooms.Asking("Leases", "Where are they?"), now=now).public_id,
    }


def statuses(world: World, route: str) -> dict[str, str]:
    """By method, the statuses of all personas in their order."""
    found = {}
    kind = "uploads" if route.startswith(("rooms/", "v/r/")) and "/uploads/" in route else route.split("/", maxsplit=1)[0]
    for method in METHODS.get(kind, ("GET", "POST")):
        answers = [world.ask(persona, method, route) for persona in PERSONAS]
        for answer in answers:
            check_headers(route, method, answer)
        if {answer.status_code for answer in answers} != {405}:
            found[method] = " ".join(str(answer.status_code) for answer in answers)
    return found


def check_headers(route: str, method: str, answer: Any) -> None:
    """What every answer carries, refusals included."""
    headers = answer.headers
    where = f"{method} {route} {answer.status_code}"
    assert headers.get("X-Content-Type-Options") == "nosniff", where
    policy = headers.get("Content-Security-Policy", "")
    if (route, answer.status_code) == (FRAMED, 200):
        assert "frame-ancestors https://outlook.office.com " in policy, where
        assert "X-Frame-Options" not in headers, where
    else:
        assert headers.get("X-Frame-Options") == "DENY", where
        assert "default-src 'none'" in policy, where
    assert headers.get("Referrer-Policy") in {"no-referrer", "same-origin"}, where
    assert "unsafe" not in headers["Content-Security-Policy"], where
    assert "no-store" in headers.get("Cache-Control", ""), where
    assert headers.get("X-Request-Id", "").startswith("req_"), where
    assert answer.status_code < 500, where


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted({address for address, _ in routes()} ^ set(TABLE)) == []


@pytest.mark.parametrize("door", ["accounts", "api", "portal", "web"])
def test_statuses_are_those_of_the_table(world: World, door: str) -> None:
    mine = [route for route in TABLE if door_of(route) == door]
    found = {route: statuses(world, route) for route in mine}
    assert found == {route: TABLE[route] for route in mine}


def door_of(route: str) -> str:
    """Which door answers."""
    first = route.split("/", maxsplit=1)[0]
    return {"accounts": "accounts", "language": "accounts", "api": "api", "v": "portal"}.get(first, "web")
