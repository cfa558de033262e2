// SPDX-License-Identifier: Apache-2.0
/* The send check, run as Outlook on Windows runs it: a script in an engine with nothing but Office. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

import { isTiny } from "../../../addins/outlook/letter.js";
import { file, itemOf, newMail, person, supports } from "./mail.mjs";

const SCRIPT = new vm.Script(readFileSync(new URL("../../../addins/outlook/launchevent.js", import.meta.url), "utf8"));
const POLICY = { mode: "ask", min_bytes: 0, internal_domains: [] };

/** Press Send; the answer the add-in gives. */
function send(mail) {
  return new Promise((resolve) => {
    const handlers = {};
    const Office = {
      actions: { associate: (name, handler) => { handlers[name] = handler; } },
      context: {
        displayLanguage: mail.language,
        mailbox: { item: itemOf(mail) },
        requirements: { isSetSupported: (_set, version) => supports(mail)(version) },
        roamingSettings: { get: (name) => { if (mail.roaming === "broken") throw new Error("no"); return mail.roaming[name]; } },
      },
    };
    SCRIPT.runInContext(vm.createContext({ Office }));
    handlers.onSealroomSend({ completed: resolve });
  });
}

const withPolicy = (policy, about) => newMail({ attachments: [file("a.pdf", "12345")], roaming: { sealroom: { ...POLICY, ...policy } }, ...about });
const left = (facts) => ({ sealroom: JSON.stringify(facts) });
const picture = file("logo.png", "p", { contentId: "logo@1" });

const CASES = [
  ["off lets everything go", withPolicy({ mode: "off" }), "allow"],
  ["ask prompts", withPolicy({ mode: "ask" }), "ask"],
  ["force blocks", withPolicy({ mode: "force" }), "block"],
  ["nobody ever opened the pane: ask", newMail({ attachments: [file("a.pdf", "1")] }), "ask"],
  ["settings that cannot be read: ask", newMail({ attachments: [file("a.pdf", "1")], roaming: "broken" }), "ask"],
  ["no files", withPolicy({ mode: "force" }, { attachments: [] }), "allow"],
  ["an item of Outlook is a file", withPolicy({ mode: "force" }, { attachments: [file("Re", "x", { attachmentType: "item" })] }), "block"],
  ["a link to a cloud is no file", withPolicy({ mode: "force" }, { attachments: [file("c", "x", { attachmentType: "cloud" })] }), "allow"],
  ["an inline picture is no file", withPolicy({ mode: "force" }, { attachments: [file("i.png", "x", { isInline: true })] }), "allow"],
  ["nor is one the text refers to", withPolicy({ mode: "force" }, { attachments: [picture], body: '<img src="CID:logo@1">' }), "allow"],
  ["nor is one it refers to in another spelling", withPolicy({ mode: "force" }, { attachments: [file("l.png", "l", { contentId: "<a@b>" })], body: '<img src="cid:a%40b">' }), "allow"],
  ["one it does not refer to is", withPolicy({ mode: "force" }, { attachments: [picture], body: "<p>logo@1</p>" }), "block"],
  ["a small picture of a signature is no file", withPolicy({ mode: "force" }, { attachments: [file("Image001.PNG", "x")] }), "allow"],
  ["a larger one is", withPolicy({ mode: "force" }, { attachments: [file("image001.png", "x".repeat(20 * 1024))] }), "block"],
  ["nor is a file only called so in part", withPolicy({ mode: "force" }, { attachments: [file("image001.pdf.exe", "x")] }), "block"],
  ["below the team's size", withPolicy({ mode: "force", min_bytes: 6 }), "allow"],
  ["from the team's size on", withPolicy({ mode: "force", min_bytes: 5 }), "block"],
  ["to colleagues only", withPolicy({ mode: "force", internal_domains: ["Example.NET"] }), "allow"],
  ["to a colleague and a stranger in Bcc", withPolicy({ mode: "force", internal_domains: ["example.net"] }, { bcc: [person("x@else.example")] }), "block"],
  ["to a domain that only ends like ours", withPolicy({ mode: "force", internal_domains: ["example.net"] }, { to: [person("x@notexample.net")] }), "block"],
  ["protected and as it was", withPolicy({ mode: "force" }, { attachments: [], session: left({ granted: ["A@example.net"] }) }), "allow"],
  ["protected, a file added later", withPolicy({ mode: "force" }, { session: left({ granted: ["a@example.net"] }) }), "block"],
  ["protected, somebody added later", withPolicy({ mode: "force" }, { attachments: [], session: left({ granted: ["b@example.net"] }) }), "ask"],
  ["files chosen in the pane, asked", withPolicy({ mode: "off" }, { attachments: [], session: left({ pending: 2 }) }), "ask"],
  ["files chosen in the pane, forced", withPolicy({ mode: "force" }, { attachments: [], session: left({ pending: 1 }) }), "block"],
  ["a commit that was not finished", withPolicy({ mode: "off" }, { session: left({ unfinished: true, pending: 1 }) }), "ask"],
  ["facts nobody can read", withPolicy({ mode: "off" }, { session: { sealroom: "{" } }), "allow"],
  ["Outlook fails, off", withPolicy({ mode: "off" }, { fails: new Set(["getAttachmentsAsync"]) }), "allow"],
  ["Outlook fails, ask", withPolicy({ mode: "ask" }, { fails: new Set(["to.getAsync"]) }), "ask"],
  ["Outlook fails, force", withPolicy({ mode: "force" }, { fails: new Set(["body.getAsync"]) }), "block"],
];

