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


def run(argv: list[str]) -> int:
    """0 when sent, 1 with the reason when refused."""
    parser = argparse.ArgumentParser(prog="sealroom send", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--to", nargs="+", required=True, metavar="ADDRESS", help="recipients")
    parser.add_argument("--subject", default="")
    parser.add_argument("--message", default="")
    parser.add_argument("--permission", choices=["view", "download_pdf", "download_original"], default="view")
    parser.add_argument("--expires", metavar="INSTANT", help="such as 2027-01-31T18:00:00Z")
    parser.add_argument("--no-watermark", action="store_true")
    parser.add_argument("--no-mail", action="store_true", help="print the links instead of mailing them")
    parser.add_argument("--dry-run", action="store_true", help="say what it would cost and stop")
    parser.add_argument("--server", default=os.environ.get("SEALROOM_SERVER", "http://127.0.0.1:8000"))
    options = parser.parse_args(argv)
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


def _send(client: ApiClient, options: argparse.Namespace) -> int:
    client.call("GET", "/me")  # a wrong key is told before gigabytes travel
    documents = [_upload(client, path) for path in options.files]
    quote = client.call("POST", "/sends/quote", {"documents": documents, "recipients": options.to})
    print(f"{quote['cost']} credits, {quote['available']} available")
    if options.dry_run:
        return 0
    settings: dict[str, object] = {"permission": options.permission}
    if options.expires:
        settings["expires_at"] = options.expires
    if options.no_watermark:
        settings["watermark"] = None
    body = {
        "documents": documents,
        "recipients": options.to,
        "subject": options.subject,
        "message": options.message,
        "settings": settings,
        "notify": not options.no_mail,
    }
    sent = client.call("POST", "/sends", body, idempotency_key=new_id("cli"))
    print(f"{sent['id']} {sent['state']}: {sent['charged']} charged, {sent['available']} left")
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
