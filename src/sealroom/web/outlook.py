# SPDX-License-Identifier: Apache-2.0
"""The Outlook add-in as Outlook asks for it: one description, and the two manifests made of it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from django.conf import settings

from sealroom.web.addins import version

HOME = "/integrations/outlook/"
BUTTON = "sealroomPane"  # the send check names it, so that Outlook offers to open the pane
HANDLER = "onSealroomSend"
ICON_SIZES = (16, 32, 80)
_SCHEMA = "https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json"
_OFFICE = "http://schemas.microsoft.com/office/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES = _OFFICE + "officeappbasictypes/1.0"
# Prefixes are written by hand: ElementTree cannot make an inner element's namespace its default one.
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Words:
    """What Outlook shows of the add-in before it runs, in one language."""

    description: str
    group: str
    button: str
    tip: str


@dataclass(frozen=True)
class AddIn:
    """An add-in of one installation: where its files are, and how Outlook calls them. `send_mode` is Outlook's own word."""

    id: str
    version: str
    origin: str
    support: str
    send_mode: str
    name: str = "Sealroom"
    provider: str = "Sealroom"
    needs: str = "1.8"  # of Outlook's set of calls "Mailbox", for the pane
    check_needs: str = "1.12"  # for the send check

    def url(self, name: str) -> str:
        """The address of one of its files; pages and scripts carry the version, so that a new one is fetched."""
        return f"{self.origin}{HOME}{name}" + ("" if name.endswith(".png") else f"?v={self.version}")

    def icon(self, size: int) -> str:
        """The address of its icon in pixels."""
        return self.url(f"icons/icon-{size}.png")


WORDS = {
    "en-US": Words(
        "Sends attachments and texts protected: who may open them is proved, and can be taken back after they have left.",
        "Sealroom",
        "Send protected",
        "Upload the attachments to Sealroom, see the price, and put a protected link in their place.",
    ),
    "fr-FR": Words(
        "Envoie pièces jointes et textes protégés : le lecteur prouve qui il est, et l’accès peut être retiré après l’envoi.",
        "Sealroom",
        "Envoi protégé",
        "Déposez les pièces jointes dans Sealroom, voyez le prix et remplacez-les par un lien protégé.",
    ),
}


def add_in() -> AddIn:
    """This installation's, by its configured addresses. The id stays while the base address does."""
    return AddIn(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, settings.SEALROOM_BASE_URL)),
        version=version(),
        origin=settings.SEALROOM_MAIL_ADDIN_ORIGIN or settings.SEALROOM_BASE_URL,
        support=settings.SEALROOM_BASE_URL + "/help/",
        send_mode=settings.SEALROOM_OUTLOOK_SEND_MODE,
    )


def json_manifest(one: AddIn) -> bytes:
    """The unified manifest for Microsoft 365, in the default language; `translations` has the others."""
    words = WORDS["en-US"]
    document: dict[str, Any] = {
        "$schema": _SCHEMA,
        "manifestVersion": "1.19",
        "version": one.version,
        "id": one.id,
        "developer": {
            "name": one.provider,
            "websiteUrl": one.support,
            "privacyUrl": one.support,
            "termsOfUseUrl": one.support,
        },
        "name": {"short": one.name, "full": one.name},
        "description": {"short": _shortened(words.description, 80), "full": words.description},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#1E5C4B",
        "localizationInfo": {
            "defaultLanguageTag": "en-us",
            "additionalLanguages": [{"languageTag": "fr-fr", "file": "fr-fr.json"}],
        },
        "authorization": {"permissions": {"resourceSpecific": [{"name": "MailboxItem.ReadWrite.User", "type": "Delegated"}]}},
        "validDomains": [one.origin.partition("://")[2]],
        "extensions": [_extension(one, words)],
    }
    return _written(document)


