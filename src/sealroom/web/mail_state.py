# SPDX-License-Identifier: Apache-2.0
"""What works of the routes of mail at this moment, as the page of integrations tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from sealroom.mail import queries as mail
from sealroom.mail.queries import GatewayState, SigningState
from sealroom.mail.rules import Signing

RUNS_OUT_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Line:
    """One thing and how it is: a word in a tone of the kit's badge, and a moment that belongs to it."""

    name: str
    tone: str
    word: str
    at: datetime | None = None
    style: str = "moment"


def lines(gateway: GatewayState | None, signing: SigningState, *, now: datetime) -> list[Line]:
    """Gateway, its certificate, reports, signatures."""
    return [_gateway(gateway), *_certificate(gateway, now=now), _reports(gateway), _signing(signing)]


def _gateway(gateway: GatewayState | None) -> Line:
    name = _("Gateway (SMTP)")
    if gateway is not None and gateway.takes_mail:
        return Line(name, "ok", _("Takes mail"))
    if settings.SEALROOM_SUBMISSION_LISTEN or settings.SEALROOM_SUBMISSION_TLS_LISTEN:
        return Line(name, "danger", _("Does not run"))
    return Line(name, "neutral", _("Off"))


def _certificate(gateway: GatewayState | None, *, now: datetime) -> list[Line]:
    if gateway is None or gateway.certificate_until is None:
        return []
    until, name = gateway.certificate_until, _("Its certificate")
    if until <= now:
        return [Line(name, "danger", _("Ran out: mail programs refuse it"), until, "full")]
    return [Line(name, "warn" if until <= now + RUNS_OUT_SOON else "ok", _("Good until"), until, "full")]


def _reports(gateway: GatewayState | None) -> Line:
    name = _("Reports of mail that did not arrive")
    if gateway is not None and gateway.takes_reports:
        return Line(name, "ok", _("Come by mail"))
    if settings.SEALROOM_BOUNCE_LISTEN:
        return Line(name, "danger", _("Nobody takes them"))
    if settings.SEALROOM_BOUNCE_SECRET:
        return Line(name, "ok", _("Come by signed calls"))
    return Line(name, "neutral", _("Off"))


def _signing(signing: SigningState) -> Line:
    words = {
        Signing.OFF: ("neutral", _("Off")),
        Signing.UNCHECKED: ("neutral", _("Not looked up within the hour")),
        Signing.GOOD: ("ok", _("Mail is signed")),
        Signing.MISSING: ("danger", _("Not signed: the domain publishes no key")),
        Signing.OTHER_KEY: ("danger", _("Not signed: the domain publishes another key")),
        Signing.UNREACHABLE: ("warn", _("Signed, but no name server answers")),
    }
    return Line(_("Signatures (DKIM)"), *words[signing.state], signing.checked_at)


def now_known(*, now: datetime) -> dict[str, object]:
    """The lines, and what the domain of the signatures must publish as long as it is not known to do so."""
    signing = mail.signing()
    shows_record = signing.state not in {Signing.OFF, Signing.GOOD}
    return {
        "state": lines(mail.gateway(), signing, now=now),
        "signs": signing.state is not Signing.OFF,
        "record": signing if shows_record else None,
    }
