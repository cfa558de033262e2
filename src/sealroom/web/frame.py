# SPDX-License-Identifier: Apache-2.0
"""What the members' frame shows on every page: where one can go, what is left of the credits, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sealroom.accounts.rules import Actor, Capability
from sealroom.credits import queries as credits
from sealroom.httpkit.templatetags.kit import moment_text
from sealroom.sends import queries as sends


@dataclass(frozen=True)
class Place:
    """A page that the navigation leads to."""

    route: str
    icon: str
    label: str | Promise
    short: str | Promise = ""
    capability: Capability | None = None
    group: frozenset[str] = frozenset()  # further routes that belong to it
    after_line: bool = False
    sub: tuple[Place, ...] = ()  # shown below it while one is there; they belong to it

    def holds(self, here: str) -> bool:
        """Whether a route is this place or belongs to it."""
        return here == self.route or here in self.group or any(one.holds(here) for one in self.sub)


MAIN = (
    Place("web:send_files", "send", gettext_lazy("Send Files"), gettext_lazy("Send"), Capability.SEND),
    Place(
        "web:sends",
        "layers",
        gettext_lazy("Manage Sent Files"),
        gettext_lazy("Sent"),
        Capability.SEND,
        frozenset(
            {
                "web:send",
                "web:send_settings",
                "web:send_recipients",
                "web:replace",
                "web:publish",
                "web:requests",
                "web:versions",
                "web:send_delete",
            }
        ),
    ),
    Place("web:received", "inbox", gettext_lazy("Received Files"), gettext_lazy("Received")),
    Place(
        "web:rooms",
        "folder-lock",
        gettext_lazy("Data Rooms"),
        gettext_lazy("Rooms"),
        Capability.MANAGE_ROOMS,
        frozenset(
            {
                "web:room",
                "web:room_item",
                "web:room_people",
                "web:room_guest",
                "web:room_group",
                "web:room_rights",
                "web:room_settings",
                "web:room_questions",
                "web:room_question",
                "web:room_trash",
                "web:room_analytics",
                "web:room_export",
                "web:room_delete",
            }
        ),
    ),
    Place("web:contacts", "contact", gettext_lazy("Contacts"), "", Capability.SEND, frozenset({"web:contact"}), after_line=True),
)
ADMIN = (
    Place("web:team", "building", gettext_lazy("Team"), "", Capability.MANAGE_TEAM),
    Place("web:members", "users", gettext_lazy("Members"), "", Capability.MANAGE_MEMBERS),
    Place(
        "web:presets",
        "shield-check",
        gettext_lazy("DOC SECURITY"),
        gettext_lazy("Security"),
        Capability.MANAGE_DOC_SECURITY,
        sub=(
            Place("web:presets", "layers", gettext_lazy("Presets"), group=frozenset({"web:preset", "web:preset_new"})),
            Place("web:terms", "book", gettext_lazy("Terms of access")),
            Place("web:acceptances", "scroll-text", gettext_lazy("Acceptances")),
        ),
    ),
    Place(
        "web:plan",
        "receipt",
        gettext_lazy("BILLING"),
        gettext_lazy("Billing"),
        Capability.SEE_BILLING,
        sub=(
            Place(
                "web:plan",
                "receipt",
                gettext_lazy("Plan Usage & Details"),
                group=frozenset({"web:plan_modify", "web:plan_preview", "web:plan_review"}),
            ),
            Place(
                "web:invoices",
                "receipt",
                gettext_lazy("Invoices"),
                group=frozenset({"web:invoice", "web:invoice_pay", "web:payment", "web:payment_check"}),
            ),
            Place(
                "web:billing_details",
                "credit-card",
                gettext_lazy("Payment method & details"),
                group=frozenset({"web:method", "web:method_saved"}),
            ),
        ),
    ),
    Place("web:integrations", "plug", gettext_lazy("INTEGRATIONS"), gettext_lazy("Integrations"), Capability.MANAGE_TEAM),
    Place("web:activity", "activity", gettext_lazy("Activity"), "", Capability.SEE_TEAM_USAGE),
)
MINE = (
    Place("web:my_settings", "user", gettext_lazy("Profile")),
    Place(
        "web:mail_programs",
        "mail",
        gettext_lazy("Mail programs"),
        gettext_lazy("Mail"),
        Capability.SEND,
        frozenset({"web:connect"}),
    ),
    Place("web:keys", "key-round", gettext_lazy("API keys"), gettext_lazy("Keys")),
)

_ALL_TEAMS = frozenset(f"web:operator_{name}" for name in ("team", "plan", "quotas", "credits", "suspend", "resume"))
_ALL_INVOICES = frozenset({"web:operator_invoice", "web:operator_confirm", "web:operator_void", "web:operator_refund"})
OPERATOR = (
    Place("web:operator_teams", "building-2", gettext_lazy("Teams"), group=_ALL_TEAMS),
    Place("web:operator_payments", "receipt", gettext_lazy("Payments"), group=_ALL_INVOICES),
    Place("web:operator_catalogue", "tag", gettext_lazy("Catalogue")),
)
# Mail is kept to be read only where none is sent.
OUTBOX = Place("web:outbox", "mail", gettext_lazy("Outbox"), group=frozenset({"web:outbox_mail"}))


def frame_of(request: HttpRequest) -> dict[str, object]:
    """The frame's variables (see kit/frame.html); empty for readers who are no members."""
    actor: Actor | None = getattr(request, "actor", None)
    match = request.resolver_match
    here = match.view_name if match else ""
    section, back = _section(here, is_operator=_is_operator(request))
    if actor is None:
        alone = {"nav": _nav(section, here, None)} if _is_operator(request) else {}  # an operator without a team
        return {"home_url": reverse("web:send_files"), "theme_url": _theme_url(request), **alone}
    return {
        "home_url": reverse("web:send_files"),
        "nav": _nav(section, here, actor),
        "nav_back": back,
        "meter": _meter(actor),
        "account": {"name": actor.name, "email": actor.email, "team": getattr(request, "team_name", "")},
        "account_links": _account_links(actor, is_operator=_is_operator(request)),
        "sign_out_url": reverse("account_logout"),
        "help_url": reverse("web:help"),
        "search_url": reverse("web:sends"),
        "search_value": request.GET.get("q", "") if here == "web:sends" else "",
        "theme_url": _theme_url(request),
        "alarm": _alarm(actor),
    }


