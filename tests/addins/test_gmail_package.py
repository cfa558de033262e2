# SPDX-License-Identifier: Apache-2.0
"""The extension as an installation hands it out: the same to everybody, under the installation's own key, nothing secret in it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import struct
import zipfile
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client

from sealroom.core.crx import extension_id, extension_key, packed, public_half
from sealroom.core.keyring import KeyRing, MasterKey
from sealroom.httpkit.selectors import published
from sealroom.web.addins import files_of, folder

RING = KeyRing((MasterKey("k1", b"k" * 32),))
ORIGIN = "https://files.example.com"


@pytest.fixture
def visitor(tmp_path: Path, settings: object) -> Client:
    """Somebody nobody knows, before an installation with a data folder of its own."""
    settings.SEALROOM_DATA = tmp_path  # type: ignore[attr-defined]
    settings.SEALROOM_BASE_URL = ORIGIN  # type: ignore[attr-defined]
    return Client()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def id_of(manifest: dict[str, str]) -> str:
    return extension_id(base64.b64decode(manifest["key"]))


def test_key_is_made_once_and_kept_sealed(tmp_path: Path) -> None:
    first = extension_key(tmp_path, RING)
    assert public_half(extension_key(tmp_path, RING)) == public_half(first)
    file = tmp_path / "extension.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["extension.key"]
    with pytest.raises(ValueError, match="key"):
        serialization.load_der_private_key(file.read_bytes(), password=None)
    other = KeyRing((MasterKey("k1", b"x" * 32),))
    with pytest.raises(InvalidTag):
        extension_key(tmp_path, other)


def test_package_is_signed_by_the_key_its_id_comes_from() -> None:
    """Read back by the format's description, not by our own writer."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = packed(b"PK-archive", key)
    assert made[:4] == b"Cr24"
    version, length = struct.unpack("<II", made[4:12])
    header, archive = _fields(made[12 : 12 + length]), made[12 + length :]
    assert (version, archive) == (3, b"PK-archive")
    proof, signed = _fields(header[2]), header[10000]
    public = serialization.load_der_public_key(proof[1])
    assert isinstance(public, rsa.RSAPublicKey)
    message = b"CRX3 SignedData\x00" + struct.pack("<I", len(signed)) + signed + archive
    public.verify(proof[2], message, padding.PKCS1v15(), hashes.SHA256())
    digest = hashlib.sha256(proof[1]).hexdigest()[:32]
    assert _fields(signed)[1].hex() == digest
    assert extension_id(proof[1]) == digest.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))
    assert packed(b"PK-archive", key) == made


