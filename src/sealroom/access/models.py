# SPDX-License-Identifier: Apache-2.0
"""What access keeps: policies, links, grants, visitors, challenges, passes. The heart: who may open what, now."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.rules import Access, Permission, Policy, Shield, TermsMode, Watermark
from sealroom.access.rules.lifetimes import PassTimes
from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id
from sealroom.documents.models import Document, Version


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


def new_terms_id() -> str:
    """Public id of a text of terms."""
    return new_id("trm")


def new_acceptance_id() -> str:
    """Public id of an acceptance."""
    return new_id("acc")


class Terms(models.Model):
    """A text that readers accept, written once and never changed: another text is another row. The team's own has `is_organization`
    and a `number` that grows; the latest one not withdrawn is in force. `html` is sanitised; a PDF has none and names the version
    whose pages are shown. `sha256` is of exactly what was shown (the UTF-8 of `html`, or the PDF's bytes)."""

    public_id = models.CharField(max_length=32, unique=True, default=new_terms_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="terms")
    is_organization = models.BooleanField(default=False)
    number = models.PositiveIntegerField(default=1)
    html = models.TextField(default="", blank=True)
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "number"], condition=Q(is_organization=True), name="terms_one_per_number_of_team"
            )
        ]


class PolicyRow(models.Model):
    """The conditions shared by the grants of one send (`rules.Policy` is the frozen value). Editing binds at once: it is read at
    every request and copied nowhere."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    access = models.CharField(max_length=16, default="named_code")
    permission = models.CharField(max_length=20, default="view")
    starts_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    watermark = models.JSONField(null=True)  # null: off; else the `watermark` object of the API
    expire_after_opening_s = models.PositiveIntegerField(null=True)
    passcode_hash = models.CharField(max_length=200, default="", blank=True)
    passcode_version = models.PositiveIntegerField(default=0)
    terms_mode = models.CharField(max_length=12, default="off")
    terms = models.ForeignKey(Terms, null=True, on_delete=models.PROTECT, related_name="policies")  # of mode "own" only
    screen_shield = models.CharField(max_length=6, default="", blank=True)
    max_views = models.PositiveIntegerField(null=True)
    max_prints = models.PositiveIntegerField(null=True)
    domains = models.JSONField(default=list)
    block_domains = models.JSONField(default=list)
    allow_ips = models.JSONField(default=list)
    allow_countries = models.JSONField(default=list)
    protect_pdf = models.BooleanField(default=False)
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
            expire_after_opening_s=self.expire_after_opening_s,
            passcode_hash=self.passcode_hash,
            passcode_version=self.passcode_version,
            terms=TermsMode(self.terms_mode),
            screen_shield=Shield(self.screen_shield),
            max_views=self.max_views,
            max_prints=self.max_prints,
            domains=tuple(self.domains),
            block_domains=tuple(self.block_domains),
            allow_ips=tuple(self.allow_ips),
            allow_countries=tuple(self.allow_countries),
            protect_pdf=self.protect_pdf,
        )


class Link(models.Model):
    """An address in the browser that leads one recipient to the documents granted to them. The secret in it is kept as a digest
    (to find it) and sealed with the installation's key (to mail it again), never in clear.

    `is_shared`: it names nobody and opens nothing, but leads whoever proves the address of another link of the policy to that one
    (`queries.link_for`)."""

    public_id = models.CharField(max_length=32, unique=True, default=new_link_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="links")
    policy = models.ForeignKey(PolicyRow, on_delete=models.PROTECT, related_name="links")
    token_digest = models.CharField(max_length=64, unique=True)
    token_sealed = models.BinaryField()
    address = models.CharField(max_length=254, default="")  # canonical; "" = no named recipient
    name = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=10, default="en")
    rights = models.CharField(max_length=12, default="", blank=True)  # who keeps the rights on documents; "": policy and grants
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    first_opened_at = models.DateTimeField(null=True)
    is_shared = models.BooleanField(default=False)


class Grant(models.Model):
    """The right of one link on one document. `version` grows with every revocation or change of rights. Where a room above keeps
    the rights (`Link.rights`) it gives none, and is only what openings are counted on."""

    public_id = models.CharField(max_length=32, unique=True, default=new_grant_id)
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="grants")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="grants")
    position = models.PositiveSmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    first_opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "document"], name="grant_one_per_link_and_document")]


class Reader(models.Model):
    """Who reads through a link: its named person, everybody who proved an address on an open one, or all who did not together
    (`address` ""). The timer from the first opening and the limits of views and prints are counted per reader."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="readers")
    address = models.CharField(max_length=254, default="", blank=True)
    first_opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "address"], name="reader_once_per_link")]


class Tally(models.Model):
    """How often a reader has viewed and printed a document. Raised under the grant's lock, never above the policy's limits."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="tallies")
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="tallies")
    views = models.PositiveIntegerField(default=0)
    prints = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "grant"], name="tally_one_per_reader_and_grant")]


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
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="passes")
    address = models.CharField(max_length=254, default="")
    passcode_version = models.PositiveIntegerField(default=0)  # of the passcode given last; 0: none
    preview_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")  # the sender, looking
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


class View(models.Model):
    """A counted view that goes on: of one browser and one document, until it is left for `rules.VIEW_ENDS_AFTER`. Kept only where
    the policy limits views."""

    browser_pass = models.ForeignKey(Pass, on_delete=models.CASCADE, related_name="views")
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="views")
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["browser_pass", "grant", "-last_seen_at"], name="view_by_pass_and_grant")]


class Acceptance(models.Model):
    """Evidence that somebody accepted terms; written once and never changed (a trigger refuses it). `text_sha256` and `number` are
    copied from the terms, `address` is the proved one ("" of an anonymous reader, whose acceptance is of `browser_pass` alone)."""

    public_id = models.CharField(max_length=32, unique=True, default=new_acceptance_id)
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="acceptances")
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="acceptances")
    browser_pass = models.ForeignKey(Pass, on_delete=models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="acceptances")
    number = models.PositiveIntegerField()
    text_sha256 = models.CharField(max_length=64)
    typed_name = models.CharField(max_length=200)
    address = models.CharField(max_length=254, default="", blank=True)
    ip = models.CharField(max_length=45, default="", blank=True)
    user_agent = models.CharField(max_length=300, default="", blank=True)
    accepted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["reader", "terms"], name="acceptance_by_reader")]
