# SPDX-License-Identifier: Apache-2.0
"""Signing up and in through allauth's pages, with the house's mail, limits and trail behind them."""

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from sealroom.accounts.adapter import _CODES, _LETTERS, _NOTICES, AccountAdapter
from sealroom.accounts.models import User
from sealroom.audit.models import Event, Label
from sealroom.mail.models import OutgoingMail
from tests.factories.accounts import PASSWORD, Persona, make_user

pytestmark = pytest.mark.django_db
SIGNED_IN = "_auth_user_id"


@pytest.fixture(autouse=True)
def _quiet(settings: Any) -> None:
    settings.LOGIN_REDIRECT_URL = "/somewhere/"
    cache.clear()


def _post(client: Client, page: str, **data: str) -> Any:
    return client.post(reverse(page), data)


def _code(address: str = "nadia@example.com") -> str:
    mail = OutgoingMail.objects.filter(to_address=address).latest("id")
    found = re.search(r"^(\d{6})$", mail.text, re.MULTILINE)
    assert found is not None, mail.text
    assert found[1] in mail.html
    assert found[1] not in mail.subject
    return found[1]


def _verbs() -> list[str]:
    return list(Event.objects.order_by("id").values_list("verb", flat=True))


def _is_signed_in(client: Client) -> bool:
    return SIGNED_IN in client.session


def test_sign_up_by_code_alone() -> None:
    client = Client()
    _post(client, "account_signup", email="Nadia@EXAMPLE.com")
    user = User.objects.get()
    assert (user.email, user.has_usable_password(), _is_signed_in(client)) == ("nadia@example.com", False, False)
    _post(client, "account_email_verification_sent", code=_code())
    assert _is_signed_in(client)
    assert _verbs() == ["session.signed_in"]


def test_sign_up_with_a_password() -> None:
    client = Client()
    _post(client, "account_signup", email="nadia@example.com", password1=PASSWORD)
    assert User.objects.get().check_password(PASSWORD)
    assert not _is_signed_in(client)
    _post(client, "account_email_verification_sent", code=_code())
    assert _is_signed_in(client)


@pytest.mark.parametrize("password", ["short", "password1234", "nadia@example.com"])
def test_sign_up_refuses_a_weak_password(password: str) -> None:
    _post(Client(), "account_signup", email="nadia@example.com", password1=password)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "email", ["nadia", "nadia@example", "na dia@example.com", "ｎadia@example.com", "nadia@example.com\r\nBcc: x@y.com"]
)
def test_sign_up_refuses_a_bad_address(email: str) -> None:
    _post(Client(), "account_signup", email=email)
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_sign_up_speaks_the_readers_language() -> None:
    Client().post(reverse("account_signup"), {"email": "nadia@example.com"}, headers={"accept-language": "fr"})
    assert (User.objects.get().language, OutgoingMail.objects.get().language) == ("fr", "fr")


def test_sign_up_can_be_closed(settings: Any) -> None:
    settings.SEALROOM_OPEN_SIGNUP = False
    _post(Client(), "account_signup", email="nadia@example.com")
    assert not User.objects.exists()


def test_sign_up_with_a_known_address_looks_the_same_and_tells_its_owner() -> None:
    fresh, known = Client(), Client()
    first = _post(fresh, "account_signup", email="new@example.com", password1=PASSWORD)
    make_user("nadia@example.com")
    second = _post(known, "account_signup", email="nadia@example.com", password1=PASSWORD)
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    mail = OutgoingMail.objects.latest("id")
    assert (mail.to_address, mail.subject) == ("nadia@example.com", "You already have an account")
    assert User.objects.count() == 2


def test_verification_code_wears_out() -> None:
    client = Client()
    _post(client, "account_signup", email="nadia@example.com")
    code = _code()
    for _ in range(5):
        _post(client, "account_email_verification_sent", code="x" + code[1:])
    _post(client, "account_email_verification_sent", code=code)
    assert not _is_signed_in(client)