def _fields(message: bytes) -> dict[int, bytes]:
    found, place = {}, 0
    while place < len(message):
        tag, place = _varint(message, place)
        length, place = _varint(message, place)
        assert tag & 7 == 2
        found[tag >> 3] = message[place : place + length]
        place += length
    return found


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (message[place] & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if not message[place - 1] & 0x80:
            return value, place


def test_everybody_gets_the_same_extension(visitor: Client) -> None:
    answer = visitor.get("/integrations/gmail/extension.zip", headers={"host": "localhost"})
    files = unzipped(answer.content)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert set(files) == {*files_of("gmail"), "installation.json"}
    manifest = json.loads(files["manifest.json"])
    assert json.loads(files["installation.json"]) == {"server": ORIGIN}
    assert manifest["host_permissions"] == ["https://mail.google.com/*", f"{ORIGIN}/*"]
    assert "update_url" not in manifest
    assert visitor.get("/integrations/gmail/extension.zip").content == answer.content
    assert visitor.post("/integrations/gmail/extension.zip").status_code == 405


def test_package_for_policies_knows_where_its_updates_are(visitor: Client) -> None:
    made = visitor.get("/integrations/gmail/extension.crx").content
    manifest = json.loads(unzipped(made)["manifest.json"])
    assert manifest["update_url"] == f"{ORIGIN}/integrations/gmail/updates.xml"
    answer = visitor.get("/integrations/gmail/updates.xml", {"x": f"id={id_of(manifest)}&v=0.1&uc"})
    (app,) = ElementTree.fromstring(answer.content)
    (check,) = app
    assert (app.get("appid"), check.attrib) == (
        id_of(manifest),
        {"codebase": f"{ORIGIN}/integrations/gmail/extension.crx", "version": manifest["version"]},
    )


def test_every_add_in_has_the_version_of_the_product(visitor: Client) -> None:
    """In what is handed out; the sources have none that somebody would have to raise."""
    thunderbird, outlook = (
        visitor.get(f"/integrations/{name}").content for name in ("thunderbird/extension.xpi", "outlook/manifest.zip")
    )
    packages = [visitor.get("/integrations/gmail/extension.zip").content, thunderbird, outlook]
    product = re.match(r"\d+\.\d+\.\d+", metadata.version("sealroom"))
    assert product
    assert [json.loads(unzipped(one)["manifest.json"])["version"] for one in packages] == [product[0]] * 3
    assert f'version="{product[0]}"' in visitor.get("/integrations/gmail/updates.xml").text
    assert (
        visitor.get("/integrations/thunderbird/updates.json").json()["addons"]["thunderbird@sealroom"]["updates"][0]["version"]
        == product[0]
    )
    assert {json.loads(files_of(name)["manifest.json"])["version"] for name in ("gmail", "thunderbird")} == {"0.0.0"}


def test_list_of_selectors_is_signed_where_there_is_one(visitor: Client, tmp_path: Path) -> None:
    address = "/integrations/gmail/selectors.json"
    assert visitor.get(address).status_code == 404
    raw = b'{"version": 3, "selectors": {"send": [".new-send"]}}'
    (tmp_path / "gmail-selectors.json").write_bytes(raw)
    answer = visitor.get(address)
    found = answer.json()
    manifest = json.loads(unzipped(visitor.get("/integrations/gmail/extension.zip").content)["manifest.json"])
    public = serialization.load_der_public_key(base64.b64decode(manifest["key"]))
    assert isinstance(public, rsa.RSAPublicKey)
    signature = base64.b64decode(found["signature"])
    public.verify(signature, b"sealroom gmail selectors\n" + raw, padding.PKCS1v15(), hashes.SHA256())
    assert (base64.b64decode(found["payload"]), answer["Access-Control-Allow-Origin"]) == (raw, "*")


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        (b'{"version": 3, "selectors": {"send": [".a"]}}', 3),
        (b'{"version": 0, "selectors": {}}', 0),
        (b'{"version": true, "selectors": {}}', 0),
        (b'{"version": 3, "selectors": {"send": ".a"}}', 0),
        (b'{"version": 3, "selectors": {"send": [1]}}', 0),
        (b'{"version": 3, "selectors": [], "more": 1}', 0),
        (b'{"version": 3, "selectors": {"send": ["' + b"a" * 301 + b'"]}}', 0),
        (b'{"version": 3, "selectors": {}}' + b" " * 70_000, 0),
        (b"[]", 0),
        (b"\xff", 0),
    ],
)
def test_a_list_of_another_shape_is_none(tmp_path: Path, raw: bytes, version: int) -> None:
    (tmp_path / "gmail-selectors.json").write_bytes(raw)
    assert published(tmp_path).version == version


def test_no_script_makes_html_or_runs_words() -> None:
    found = []
    for name, content in files_of("gmail").items():
        text = content.decode(errors="replace")
        if name.endswith((".js", ".html")):
            assert "SPDX-License-Identifier: Apache-2.0" in text
            bad = re.findall(
                r"\.(?:inner|outer)HTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function|\son\w+=|<script>", text
            )
            found += [f"{name}: {one}" for one in bad]
            found += [
                f"{name}: {one}"
                for one in re.findall(r"https?://(?!\$|mail\.google|127|localhost|\*|www\.w3|drive|docs|files\.example)\S+", text)
            ]
    assert found == []


def test_every_sentence_is_in_both_languages() -> None:
    top = folder("gmail")
    english, french = (json.loads((top / "_locales" / name / "messages.json").read_text()) for name in ("en", "fr"))
    assert list(english) == list(french)
    marks = re.compile(r"\$\d")
    assert {
        key for key in english if set(marks.findall(english[key]["message"])) != set(marks.findall(french[key]["message"]))
    } == set()
    assert [
        key for key, one in french.items() if re.search(r"(?<!\u202f)[;!?»](?!\w)|(?<![\u202f/sp]):(?!/)", one["message"])
    ] == []
    scripts = "".join(path.read_text() for path in top.rglob("*.js")) + (top / "panel.html").read_text()
    used = set(re.findall(r"""\bt\("(\w+)"|data-t="(\w+)"|, "((?:act|p)_\w+)",""", scripts))
    assert {name for group in used for name in group if name} - set(english) == set()
