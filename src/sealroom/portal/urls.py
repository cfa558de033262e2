# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door. A mailed address holds the link's token; after the proof only its public id is left in the bar."""

from django.urls import URLPattern, URLResolver, path

from sealroom.portal.views import (
    asking,
    conditions,
    files,
    gates,
    media,
    pages,
    printing,
    questions,
    reading,
    room_deeds,
    room_zip,
    rooms,
    texts,
)

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("d/<str:link_id>/", files.files, name="files"),
    path("d/<str:link_id>/certificate.pdf", conditions.certificate, name="certificate"),
    path("d/<str:link_id>/terms/<int:number>.jpg", conditions.terms_image, name="terms_image"),
    path("d/<str:link_id>/<str:document_id>/", reading.viewer, name="viewer"),
    path("d/<str:link_id>/<str:document_id>/p/<int:number>.jpg", pages.page, name="page"),
    path("d/<str:link_id>/<str:document_id>/download/", pages.download, name="download"),
    path("d/<str:link_id>/<str:document_id>/media/", media.media, name="media"),
    path("d/<str:link_id>/<str:document_id>/media/state.json", media.state, name="media_state"),
    path("d/<str:link_id>/<str:document_id>/original/", pages.original, name="original"),
    path("d/<str:link_id>/<str:document_id>/print/", printing.start, name="print"),
    path("d/<str:link_id>/<str:document_id>/print/<str:job_id>/<int:number>.jpg", printing.page, name="printed_page"),
    path("d/<str:link_id>/<str:document_id>/structure.json", texts.structure, name="structure"),
    path("d/<str:link_id>/<str:document_id>/text/<int:number>.json", texts.text, name="text"),
    path("d/<str:link_id>/<str:document_id>/search/", texts.search, name="search"),
    path("d/<str:link_id>/<str:document_id>/seen/", pages.seen, name="seen"),
    path("r/<str:link_id>/", rooms.room, name="room"),
    path("r/<str:link_id>/about/", rooms.about, name="room_about"),
    path("r/<str:link_id>/folder/", room_deeds.folder, name="room_folder"),
    path("r/<str:link_id>/guests/", rooms.guests, name="room_guests"),
    path("r/<str:link_id>/i/<str:item_id>/", rooms.item, name="room_item"),
    path("r/<str:link_id>/i/<str:item_id>/rename/", room_deeds.rename, name="room_rename"),
    path("r/<str:link_id>/i/<str:item_id>/throw/", room_deeds.throw, name="room_throw"),
    path("r/<str:link_id>/join/", rooms.join, name="room_join"),
    path("r/<str:link_id>/questions/", questions.questions, name="room_questions"),
    path("r/<str:link_id>/questions/<str:question_id>/", questions.question, name="room_question"),
    path("r/<str:link_id>/upload/", room_deeds.upload, name="room_upload"),
    path("r/<str:link_id>/upload/form/", room_deeds.upload_form, name="room_upload_form"),
    path("r/<str:link_id>/zip/", room_zip.archive, name="room_zip"),
    path("<str:reference>/", gates.landing, name="landing"),
    path("<str:reference>/code/", gates.ask_code, name="code"),
    path("<str:reference>/verify/", gates.verify, name="verify"),
    path("<str:reference>/open/", gates.open_link, name="open"),
    path("<str:reference>/passcode/", conditions.passcode, name="passcode"),
    path("<str:reference>/terms/", conditions.terms, name="terms"),
    path("<str:reference>/request/", asking.request_access, name="request"),
]
