# SPDX-License-Identifier: Apache-2.0
"""Addresses of the door."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
