# SPDX-License-Identifier: Apache-2.0
"""Conditions on their way into force: checked against what the house and the plan allow, then kept by access. For sends and data
rooms alike."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.models import PolicyRow, Terms
from sealroom.access.rules import KEEP, TermsMode
from sealroom.accounts.rules import Actor
from sealroom.billing import queries as billing_queries
from sealroom.billing.errors import FeatureMissing
from sealroom.core.errors import Invalid, NotFound
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Version, VersionState
from sealroom.viewing.rules import conditions as rules
from sealroom.viewing.rules.conditions import Conditions, OwnTerms


class _Apart(TypedDict, total=False):
    """What access keeps beside the policy; what is not named stays as it is."""

    passcode: str | None
    own_terms: Terms | None


def checked(
    actor: Actor, settings: Conditions, *, before: Conditions | None = None, is_sent: bool = False, now: datetime
) -> Conditions:
    """The settings in their one spelling, as they may be put in force. Raises `Invalid`, and `FeatureMissing` for a wish the plan
    does not include. What is in force already (`before`) may stay, whatever became of the plan; of a send that went out also an
    end that has passed."""
    wished = rules.normalized(settings)
    needs_text = wished.terms == TermsMode.ORGANIZATION
    errors = rules.setting_errors(
        wished,
        now=now,
        has_countries=not wished.allow_countries or access_queries.has_countries(),
        has_organization_terms=not needs_text or access_queries.organization_terms(actor.team_id) is not None,
    )
    if before is not None:
        _forgive(errors, before, wished, is_sent=is_sent)
    if errors:
        raise Invalid(errors)
    require_features(actor.team_id, wished, before=before, now=now)
    return wished


def require_features(team_id: int, wished: Conditions, *, before: Conditions | None = None, now: datetime) -> None:
    """Raise `FeatureMissing` for what is switched on now, was not `before`, and is not in the plan."""
    anew = _features(wished) - (_features(before) if before is not None else set())
    missing = anew - billing_queries.limits_of(team_id, now=now).features if anew else set()
    if missing:
        raise FeatureMissing(feature=min(missing))


def kept_policy(actor: Actor, settings: Conditions, *, now: datetime) -> PolicyRow:
    """A new policy of settings that were checked, in the caller's transaction."""
    own_terms = _own_terms(actor, settings, None, now=now)
    passcode = None if settings.passcode == KEEP else settings.passcode
    return access.create_policy(actor.team_id, settings.policy, passcode=passcode, own_terms=own_terms)


def put_in_force(actor: Actor, row: PolicyRow, settings: Conditions, *, now: datetime) -> None:
    """Other settings, that were checked, for a policy: at once and for everybody."""
    apart: _Apart = {}
    if settings.passcode != KEEP and (settings.passcode or row.passcode_hash):
        apart["passcode"] = settings.passcode
    own_terms = _own_terms(actor, settings, row.terms, now=now)
    if own_terms != row.terms:
        apart["own_terms"] = own_terms
    access.change_policy(row, settings.policy, now=now, **apart)


def _forgive(errors: dict[str, list[str]], before: Conditions, wished: Conditions, *, is_sent: bool) -> None:
    """Let stay what is in force and could not be put in force anew today."""
    for name in ("terms", "allow_countries"):
        if getattr(before, name) == getattr(wished, name):
            errors.pop(name, None)
    if is_sent and before.expires_at == wished.expires_at and errors.get("expires_at") == ["in_the_past"]:
        errors.pop("expires_at")  # an ended send stays ended; its other settings may change


def _features(settings: Conditions) -> set[str]:
    wishes = {"watermark": settings.watermark is not None, "screen_shield": bool(settings.screen_shield)}
    return {feature for feature, is_on in wishes.items() if is_on}


def _own_terms(actor: Actor, settings: Conditions, current: Terms | None, *, now: datetime) -> Terms | None:
    """The text of this send or room alone: the one there is where nothing differs, else a new row; readers accept anew then."""
    wished = settings.terms
    if not isinstance(wished, OwnTerms):
        return None
    if wished.id or (current is not None and wished.text and wished.text == current.html):
        if current is None or (wished.id and wished.id != current.public_id):
            raise Invalid({"terms": ["unknown"]})
        return current
    if wished.document:
        version = _pdf(actor, wished.document)
        return (
            current
            if current is not None and current.version_id == version.pk
            else access.make_terms(actor, version=version, now=now)
        )
    return access.make_terms(actor, html=wished.text, now=now)


def _pdf(actor: Actor, document_id: str) -> Version:
    try:
        version = document_queries.get_document(actor, document_id).current
    except NotFound:
        raise Invalid({"terms": ["unknown_document"]}) from None
    if version is None or version.state != VersionState.READY or version.kind != "pdf":
        raise Invalid({"terms": ["needs_a_ready_pdf"]})
    return version
