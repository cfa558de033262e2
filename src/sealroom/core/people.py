# SPDX-License-Identifier: Apache-2.0
"""Many people at once: pasted lists and CSV files of any spreadsheet, with a reason for each line that is no person."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr

from sealroom.core.addresses import BadAddress, canonical_address

MAX_NAME = 200  # characters
MOST_BYTES = 5 * 1024 * 1024
MOST_PEOPLE = 20_000
_MOST_TEXT = 200  # characters of a line that an error repeats


@dataclass(frozen=True)
class Addressee:
    """Somebody as a list of addresses gives him; `kind`: to, cc or bcc."""

    email: str
    name: str = ""
    kind: str = "to"


@dataclass(frozen=True)
class LineError:
    """An entry that cannot be written to: its place (from 1), its text, and why (a stable reason)."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Person(Addressee):
    """A recipient with his company."""

    company: str = ""


@dataclass(frozen=True)
class People:
    """People with canonical addresses, each once, in the order of their first appearance; the lines that are nobody (numbered as in
    the text, from 1); and how often somebody came again."""

    accepted: tuple[Person, ...]
    errors: tuple[LineError, ...]
    repeated: int = 0


def read_people(text: str | bytes) -> People:
    """People out of a CSV text or file: separated by comma, semicolon or tab; in UTF-8 (with or without mark), UTF-16 with mark, or
    else Windows-1252. A first line of column names in English or French says what stands where; without one, what has an @ is the
    address, then come name and company. Reasons: `no_address`, `bad_address`, `bad_name`, `unreadable`, `too_large`, `too_many`.
    """
    if len(text) > MOST_BYTES:
        return People((), (LineError(1, "", "too_large"),))
    plain = text if isinstance(text, str) else _decoded(text)
    accepted: dict[str, Person] = {}
    errors: list[LineError] = []
    repeated = 0
    for number, found in _people(plain.removeprefix("\ufeff")):
        if isinstance(found, LineError):
            errors.append(found)
            continue
        person = _checked(number, found)
        if isinstance(person, LineError):
            errors.append(person)
        elif person.email in accepted:
            repeated += 1
        elif len(accepted) == MOST_PEOPLE:
            errors.append(LineError(number, person.email, "too_many"))
            break
        else:
            accepted[person.email] = person
    return People(tuple(accepted.values()), tuple(errors), repeated)


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _people(text: str) -> Iterator[tuple[int, Person | LineError]]:
    """Each person as written, with the number of his line."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    columns: dict[str, int] | None = None
    is_first = True
    try:
        for cells in rows:
            row = [cell.strip() for cell in cells]
            if not any(row):
                continue
            if is_first:
                is_first = False
                columns = _columns(row)
                if columns is not None:
                    continue
            yield from ((rows.line_num, one) for one in _read_row(rows.line_num, row, columns))
    except csv.Error:
        yield rows.line_num, LineError(rows.line_num, "", "unreadable")


def _separator(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=bare.count)


_WORDS = {
    "email": "e-mail email mail address e-mail-address email-address adresse adresse-e-mail adresse-email adresse-mail courriel "
    "adresse-electronique adresse-de-messagerie recipient destinataire",
    "name": "name full-name display-name nom nom-complet contact nom-affiche",
    "first": "first-name firstname given-name prenom",
    "last": "last-name lastname surname family-name nom-de-famille",
    "company": "company organisation organization societe entreprise",
}
_MEANING = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}


def _columns(row: list[str]) -> dict[str, int] | None:
    """Where what stands, if the row names columns."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        meaning = _MEANING.get(_folded(cell))
        if meaning is not None:
            found.setdefault(meaning, place)
    return found if "email" in found and not any("@" in cell for cell in row) else None


def _folded(text: str) -> str:
    """A column's name without accents, capitals and the choice of blank or hyphen."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "-".join(re.split(r"[\s_\-\u2010\u2011]+", plain.strip(" :*")))


def _read_row(number: int, row: list[str], columns: dict[str, int] | None) -> list[Person | LineError]:
    if columns is not None:
        cell = {meaning: row[place] if place < len(row) else "" for meaning, place in columns.items()}
        last = cell.get("last", "") or (cell.get("name", "") if "first" in cell else "")
        name = " ".join(filter(None, (cell.get("first", ""), last))) or cell.get("name", "")
        if not cell["email"]:
            return [LineError(number, " ".join(row)[:_MOST_TEXT], "no_address")]
        return [_person(cell["email"], name, cell.get("company", ""))]
    addresses = [cell for cell in row if "@" in cell]
    if not addresses:
        return [LineError(number, " ".join(row)[:_MOST_TEXT], "no_address")]
    if len(addresses) > 1:
        return [_person(one) for one in addresses]
    others = [cell for cell in row if cell and cell != addresses[0]] + ["", ""]
    return [_person(addresses[0], others[0], others[1])]


def _person(text: str, name: str = "", company: str = "") -> Person:
    """`text` is an address, or `Name <address>`."""
    shown, address = parseaddr(text) if "<" in text else ("", text)
    return Person(address or text, name or shown, company=company)


def _checked(number: int, person: Person) -> Person | LineError:
    try:
        address = canonical_address(person.email)
    except BadAddress:
        return LineError(number, person.email[:_MOST_TEXT], "bad_address")
    name, company = clean_name(person.name), clean_name(person.company)
    if name is None or company is None:
        return LineError(number, person.email[:_MOST_TEXT], "bad_name")
    return Person(address, name, company=company)


def clean_name(text: str) -> str | None:
    """A name on one line; None for what is no name: too long, or with characters nobody can print."""
    name = " ".join(text.split())
    return name if len(name) <= MAX_NAME and name.isprintable() else None
