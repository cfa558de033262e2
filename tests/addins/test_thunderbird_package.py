# SPDX-License-Identifier: Apache-2.0
"""The files of the extension for Thunderbird: complete in both languages, and nothing in them that a review would stop at."""

from __future__ import annotations

import json
import re

from sealroom.web import addins

FILES = addins.files_of("thunderbird")
TEXTS = {name: data.decode() for name, data in FILES.items() if name.endswith((".js", ".html", ".css", ".svg", ".json"))}
WORDS = {
    one: {key: said["message"] for key, said in json.loads(TEXTS[f"_locales/{one}/messages.json"]).items()} for one in ("en", "fr")
}


def test_every_word_is_there_in_both_languages() -> None:
    assert sorted(WORDS["en"]) == sorted(WORDS["fr"])
    marks = {one: {key: sorted(set(re.findall(r"\$\d", text))) for key, text in words.items()} for one, words in WORDS.items()}
    assert marks["en"] == marks["fr"]
    code = "\n".join(text for name, text in TEXTS.items() if not name.startswith("_locales/"))
    asked = set(re.findall(r'\bword\("(\w+)"|data-(?:word|label)="(\w+)"|__MSG_(\w+)__', code))
    asked_names = {name for names in asked for name in names if name}
    counted = {f"{name}_{end}" for name in re.findall(r'\bcounted\("(\w+)"', code) for end in ("one", "other")}
    assert sorted((asked_names | counted) - set(WORDS["en"])) == []


def test_french_has_its_spaces() -> None:
    bare = re.compile("(?<!\\u202f)[;!?»]|(?<![\\u202f\\d/s]):|«(?!\\u202f)")  # with figures and addresses let through
    wrong = {key: text for key, text in WORDS["fr"].items() if bare.search(text)}
    assert wrong == {}


def test_nothing_runs_that_is_not_in_the_package() -> None:
    pages = [text for name, text in TEXTS.items() if name.endswith(".html")]
    assert [one for text in pages for one in re.findall(r'<script(?! type="module" src="[\w.]+"></script>)', text)] == []
    scripts = "\n".join(text for name, text in TEXTS.items() if name.endswith(".js"))
    assert re.findall(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|importScripts", scripts) == []
    manifest = json.loads(TEXTS["manifest.json"])
    assert manifest["permissions"] == ["compose", "storage"]
    assert "script-src 'self';" in manifest["content_security_policy"]


def test_every_file_says_its_licence() -> None:
    silent = [
        name for name, text in TEXTS.items() if not name.endswith(".json") and "SPDX-License-Identifier: Apache-2.0" not in text
    ]
    assert silent == []
