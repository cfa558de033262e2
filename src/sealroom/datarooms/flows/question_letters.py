# SPDX-License-Identifier: Apache-2.0
"""Letters about questions. They name the room and the subject, never what was said: that is read behind the gates."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from sealroom.accounts.models import User
from sealroom.datarooms import queries
from sealroom.datarooms.flows.letters import compose, context_of, guests_to_write, is_reachable
from sealroom.datarooms.flows.questions import leaders_of
from sealroom.datarooms.models import Question, QuestionPost
from sealroom.datarooms.rules import Audience
from sealroom.mail import flows as mail


def tell_post(post_id: int, *, now: datetime) -> None:
    """Tell of a contribution: a guest's to those who lead the room (the one it was given to, where there is one), theirs to every
    guest who may see the question at that moment. Nobody is told of his own. Run twice, it writes nobody twice."""
    rows = QuestionPost.objects.select_related("question__room__team", "question__assigned_to", "user", "guest")
    post = rows.get(pk=post_id)
    question = post.question
    if post.guest is not None:
        to = [question.assigned_to] if question.assigned_to is not None else leaders_of(question.room)
        for user in to:
            if user.email != post.guest.address:
                _tell_leader(user, question, key=f"question-post:{post.pk}:{user.public_id}", now=now)
        return
    assert post.user is not None
    guests = guests_to_write().filter(room=question.room, removed_at=None).exclude(address=post.user.email)
    if question.audience == Audience.OWNERS:
        guests = guests.filter(questions=question)
    for guest in guests.order_by("pk"):
        if not is_reachable(guest) or not queries.may_see(guest, question):
            continue
        with transaction.atomic(), translation.override(guest.link.language if guest.link else "en"):
            heading = gettext("There is an answer in “{room}”") if post.is_answer else gettext("There is a question in “{room}”")
            context = context_of(guest, post.user) | {
                "heading": heading.format(room=question.room.name),
                "facts": [question.subject],
            }
            compose("question", guest, post.user, context, key=f"question-post:{post.pk}:{guest.public_id}", now=now)


def tell_assigned(question_id: int, *, now: datetime) -> None:
    """Tell somebody that a question was given to him, unless it was taken back meanwhile."""
    question = Question.objects.select_related("room__team", "assigned_to").get(pk=question_id)
    if question.assigned_to is not None:
        key = f"question-given:{question.pk}:{question.assigned_to.public_id}"
        _tell_leader(question.assigned_to, question, key=key, now=now, is_given=True)


def _tell_leader(user: User, question: Question, *, key: str, now: datetime, is_given: bool = False) -> None:
    room = question.room
    address = f"{settings.SEALROOM_BASE_URL}/rooms/{room.public_id}/questions/{question.public_id}/"
    with transaction.atomic(), translation.override(user.language):
        heading = gettext("A question in “{room}” was given to you") if is_given else gettext("A question was asked in “{room}”")
        context = {
            "heading": heading.format(room=room.name),
            "preview": question.subject,
            "facts": [question.subject],
            "sender_address": "",
            "recipient_address": user.email,
            "button_url": address,
            "button_label": gettext("Answer"),
            "host": urlsplit(settings.SEALROOM_BASE_URL).netloc,
        }
        mail.compose(
            "datarooms/mail/question",
            to=user.email,
            to_name=user.name,
            key=key,
            language=user.language,
            context=context,
            about=f"question:{question.public_id}",
            team=room.team.public_id,
            now=now,
        )
