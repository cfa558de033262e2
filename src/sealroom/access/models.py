# SPDX-License-Identifier: Apache-2.0
"""What access keeps: policies, links, grants, visitors, challenges, passes. The heart: who may open what, now."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.rules import Access, PassTimes, Permission, Policy, Watermark
from sealroom.accounts.models import Team
from sealroom.core.ids import new_id
from sealroom.documents.models import Document


def new_link_id() -> str:
    """Public id of a link."""
    return new_id("lnk")


def new_grant_id() -> str:
    """Public id of a grant."""
    return new_id("grt")


def new_visitor_id() -> str:
    """Public id of a visitor."""
    return new_id("vis")


def new_challenge_id() -> str:
    """Public id of a challenge."""
    return new_id("chl")


def new_pass_id() -> str:
    """Public id of a pass."""
    return new_id("pas")


class PolicyRow(models.Model):
    """The conditions shared by the grants of one send (`rules.Policy` is the frozen value). Editing binds at once: it is read at
    every request and copied nowhere."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    access = models.CharField(max_length=16, default="named_code")
    permission = models.CharField(max_length=20, default="view")
    starts_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    watermark = models.JSONField(null=True)  # null: off; else the `watermark` object of the API
    revoked_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    @property
    def value(self) -> Policy:
        """The row as the rules know it."""
        mark = self.watermark
        return Policy(
            access=Access(self.access),
            permission=Permission(self.permission),
            starts_at=self.starts_at,
            expires_at=self.expires_at,
            watermark=None if mark is None else Watermark(**{**mark, "fields": tuple(mark.get("fields", ()))}),
        )


class Link(models.Model):
    """An address in the browser that leads one recipient to the documents granted to them. The secret in it is kept as a digest
    (to find it) and sealed with the installation's key (to mail it again), never in clear."""

    public_id = models.CharField(max_length=32, unique=True, default=new_link_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="links")
    policy = models.ForeignKey(PolicyRow, on_delete=models.PROTECT, related_name="links")
    token_digest = models.CharField(max_length=64, unique=True)
    token_sealed = models.BinaryField()
    address = models.CharField(max_length=254, default="")  # canonical; "" = no named recipient
    name = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=10, default="en")
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    first_opened_at = models.DateTimeField(null=True)


class Grant(models.Model):
    """The right of one link on one document. `version` grows with every revocation or change of rights."""

    public_id = models.CharField(max_length=32, unique=True, default=new_grant_id)
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="grants")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="grants")
    position = models.PositiveSmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    first_opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "document"], name="grant_one_per_link_and_document")]


class Visitor(models.Model):
    """A browser. Its cookie's secret is kept as a digest and changes at each gate passed."""

    public_id = models.CharField(max_length=32, unique=True, default=new_visitor_id)
    secret_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    user_agent = models.CharField(max_length=300, default="")


class Challenge(models.Model):
    """A code sent to prove an address, bound to the browser that asked and to one link. `code_digest` is "" when the address was
    not invited: such a challenge looks and wears out the same, and can never be passed. `target_digest` names what was asked for,
    also when there is no such link."""

    public_id = models.CharField(max_length=32, unique=True, default=new_challenge_id)
    target_digest = models.CharField(max_length=64)
    link = models.ForeignKey(Link, null=True, on_delete=models.CASCADE, related_name="challenges")
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="challenges")
    address_digest = models.CharField(max_length=64)
    shown_address = models.CharField(max_length=254)
    code_digest = models.CharField(max_length=64, default="")
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    passed_at = models.DateTimeField(null=True)
    ip = models.CharField(max_length=45, default="")

    class Meta:
        indexes = [models.Index(fields=["visitor", "target_digest", "-made_at"], name="challenge_by_visitor")]


class Pass(models.Model):
    """Proof that this browser passed a link's gates. Gives nothing by itself: link, policy and grant are read at every use."""

    public_id = models.CharField(max_length=32, unique=True, default=new_pass_id)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="passes")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="passes")
    address = models.CharField(max_length=254, default="")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    idle_expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visitor", "link"], condition=Q(ended_at=None), name="pass_one_live_per_link")
        ]

    @property
    def times(self) -> PassTimes:
        """The row's ends as the rules know them."""
        return PassTimes(self.expires_at, self.idle_expires_at)
