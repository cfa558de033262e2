# SPDX-License-Identifier: Apache-2.0
"""Signed calls that tell of mail that never arrived."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sealroom.mail import flows
from sealroom.mail.models import OutgoingMail, Suppression

pytestmark = pytest.mark.django_db
URL = "/api/v1/mail/bounces"


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.SEALROOM_BOUNCE_SECRET = "shared with the mail service"


def call(content: object, *, key: str = "shared with the mail service", age: int = 0) -> tuple[int, Any]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    at = int((timezone.now() - timedelta(seconds=age)).timestamp())
    made = hmac.new(key.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    headers = {"Sealroom-Signature": f"t={at},v1={made}"}
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def test_a_final_refusal_is_noted_once() -> None:
    sent = flows.compose_whole(b"x", to="gone@example.org", key="k", language="en", subject="", now=timezone.now())
    OutgoingMail.objects.update(state="sent")
    event = {"message": f"mail+{sent.public_id}@sealroom.example", "permanent": True, "reason": "550 5.1.1 gone"}
    passing = event | {"permanent": False}
    answers = [call({"events": events}) for events in ([passing], [event, {"message": "x", "permanent": True}], [event])]
    assert answers == [(200, {"changed": 0}), (200, {"changed": 1}), (200, {"changed": 0})]
    assert Suppression.objects.get().address == "gone@example.org"


@pytest.mark.parametrize("change", [{"key": "another"}, {"age": 301}, {"age": -302}])
def test_an_unsigned_or_old_call_is_refused(change: dict[str, Any]) -> None:
    status, answer = call({"events": []}, **change)
    assert (status, answer["code"]) == (400, "bad_signature")


@pytest.mark.parametrize("content", [b"no json", [], {"events": {}}, {"events": [1]}, {"events": [{}]}, {"events": [{}] * 501}])
def test_a_call_of_another_form_is_refused(content: object) -> None:
    status, answer = call(content)
    assert (status, answer["code"]) == (400, "invalid")


def test_without_a_secret_there_is_no_such_address(settings: Any) -> None:
    settings.SEALROOM_BOUNCE_SECRET = ""
    assert call({"events": []})[0] == 404
