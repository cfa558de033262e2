# SPDX-License-Identifier: Apache-2.0
"""Registers the door with Django."""

from django.apps import AppConfig


class SmtpConfig(AppConfig):
    """The gateway for mail programs."""

    name = "sealroom.smtp"
    label = "smtp"
