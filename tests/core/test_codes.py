# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import pytest

from sealroom.core.codes import LIFETIME, TRIES, CodeState, CodeVerdict, code_digest, judge_code, new_code
from tests.conftest import NOW

KEY = b"k" * 32
RIGHT = code_digest("123456", key=KEY, bound_to="challenge 1")
WRONG = code_digest("123457", key=KEY, bound_to="challenge 1")


@pytest.mark.parametrize(
    ("offered", "age", "tries", "verdict"),
    [
        (RIGHT, timedelta(0), 0, CodeVerdict.RIGHT),
        (RIGHT, LIFETIME - timedelta(microseconds=1), TRIES - 1, CodeVerdict.RIGHT),
        (RIGHT, LIFETIME, 0, CodeVerdict.EXPIRED),
        (RIGHT, timedelta(0), TRIES, CodeVerdict.WORN_OUT),
        (RIGHT, LIFETIME, TRIES, CodeVerdict.EXPIRED),
        (WRONG, timedelta(0), 0, CodeVerdict.WRONG),
        (WRONG, timedelta(0), TRIES, CodeVerdict.WORN_OUT),
        ("", timedelta(0), 0, CodeVerdict.WRONG),
        (RIGHT, timedelta(hours=-1), 0, CodeVerdict.RIGHT),  # a clock that was set back
    ],
)
def test_judge_code(offered: str, age: timedelta, tries: int, verdict: CodeVerdict) -> None:
    assert judge_code(CodeState(RIGHT, NOW, tries), offered, now=NOW + age) is verdict


def test_judge_code_never_passes_a_challenge_without_a_code() -> None:
    empty = CodeState("", NOW, 0)
    assert judge_code(empty, code_digest("123456", key=KEY, bound_to="x"), now=NOW) is CodeVerdict.WRONG


def test_code_digest_is_bound_to_key_and_purpose() -> None:
    assert len({RIGHT, WRONG, code_digest("123456", key=KEY, bound_to="challenge 2")}) == 3
    assert code_digest("123456", key=b"j" * 32, bound_to="challenge 1") != RIGHT


def test_new_code_is_six_digits_in_no_order() -> None:
    codes = [new_code() for _ in range(2000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert len(set(codes)) > 1950
    assert any(code.startswith("0") for code in codes)
