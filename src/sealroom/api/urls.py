# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door."""

from django.urls import URLPattern, URLResolver, include, path

from sealroom.api.app import api
from sealroom.api.bounces import receive_bounces
from sealroom.api.docs import docs
from sealroom.api.guard import NOTHING_ELSE, guarded
from sealroom.api.v1 import (
    auth,
    billing,
    datarooms,
    documents,
    drafts,
    insight,
    keys,
    me,
    members,
    presets,
    requests,
    sends,
    uploads,
)
from sealroom.api.webhooks import receive_event

for module in (auth, me, documents, uploads, sends, requests, insight, drafts, presets, keys, members, billing):
    api.add_router("", module.router)
for router in datarooms.ROUTERS:
    api.add_router("", router)

_calls, _app_name, _namespace = api.urls
urlpatterns: list[URLPattern | URLResolver] = [
    path("docs", docs, name="api-docs"),
    path("billing/events/<str:gateway>", receive_event, name="gateway-events"),
    path("mail/bounces", receive_bounces, name="mail-bounces"),
    path("", include(([guarded(call) for call in _calls if isinstance(call, URLPattern)], _app_name), namespace=_namespace)),
    NOTHING_ELSE,
]
