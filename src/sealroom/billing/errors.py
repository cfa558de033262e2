# SPDX-License-Identifier: Apache-2.0
"""Refusals of billing."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class SeatQuota(DomainError):
    """The plan has no seat left. Facts: used, limit."""

    code = "seat_quota"


class QuotaInUse(DomainError):
    """More is in use than the smaller plan would allow. Facts: quotas, a list of {quota, used, limit}."""

    code = "quota_in_use"


class BlockTerm(DomainError):
    """Credits added in the middle of a cycle stay until a cycle was billed for them in full. Facts: removable (blocks that may go
    now), bound (blocks that may not), until (RFC 3339 text)."""

    code = "block_term"


class StaleQuote(DomainError):
    """A quote that ran out, was used, or does not fit the subscription any more. Facts: quote (id of the new one, or "")."""

    code = "stale_quote"


class PaymentFailed(DomainError):
    """No money came; nothing was changed. Facts: reason (a word of `ports.DECLINES`)."""

    code = "payment_failed"


class PaymentDue(DomainError):
    """A renewal has not been paid within the days of grace: sending waits for it. Facts: invoice, since (RFC 3339 text)."""

    code = "payment_due"


class GatewayDown(DomainError):
    """The payment provider did not answer; whether money moved is found out later, nothing is taken twice."""

    code = "gateway_down"


class BadSignature(DomainError):
    """A message that claims to come from the payment provider and does not prove it."""

    code = "bad_signature"


class FeatureMissing(DomainError):
    """The team's plan does not include a setting that is wished for anew; `feature` is the catalogue's word for it."""

    code = "feature_missing"
