# SPDX-License-Identifier: Apache-2.0
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.core.addresses import BadAddress, canonical_address, canonical_domain

SAME = [
    # spelling, canonical
    ("nadia@example.com", "nadia@example.com"),
    (" Nadia@Example.COM\r\n", "nadia@example.com"),
    ("\u00a0nadia@example.com\u3000", "nadia@example.com"),
    ("NADIA.K+Sales@EXAMPLE.com.", "nadia.k+sales@example.com"),
    ("nadia@EXÄMPLE.com", "nadia@xn--exmple-cua.com"),
    ("nadia@xn--EXMPLE-cua.com", "nadia@xn--exmple-cua.com"),
    ("nadia@exa\u0308mple.com", "nadia@xn--exmple-cua.com"),  # combining diaeresis
    ("jos\u0065\u0301@example.com", "jos\u00e9@example.com"),
    ("\u212aelvin@example.com", "kelvin@example.com"),  # the Kelvin sign is K in NFC
    ("NADIA@straße.de", "nadia@xn--strae-oqa.de"),
    ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
    ("o'neil@example.com", "o'neil@example.com"),
    ("a!#$%&'*+/=?^_`{|}~-b@example.com", "a!#$%&'*+/=?^_`{|}~-b@example.com"),
    ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
]
DISTINCT = [
    ("nadia+a@example.com", "nadia+b@example.com", "plus tags are mailboxes"),
    ("nadia+a@example.com", "nadia@example.com", "plus tags are not folded"),
    ("na.dia@example.com", "nadia@example.com", "dots are not folded"),
    ("nadia@straße.de", "nadia@strasse.de", "sharp s is not ss (IDNA 2008)"),
    ("straße@example.com", "strasse@example.com", "nor in the local part"),
    ("Élise@example.com", "élise@example.com", "only ASCII letters are lower-cased"),
    ("nadia@example.com", "nadia@example.org", "domains differ"),
    ("nadia@gmail.com", "nadia@googlemail.com", "no provider is special"),
    ("аdmin@example.com", "admin@example.com", "Cyrillic a"),
]
BAD = [
    "",
    "   ",
    "nadia",
    "@example.com",
    "nadia@",
    "nadia@example",
    "nadia@@example.com",
    "a@b@example.com",
    "nadia@.com",
    "nadia@example..com",
    "nadia@example.com..",
    "nadia@-example.com",
    "nadia@example-.com",
    "nadia@exa_mple.com",
    "nadia@192.0.2.1",
    "nadia@[192.0.2.1]",
    ".nadia@example.com",
    "nadia.@example.com",
    "na..dia@example.com",
    "na dia@example.com",
    "nadia @example.com",
    "nadia@ example.com",
    "na\u00a0dia@example.com",
    '"nadia"@example.com',
    "Nadia <nadia@example.com>",
    "nadia@example.com, b@example.com",
    "nadia@example.com;b@example.com",
    "nadia@example.com\nBcc: b@example.com",
    "nadia@example.com\r\n.b@example.com",
    "na\x00dia@example.com",
    "nadia@example.com\x1f",
    "na\u200bdia@example.com",
    "na\u00addia@example.com",
    "\u202enadia@example.com",
    "nadia@exam\u2028ple.com",
    "ｎadia@example.com",
    "nadia＠example.com",
    "nadia@ｅxample.com",
    "nadia@example．com",
    "nadia@xn--a.com",
    "nadia@xn--zz--.com",
    "na\ud800dia@example.com",
    "x" * 65 + "@example.com",
    "é" * 33 + "@example.com",
    "nadia@" + "x" * 64 + ".com",
    "x@" + "y" * 60 + "." + "y" * 60 + "." + "y" * 60 + "." + "y" * 60 + "." + "y" * 10 + ".com",
]


@pytest.mark.parametrize(("spelling", "canonical"), SAME)
def test_canonical_address_gives_one_spelling(spelling: str, canonical: str) -> None:
    assert canonical_address(spelling) == canonical


@pytest.mark.parametrize(("one", "other", "why"), DISTINCT)
def test_canonical_address_keeps_mailboxes_apart(one: str, other: str, why: str) -> None:
    assert canonical_address(one) != canonical_address(other), why


@pytest.mark.parametrize("text", BAD)
def test_canonical_address_refuses(text: str) -> None:
    with pytest.raises(BadAddress):
        canonical_address(text)


@given(st.text(max_size=80))
def test_canonical_address_is_a_fixed_point_or_a_refusal(text: str) -> None:
    try:
        canonical = canonical_address(text)
    except BadAddress:
        return
    assert canonical_address(canonical) == canonical
    assert not any(unicodedata.category(c)[0] == "C" or c.isspace() for c in canonical)
    assert canonical.rpartition("@")[2].isascii()


@given(
    local=st.text(alphabet="abcXYZ019.+-_éß", min_size=1, max_size=20),
    domain=st.lists(st.text(alphabet="abcXYZ019äß", min_size=1, max_size=8), min_size=2, max_size=3).map(".".join),
)
def test_canonical_address_does_not_see_ascii_case_or_edges(local: str, domain: str) -> None:
    def outcome(text: str) -> str:
        try:
            return canonical_address(text)
        except BadAddress:
            return "refused"

    shouted = "".join(c.upper() if c.isascii() else c for c in f"{local}@{domain}")
    assert outcome(f"  {shouted}.  ") == outcome(f"{local}@{domain}")


def test_canonical_domain_takes_no_address() -> None:
    assert canonical_domain("Example.COM.") == "example.com"
    with pytest.raises(BadAddress):
        canonical_domain("a@example.com")