for (const [name, mail, wanted] of CASES) {
  test(name, async () => {
    const answer = await send(mail);
    const given = answer.allowEvent ? "allow" : answer.sendModeOverride === "promptUser" ? "ask" : "block";
    assert.equal(given, wanted);
    if (wanted !== "allow") {
      assert.equal(answer.commandId, "sealroomPane");
      assert.ok(answer.errorMessage.length <= 500 && answer.cancelLabel);
    }
    assert.ok(mail.most <= 1);
  });
}

test("before 1.14 an answer has nothing Outlook does not know", async () => {
  const answer = await send(withPolicy({}, { version: 12 }));
  assert.deepEqual(Object.keys(answer), ["allowEvent", "errorMessage"]);
});

test("before 1.11 there is no data of the session to ask for", async () => {
  const mail = withPolicy({}, { version: 8 });
  assert.equal((await send(mail)).allowEvent, false);
  assert.equal(mail.calls.includes("sessionData.getAsync"), false);
});

test("it says how many, and whom, in Outlook's language", async () => {
  const two = [file("a", "1"), file("b", "2")];
  assert.match((await send(withPolicy({}, { attachments: two }))).errorMessage, /^2 attachments would leave unprotected/);
  assert.match((await send(withPolicy({}, { attachments: two, language: "fr-FR" }))).errorMessage, /^2 pièces jointes partiraient sans protection.*«\u202fProtéger\u202f»/);
  const session = left({ granted: ["x@example.net"] });
  const more = { attachments: [], session, cc: [person("b@example.net"), person("c@example.net")] };
  assert.match((await send(withPolicy({}, more))).errorMessage, /does not open for a@example\.net and 2 more/);
  for (const facts of [{ pending: 1 }, { pending: 3 }, { unfinished: true }, { granted: ["x@example.net"] }]) {
    for (const language of ["en-GB", "fr-CA"]) {
      const { errorMessage } = await send(withPolicy({}, { attachments: [], session: left(facts), language }));
      assert.ok(errorMessage.includes("Sealroom") || errorMessage.includes("protégé"), errorMessage);
    }
  }
});

test("the check passes over the same small pictures as the pane", async () => {
  const parts = ["image001.png", "IMAGE999.jpeg", "image01.png", "image0011.png", "ximage001.png", "image001.png.pdf", "image001", "image001.emf"]
    .flatMap((name) => [1, 20 * 1024 - 1, 20 * 1024].map((size) => file(name, "x".repeat(size))));
  parts.push(file("image001.png", "x", { attachmentType: "item" }));
  for (const one of parts) {
    const { allowEvent } = await send(withPolicy({ mode: "force" }, { attachments: [one] }));
    assert.equal(allowEvent, isTiny({ ...one, type: one.attachmentType }), `${one.name} ${one.size} ${one.attachmentType}`);
  }
});
