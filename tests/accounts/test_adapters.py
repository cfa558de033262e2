# SPDX-License-Identifier: Apache-2.0
import threading

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from sealroom.accounts.adapters import passwords
from sealroom.core.errors import RateLimited


def test_hasher_makes_argon2id_and_verifies() -> None:
    hasher = passwords.BoundedArgon2PasswordHasher()
    encoded = hasher.encode("correct horse battery", hasher.salt())
    assert encoded.startswith("argon2$argon2id$")
    assert hasher.verify("correct horse battery", encoded)
    assert not hasher.verify("correct horse", encoded)


def test_hasher_computes_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = [0], [0], threading.Lock()
    gate = threading.Event()

    def encode(self: object, password: str, salt: str) -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(0.02)
        with lock:
            running[0] -= 1
        return password

    monkeypatch.setattr(Argon2PasswordHasher, "encode", encode)
    hasher = passwords.BoundedArgon2PasswordHasher()
    threads = [threading.Thread(target=hasher.encode, args=("x", "y")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most[0] == passwords.AT_ONCE


def test_hasher_refuses_who_would_wait_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    hasher = passwords.BoundedArgon2PasswordHasher()
    with passwords._slot(), passwords._slot(), pytest.raises(RateLimited):
        hasher.encode("x", "saltsalt")
