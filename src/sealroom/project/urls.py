# SPDX-License-Identifier: Apache-2.0
"""Which door answers which address."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("api/v1/", include("sealroom.api.urls")),
    path("v/", include("sealroom.portal.urls")),
    path("", include("sealroom.web.urls")),
]

handler400 = "sealroom.httpkit.pages.bad_request"
handler403 = "sealroom.httpkit.pages.forbidden"
handler404 = "sealroom.httpkit.pages.not_found"
handler500 = "sealroom.httpkit.pages.server_error"
