# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door. A mailed address holds the link's token; after the proof only its public id is left in the bar."""

from django.urls import URLPattern, URLResolver, path

from sealroom.portal.views import gates, pages, reading

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("d/<str:link_id>/", reading.files, name="files"),
    path("d/<str:link_id>/<str:document_id>/", reading.viewer, name="viewer"),
    path("d/<str:link_id>/<str:document_id>/p/<int:number>.jpg", pages.page, name="page"),
    path("d/<str:link_id>/<str:document_id>/download/", pages.download, name="download"),
    path("d/<str:link_id>/<str:document_id>/seen/", pages.seen, name="seen"),
    path("<str:reference>/", gates.landing, name="landing"),
    path("<str:reference>/code/", gates.ask_code, name="code"),
    path("<str:reference>/verify/", gates.verify, name="verify"),
]