def _alarm(actor: Actor) -> dict[str, str] | None:
    """What every page of a member begins with while it holds."""
    if actor.suspension is None:
        return None
    sentence = _("You can still look, end access, export and pay. To go on, ask whoever runs this server.")
    return {"title": _("Your team is suspended: %(reason)s") % {"reason": actor.suspension}, "sentence": sentence}


def _theme_url(request: HttpRequest) -> str:
    return reverse("web:set_theme") if request.user.is_authenticated else ""


def _is_operator(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_operator", False))


def _section(here: str, *, is_operator: bool) -> tuple[tuple[Place, ...], dict[str, str] | None]:
    outbox = () if settings.SEALROOM_SMTP_URL else (OUTBOX,)
    operators = (*OPERATOR, *outbox) if is_operator else ()
    for places, label in ((ADMIN, _("Admin Settings")), (MINE, _("My Settings")), (operators, _("Operator"))):
        if any(place.holds(here) for place in places):
            return places, {"label": label, "url": reverse("web:send_files")}
    return MAIN, None


def _nav(places: tuple[Place, ...], here: str, actor: Actor | None) -> list[dict[str, object]]:
    counts = _counts(actor) if actor is not None and places is MAIN else {}
    return [
        {
            "label": place.label,
            "short": place.short or place.label,
            "url": reverse(place.route),
            "icon": place.icon,
            "count": counts.get(place.route),
            "after_line": place.after_line,
            "active": place.holds(here),
            "sub": [{"label": one.label, "url": reverse(one.route), "active": one.holds(here)} for one in place.sub],
        }
        for place in places
        if place.capability is None or (actor is not None and actor.may(place.capability))
    ]


def _counts(actor: Actor) -> dict[str, int]:
    """What waits for the member: people who ask for access."""
    waiting = sends.count_requests(actor) if actor.may(Capability.SEND) else 0
    return {"web:sends": waiting} if waiting else {}


def _account_links(actor: Actor, *, is_operator: bool) -> list[dict[str, str]]:
    links = [{"label": _("My Settings"), "url": reverse("web:my_settings"), "icon": "user"}]
    if actor.may(Capability.MANAGE_TEAM):
        links.append({"label": _("Admin Settings"), "url": reverse("web:team"), "icon": "settings"})
    if is_operator:
        links.append({"label": _("Operator"), "url": reverse("web:operator_teams"), "icon": "server"})
    return links


def buy_url() -> str:
    """Where credits are bought."""
    return reverse("web:plan_modify") + "?focus=credits"


def _meter(actor: Actor) -> dict[str, object]:
    meter = credits.meter(actor.team_id, now=timezone.now())
    return {
        "left": meter.available,
        "total": max(meter.available, meter.allowance + meter.promo),
        "resets_text": _("resets %(day)s") % {"day": moment_text(meter.resets_at, "date")} if meter.resets_at else "",
        "low": meter.available < meter.low_threshold and meter.available < meter.allowance,
        "buy_url": buy_url() if actor.may(Capability.BUY) else None,
        "url": reverse("web:credits"),
    }
