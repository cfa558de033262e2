# SPDX-License-Identifier: Apache-2.0
"""The manifests of the Outlook add-in, and how its files are served: to whom, and in whose frame."""

from __future__ import annotations

import io
import json
import re
import subprocess
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.conf import LazySettings
from django.test import Client
from PIL import Image

from sealroom.project import environment
from sealroom.web import addins
from tests.addins.node import MODULES, need_node, run, tool

BASE = "https://files.example.com"
PLACE = "/integrations/outlook/"
OFFICE = "{http://schemas.microsoft.com/office/appforoffice/1.1}"
BT = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
V1_0 = "{http://schemas.microsoft.com/office/mailappversionoverrides}"
V1_1 = "{http://schemas.microsoft.com/office/mailappversionoverrides/1.1}"
FRAMES = "frame-ancestors https://outlook.office.com https://outlook.office365.com https://outlook.live.com https://outlook.cloud.microsoft"

pytestmark = pytest.mark.django_db


@pytest.fixture
def https(settings: LazySettings) -> LazySettings:
    """An installation as Outlook needs it."""
    settings.SEALROOM_BASE_URL = BASE
    return settings


def xml_of(client: Client) -> ET.Element:
    answer = client.get(PLACE + "manifest.xml")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    return ET.fromstring(answer.content)


def package_of(client: Client) -> dict[str, bytes]:
    answer = client.get(PLACE + "manifest.zip")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        return {name: found.read(name) for name in found.namelist()}


