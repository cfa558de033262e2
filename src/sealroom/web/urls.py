# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door."""

from django.urls import URLPattern, URLResolver, path

from sealroom.web.views import (
    billing,
    billing_details,
    credits,
    helping,
    invoices,
    members,
    outbox,
    profile,
    received,
    send_deeds,
    send_files,
    sends,
    start,
    team,
)

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    # Beginning
    path("setup/<str:token>/", start.setup, name="setup"),
    path("welcome/", start.new_team, name="new_team"),
    path("join/<str:token>/", start.join, name="join"),
    # Send Files
    path("", send_files.send_files, name="send_files"),
    path("draft/", send_files.draft, name="draft"),
    path("draft/discard/", send_files.discard, name="discard"),
    path("files/", send_files.upload, name="upload"),
    path("files/choose/", send_files.choose, name="choose"),
    path("files/<str:document_id>/", send_files.file, name="file"),
    # Manage Sent Files
    path("sends/", sends.index, name="sends"),
    path("sends/<str:send_id>/", sends.detail, name="send"),
    path("sends/<str:send_id>/settings/", sends.settings, name="send_settings"),
    path("sends/<str:send_id>/recipients/", sends.recipients, name="send_recipients"),
    path("sends/<str:send_id>/recipients/<str:recipient_id>/remove/", send_deeds.remove_recipient, name="remove_recipient"),
    path("sends/<str:send_id>/revoke/", send_deeds.revoke, name="revoke"),
    path("sends/<str:send_id>/restore/", send_deeds.restore, name="restore"),
    path("sends/<str:send_id>/remind/", send_deeds.remind, name="remind"),
    path("sends/<str:send_id>/cancel/", send_deeds.cancel, name="cancel"),
    path("sends/<str:send_id>/files/<str:document_id>/replace/", sends.replace, name="replace"),
    path("sends/<str:send_id>/files/<str:document_id>/replace/<str:version_id>/", sends.publish, name="publish"),
    path("received/", received.index, name="received"),
    path("credits/", credits.index, name="credits"),
    path("credits/export/", credits.export, name="credits_export"),
    path("credits/threshold/", credits.threshold, name="credits_threshold"),
    # My Settings
    path("settings/", profile.my_settings, name="my_settings"),
    path("settings/keys/", profile.keys, name="keys"),
    path("settings/keys/<str:key_id>/revoke/", profile.revoke_key, name="revoke_key"),
    path("theme/", profile.set_theme, name="set_theme"),
    # Admin Settings
    path("admin/team/", team.team, name="team"),
    path("admin/activity/", team.activity, name="activity"),
    path("admin/activity/<str:send_id>/revoke/", team.revoke, name="activity_revoke"),
    path("admin/members/", members.index, name="members"),
    path("admin/members/<str:member_id>/role/", members.role, name="member_role"),
    path("admin/members/<str:member_id>/remove/", members.remove, name="member_remove"),
    path("admin/invitations/<str:invitation_id>/withdraw/", members.withdraw, name="withdraw"),
    # Admin Settings, BILLING
    path("admin/plan/", billing.plan, name="plan"),
    path("admin/plan/modify/", billing.modify, name="plan_modify"),
    path("admin/plan/preview/", billing.preview, name="plan_preview"),
    path("admin/plan/review/<str:quote_id>/", billing.review, name="plan_review"),
    path("admin/plan/cancel/", billing.cancel, name="plan_cancel"),
    path("admin/plan/keep/", billing.keep, name="plan_keep"),
    path("admin/billing/", billing.index, name="billing"),
    path("admin/billing/invoices/", invoices.index, name="invoices"),
    path("admin/billing/invoices/<str:invoice_id>/", invoices.invoice, name="invoice"),
    path("admin/billing/invoices/<str:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("admin/billing/invoices/<str:invoice_id>/pay/", invoices.pay, name="invoice_pay"),
    path("admin/billing/payments/<str:payment_id>/", invoices.payment, name="payment"),
    path("admin/billing/payments/<str:payment_id>/check/", invoices.payment_check, name="payment_check"),
    path("admin/billing/details/", billing_details.details, name="billing_details"),
    path("admin/billing/details/method/", billing_details.method, name="method"),
    path("admin/billing/details/saved/", billing_details.method_saved, name="method_saved"),
    # Help, and the operator's outbox
    path("help/", helping.index, name="help"),
    path("help/<slug:slug>/", helping.article, name="help_article"),
    path("help/<slug:slug>/answer/", helping.answer, name="help_answer"),
    path("outbox/", outbox.index, name="outbox"),
    path("outbox/<str:mail_id>/", outbox.mail, name="outbox_mail"),
    path("outbox/<str:mail_id>/html/", outbox.html_part, name="outbox_html"),
]
