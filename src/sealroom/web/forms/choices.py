# SPDX-License-Identifier: Apache-2.0
"""Lists to choose from that several forms share: time zones, languages, roles, scopes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sealroom.core.wording import country_name

LANGUAGES = [("en", "English"), ("fr", "Français")]  # each in its own words
ROLES: list[tuple[str, str | Promise]] = [("user", _("User")), ("admin", _("Admin"))]
SCOPES: list[tuple[str, str | Promise]] = [
    ("read", _("Read: credits, activity, plan, lists of data rooms")),
    ("send", _("Send: upload, send and control own sends")),
    ("rooms", _("Data rooms: lead those its owner leads")),
    ("admin", _("Admin: everything its owner may do")),
]
THEMES: list[tuple[str, str | Promise]] = [("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""  # ISO 3166-1, and Kosovo
_REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, str]]:
    """Every zone people live in, UTC first, named by its place."""
    names = sorted(name for name in available_timezones() if name.split("/")[0] in _REGIONS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ").replace("/", " / ")) for name in names)]


@lru_cache(maxsize=8)
def _countries_in(language: str) -> list[tuple[str, str]]:
    names = [(code, country_name(code, language)) for code in _COUNTRIES.split()]
    return sorted(names, key=lambda one: "".join(c for c in unicodedata.normalize("NFD", one[1]) if not unicodedata.combining(c)))


def countries() -> list[tuple[str, str]]:
    """Every country by its code, named and ordered in the active language; none first."""
    return [("", "—"), *_countries_in(get_language() or "en")]
