# SPDX-License-Identifier: Apache-2.0
"""Wiring only: settings, URLs, the WSGI entry."""
