# SPDX-License-Identifier: Apache-2.0
"""Somebody who writes mail in Thunderbird: accounts, the extension, compose windows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.addins.mailprogram import Thunderbird

_ACCOUNT = """
const [address, name, port, secret] = words;
const smtp = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
smtp.hostname = "127.0.0.1";
smtp.port = port;
smtp.username = secret ? address : "";
smtp.authMethod = secret ? Ci.nsMsgAuthMethod.passwordCleartext : Ci.nsMsgAuthMethod.none;
smtp.socketType = secret ? Ci.nsMsgSocketType.alwaysSTARTTLS : Ci.nsMsgSocketType.plain;
if (secret) smtp.password = secret;
const identity = MailServices.accounts.createIdentity();
identity.email = address;
identity.fullName = name;
identity.doFcc = false;
identity.smtpServerKey = smtp.key;
const account = MailServices.accounts.createAccount();
account.addIdentity(identity);
account.incomingServer = MailServices.accounts.createIncomingServer(`user${port}`, "127.0.0.1", "pop3");
return identity.key;
"""

_INSTALL = """
const { AddonManager } = ChromeUtils.importESModule("resource://gre/modules/AddonManager.sys.mjs");
const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
file.initWithPath(words[0]);
const install = await AddonManager.getInstallForFile(file);
const addon = await install.install();
await until(() => browserOf("background.html"), "a background page");
return [addon.id, addon.version, addon.isActive];
"""

_SPEAK = """
const { AddonManager } = ChromeUtils.importESModule("resource://gre/modules/AddonManager.sys.mjs");
Services.locale.requestedLocales = [words[0]];
const [addon] = (await AddonManager.getAddonsByTypes(["extension"])).filter((one) => one.id === "thunderbird@sealroom");
await addon.disable();
await addon.enable();
await until(() => browserOf("background.html"), "a background page");
return Services.locale.appLocaleAsBCP47;
"""

_WRITE = """
const [identity, fields, files, isPlain] = words;
const before = windows("msgcompose");
const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
params.composeFields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
Object.assign(params.composeFields, fields);
for (const path of files) {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  const attachment = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
  attachment.url = Services.io.newFileURI(file).spec;
  attachment.name = file.leafName;
  attachment.size = file.fileSize;
  params.composeFields.addAttachment(attachment);
}
params.format = isPlain ? Ci.nsIMsgCompFormat.PlainText : Ci.nsIMsgCompFormat.HTML;
params.identity = MailServices.accounts.getIdentity(identity);
MailServices.compose.OpenComposeWindowWithParams(null, params);
await until(() => windows("msgcompose").find((one) => !before.includes(one) && one.composeEditorReady), "a compose window");
await pause(100);
"""

_ANSWER = """
const [identity, source, kind] = words;
const before = windows("msgcompose");
const { accounts } = MailServices;
try {
  accounts.localFoldersServer;
} catch {
  accounts.createLocalMailAccount();
}
const top = accounts.localFoldersServer.rootFolder.QueryInterface(Ci.nsIMsgLocalMailFolder);
const folder = accounts.localFoldersServer.rootFolder.containsChildNamed("Came")
  ? accounts.localFoldersServer.rootFolder.getChildNamed("Came") : top.createLocalSubfolder("Came");
const header = folder.QueryInterface(Ci.nsIMsgLocalMailFolder).addMessage(source);
const kinds = { reply: Ci.nsIMsgCompType.Reply, forward: Ci.nsIMsgCompType.ForwardInline };
MailServices.compose.OpenComposeWindow(
  null, header, folder.getUriForMsg(header), kinds[kind], Ci.nsIMsgCompFormat.HTML, accounts.getIdentity(identity), null, null,
);
await until(() => windows("msgcompose").find((one) => !before.includes(one) && one.composeEditorReady), "a compose window");
await pause(100);
"""

_DROP_PICTURE = """
const window = windows("msgcompose")[0];
window.envelopeDragObserver.appendImagesInline({ files: words.map((path) => ({ mozFullPath: path })) });
await until(() => window.GetCurrentEditor().outputToString("text/html", 0).split("data:image/").length > words.length, "pictures");
"""

_ATTACH = """
const window = windows("msgcompose")[0];
await window.AddAttachments(words.map((path) => {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  return window.FileToAttachment(file);
}));
"""

_SEND = """
const window = windows("msgcompose")[0];
window.SendMessage().catch((error) => dump(`${error}\\n`));
"""

_ANSWER_DIALOGS = """
const window = windows("msgcompose")[0];
const real = Services.prompt;
window.testDialogs = [];
window.testReal = real;
const heard = (...given) => {
  window.testDialogs.push(given.filter((one) => typeof one === "string").join(" "));
  return true;
};
Services.prompt = new Proxy({}, { get: (_, name) => (typeof real[name] === "function" ? heard : real[name]) });
"""

_DIALOG_SAID = """
const window = windows("msgcompose")[0];
const said = await until(() => window.testDialogs.join(" "), "a dialog");
await until(() => !window.gWindowLocked && !window.gSendOperationInProgress, "an open window");
Services.prompt = window.testReal;
return said;
"""

_TRUST = """
const certificate = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).constructX509FromBase64(words[0]);
Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService)
  .rememberValidityOverride("127.0.0.1", words[1], {}, certificate, true);