def _extension(one: AddIn, words: Words) -> dict[str, Any]:
    """The button with its pane, and the check when a mail is sent."""
    icons = [{"size": size, "url": one.icon(size)} for size in ICON_SIZES]
    button = {
        "id": BUTTON,
        "type": "button",
        "label": words.button,
        "icons": icons,
        "supertip": {"title": words.button, "description": words.tip},
        "actionId": "openPane",
    }
    group = {"id": "sealroomGroup", "label": words.group, "icons": icons, "controls": [button]}
    mail = {"scopes": ["mail"], "capabilities": [{"name": "Mailbox", "minVersion": one.needs}]}
    checked = {"scopes": ["mail"], "capabilities": [{"name": "Mailbox", "minVersion": one.check_needs}]}
    pane = {
        "id": "pane",
        "type": "general",
        "code": {"page": one.url("pane.html")},
        "lifetime": "short",
        "actions": [{"id": "openPane", "type": "openPage", "displayName": words.button, "view": "pane"}],
    }
    check = {
        "id": "sendCheck",
        "type": "general",
        "requirements": checked,
        "code": {"page": one.url("events.html"), "script": one.url("launchevent.js")},
        "lifetime": "short",
        "actions": [{"id": HANDLER, "type": "executeFunction", "displayName": HANDLER}],
    }
    event = {
        "type": "messageSending",
        "actionId": HANDLER,
        "options": {"sendMode": one.send_mode[0].lower() + one.send_mode[1:]},
    }
    return {
        "requirements": mail,
        "runtimes": [pane, check],
        "ribbons": [{"contexts": ["mailCompose"], "tabs": [{"builtInTabId": "TabDefault", "groups": [group]}]}],
        "autoRunEvents": [{"requirements": checked, "events": [event]}],
    }


def json_words(language: str) -> bytes:
    """The words of the unified manifest in another language, by their place in it."""
    words = WORDS[language]
    ribbon = "extensions[0].ribbons[0].tabs[0].groups[0]"
    return _written(
        {
            "$schema": _SCHEMA.replace("MicrosoftTeams.", "MicrosoftTeams.Localization."),
            "description.short": _shortened(words.description, 80),
            "description.full": words.description,
            f"{ribbon}.label": words.group,
            f"{ribbon}.controls[0].label": words.button,
            f"{ribbon}.controls[0].supertip.title": words.button,
            f"{ribbon}.controls[0].supertip.description": words.tip,
        }
    )


def xml_manifest(one: AddIn) -> bytes:
    """The add-in only manifest, which every Outlook reads: the button for all, the send check for those that know it."""
    root = ET.Element(
        "OfficeApp",
        {"xmlns": _OFFICE + "appforoffice/1.1", "xmlns:xsi": _XSI, "xmlns:bt": _TYPES, "xsi:type": "MailApp"},
    )
    for tag, text in (("Id", one.id), ("Version", f"{one.version}.0"), ("ProviderName", one.provider), ("DefaultLocale", "en-US")):
        ET.SubElement(root, tag).text = text
    ET.SubElement(root, "DisplayName", DefaultValue=one.name)
    _spoken(root, "Description", "description")
    ET.SubElement(root, "IconUrl", DefaultValue=one.icon(64))
    ET.SubElement(root, "HighResolutionIconUrl", DefaultValue=one.icon(128))
    ET.SubElement(root, "SupportUrl", DefaultValue=one.support)
    ET.SubElement(ET.SubElement(root, "Hosts"), "Host", Name="Mailbox")
    sets = ET.SubElement(ET.SubElement(root, "Requirements"), "Sets")
    ET.SubElement(sets, "Set", Name="Mailbox", MinVersion=one.needs)
    form = ET.SubElement(ET.SubElement(root, "FormSettings"), "Form", {"xsi:type": "ItemEdit"})
    ET.SubElement(ET.SubElement(form, "DesktopSettings"), "SourceLocation", DefaultValue=one.url("pane.html"))
    ET.SubElement(root, "Permissions").text = "ReadWriteItem"
    rules = ET.SubElement(root, "Rule", {"xsi:type": "RuleCollection", "Mode": "Or"})
    ET.SubElement(rules, "Rule", {"xsi:type": "ItemIs", "ItemType": "Message", "FormType": "Edit"})
    ET.SubElement(root, "DisableEntityHighlighting").text = "false"
    outer = _overrides(root, one, has_check=False)
    _overrides(outer, one, has_check=True)
    ET.indent(root)
    return (_HEAD + ET.tostring(root, encoding="unicode") + "\n").encode()


