# SPDX-License-Identifier: Apache-2.0
import multiprocessing
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from sealroom.core.keyring import BadKeys, UnknownKey, load_keys, parse_keys
from sealroom.core.secrets import seal_text, unseal_text

ONE = "k1 " + "11" * 32
TWO = "k2 " + "22" * 32


def test_seal_and_unseal_give_the_text_back_and_hide_it() -> None:
    sealed = seal_text("geheim", purpose="link")
    assert unseal_text(sealed, purpose="link") == "geheim"
    assert b"geheim" not in sealed
    assert seal_text("geheim", purpose="link") != sealed


def test_rotation_writes_with_the_first_and_reads_with_every_key() -> None:
    old, new = parse_keys(ONE), parse_keys(f"{TWO}\n{ONE}\n")
    sealed = old.seal(b"x", purpose="p")
    assert new.unseal(sealed, purpose="p") == b"x"
    assert new.seal(b"x", purpose="p").startswith(b"k2.")
    with pytest.raises(UnknownKey):
        old.unseal(new.seal(b"x", purpose="p"), purpose="p")


def test_unseal_refuses_another_purpose_and_changed_bytes() -> None:
    ring = parse_keys(ONE)
    sealed = ring.seal(b"x", purpose="p")
    with pytest.raises(InvalidTag):
        ring.unseal(sealed, purpose="q")
    with pytest.raises(InvalidTag):
        ring.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), purpose="p")
    with pytest.raises(InvalidTag):
        ring.unseal(b"nothing", purpose="p")


def test_derive_gives_each_purpose_its_own_key() -> None:
    ring = parse_keys(f"{ONE}\n{TWO}")
    keys = {ring.derive("a"), ring.derive("b"), ring.derive("a", key=ring.by_id("k2"))}
    assert len(keys) == 3
    assert ring.derive("a") == parse_keys(ONE).derive("a")


@pytest.mark.parametrize(
    "text", ["", "#", "k1", "k1 11", "k1 " + "zz" * 32, "k-1 " + "11" * 32, f"{ONE}\n{ONE}", "a b c " + "11" * 32]
)
def test_parse_keys_refuses(text: str) -> None:
    with pytest.raises(BadKeys):
        parse_keys(text)


def test_load_keys_prefers_the_environment_then_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(TWO + "  # rotated\n")
    assert load_keys(tmp_path, {"SEALROOM_MASTER_KEY": ONE, "SEALROOM_MASTER_KEY_FILE": str(file)}).current.id == "k1"
    assert load_keys(tmp_path, {"SEALROOM_MASTER_KEY_FILE": str(file)}).current.id == "k2"
    assert not (tmp_path / "keys").exists()


def test_load_keys_makes_a_private_file_once(tmp_path: Path) -> None:
    first = load_keys(tmp_path / "data", {})
    assert stat.S_IMODE((tmp_path / "data" / "keys").stat().st_mode) == 0o600
    assert load_keys(tmp_path / "data", {}) == first
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["keys"]


def test_two_first_starts_share_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        ids = pool.starmap(_start, [(tmp_path,)] * 16)
    assert len(set(ids)) == 1


def _start(folder: Path) -> str:
    return load_keys(folder, {}).current.id