"""

_TO_FILELINK = """
const { cloudFileAccounts } = ChromeUtils.importESModule("resource:///modules/cloudFileAccounts.sys.mjs");
const type = "ext-thunderbird@sealroom";
const account = cloudFileAccounts.getAccountsForType(type)[0] ?? cloudFileAccounts.createAccount(type);
await until(() => account.configured, "an account that is ready");
const window = windows("msgcompose")[0];
const item = [...window.document.getElementById("attachmentBucket").itemChildren]
  .filter((one) => one.attachment.name === words[0])[words[1]];
await window.convertListItemsToCloudAttachment([item], account);
await pause(300);
"""


@dataclass
class Writer:
    """Who writes, with the key of the identity."""

    program: Thunderbird
    identity: str = ""

    def add_account(self, address: str, name: str, port: int, secret: str = "") -> str:
        """An account that sends by this port; with a secret, signed in over TLS. The key of its identity."""
        key = str(self.program.run(_ACCOUNT, address, name, port, secret))
        self.identity = self.identity or key
        return key

    def install(self, package: Path) -> list[Any]:
        """Install the extension for good, as a user does: id, version, whether it runs."""
        found: list[Any] = self.program.run(_INSTALL, str(package))
        return found

    @contextmanager
    def speaking(self, language: str) -> Iterator[str]:
        """The program and its extension in another language for a while; the language it is in then, another where it lacks the
        words."""
        before = self.program.run("return Services.locale.appLocaleAsBCP47;")
        try:
            yield self._speak(language)
        finally:
            self._speak(before)

    def _speak(self, language: str) -> str:
        found = self.program.run(_SPEAK, language)
        self.open("pages/options.html")  # closed with the extension, and `ask` needs it
        return str(found)

    def background(self, script: str, *words: Any) -> Any:
        """Run a script in the extension's background page."""
        return self.program.in_page("background.html", script, *words)

    def waiting(self) -> list[str]:
        """The sends that were committed and have not left."""
        return list(self.background("return Object.keys((await messenger.storage.local.get({ pending: {} })).pending)"))

    def open(self, page: str) -> None:
        """Open a page of the extension in a tab."""
        self.background("await messenger.tabs.create({ url: messenger.runtime.getURL(words[0]) });", page)

    def write(
        self, files: list[Path], *, to: str, subject: str, body: str, plain: bool = False, identity: str = "", **fields: str
    ) -> None:
        """Begin a mail in a window of its own."""
        said = {"to": to, "subject": subject, "body": body, **fields}
        self.program.run(_WRITE, identity or self.identity, said, [str(one) for one in files], plain)

    def answer_mail(self, source: str, kind: str, *, to: str = "") -> None:
        """Let a mail come and begin an answer to it: "reply" or "forward"."""
        self.program.run(_ANSWER, self.identity, source, kind)
        if to:
            self.set_to(to)

    def drop_pictures(self, *pictures: Path) -> None:
        """Drop pictures into the words, as Thunderbird does it with files that are dropped there."""
        self.program.run(_DROP_PICTURE, *map(str, pictures))

    def attach(self, *files: Path) -> None:
        """Attach further files."""
        self.program.run(_ATTACH, *map(str, files))

    def detach(self, name: str) -> None:
        """Take an attachment out of the mail again."""
        script = """
            const [tab, name] = words;
            const all = await messenger.compose.listAttachments(tab);
            await messenger.compose.removeAttachment(tab, all.find((one) => one.name === name).id);
        """
        self.background(script, self.tab(), name)

    def press_send(self) -> None:
        """Press Send; what comes of it is looked at elsewhere."""
        self.program.run(_SEND)

    def answer(self, phase: str, choice: str = "") -> str:
        """What the extension's window says in a phase ("ask", "price", "refused"); with a choice, that button is pressed."""
        script = """
            const [phase, choice] = words;
            await until(() => document.body?.dataset.phase === phase);
            const said = document.querySelector("main").innerText;
            const press = () => document.querySelector(`[data-choice=${choice}]`).click();
            if (choice) setTimeout(press, 50); // the window may close with it
            return said;
        """
        return str(self.program.in_page("pages/send.html", script, phase, choice))

    def choose(self, *boxes: str) -> list[Any]:
        """Tick boxes of the compose window's button, as in its panel: "on" is the first, "words" the second. How the first stands,
        whether it may be changed, and what is said about it."""
        script = """
            await until(() => document.getElementById("inside")?.hidden === false && document.getElementById("why"));
            const [on, text] = ["on", "words"].map((name) => document.getElementById(name));
            const tab = Number(new URL(location.href).searchParams.get("tab"));
            const isHeard = async () => {
              const { done } = await messenger.runtime.sendMessage({ deed: "letter", tab });
              return done.isOn === on.checked && done.words === text.checked;
            };
            for (const name of words) {
              document.getElementById(name).click();
              while (!(await isHeard())) await new Promise((done) => setTimeout(done, 20));
            }
            return [on.checked, on.disabled, document.getElementById("why").textContent];
        """
        with self._panel():
            found: list[Any] = self.program.in_page("pages/compose.html", script, *boxes)
        return found

    @contextmanager
    def _panel(self) -> Iterator[None]:
        """The panel of the compose window's button, in a tab."""
        self.background(
            """
            const [tab] = await messenger.tabs.query({ windowType: "messageCompose" });
            await messenger.tabs.create({ url: messenger.runtime.getURL(`pages/compose.html?tab=${tab.id}`) });
            """
        )
        yield
        self.background(
            'await messenger.tabs.remove((await messenger.tabs.query({})).find((one) => one.url?.includes("compose.html")).id);'
        )

    def ask(self, deed: str, **words: Any) -> Any:
        """Ask the background page as a page of the extension does."""
        script = "return messenger.runtime.sendMessage({ deed: words[0], ...words[1] });"
        return self.program.in_page("pages/options.html", script, deed, words)

    def tab(self) -> int:
        """The number of the compose window for the extension."""
        return int(self.background('return (await messenger.tabs.query({ windowType: "messageCompose" }))[0].id;'))

    def set_to(self, addresses: str) -> None:
        """Other recipients."""
        self.program.run('windows("msgcompose")[0].SetComposeDetails({ to: words[0] });', addresses)

    def answer_dialogs(self) -> None:
        """Answer Thunderbird's own dialogs with yes from now on."""
        self.program.run(_ANSWER_DIALOGS)

    def dialog_said(self) -> str:
        """What they said, once there was one."""
        return str(self.program.run(_DIALOG_SAID))

    def to_filelink(self, name: str, place: int = 0) -> None:
        """Turn an attachment into a link of the extension; `place` among those of the same name."""
        self.program.run(_TO_FILELINK, name, place)

    def trust(self, certificate: Path, port: int) -> None:
        """Trust a server's certificate."""
        self.program.run(_TRUST, certificate.read_text().split("-----")[2].replace("\n", ""), port)

    def choose_preset(self, name: str) -> list[str]:
        """Choose a preset in the panel of the compose window's button; those that are offered."""
        with self._panel():
            script = """
                await until(() => document.getElementById("inside")?.hidden === false && document.getElementById("preset"));
                const field = document.getElementById("preset");
                const offered = [...field.options];
                field.value = offered.find((one) => one.text === words[0]).value;
                field.dispatchEvent(new Event("change"));
                return offered.map((one) => one.text);
            """
            found: list[str] = self.program.in_page("pages/compose.html", script, name)
        return found

    def wait_until_free(self) -> None:
        """Until the compose window can be written in again."""
        self.program.run(
            """
            const window = windows("msgcompose")[0];
            await until(() => !window.gWindowLocked && !browserOf("pages/send.html"), "an open window");
            """
        )

    def wait_until_sent(self) -> None:
        """Until no compose window is left."""
        self.program.run('await until(() => !windows("msgcompose").length, "the end of the compose window");')

    def look(self) -> dict[str, Any]:
        """The compose window as it stands: attachments and words."""
        script = """
            const window = windows("msgcompose")[0];
            const names = [...window.document.getElementById("attachmentBucket").itemChildren].map((one) => one.attachment.name);
            return { names, words: window.GetCurrentEditor().outputToString("text/html", 0) };
        """
        found: dict[str, Any] = self.program.run(script)
        return found

    def throw_away(self) -> None:
        """Close every mail that is open."""
        self.program.run(
            """
            for (const window of windows("msgcompose")) {
              window.gContentChanged = false;
              window.gMsgCompose.bodyModified = false;
              window.close();
            }
            await until(() => !windows("msgcompose").length, "the end of the compose windows");
            """
        )
