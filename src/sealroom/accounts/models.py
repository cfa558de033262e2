# SPDX-License-Identifier: Apache-2.0
"""What accounts keep: people, teams, who belongs to which, invitations, API tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from sealroom.core.addresses import canonical_address
from sealroom.core.ids import new_id


def new_user_id() -> str:
    """Public id of a user."""
    return new_id("usr")


def new_team_id() -> str:
    """Public id of a team."""
    return new_id("team")


def new_membership_id() -> str:
    """Public id of a membership."""
    return new_id("mem")


def new_invitation_id() -> str:
    """Public id of an invitation."""
    return new_id("inv")


def new_token_id() -> str:
    """Public id of an API token."""
    return new_id("key")


def new_device_id() -> str:
    """Public id of a device."""
    return new_id("dev")


def new_app_password_id() -> str:
    """Public id of an app password."""
    return new_id("app")


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are canonical from the first moment."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """A user with a password, or without one (codes only)."""
        user = self.model(email=canonical_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in. `email` is canonical. An operator runs the installation and sees no contents."""

    public_id = models.CharField(max_length=32, unique=True, default=new_user_id)
    email = models.CharField(max_length=254, unique=True)
    name = models.CharField(max_length=120, default="", blank=True)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    theme = models.CharField(max_length=5, default="", blank=True)
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the address canonical whoever writes it. Raises `BadAddress`."""
        self.email = canonical_address(self.email)
        super().save(*args, **kwargs)

    @property
    def is_staff(self) -> bool:
        """Django's word for operators."""
        return self.is_operator


class Team(models.Model):
    """The members who share one plan."""

    public_id = models.CharField(max_length=32, unique=True, default=new_team_id)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="UTC")
    language = models.CharField(max_length=10, default="en")
    created_at = models.DateTimeField()
    is_demo = models.BooleanField(default=False)
    suspended_at = models.DateTimeField(null=True)
    suspension = models.CharField(max_length=300, default="", blank=True)  # why, as its members are told
    closes_links = models.BooleanField(default=False)  # suspended for its readers too


class Role(models.TextChoices):
    """What a member may do; the table is in `rules.py`."""

    USER = "user"
    ADMIN = "admin"


class Membership(models.Model):
    """A user's place in a team. A user has one active place at a time (see docs/decisions)."""

    public_id = models.CharField(max_length=32, unique=True, default=new_membership_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=5, choices=Role.choices)
    joined_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(removed_at=None), name="membership_one_active_per_user")
        ]


class Invitation(models.Model):
    """A seat offered to an address. Counts as used from the invitation on."""

    public_id = models.CharField(max_length=32, unique=True, default=new_invitation_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="invitations")
    email = models.CharField(max_length=254)
    role = models.CharField(max_length=5, choices=Role.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_one_open_per_address",
            )
        ]


class ApiToken(models.Model):
    """A bearer key of a member. Only its digest is kept; `prefix` is shown so that people can tell keys apart."""

    public_id = models.CharField(max_length=32, unique=True, default=new_token_id)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class DeviceRequest(models.Model):
    """A mail client asks to be let in (RFC 8628): it holds the device code, its user reads the user code to us. Both are kept as
    digests. `interval` is how many seconds it must leave between two questions; `membership` who answered."""

    code_digest = models.CharField(max_length=64, unique=True)
    user_code_digest = models.CharField(max_length=64, unique=True)
    client = models.CharField(max_length=20)
    version = models.CharField(max_length=20, default="", blank=True)
    label = models.CharField(max_length=80, default="", blank=True)
    ip = models.CharField(max_length=45, default="", blank=True)
    state = models.CharField(max_length=8, default="pending")
    interval = models.PositiveSmallIntegerField(default=3)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True)
    membership = models.ForeignKey(Membership, null=True, on_delete=models.CASCADE, related_name="+")


class Device(models.Model):
    """A mail client a member let in, for as long as it is not revoked."""

    public_id = models.CharField(max_length=32, unique=True, default=new_device_id)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="devices")
    client = models.CharField(max_length=20)
    version = models.CharField(max_length=20, default="", blank=True)
    label = models.CharField(max_length=80, default="", blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_ip = models.CharField(max_length=45, default="", blank=True)
    revoked_at = models.DateTimeField(null=True)


class DeviceToken(models.Model):
    """A token of a device, as a digest. A refresh token is used once (`used_at`): coming back, it was copied."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    is_refresh = models.BooleanField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class AppPassword(models.Model):
    """What a mail program that speaks only SMTP signs in with, one for each device. Only its digest is kept."""

    public_id = models.CharField(max_length=32, unique=True, default=new_app_password_id)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="app_passwords")
    label = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_ip = models.CharField(max_length=45, default="", blank=True)
    revoked_at = models.DateTimeField(null=True)


class SetupLink(models.Model):
    """The one-time link a fresh installation prints, with which the first team is made."""

    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