def json_of(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(package_of(client)["manifest.json"])
    return document


def said(element: ET.Element | None) -> str:
    assert element is not None
    return element.get("DefaultValue") or element.text or ""


def test_xml_is_whole(client: Client, https: LazySettings) -> None:
    root = xml_of(client)
    assert root.get(XSI) == "MailApp"
    assert said(root.find(f"{OFFICE}Id")) == str(uuid.uuid5(uuid.NAMESPACE_URL, BASE))
    assert re.fullmatch(r"\d+(\.\d+){3}", said(root.find(f"{OFFICE}Version")))
    assert said(root.find(f"{OFFICE}Permissions")) == "ReadWriteItem"
    assert len(client.get(PLACE + "manifest.xml").content) < 256 * 1024
    outer = root.find(f"{V1_0}VersionOverrides")
    assert outer is not None
    inner = outer.find(f"{V1_1}VersionOverrides")
    assert inner is not None
    for top, space, needs in ((outer, V1_0, "1.8"), (inner, V1_1, "1.12")):
        sets = top.find(f"{space}Requirements/{BT}Sets")
        assert sets is not None
        assert sets.get("DefaultMinVersion") == needs
        resources = top.find(f"{space}Resources")
        assert resources is not None
        ids = [str(one.get("id")) for one in resources.iter() if one.get("id")]
        own = [one for one in top if one is not inner]
        asked = {str(one.get("resid")) for part in own for one in part.iter() if one.get("resid")}
        assert len(ids) == len(set(ids))
        assert asked == set(ids)  # everything asked for is there, and nothing else
        assert max(len(one) for one in ids) <= 32
        short, long = resources.find(f"{BT}ShortStrings"), resources.find(f"{BT}LongStrings")
        assert short is not None
        assert long is not None
        assert max(len(text) for text in _texts(short)) <= 125
        assert max(len(text) for text in _texts(long)) <= 250
        controls = [one.get("id") for part in own for one in part.iter() if one.tag == f"{space}Control"]
        assert controls == ["sealroomPane"]
    event = inner.find(f".//{V1_1}LaunchEvent")
    assert event is not None
    assert event.attrib == {"Type": "OnMessageSend", "FunctionName": "onSealroomSend", "SendMode": "SoftBlock"}
    assert list(outer.iter(f"{V1_0}LaunchEvent")) == []


def _texts(strings: ET.Element) -> list[str]:
    return [text for one in strings.iter() for text in (one.get("DefaultValue"), one.get("Value")) if text]


def test_every_address_is_https_on_one_origin_and_answers(client: Client, https: LazySettings) -> None:
    text = client.get(PLACE + "manifest.xml").content.decode() + json.dumps(json_of(client))
    schemas = ("http://schemas.microsoft.com/", "http://www.w3.org/", "https://developer.microsoft.com/json-schemas/")
    addresses = {one for one in re.findall(r'https?://[^"\s<>]+', text) if not one.startswith(schemas)}
    assert {f"{urlsplit(one).scheme}://{urlsplit(one).netloc}" for one in addresses} == {BASE}
    for one in addresses - {f"{BASE}/help/"}:
        answer = client.get(urlsplit(one).path)
        assert (one, answer.status_code) == (one, 200)
    icons = {int(re.findall(r"\d+", one)[-1]): client.get(urlsplit(one).path) for one in addresses if one.endswith(".png")}
    assert {size: Image.open(io.BytesIO(answer.content)).size for size, answer in icons.items()} == {
        size: (size, size) for size in (16, 32, 64, 80, 128)
    }
    assert {answer["Cache-Control"] for answer in icons.values()} == {"public, max-age=86400"}


def test_two_installations_are_two_add_ins(client: Client, https: LazySettings) -> None:
    first = json_of(client)["id"]
    assert xml_of(client)[0].text == first
    https.SEALROOM_BASE_URL = "https://other.example.com"
    second = json_of(client)
    assert second["id"] != first
    assert second["validDomains"] == ["other.example.com"]
    https.SEALROOM_BASE_URL = BASE
    https.SEALROOM_MAIL_ADDIN_ORIGIN = "https://addin.example.com"
    moved = json_of(client)
    assert moved["id"] == first  # the same add-in, from another host
    assert moved["extensions"][0]["runtimes"][0]["code"]["page"].startswith(
        "https://addin.example.com/integrations/outlook/pane.html"
    )


def test_the_host_header_changes_nothing(client: Client, https: LazySettings) -> None:
    https.ALLOWED_HOSTS = ["*"]
    there = client.get(PLACE + "manifest.xml", headers={"host": "evil.example"}).content
    assert there == client.get(PLACE + "manifest.xml").content
    assert b"evil" not in there


@pytest.mark.parametrize("name", ["manifest.xml", "manifest.zip"])
def test_http_is_refused_with_a_reason(client: Client, settings: LazySettings, name: str) -> None:
    settings.SEALROOM_BASE_URL = "http://127.0.0.1:8000"
    answer = client.get(PLACE + name)
    assert (answer.status_code, "SEALROOM_BASE_URL" in answer.content.decode()) == (409, True)
    french = client.get(PLACE + name, headers={"accept-language": "fr"}).content.decode()
    assert "Outlook n’accepte que https" in french


def test_both_manifests_say_the_same(client: Client, https: LazySettings) -> None:
    https.SEALROOM_OUTLOOK_SEND_MODE = "Block"
    root, document = xml_of(client), json_of(client)
    package = package_of(client)
    french = json.loads(package["fr-fr.json"])
    inner = root.find(f".//{V1_1}VersionOverrides")
    assert inner is not None
    words = {str(one.get("id")): one for one in inner.iter(f"{BT}String")}
    urls = {str(one.get("id")): one.get("DefaultValue") for one in inner.iter() if one.tag in {f"{BT}Url", f"{BT}Image"}}
    extension = document["extensions"][0]
    pane, check = extension["runtimes"]
    group = extension["ribbons"][0]["tabs"][0]["groups"][0]
    button = group["controls"][0]
    assert f"{document['version']}.0" == said(root.find(f"{OFFICE}Version"))
    assert document["name"]["full"] == said(root.find(f"{OFFICE}DisplayName"))
    assert document["description"]["full"] == said(root.find(f"{OFFICE}Description"))
    assert (pane["code"]["page"], check["code"]) == (urls["Pane.Url"], {"page": urls["Events.Url"], "script": urls["Check.Url"]})
    assert [(one["size"], one["url"]) for one in button["icons"]] == [(size, urls[f"Icon.{size}"]) for size in (16, 32, 80)]
    assert (group["label"], button["label"]) == (said(words["Group.Label"]), said(words["Button.Label"]))
    assert button["supertip"] == {"title": said(words["Button.Label"]), "description": said(words["Button.Tip"])}
    assert button["id"] == "sealroomPane"
    event = inner.find(f".//{V1_1}LaunchEvent")
    assert event is not None
    own = extension["autoRunEvents"][0]["events"][0]
    assert (own["actionId"], own["options"]["sendMode"]) == (event.get("FunctionName"), "block")
    assert (event.get("SendMode"), check["actions"][0]["id"]) == ("Block", "onSealroomSend")
    ribbon = "extensions[0].ribbons[0].tabs[0].groups[0].controls[0]"
    override = words["Button.Tip"].find(f"{BT}Override")
    assert override is not None
    assert (override.get("Locale"), override.get("Value")) == ("fr-FR", french[f"{ribbon}.supertip.description"])
    sizes = {name: Image.open(io.BytesIO(package[name])).size for name in ("color.png", "outline.png")}
    assert sizes == {"color.png": (192, 192), "outline.png": (32, 32)}
    assert client.get(PLACE + "manifest.zip").content == client.get(PLACE + "manifest.zip").content


def test_microsofts_tools_read_them(client: Client, https: LazySettings, tmp_path: Path) -> None:
    need_node()
    xml, document = tmp_path / "manifest.xml", tmp_path / "manifest.json"
    xml.write_bytes(client.get(PLACE + "manifest.xml").content)
    info = tool("office-addin-manifest", "info", str(xml)).stdout
    for line in (f"Id: {uuid.uuid5(uuid.NAMESPACE_URL, BASE)}", "Permissions: ReadWriteItem", "Hosts: Mailbox", "Type: MailApp"):
        assert line in info
    for name, content in package_of(client).items():
        (tmp_path / name).write_bytes(content)
    good = _validated(document)
    assert good.returncode == 0, good.stdout + good.stderr
    broken = json.loads(document.read_bytes())
    broken["accentColor"] = "green"
    document.write_text(json.dumps(broken))
    bad = _validated(document)
    assert (bad.returncode, "/accentColor must match pattern" in bad.stdout + bad.stderr) == (1, True), bad.stdout
    _words_fit(json.loads((tmp_path / "fr-fr.json").read_bytes()))


def _validated(document: Path) -> subprocess.CompletedProcess[str]:
    """Against the schema that lies in the tool's package: the network is taken away."""
    return run(
        "node", "--require", "./outlook/offline.cjs", str(MODULES / ".bin" / "office-addin-manifest"), "validate", str(document)
    )


def _words_fit(words: dict[str, str]) -> None:
    """The tool validates no translations, so they are held against Microsoft's schema here: their places and their lengths."""
    release, _, name = words.pop("$schema").removeprefix("https://developer.microsoft.com/json-schemas/teams/").partition("/")
    schemas = MODULES / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams"
    schema = json.loads((schemas / release / name).read_bytes())
    for place, text in words.items():
        rules = [rule for known, rule in schema["properties"].items() if known == place]
        rules += [rule for pattern, rule in schema["patternProperties"].items() if re.search(pattern, place)]
        assert (place, [rule for rule in rules if len(text) <= rule.get("maxLength", 10_000)] != []) == (place, True)


def test_pages_may_be_framed_by_outlook_alone(client: Client, https: LazySettings) -> None:
    for name in ("pane.html", "signin.html", "events.html", "pane.js", "pane.css", "launchevent.js"):
        answer = client.get(PLACE + name)
        policy = answer["Content-Security-Policy"]
        assert (answer.status_code, "X-Frame-Options" in answer, answer["Cross-Origin-Opener-Policy"]) == (
            200,
            False,
            "unsafe-none",
        )
        assert FRAMES in policy
        assert "script-src 'self' https://appsforoffice.microsoft.com https://ajax.aspnetcdn.com;" in policy
        assert "unsafe-" not in policy
        assert "Set-Cookie" not in answer
        assert answer["X-Content-Type-Options"] == "nosniff"
    https.SEALROOM_OUTLOOK_FRAME_ANCESTORS = ["https://owa.example.com"]
    assert client.get(PLACE + "pane.html")["Content-Security-Policy"].endswith("frame-ancestors https://owa.example.com")
    https.SEALROOM_OUTLOOK_FRAME_ANCESTORS = []
    assert client.get(PLACE + "pane.html")["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    other = client.get("/accounts/login/")
    assert (other["X-Frame-Options"], "frame-ancestors 'none'" in other["Content-Security-Policy"]) == ("DENY", True)


def test_pages_have_no_inline_code() -> None:
    for name, content in addins.files_of("outlook").items():
        if name.endswith(".html"):
            bad = r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style|<script(?![^>]*\bsrc=)|javascript:"""
            assert re.findall(bad, content.decode(), re.IGNORECASE) == []


@pytest.mark.parametrize(
    "name", ["nothing.js", "package.json", "../gmail/manifest.json", "office/office.js", "icons", "a/%2e%2e/pane.js"]
)
def test_nothing_else_is_there(client: Client, https: LazySettings, name: str) -> None:
    assert client.get(PLACE + name).status_code == 404


def test_microsofts_library_may_lie_beside_the_installation(client: Client, https: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "office.js").write_text("// theirs")
    (tmp_path / "secret.js").write_text("// not theirs")
    https.SEALROOM_OFFICE_JS = str(tmp_path / "lib")
    page = client.get(PLACE + "pane.html")
    assert ('src="office/office.js"' in page.content.decode(), "microsoft.com" in page.content.decode()) == (True, False)
    assert "script-src 'self';" in page["Content-Security-Policy"]
    assert client.get(PLACE + "office/office.js").content == b"// theirs"
    for name in ("office/../secret.js", "office/%2e%2e/secret.js", "office//etc/hostname", "office/other.js"):
        assert client.get(PLACE + name).status_code == 404


def test_a_host_of_its_own_shows_the_add_in_and_nothing_else(https: LazySettings) -> None:
    https.SEALROOM_MAIL_ADDIN_ORIGIN = "https://addin.example.com"
    https.ALLOWED_HOSTS = ["files.example.com", "addin.example.com"]
    client = Client()
    there, here = {"host": "addin.example.com"}, {"host": "files.example.com"}
    root = client.get("/", headers=there)
    assert (root.status_code, root.content, "X-Frame-Options" in root) == (200, b"", False)
    assert client.get(PLACE + "pane.html", headers=there).status_code == 200
    assert client.get("/api/v1/me", headers=there).status_code == 401
    for path in ("/accounts/login/", "/sends/", "/v/x/", "/static/kit/css/kit.css"):
        answer = client.get(path, headers=there)
        assert (answer.status_code, answer["X-Frame-Options"]) == (404, "DENY")
    assert client.post("/", headers=there).status_code == 404
    own = client.get("/", headers=here)
    assert (own.status_code, own["X-Frame-Options"]) == (302, "DENY")


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("https_origin", "http://addin.example.com"),
        ("https_origin", "https://addin.example.com/path"),
        ("https_origin", "addin.example.com"),
        ("frame_hosts", "https://owa.example.com; script-src *"),
        ("frame_hosts", "*"),
        ("frame_hosts", "https://*.*.example.com"),
        ("frame_hosts", "http://owa.example.com"),
        ("existing_folder", "/nowhere/at/all"),
    ],
)
def test_bad_settings_stop_the_start(monkeypatch: pytest.MonkeyPatch, reader: str, value: str) -> None:
    monkeypatch.setenv("SEALROOM_X", value)
    readers: dict[str, Callable[[], object]] = {
        "https_origin": lambda: environment.https_origin("SEALROOM_X"),
        "frame_hosts": lambda: environment.frame_hosts("SEALROOM_X", []),
        "existing_folder": lambda: environment.existing_folder("SEALROOM_X"),
    }
    with pytest.raises(environment.BadSetting):
        readers[reader]()


def test_good_settings_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEALROOM_X", "https://addin.example.com:8443/")
    assert environment.https_origin("SEALROOM_X") == "https://addin.example.com:8443"
    monkeypatch.setenv("SEALROOM_X", "https://*.example.com, https://owa.example.org")
    assert environment.frame_hosts("SEALROOM_X", []) == ["https://*.example.com", "https://owa.example.org"]
    monkeypatch.setenv("SEALROOM_X", str(tmp_path))
    assert environment.existing_folder("SEALROOM_X") == str(tmp_path)
    monkeypatch.setenv("SEALROOM_X", "")
    assert (environment.https_origin("SEALROOM_X"), environment.existing_folder("SEALROOM_X")) == ("", "")
