# SPDX-License-Identifier: Apache-2.0
"""The text of terms: what may stand in it, how it reads in plain lines, who may put it in force."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.access import flows, queries
from sealroom.access.models import Terms
from sealroom.access.rules.terms import checked_name, clean_terms, lines_of
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, NotFound
from tests.factories.access import make_document
from tests.factories.accounts import Persona


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        (
            "<p>Keep <strong>it</strong> <em>to</em> <u>yourself</u>.</p>",
            "<p>Keep <strong>it</strong> <em>to</em> <u>yourself</u>.</p>",
        ),
        ("<script>alert(1)</script><p>x</p>", "<p>x</p>"),
        ('<p onclick="x()" style="color:red" class="a" id="b">x</p>', "<p>x</p>"),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'),
        ('<a href="http://example.com">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'),
        (
            '<a href="https://example.com" target="_blank">x</a>',
            '<a href="https://example.com" rel="noopener noreferrer nofollow">x</a>',
        ),
        ('<a href="mailto:a@example.com">x</a>', '<a href="mailto:a@example.com" rel="noopener noreferrer nofollow">x</a>'),
        ('<img src="https://example.com/pixel.png"><iframe src="/"></iframe><form><input></form>x', "x"),
        ("<h5>x</h5><!-- a --><svg><style>p{}</style></svg>", "x"),
        (
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        ),
    ],
)
def test_terms_hold_nothing_but_text(html: str, clean: str) -> None:
    assert clean_terms(html) == clean


@given(st.text(st.sampled_from("<>/=\"' abhrefpscript:&;#x1"), max_size=60))
def test_clean_terms_stay_as_they_are_when_cleaned_again(html: str) -> None:
    once = clean_terms(html)
    assert clean_terms(once) == once


def test_terms_read_as_plain_lines() -> None:
    html = (
        "<h1>Rules</h1><p>One<br>two</p><ol><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ol><blockquote>d</blockquote>"
        "<table><tr><th>e</th><td>f</td></tr></table><p>Ask &amp; <a href='mailto:g@example.com'>g@example.com</a></p>"
    )
    assert [line.text for line in lines_of(clean_terms(html))] == [
        "Rules", "One", "two", "1. a", "2. b", "• c", "d", "e | f", "Ask & g@example.com",
    ]  # fmt: skip
    assert [line.is_heading for line in lines_of(clean_terms(html))][:2] == [True, False]


@pytest.mark.parametrize(("typed", "name"), [("  Nadia   B. ", "Nadia B."), ("Zoe\u0308", "Zoë"), ("李明", "李明")])
def test_a_typed_name_is_one_line(typed: str, name: str) -> None:
    assert checked_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "reason"), [("", "required"), (" x ", "required"), ("x" * 201, "too_long"), ("Na\u202edia", "control_character")]
)
def test_a_name_that_is_none_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_name(typed)
    assert refusal.value.errors == {"name": [reason]}


@pytest.mark.django_db
def test_the_organisation_has_one_text_in_force_and_keeps_the_others(owner: Persona, now: datetime) -> None:
    first = flows.set_organization_terms(owner.actor, html="<p>First</p><script>x</script>", now=now)
    second = flows.set_organization_terms(owner.actor, html="<p>Second</p>", now=now)

    assert (first.html, first.number, second.number) == ("<p>First</p>", 1, 2)
    assert first.sha256 == hashlib.sha256(b"<p>First</p>").hexdigest()
    assert queries.organization_terms(owner.team.pk) == second
    flows.withdraw_organization_terms(owner.actor, now=now)
    assert queries.organization_terms(owner.team.pk) is None
    with pytest.raises(NotFound):
        flows.withdraw_organization_terms(owner.actor, now=now)
    assert flows.set_organization_terms(owner.actor, html="<p>Third</p>", now=now).number == 3
    assert Event.objects.filter(verb=Verb.TERMS_CHANGED).count() == 4
    assert Terms.objects.count() == 3


@pytest.mark.django_db
def test_only_admins_put_the_organisations_terms_in_force(member: Persona, now: datetime) -> None:
    with pytest.raises(Forbidden):
        flows.set_organization_terms(member.actor, html="<p>x</p>", now=now)
    with pytest.raises(Forbidden):
        flows.withdraw_organization_terms(member.actor, now=now)
    with pytest.raises(Forbidden):
        queries.list_acceptances(member.actor)
    assert flows.make_terms(member.actor, html="<p>mine</p>", now=now).is_organization is False


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("html", "reason"), [("", "empty"), ("<p> <br></p><script>x</script>", "empty"), ("x" * 200_001, "too_long")]
)
def test_terms_without_a_text_are_refused(owner: Persona, html: str, reason: str, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.make_terms(owner.actor, html=html, now=now)
    assert refusal.value.errors == {"terms": [reason]}


@pytest.mark.django_db
def test_a_pdf_of_ones_own_can_be_the_terms(owner: Persona, member: Persona, stranger: Persona, now: datetime) -> None:
    version = make_document(owner, "Rules.pdf", now=now).current
    assert version is not None
    terms = flows.make_terms(owner.actor, version=version, now=now)

    assert (terms.html, terms.version, terms.sha256) == ("", version, version.sha256)
    for other in (member, stranger):
        with pytest.raises(NotFound):
            flows.make_terms(other.actor, version=version, now=now)
    unready = make_document(owner, "Later.pdf", state="received", now=now).current
    assert unready is not None
    with pytest.raises(Invalid):
        flows.make_terms(owner.actor, version=unready, now=now)