def test_sign_in_by_password() -> None:
    make_user("nadia@example.com", password=PASSWORD)
    client = Client()
    before = client.session.session_key
    response = _post(client, "account_login", login=" Nadia@Example.com ", password=PASSWORD)
    assert (response.status_code, response.headers["Location"]) == (302, "/somewhere/")
    assert _is_signed_in(client)
    assert client.session.session_key != before
    assert _verbs() == ["session.signed_in"]


def test_wrong_password_leaves_a_trail_without_the_address_in_the_chain() -> None:
    make_user("nadia@example.com", password=PASSWORD)
    client = Client(REMOTE_ADDR="203.0.113.7")
    _post(client, "account_login", login="nadia@example.com", password="wrong")
    _post(client, "account_login", login="nobody@example.com", password="wrong")
    known, unknown = Event.objects.order_by("id")
    assert (known.verb, known.subject_kind, known.ip, known.facts) == (
        "session.failed",
        "user",
        "203.0.113.7",
        {"method": "password"},
    )
    assert (unknown.subject_kind, Label.objects.get(key=unknown.subject).text) == ("address", "nobody@example.com")
    assert not _is_signed_in(client)


def test_password_tries_are_limited_per_address_across_browsers() -> None:
    make_user("nadia@example.com", password=PASSWORD)
    for number in range(6):
        _post(Client(REMOTE_ADDR=f"203.0.113.{number}"), "account_login", login="nadia@example.com", password="wrong")
    client = Client(REMOTE_ADDR="203.0.113.99")
    _post(client, "account_login", login="nadia@example.com", password=PASSWORD)
    assert not _is_signed_in(client)


def test_sign_in_by_code() -> None:
    make_user("nadia@example.com", language="fr")
    client = Client()
    _post(client, "account_request_login_code", email="nadia@example.com")
    assert OutgoingMail.objects.get().language == "fr"
    _post(client, "account_confirm_login_code", code=_code())
    assert _is_signed_in(client)


def test_wrong_sign_in_codes_leave_a_trail_and_wear_out() -> None:
    make_user("nadia@example.com")
    client = Client()
    _post(client, "account_request_login_code", email="nadia@example.com")
    code = _code()
    for _ in range(5):
        _post(client, "account_confirm_login_code", code=str((int(code) + 1) % 1_000_000).zfill(6))
    _post(client, "account_confirm_login_code", code=code)
    assert not _is_signed_in(client)
    assert _verbs() == ["session.failed"] * 5


def test_code_works_only_in_the_browser_that_asked() -> None:
    make_user("nadia@example.com")
    asking, other = Client(), Client()
    _post(asking, "account_request_login_code", email="nadia@example.com")
    _post(other, "account_confirm_login_code", code=_code())
    assert not _is_signed_in(other)


def test_code_for_an_unknown_address_looks_the_same() -> None:
    make_user("nadia@example.com")
    known, unknown = Client(), Client()
    first = _post(known, "account_request_login_code", email="nadia@example.com")
    second = _post(unknown, "account_request_login_code", email="nobody@example.com")
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    assert known.get(first.headers["Location"]).status_code == unknown.get(second.headers["Location"]).status_code
    mail = OutgoingMail.objects.get(to_address="nobody@example.com")
    assert mail.subject == "There is no account for this address"


def test_codes_are_limited_per_address_across_browsers() -> None:
    make_user("nadia@example.com")
    for number in range(6):
        _post(Client(REMOTE_ADDR=f"203.0.113.{number}"), "account_request_login_code", email="nadia@example.com")
    assert OutgoingMail.objects.count() == 3


def test_limits_are_kept_in_the_database() -> None:
    _post(Client(), "account_login", login="nadia@example.com", password="wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_cache")
        assert cursor.fetchone()[0] > 0


