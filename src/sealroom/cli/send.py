# SPDX-License-Identifier: Apache-2.0
"""`sealroom send FILE... --to ADDRESS...`: send files through the API of a running server.

The key comes from SEALROOM_API_KEY (never from the command line, which other users of the machine can see).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from sealroom.cli.client import ApiClient, ApiRefusal
from sealroom.core.ids import new_id

_POLL = 0.5  # seconds between two looks at a document that is being prepared


_OPEN = {"domains", "anyone_verified", "anyone"}  # access with one link for all


def run(argv: list[str]) -> int:
    """0 when sent, 1 with the reason when refused."""
    parser = argparse.ArgumentParser(prog="sealroom send", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--to", nargs="+", default=[], metavar="ADDRESS", help="recipients; none with --access anyone and the like")
    parser.add_argument("--subject", default="")
    parser.add_argument("--message", default="")
    parser.add_argument("--preset", metavar="ID", help="the bundle of settings to follow; default: the team's")
    _add_settings(parser)
    parser.add_argument("--no-mail", action="store_true", help="print the links instead of mailing them")
    parser.add_argument("--dry-run", action="store_true", help="say what it would cost and stop")
    parser.add_argument("--server", default=os.environ.get("SEALROOM_SERVER", "http://127.0.0.1:8000"))
    options = parser.parse_args(argv)
    if not options.to and options.access not in _OPEN and options.preset is None:
        parser.error("say whom to send to with --to, or open --access")
    missing = [str(path) for path in options.files if not path.is_file()]
    if missing:
        print(f"no such file: {', '.join(missing)}", file=sys.stderr)
        return 1
    key = os.environ.get("SEALROOM_API_KEY", "")
    if not key:
        print("set SEALROOM_API_KEY; make a key under My Settings", file=sys.stderr)
        return 1
    try:
        return _send(ApiClient(options.server, key), options)
    except ApiRefusal as refusal:
        print(f"not sent: {refusal}", file=sys.stderr)
        return 1


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """What is not named is left to the preset or the server's defaults."""
    add = parser.add_argument_group("settings").add_argument
    add("--access", choices=["named_code", "named_quick", "domains", "anyone_verified", "anyone"])
    add("--domains", nargs="+", metavar="DOMAIN", help="with --access domains, or to allow only these")
    add("--block-domains", nargs="+", metavar="DOMAIN")
    add("--permission", choices=["view", "print", "download_pdf", "download_original"])
    add("--starts", dest="starts_at", metavar="INSTANT", help="such as 2027-01-31T18:00:00Z")
    add("--expires", dest="expires_at", metavar="INSTANT")
    add("--expire-after-opening", dest="expire_after_opening_s", type=int, metavar="SECONDS")
    add("--passcode-stdin", action="store_true", help="read a passcode from the first line of the standard input")
    add("--terms", choices=["organization"])
    add("--no-watermark", action="store_true")
    add("--watermark-text", metavar="TEXT", help="stands in the mark beside address, IP and time")
    add("--screen-shield", choices=["small", "medium", "large"])
    add("--max-views", type=int)
    add("--max-prints", type=int)
    add("--allow-ips", nargs="+", metavar="NETWORK")
    add("--allow-countries", nargs="+", metavar="CODE")
    add("--protect-pdf", action="store_true", default=None, help="encrypt downloaded PDFs")


_PLAIN = (
    "access", "domains", "block_domains", "permission", "starts_at", "expires_at", "expire_after_opening_s", "terms",
    "screen_shield", "max_views", "max_prints", "allow_ips", "allow_countries", "protect_pdf",
)  # fmt: skip


def _settings(options: argparse.Namespace) -> dict[str, object]:
    """The settings that were named, as the API takes them."""
    settings: dict[str, object] = {name: getattr(options, name) for name in _PLAIN if getattr(options, name) is not None}
    if options.no_watermark:
        settings["watermark"] = None
    elif options.watermark_text:
        settings["watermark"] = {"text": options.watermark_text}
    if options.passcode_stdin:
        settings["passcode"] = sys.stdin.readline().rstrip("\r\n")
    return settings


def _send(client: ApiClient, options: argparse.Namespace) -> int:
    client.call("GET", "/me")  # a wrong key is told before gigabytes travel
    settings = _settings(options)
    documents = [_upload(client, path) for path in options.files]
    access = {"access": settings["access"]} if "access" in settings else {}
    quote = client.call("POST", "/sends/quote", {"documents": documents, "recipients": options.to, "settings": access})
    print(f"{quote['cost']} credits, {quote['available']} available")
    if options.dry_run:
        return 0
    body: dict[str, object] = {
        "documents": documents,
        "recipients": options.to,
        "subject": options.subject,
        "message": options.message,
        "settings": settings,
        "notify": not options.no_mail,
    }
    if options.preset is not None:
        body["preset"] = options.preset
    sent = client.call("POST", "/sends", body, idempotency_key=new_id("cli"))
    print(f"{sent['id']} {sent['state']}: {sent['charged']} charged, {sent['available']} left")
    if settings.get("access") in _OPEN:
        print(f"link for all\t{sent['link']}")
    if options.no_mail:
        for recipient in sent["recipients"]:
            print(f"{recipient['email']}\t{recipient['link']}")
    return 0


def _upload(client: ApiClient, path: Path) -> str:
    """Upload one file and wait until it is ready; returns its id."""
    document = client.upload(path, lambda done, size: _progress(path.name, f"{100 * done // max(1, size)} %"))
    while document["state"] in {"received", "converting"}:
        _progress(path.name, "being prepared")
        time.sleep(_POLL)
        document = client.call("GET", f"/documents/{document['id']}")
    print(file=sys.stderr)
    if document["state"] == "failed":
        raise ApiRefusal(f"{path.name}: {document['error']['message']}")
    return str(document["id"])


def _progress(name: str, text: str) -> None:
    print(f"\r{name}: {text}\033[K", end="", file=sys.stderr, flush=True)
