# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door."""

from django.urls import URLPattern, URLResolver, path

from sealroom.web.views import (
    credits,
    helping,
    members,
    operating,
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
    # My Settings
    path("settings/", profile.my_settings, name="my_settings"),
    path("settings/keys/", profile.keys, name="keys"),
    path("settings/keys/<str:key_id>/revoke/", profile.revoke_key, name="revoke_key"),
    path("theme/", profile.set_theme, name="set_theme"),
    # Admin Settings
    path("admin/team/", team.team, name="team"),
    path("admin/plan/", team.plan, name="plan"),
    path("admin/activity/", team.activity, name="activity"),
    path("admin/activity/<str:send_id>/revoke/", team.revoke, name="activity_revoke"),
    path("admin/members/", members.index, name="members"),
    path("admin/members/<str:member_id>/role/", members.role, name="member_role"),
    path("admin/members/<str:member_id>/remove/", members.remove, name="member_remove"),
    path("admin/invitations/<str:invitation_id>/withdraw/", members.withdraw, name="withdraw"),
    # The operator
    path("operator/teams/", operating.teams, name="operator_teams"),
    path("operator/teams/<str:team_id>/", operating.team, name="operator_team"),
    path("operator/teams/<str:team_id>/plan/", operating.set_plan, name="operator_plan"),
    path("operator/teams/<str:team_id>/quotas/", operating.set_quotas, name="operator_quotas"),
    path("operator/teams/<str:team_id>/credits/", operating.grant_credits, name="operator_credits"),
    path("operator/payments/", operating.payments, name="operator_payments"),
    path("operator/payments/<str:payment_id>/refund/", operating.refund, name="operator_refund"),
    path("operator/invoices/<str:invoice_id>/", operating.invoice, name="operator_invoice"),
    path("operator/invoices/<str:invoice_id>/pdf/", operating.invoice_pdf, name="operator_invoice_pdf"),
    path("operator/invoices/<str:invoice_id>/confirm/", operating.confirm, name="operator_confirm"),
    path("operator/invoices/<str:invoice_id>/void/", operating.void, name="operator_void"),
    path("operator/catalogue/", operating.catalogue, name="operator_catalogue"),
    # Help, and the operator's outbox
    path("help/", helping.index, name="help"),
    path("help/<slug:slug>/", helping.article, name="help_article"),
    path("help/<slug:slug>/answer/", helping.answer, name="help_answer"),
    path("outbox/", outbox.index, name="outbox"),
    path("outbox/<str:mail_id>/", outbox.mail, name="outbox_mail"),
    path("outbox/<str:mail_id>/html/", outbox.html_part, name="outbox_html"),
]