def test_password_reset_by_code_ends_other_sessions_and_tells() -> None:
    make_user("nadia@example.com", password=PASSWORD)
    other, client = Client(), Client()
    _post(other, "account_login", login="nadia@example.com", password=PASSWORD)
    _post(client, "account_reset_password", email="nadia@example.com")
    _post(client, "account_confirm_password_reset_code", code=_code())
    _post(client, "account_complete_password_reset", password1="another fine password", password2="another fine password")
    assert User.objects.get().check_password("another fine password")
    assert not other.get(reverse("account_change_password")).wsgi_request.user.is_authenticated
    assert OutgoingMail.objects.latest("id").subject == "A change to your account"
    assert "profile.password_changed" in _verbs()


def test_password_change_keeps_this_session_and_ends_the_others() -> None:
    make_user("nadia@example.com", password=PASSWORD)
    here, there = Client(), Client()
    for client in (here, there):
        _post(client, "account_login", login="nadia@example.com", password=PASSWORD)
    new = "another fine password"
    _post(here, "account_change_password", oldpassword=PASSWORD, password1=new, password2=new)
    assert [_answers_to(client) for client in (here, there)] == [True, False]
    mail = OutgoingMail.objects.latest("id")
    assert "Your password was changed." in mail.text


def _answers_to(client: Client) -> bool:
    return bool(client.get(reverse("account_change_password")).wsgi_request.user.is_authenticated)


def test_sign_out_is_a_post_and_leaves_a_trail(owner: Persona) -> None:
    client = owner.client()
    client.get(reverse("account_logout"))
    assert _is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not _is_signed_in(client)
    last = Event.objects.latest("id")
    assert (last.verb, last.team) == ("session.signed_out", owner.team.public_id)


def test_links_of_mails_ignore_a_poisoned_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    make_user("nadia@example.com")
    for page, email in (("account_request_login_code", "nobody@example.com"), ("account_signup", "nadia@example.com")):
        Client().post(reverse(page), {"email": email}, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert OutgoingMail.objects.count() == 2
    for mail in OutgoingMail.objects.all():
        assert "evil.example" not in mail.text + mail.html + mail.subject
        assert "http://127.0.0.1:8000/accounts/" in mail.text


def test_inactive_user_stays_outside() -> None:
    user = make_user("nadia@example.com", password=PASSWORD)
    User.objects.filter(pk=user.pk).update(is_active=False)
    client = Client()
    _post(client, "account_login", login="nadia@example.com", password=PASSWORD)
    assert not _is_signed_in(client)


def test_address_of_an_unproved_sign_up_can_still_be_taken_by_its_reader() -> None:
    squatter, reader = Client(), Client()
    _post(squatter, "account_signup", email="nadia@example.com", password1=PASSWORD)
    _post(reader, "account_request_login_code", email="nadia@example.com")
    _post(reader, "account_confirm_login_code", code=_code())
    assert _is_signed_in(reader)
    for client in (squatter, Client()):
        _post(client, "account_login", login="nadia@example.com", password=PASSWORD)
        assert not _is_signed_in(client)


def test_every_mail_allauth_knows_has_words_here(rf: RequestFactory) -> None:
    root = Path(allauth.__file__).parent / "templates"
    known = {*_CODES, *_LETTERS, *_NOTICES}
    found = {
        str(path.relative_to(root)).removesuffix("_subject.txt")
        for room in ("account", "mfa")
        for path in (root / room / "email").glob("*_subject.txt")
    }
    assert found - known == {"account/email/password_reset_key"}  # by link; ours go by code


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_mail_can_be_rendered(rf: RequestFactory, language: str) -> None:
    user = make_user("nadia@example.com", language=language)
    adapter = AccountAdapter(rf.get("/"))
    prefixes = [*_CODES, *_LETTERS, *_NOTICES]
    for prefix in prefixes:
        adapter.send_mail(prefix, user.email, {"user": user, "code": "123456", "ip": "203.0.113.7", "user_agent": "Test"})
    assert set(OutgoingMail.objects.values_list("language", flat=True)) == {language}
    assert OutgoingMail.objects.count() == len(prefixes)
