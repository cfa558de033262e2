# SPDX-License-Identifier: Apache-2.0
"""Questions and answers of a data room."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.accounts.models import User
from sealroom.core.ids import new_id
from sealroom.datarooms.models.people import Group, Guest
from sealroom.datarooms.models.rooms import DataRoom
from sealroom.datarooms.models.tree import Item


def new_question_id() -> str:
    """Public id of a question."""
    return new_id("qst")


class Question(models.Model):
    """A thread. `audience` was the room's when it was asked (`rules.Audience`); `group` is the asker's for "group". `item` is what
    it is about: who may not see that sees no word of it."""

    public_id = models.CharField(max_length=32, unique=True, default=new_question_id)
    room = models.ForeignKey(DataRoom, on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField()
    audience = models.CharField(max_length=10)
    group = models.ForeignKey(Group, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_by = models.ForeignKey(
        Guest, null=True, on_delete=models.PROTECT, related_name="questions"
    )  # None: one who leads the room
    asked_by_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="questions")
    is_about_item = models.BooleanField(default=False)  # also when that item is gone
    subject = models.CharField(max_length=200)
    state = models.CharField(max_length=10, default="open")  # `rules.QuestionState`
    assigned_to = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "number"], name="question_one_per_number")]


class QuestionPost(models.Model):
    """One contribution: by a guest, or by one who leads the room (`user`)."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="posts")
    guest = models.ForeignKey(Guest, null=True, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    is_answer = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(guest=None, user__isnull=False) | Q(guest__isnull=False, user=None), name="post_by_one"
            )
        ]


class QuestionAttachment(models.Model):
    """A file of the room that a contribution points to; it gives no right on it."""

    post = models.ForeignKey(QuestionPost, on_delete=models.CASCADE, related_name="attachments")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "item"], name="attachment_once")]
