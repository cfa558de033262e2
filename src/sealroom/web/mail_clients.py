# SPDX-License-Identifier: Apache-2.0
"""The mail programs that send protected mail, as the pages about them show them: how to install each, what an admin needs to
install it for everybody, and where an SMTP program sends to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sealroom.web import gmail
from sealroom.web.thunderbird import manifest


@dataclass(frozen=True)
class Program:
    """A mail program. `steps`: what one person does; `downloads`: names of addresses and what stands on their buttons."""

    key: str
    name: str | Promise
    text: str | Promise
    steps: tuple[str | Promise, str | Promise, str | Promise]
    downloads: tuple[tuple[str, str | Promise], ...] = ()
    client: str = ""


@dataclass(frozen=True)
class Card:
    """A program with what this installation hands out for it."""

    program: Program
    downloads: tuple[tuple[str, str | Promise], ...]
    policy: tuple[tuple[str | Promise, str], ...] = ()
    document: str = ""


@dataclass(frozen=True)
class Submission:
    """Where programs without an extension send to; no ports: the gateway is off."""

    host: str
    ports: tuple[tuple[int, str], ...] = field(default=())


PROGRAMS = (
    Program(
        "gmail",
        "Gmail",
        _("An extension of Chrome, Edge and Chromium: files leave the mail before Google sees them."),
        (
            _("Download the extension and unpack it."),
            _("Open the browser’s page of extensions, switch on developer mode, choose “Load unpacked” and the folder."),
            _("Press the Sealroom button beside the address bar, then “Sign in”."),
        ),
        (("web:gmail_zip", _("Extension (ZIP)")),),
        "gmail-ext",
    ),
    Program(
        "outlook",
        "Outlook",
        _("An add-in for Outlook on the web, on Windows and on a Mac."),
        (
            _("Download the manifest."),
            _("In Outlook: Add-ins, My add-ins, Add a custom add-in, From file."),
            _("Begin a mail, press “Sealroom” above it, then “Sign in”."),
        ),
        (("web:outlook_manifest", _("Manifest (XML)")), ("web:outlook_package", _("Package for Microsoft 365 (ZIP)"))),
        "outlook-addin",
    ),
    Program(
        "thunderbird",
        "Thunderbird",
        _("An extension that protects attachments as a mail is sent, and works with FileLink."),
        (
            _("Download the extension (do not open it in the browser: save it)."),
            _("In Thunderbird: Add-ons and Themes, the gear, Install Add-on From File."),
            _("Open the extension’s settings and press “Sign in”."),
        ),
        (("web:thunderbird_xpi", _("Extension (XPI)")),),
        "thunderbird-ext",
    ),
    Program(
        "smtp",
        _("Any other program"),
        _("Phones, Apple Mail, scanners: mail goes out by this server (SMTP), which protects every attachment."),
        (
            _("Make an app password under Mail programs, one for each device."),
            _("In the program’s settings for outgoing mail, enter server, port and security as they stand here."),
            _("User name: the address you sign in with. Password: the app password."),
        ),
        client="smtp",
    ),
)


def address_of(name: str) -> str:
    """The whole address of a page by its name."""
    return str(settings.SEALROOM_BASE_URL) + reverse(name)


def submission() -> Submission:
    """What stands in the settings of the gateway."""
    listening = ((settings.SEALROOM_SUBMISSION_LISTEN, "STARTTLS"), (settings.SEALROOM_SUBMISSION_TLS_LISTEN, "SSL/TLS"))
    return Submission(settings.SEALROOM_SUBMISSION_HOST, tuple((place[1], security) for place, security in listening if place))


def cards(*, for_admins: bool = False) -> list[Card]:
    """A card for each program; with what policies ask for where an admin reads it."""
    return [_card(program, for_admins=for_admins) for program in PROGRAMS]


def _card(program: Program, *, for_admins: bool) -> Card:
    downloads = tuple((address_of(name), label) for name, label in program.downloads)
    if not for_admins or program.key not in _POLICIES:
        return Card(program, downloads)
    policy, document = _POLICIES[program.key]()
    return Card(program, downloads, policy, json.dumps(document, indent=2) if document else "")


_Policy = tuple[tuple[tuple[str | Promise, str], ...], dict[str, object]]


def _gmail() -> _Policy:
    """Chromium's policies. The id follows from the installation's own key."""
    own, updates = gmail.own_id(), address_of("web:gmail_updates")
    managed = {"3rdparty": {"extensions": {own: {"serverUrl": settings.SEALROOM_BASE_URL}}}}
    document: dict[str, object] = {"ExtensionInstallForcelist": [f"{own};{updates}"], **managed}
    return ((_("Id of the extension"), own), (_("Updates"), updates)), document


def _thunderbird() -> _Policy:
    """Thunderbird's `policies.json`."""
    own = manifest()["browser_specific_settings"]["gecko"]["id"]
    wanted = {own: {"installation_mode": "force_installed", "install_url": address_of("web:thunderbird_xpi")}}
    managed = {"Extensions": {own: {"serverUrl": settings.SEALROOM_BASE_URL}}}
    lines = ((_("Id of the extension"), own), (_("Updates"), address_of("web:thunderbird_updates")))
    return lines, {"policies": {"ExtensionSettings": wanted, "3rdparty": managed}}


def _outlook() -> _Policy:
    """The admin centre takes the manifest by its address."""
    return ((_("Manifest for the admin centre"), address_of("web:outlook_manifest")),), {}


_POLICIES: dict[str, Callable[[], _Policy]] = {"gmail": _gmail, "outlook": _outlook, "thunderbird": _thunderbird}
