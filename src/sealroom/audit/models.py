# SPDX-License-Identifier: Apache-2.0
"""What the trail keeps: events that are never changed, and personal labels that lawful erasure may blank."""

from __future__ import annotations

from django.db import models

from sealroom.audit.rules import instant


class Event(models.Model):
    """One deed. Plain values, no foreign keys: the trail outlives what it speaks of. `team` is a public id ("" = installation).

    `hash` covers every column but `id` and itself, together with the `hash` of the event before it in the same team's chain.
    Triggers of the database refuse every change and removal (migration 0002).
    """

    id = models.BigAutoField(primary_key=True)
    team = models.CharField(max_length=32)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    verb = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=12)
    actor = models.CharField(max_length=64)
    route = models.CharField(max_length=12, default="")
    subject_kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    ip = models.CharField(max_length=45, default="")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "number"], name="event_one_per_number")]
        indexes = [
            models.Index(fields=["team", "-at"], name="event_by_team"),
            models.Index(fields=["subject_kind", "subject"], name="event_by_subject"),
        ]

    def hashed_values(self) -> dict[str, object]:
        """The columns the hash covers, as plain values."""
        return {
            "team": self.team,
            "number": self.number,
            "at": instant(self.at),
            "verb": self.verb,
            "actor_kind": self.actor_kind,
            "actor": self.actor,
            "route": self.route,
            "subject_kind": self.subject_kind,
            "subject": self.subject,
            "facts": self.facts,
            "ip": self.ip,
        }


class ChainHead(models.Model):
    """The end of a team's chain; the row that serialises its growth."""

    team = models.CharField(max_length=32, primary_key=True)
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")


class Label(models.Model):
    """The personal name behind an actor or subject id, outside the hashed chain so that it can be erased."""

    key = models.CharField(max_length=64, primary_key=True)
    text = models.CharField(max_length=320)
