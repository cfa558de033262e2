# SPDX-License-Identifier: Apache-2.0
"""A setting that is off stops the start with a sentence naming it; never a traceback, never a guess."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealroom.project import environment as env
from tests.patterns import lay_installation


def _refused(call: object, *words: object, **names: object) -> str:
    with pytest.raises(env.BadSetting) as refusal:
        call(*words, **names)  # type: ignore[operator]
    return str(refusal.value)


@pytest.mark.parametrize(
    "text", ["--5", "²", "٣", "1e3", "1.5", "0x10", "-", "five", "101", "-1", "9" * 5000, "1 0", "1_0"]
)  # fmt: skip
def test_a_number_is_a_number_within_bounds(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_X", text)
    assert _refused(env.number, "SEALROOM_X", 3, least=0, most=100).startswith("SEALROOM_X: expects a whole number")


BAD_BASES = [
    "example.com", "ftp://example.com", "https://", "https://example.com/app", "https://example.com?x=1", "https://example.com#x",
    "https://user:pw@example.com", "https://user@example.com", "https://@example.com", "https://example.com:99999",
    "https://example.com:port", "https://[::1", "https://exa mple.com", "https://*", "https://.example.com", "https://example.com,evil.com",
    "javascript:alert(1)", "//example.com",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_BASES)
def test_the_base_url_is_scheme_and_host(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_BASE_URL", url)
    assert _refused(env.base_url, "SEALROOM_BASE_URL", "").startswith("SEALROOM_BASE_URL: expects https://host[:port]")


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://192.0.2.7:8000", "http://127.0.0.1.example.com", "http://0.0.0.0:8000"]
)
def test_open_http_beyond_this_machine_is_refused_unless_asked_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_BASE_URL", url)
    assert "plain http" in _refused(env.base_url, "SEALROOM_BASE_URL", "")
    monkeypatch.setenv("SEALROOM_ALLOW_HTTP", "1")
    assert env.base_url("SEALROOM_BASE_URL", "") == url


@pytest.mark.parametrize(
    "url", ["https://rooms.example.com", "https://example.com:8443", "http://127.0.0.1:8000", "http://[::1]:8000"]
)
def test_good_base_urls_are_taken_as_they_are(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_BASE_URL", url + "/")
    assert env.base_url("SEALROOM_BASE_URL", "") == url


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql://", "postgresql://host:port/x", "sqlite:", "sqlite:///", "postgresql://[x"]
)
def test_a_database_is_one_of_two_kinds(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_DATABASE_URL", url)
    assert _refused(env.database, "SEALROOM_DATABASE_URL", Path("x")).startswith("SEALROOM_DATABASE_URL: expects")


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEALROOM_SMTP_URL_FILE", str(tmp_path / "absent"))
    assert _refused(env.word, "SEALROOM_SMTP_URL", "", secret=True).startswith("SEALROOM_SMTP_URL_FILE: cannot be read")


@pytest.mark.parametrize(
    "url",
    [
        "api.stripe.com", "https://", "https://api.example.com/v1", "https://user:pw@api.example.com", "http://api.example.com",
        "http://192.0.2.7", "http://127.0.0.1.example.com", "http://0.0.0.0:8000", "ftp://127.0.0.1", "https://api.example.com?x=1",
    ],
)  # fmt: skip
def test_secrets_of_other_services_never_go_in_clear_whatever_is_allowed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_STRIPE_API_BASE", url)
    monkeypatch.setenv("SEALROOM_ALLOW_HTTP", "1")
    assert _refused(env.service_url, "SEALROOM_STRIPE_API_BASE", "").startswith("SEALROOM_STRIPE_API_BASE: expects https")


@pytest.mark.parametrize("url", ["https://api.example.com", "http://127.0.0.1:12111", "http://[::1]:8000", "http://localhost"])
def test_another_service_is_under_https_or_on_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALROOM_STRIPE_API_BASE", url + "/")
    assert env.service_url("SEALROOM_STRIPE_API_BASE", "") == url


@pytest.mark.parametrize("value", ["", "pk_test_12345", "sk_test_12 345", "sk_test_é", "sk_test_12345\nX"])
def test_a_secret_of_another_form_is_refused_and_not_repeated(value: str) -> None:
    said = _refused(env.prefixed, "SEALROOM_STRIPE_SECRET_KEY", value, ("sk_", "rk_"))
    assert said.startswith("SEALROOM_STRIPE_SECRET_KEY: ")
    assert "12" not in said


def _start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {key: text for key, text in os.environ.items() if not key.startswith(("SEALROOM_", "DJANGO_"))}
    environment |= {"SEALROOM_DATA": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    command = [sys.executable, "-c", "from sealroom.project import settings as s; print(s.SEALROOM_STRIPE_WEBHOOK_SECRET)"]
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_stripe_without_its_keys_stops_the_start(tmp_path: Path) -> None:
    stripe = {"SEALROOM_PAYMENT_GATEWAY": "stripe", "SEALROOM_STRIPE_SECRET_KEY": "sk_test_pw123"}
    file = tmp_path / "secret"
    file.write_text("whsec_pw456\n")
    refused = [
        (_start(tmp_path, SEALROOM_PAYMENT_GATEWAY="stripe"), "SEALROOM_STRIPE_SECRET_KEY: is missing"),
        (_start(tmp_path, **stripe), "SEALROOM_STRIPE_WEBHOOK_SECRET: is missing"),
        (_start(tmp_path, **stripe, SEALROOM_STRIPE_WEBHOOK_SECRET="pw456"), "SEALROOM_STRIPE_WEBHOOK_SECRET: begins with whsec_"),
    ]
    for done, sentence in refused:
        assert (done.returncode, sentence in done.stderr, "pw" in done.stderr) == (1, True, False), done.stderr
    done = _start(tmp_path, **stripe, SEALROOM_STRIPE_WEBHOOK_SECRET_FILE=str(file))
    assert (done.returncode, done.stdout.strip()) == (0, "whsec_pw456")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEALROOM_DEFAULT_PLAN", "gold"),
        ("SEALROOM_SMTP_URL", "smtp://user:pw@mail.example.com?tls=none"),
        ("SEALROOM_OPEN_SIGNUP", "maybe"),
    ],
)
def test_what_cannot_work_stops_the_start(name: str, value: str, tmp_path: Path) -> None:
    environment = {key: text for key, text in os.environ.items() if not key.startswith(("SEALROOM_", "DJANGO_"))}
    lay_installation(tmp_path / "data")
    environment |= {"SEALROOM_DATA": str(tmp_path / "data"), "PYTHONPATH": os.pathsep.join(sys.path), name: value}
    command = [sys.executable, "-m", "sealroom.cli.main", "prepare"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stdout
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert "pw@" not in done.stderr


def test_under_https_cookies_are_bound_to_the_host_and_to_tls(tmp_path: Path) -> None:
    source = (
        "from sealroom.project import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, "
        "s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, s.DEBUG, s.ALLOWED_HOSTS, "
        "s.USE_X_FORWARDED_HOST)"
    )
    environment = {key: text for key, text in os.environ.items() if not key.startswith(("SEALROOM_", "DJANGO_"))}
    environment |= {"SEALROOM_DATA": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"SEALROOM_BASE_URL": "https://rooms.example.com", "DEBUG": "1", "DJANGO_DEBUG": "1"}
    said = subprocess.check_output([sys.executable, "-c", source], env=environment, cwd=tmp_path, text=True, timeout=60)
    assert said.strip() == "__Host-sealroom __Host-csrf True True True True False ['rooms.example.com'] False"
