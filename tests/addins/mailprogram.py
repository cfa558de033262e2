# SPDX-License-Identifier: Apache-2.0
"""A real Thunderbird without a screen, driven by Marionette (the protocol of its own tests), with a profile and home of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.journeys.server import free_port

PROGRAM = shutil.which("thunderbird")
SECONDS = 90

_PREFERENCES: dict[str, object] = {
    "marionette.port": 0,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "toolkit.telemetry.enabled": False,
    "extensions.blocklist.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.autoDisableScopes": 0,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mail.rights.version": 1,
    "mailnews.start_page.enabled": False,
    "mail.shell.checkDefaultClient": False,
    "mail.compose.big_attachments.notify": False,
    "mail.compose.attachment_reminder": False,
    "mail.warn_on_send_accel_key": False,
    "mailnews.send_default_charset": "UTF-8",
    "network.proxy.type": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.protocol-handler.external.http": False,
    "network.protocol-handler.external.https": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.dom.window.dump.enabled": True,
    "toolkit.cosmeticAnimations.enabled": False,
}

_WINDOWS = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const windows = (kind) => [...Services.wm.getEnumerator(kind)];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (test, what) => {
  for (const ends = Date.now() + 40000; Date.now() < ends; await pause(50)) {
    const found = await test();
    if (found) return found;
  }
  throw new Error(`never: ${what}`);
};
const browserOf = (part) => [...(WebExtensionPolicy.getByID("thunderbird@sealroom")?.extension?.views ?? [])]
  .find((one) => one.xulBrowser?.currentURI?.spec.includes(part))?.xulBrowser;
"""

_CALL = """
const done = arguments[arguments.length - 1];
(async (...words) => { %s %s })(...[...arguments].slice(0, -1))
  .then((value) => done({ value }), (error) => done({ error: `${error} ${error.stack}` }));
"""


class Thunderbird:
    """The program, seen from the test."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self._count = 0
        self._receive()  # the greeting
        self.command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self.command("Marionette:SetContext", {"value": "chrome"})
        self.command("WebDriver:SetTimeouts", {"script": SECONDS * 1000})

    def command(self, name: str, words: dict[str, Any] | None = None) -> Any:
        """Give a command and return what it answers."""
        self._count += 1
        message = json.dumps([0, self._count, name, words or {}]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _kind, _count, error, result = self._receive()
        assert error is None, f"{error['message']}\n{error.get('stacktrace', '')}"
        return result.get("value") if isinstance(result, dict) else result

    def run(self, script: str, *words: Any) -> Any:
        """Run a script with the rights of the program; it finds `words`, and what it returns is returned. It may wait."""
        answer = self.command("WebDriver:ExecuteAsyncScript", {"script": _CALL % (_WINDOWS, script), "args": list(words)})
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def in_page(self, page: str, script: str, *words: Any) -> Any:
        """Run a script in a page of the extension, once it is there; `page` is a part of its address. It finds `words` and
        `until`."""
        return self.run(
            """
            const [part, script, given] = words;
            const browser = await until(() => browserOf(part), part);
            const global = browser.browsingContext.currentWindowGlobal;
            const wrapped = `const done = arguments[arguments.length - 1];
              const until = async (test) => {
                for (const ends = Date.now() + 20000; Date.now() < ends; await new Promise((next) => setTimeout(next, 50))) {
                  const found = test();
                  if (found) return found;
                }
                throw new Error("never " + test + " in " + document.body?.innerText);
              };
              (async (...words) => { ${script} })(...[...arguments].slice(0, -1))
                .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
            const commands = global.getActor("MarionetteCommands");
            const answer = await commands.executeScript(wrapped, given, { async: true, timeout: 60000 });
            if (answer.error) throw new Error(answer.error);
            return answer.value;
            """,
            page,
            script,
            list(words),
        )

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._read()
        size, _, rest = self._buffer.partition(b":")
        self._buffer = rest
        while len(self._buffer) < int(size):
            self._read()
        message, self._buffer = self._buffer[: int(size)], self._buffer[int(size) :]
        return json.loads(message)

    def _read(self) -> None:
        data = self._connection.recv(65536)
        assert data, "Thunderbird has gone"
        self._buffer += data


@contextmanager
def thunderbird(folder: Path, *, proxy: int = 0) -> Iterator[Thunderbird]:
    """Start it, and stop it by process id. With the port of a proxy it asks web servers through that one."""
    profile, home, port = folder / "profile", folder / "home", free_port()
    for one in (profile, home):
        one.mkdir(parents=True)
    wanted = _PREFERENCES | {"marionette.port": port} | (_through(proxy) if proxy else {})
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()]
    (profile / "user.js").write_text("\n".join(lines))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DISPLAY", "WAYLAND", "DBUS"))}
    environment |= {
        "HOME": str(home),
        "MOZ_HEADLESS": "1",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }
    words = [str(PROGRAM), "-no-remote", "-profile", str(profile), "-marionette", "--remote-allow-system-access"]
    with (folder / "thunderbird.log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        connection = _connect(port, process)
        with connection:
            yield Thunderbird(connection)
            with suppress(OSError, AssertionError):
                connection.settimeout(10)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _through(port: int) -> dict[str, object]:
    return {
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": port,
        "network.proxy.allow_hijacking_localhost": True,
        "network.proxy.failover_direct": False,
    }


def _connect(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, "Thunderbird did not start"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=SECONDS + 30)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Thunderbird does not answer")
