# SPDX-License-Identifier: Apache-2.0
"""Names, paths and places of a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.core.errors import Invalid
from sealroom.datarooms import rules
from sealroom.datarooms.errors import Cycle, RoomFull, TooDeep, TooManyItems


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a.pdf", "a.pdf"), ("  Bilan   2026 ", "Bilan 2026"), ("e\u0301t\u00e9", "\u00e9t\u00e9"), (".env", ".env"), ("C:", "C:")],
)
def test_names_are_kept(text: str, kept: str) -> None:
    assert rules.item_name(text) == kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "required"),
        ("   ", "required"),
        (".", "reserved"),
        ("..", "reserved"),
        ("a/b", "slash"),
        ("a\\b", "slash"),
        ("a\nb", "control_character"),
        ("a\x00b", "control_character"),
        ("a\u202eb", "control_character"),
        ("x" * 201, "too_long"),
    ],
)
def test_what_is_no_name_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.item_name(text)
    assert refusal.value.errors == {"name": [reason]}


def test_names_are_the_same_whatever_their_case_and_form() -> None:
    assert rules.name_key("ÉTÉ.PDF") == rules.name_key("e\u0301te\u0301.pdf") == rules.name_key("été.ｐｄｆ")
    assert rules.name_key("a") != rules.name_key("b")
    long = "\ufdfa" * 200
    assert len(rules.name_key(long)) <= 255
    assert rules.name_key(long) != rules.name_key(long[:-1])


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [
        ("a.pdf", [], "a.pdf"),
        ("a.pdf", ["A.PDF"], "a (2).pdf"),
        ("a.pdf", ["a.pdf", "a (2).pdf"], "a (3).pdf"),
        ("folder", ["folder"], "folder (2)"),
        (".env", [".env"], ".env (2)"),
    ],
)
def test_free_names(name: str, taken: list[str], free: str) -> None:
    assert rules.free_name(name, {rules.name_key(one) for one in taken}) == free


@given(st.text(min_size=1, max_size=200), st.integers(2, 10_000))
def test_a_numbered_name_is_never_too_long(name: str, number: int) -> None:
    assert len(rules.numbered(name, number)) <= 200


@pytest.mark.parametrize(
    ("name", "other", "result"),
    [
        ("Offer.pdf", "new.pdf", "Offer.pdf"),
        ("Offer.docx", "new.PDF", "Offer.PDF"),
        ("Offer", "new.pdf", "Offer.pdf"),
        ("Offer.pdf", "new", "Offer.pdf"),
    ],
)
def test_extension_of_a_new_version(name: str, other: str, result: str) -> None:
    assert rules.with_extension_of(name, other) == result


def test_paths_are_split() -> None:
    assert rules.split_path("Contracts/2026/") == ("Contracts", "2026")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc", "absolute"),
        ("C:/x", "absolute"),
        ("c:", "absolute"),
        ("a\\b", "slash"),
        ("..", "reserved"),
        ("a/../../b", "reserved"),
        ("a/./b", "reserved"),
        ("a//b", "required"),
        ("", "required"),
        ("x" * 201, "too_long"),
        ("a/" * 1001, "too_long"),
        ("a/\x00", "control_character"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(path: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.split_path(path)
    assert refusal.value.errors == {"path": [reason]}


def test_a_folder_never_lies_in_itself() -> None:
    rules.require_no_ring(["1/12/"], "1/")
    rules.require_no_ring(["1/"], "12/")
    for target in ("1/", "1/5/"):
        with pytest.raises(Cycle):
            rules.require_no_ring(["3/", "1/"], target)


def test_limits() -> None:
    rules.require_depth(20)
    rules.require_space(49_999, adding=1)
    rules.require_few(500)
    with pytest.raises(TooDeep):
        rules.require_depth(21)
    with pytest.raises(RoomFull) as refusal:
        rules.require_space(49_999, adding=2)
    assert refusal.value.facts == {"limit": 50_000}
    with pytest.raises(TooManyItems):
        rules.require_few(501)


@given(st.none() | st.integers(-(10**6), 10**6), st.none() | st.integers(0, 200_000), st.integers(1, 30))
def test_positions_lie_between_and_rise(lower: int | None, gap: int | None, count: int) -> None:
    upper = None if gap is None else (lower or 0) + gap
    found = rules.positions_between(lower, upper, count)
    if found is None:
        assert lower is not None
        assert gap is not None
        assert gap <= count
    else:
        around = [*([] if lower is None else [lower]), *found, *([] if upper is None else [upper])]
        assert around == sorted(set(around))
        assert len(found) == count
