# SPDX-License-Identifier: Apache-2.0
"""Money in integer minor units, and the one way it is rounded. Pure; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# ISO 4217: currencies whose minor unit is not a hundredth.
_EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3, "JOD": 3, "OMR": 3}
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?")


@dataclass(frozen=True)
class Money:
    """An amount in minor units (cents) of a currency (ISO 4217)."""

    minor: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exactly: 54.00 for 5400 US cents."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))


def exponent(currency: str) -> int:
    """How many decimals a currency has."""
    return _EXPONENTS.get(currency, 2)


def is_currency(code: object) -> bool:
    """Whether a text looks like an ISO 4217 code."""
    return isinstance(code, str) and _CURRENCY.fullmatch(code) is not None


def minor_units(text: object, currency: str) -> int:
    """A price written as a decimal text ("25.00") in minor units. Raises `ValueError` for anything that is not exact.

    >>> minor_units("25.00", "USD"), minor_units("1200", "JPY")
    (2500, 1200)
    """
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount such as '25.00'")
    amount = Decimal(text).scaleb(exponent(currency))
    if amount != amount.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency}")
    return int(amount)


def round_half_away(value: Fraction) -> int:
    """The nearest integer; a half goes away from zero, so that a credit and a charge of one span are mirror images.

    >>> [round_half_away(Fraction(n, 2)) for n in (-3, -1, 1, 3)]
    [-2, -1, 1, 2]
    """
    whole = (abs(value.numerator) * 2 + value.denominator) // (value.denominator * 2)
    return whole if value >= 0 else -whole