def _overrides(parent: ET.Element, one: AddIn, *, has_check: bool) -> ET.Element:
    name, kind = ("/1.1", "VersionOverridesV1_1") if has_check else ("", "VersionOverridesV1_0")
    top = ET.SubElement(parent, "VersionOverrides", {"xmlns": f"{_OFFICE}mailappversionoverrides{name}", "xsi:type": kind})
    sets = ET.SubElement(
        ET.SubElement(top, "Requirements"), "bt:Sets", DefaultMinVersion=one.check_needs if has_check else one.needs
    )
    ET.SubElement(sets, "bt:Set", Name="Mailbox")
    host = ET.SubElement(ET.SubElement(top, "Hosts"), "Host", {"xsi:type": "MailHost"})
    if has_check:
        runtime = ET.SubElement(ET.SubElement(host, "Runtimes"), "Runtime", resid="Events.Url")
        ET.SubElement(runtime, "Override", type="javascript", resid="Check.Url")
    factor = ET.SubElement(host, "DesktopFormFactor")
    _button(ET.SubElement(factor, "ExtensionPoint", {"xsi:type": "MessageComposeCommandSurface"}))
    if has_check:
        point = ET.SubElement(factor, "ExtensionPoint", {"xsi:type": "LaunchEvent"})
        event = {"Type": "OnMessageSend", "FunctionName": HANDLER, "SendMode": one.send_mode}
        ET.SubElement(ET.SubElement(point, "LaunchEvents"), "LaunchEvent", event)
        ET.SubElement(point, "SourceLocation", resid="Events.Url")
    _resources(ET.SubElement(top, "Resources"), one, has_check=has_check)
    return top


def _button(point: ET.Element) -> None:
    group = ET.SubElement(ET.SubElement(point, "OfficeTab", id="TabDefault"), "Group", id="sealroomGroup")
    ET.SubElement(group, "Label", resid="Group.Label")
    control = ET.SubElement(group, "Control", {"xsi:type": "Button", "id": BUTTON})
    ET.SubElement(control, "Label", resid="Button.Label")
    tip = ET.SubElement(control, "Supertip")
    ET.SubElement(tip, "Title", resid="Button.Label")
    ET.SubElement(tip, "Description", resid="Button.Tip")
    icon = ET.SubElement(control, "Icon")
    for size in ICON_SIZES:
        ET.SubElement(icon, "bt:Image", size=str(size), resid=f"Icon.{size}")
    action = ET.SubElement(control, "Action", {"xsi:type": "ShowTaskpane"})
    ET.SubElement(action, "SourceLocation", resid="Pane.Url")


def _resources(top: ET.Element, one: AddIn, *, has_check: bool) -> None:
    images = ET.SubElement(top, "bt:Images")
    for size in ICON_SIZES:
        ET.SubElement(images, "bt:Image", id=f"Icon.{size}", DefaultValue=one.icon(size))
    urls = {"Pane.Url": "pane.html"} | ({"Events.Url": "events.html", "Check.Url": "launchevent.js"} if has_check else {})
    places = ET.SubElement(top, "bt:Urls")
    for name, file in urls.items():
        ET.SubElement(places, "bt:Url", id=name, DefaultValue=one.url(file))
    short, long = ET.SubElement(top, "bt:ShortStrings"), ET.SubElement(top, "bt:LongStrings")
    _spoken(short, "bt:String", "group", id="Group.Label")
    _spoken(short, "bt:String", "button", id="Button.Label")
    _spoken(long, "bt:String", "tip", id="Button.Tip")


def _spoken(parent: ET.Element, tag: str, field: str, **more: str) -> None:
    """An element with a text in the default language and overrides in the others, where they differ."""
    made = ET.SubElement(parent, tag, more | {"DefaultValue": getattr(WORDS["en-US"], field)})
    override = "bt:Override" if tag.startswith("bt:") else "Override"
    for language, words in WORDS.items():
        if getattr(words, field) != made.get("DefaultValue"):
            ET.SubElement(made, override, Locale=language, Value=getattr(words, field))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,:\u202f") + "…"


def _written(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
