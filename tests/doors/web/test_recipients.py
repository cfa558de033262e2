# SPDX-License-Identifier: Apache-2.0
"""Reading typed and pasted lists of recipients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.web.forms.sending import read_recipients

CASES = [
    ("", [], [], 0),
    ("a@example.com", [("a@example.com", "")], [], 0),
    (" A@EXAMPLE.com ;b@example.com", [("a@example.com", ""), ("b@example.com", "")], [], 0),
    ("a@example.com, A@example.com", [("a@example.com", "")], [], 1),
    ("Li Wei <li@example.com>", [("li@example.com", "Li Wei")], [], 0),
    ('"Olsen, Karl" <k@example.org>, a@example.com', [("k@example.org", "Olsen, Karl"), ("a@example.com", "")], [], 0),
    ("a@example.com b@example.com\tc@example.com", [("a@example.com", ""), ("b@example.com", ""), ("c@example.com", "")], [], 0),
    ("li.wei@example\nnobody", [], ["li.wei@example", "nobody"], 0),
    ("Ann <ann@>", [], ["Ann <ann@>"], 0),
]


@pytest.mark.parametrize(("text", "people", "invalid", "repeated"), CASES)
def test_list_is_read(text: str, people: list[tuple[str, str]], invalid: list[str], repeated: int) -> None:
    read = read_recipients(text)
    assert [(one.address, one.name) for one in read.people] == people
    assert list(read.invalid) == invalid
    assert read.repeated == repeated


@given(st.text(alphabet='ab@.<>",; \n', max_size=60))
def test_what_was_read_reads_the_same_again(text: str) -> None:
    once = read_recipients(text)
    again = read_recipients(once.text)
    assert [one.address for one in again.people] == [one.address for one in once.people]
