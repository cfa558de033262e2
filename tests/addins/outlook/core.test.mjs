// SPDX-License-Identifier: Apache-2.0
/* Protecting a mail: nothing is lost, nothing is charged twice, whatever fails. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Mailbox } from "../../../addins/outlook/mailbox.js";
import { code, file, itemOf, names, newMail, open, person, protect, seen, supports } from "./mail.mjs";
import { ROWS, newServer, refuse } from "./server.mjs";

const PLAIN = { words: false, preset: null };
const charges = (server) => server.requests.filter((one) => one.endsWith("/commit")).length;
const facts = (mail) => JSON.parse(mail.session.sealroom);

test("a mail is protected in the order that keeps it safe, one call at a time", async () => {
  const mail = newMail({
    attachments: [file("a.pdf", "alpha"), file("b.pdf", "beta")], cc: [person("b@example.net")], bcc: [person("A@Example.net")],
  });
  const server = newServer();
  const protection = await open(mail, server);
  const before = seen(mail);
  const price = await protection.prepare(PLAIN);
  assert.deepEqual(price, { cost: 4, available: 100, after: 96, enough: true, files: 2, people: 2 });
  assert.deepEqual([seen(mail), server.credits], [before, 100]);
  const result = await protection.finish();
  assert.deepEqual(result, { charged: 4, available: 96, left: [] });
  assert.deepEqual(protection.stages, ["uploading", "drafting", "quoted", "committing", "inserting", "removing", "header", "done"]);
  assert.equal(mail.body, '<p><a href="https://files.example.com/v/snd_1/">Open</a></p><p>Dear reader</p>');
  assert.deepEqual([names(mail), mail.headers], [[], { "x-sealroom-send": "snd_1" }]);
  assert.deepEqual(facts(mail), { pending: 0, unfinished: false, granted: ["a@example.net", "b@example.net"] });
  assert.equal(mail.most, 1);
  assert.deepEqual([...server.documents.values()].map((one) => one.bytes.toString()), ["alpha", "beta"]);
  const { about } = server.sends.get("snd_1");
  assert.deepEqual([about.from, about.subject, about.language, about.preset], ["boss@example.com", "Offer", "en", undefined]);
});

test("pictures of the text and links to a cloud stay, items of Outlook go as files", async () => {
  const mail = newMail({
    body: '<p>Look <img src="cid:logo.png@01"> <img src="cid:seal%40x"></p>',
    attachments: [
      file("seal.png", "s", { contentId: "<seal@x>" }),
      file("inline.png", "i", { isInline: true }), file("logo.png", "l", { contentId: "logo.png@01" }),
      file("Cloud.docx", "", { attachmentType: "cloud", content: { format: "url", content: "https://cloud.example" } }),
      file("Re: Plan", "mail", { attachmentType: "item", content: { format: "eml", content: "From: x\r\n\r\nmail" } }),
      file("Meeting", "date", { attachmentType: "item", content: { format: "iCalendar", content: "BEGIN:VCALENDAR" } }),
    ],
  });
  const server = newServer();
  const { protection, result } = await protect(mail, server, { words: false, preset: "pre_1" });
  assert.deepEqual([result.charged, result.left], [2, []]);
  assert.deepEqual(names(mail), ["seal.png", "inline.png", "logo.png", "Cloud.docx"]);
  assert.deepEqual([...server.documents.values()].map((one) => one.name), ["Re: Plan.eml", "Meeting.ics"]);
  assert.equal(server.sends.get("snd_1").about.preset, "pre_1");
  assert.deepEqual((await protection.survey()).clouds.map((one) => one.name), ["Cloud.docx"]);
});

test("an attachment that cannot be read is named and nothing happens", async () => {
  const mail = newMail({ attachments: [file("odd.bin", "x", { content: { format: "url", content: "https://elsewhere.example" } })] });
  const server = newServer();
  const before = seen(mail);
  await assert.rejects((await open(mail, server)).prepare(PLAIN), code("unreadable"));
  assert.deepEqual([seen(mail), server.requests], [before, []]);
});

test("the same file twice is one, the same content under two names is two", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "x"), file("a.pdf", "x", { id: "second" }), file("b.pdf", "x")] });
  const server = newServer();
  const { result } = await protect(mail, server);
  assert.deepEqual([result.charged, names(mail), server.uploads.size], [2, [], 2]);
});

test("files chosen in the pane never touch the mail, and the send check knows of them until they are sent", async () => {
  const mail = newMail();
  const server = newServer();
  const protection = await open(mail, server);
  const [big, other] = [new File(["x".repeat(9 * 1024 * 1024)], "Grand «plan».pdf"), new File(["y"], "no.pdf")];
  await protection.choose([big, other]);
  assert.equal(facts(mail).pending, 2);
  await protection.unchoose(protection.chosen[1]);
  assert.equal(facts(mail).pending, 1);
  assert.equal((await protection.prepare(PLAIN)).cost, 1);
  await protection.finish();
  assert.deepEqual([facts(mail).pending, protection.chosen], [0, []]);
  assert.deepEqual([server.documents.get("doc_1").name, server.documents.get("doc_1").size], ["Grand «plan».pdf", big.size]);
  assert.equal(server.requests.filter((one) => one.startsWith("PATCH")).length, 3);
  assert.equal(mail.calls.includes("getAttachmentContentAsync"), false);
});

test("a pane that was closed says which files must be chosen again", async () => {
  const mail = newMail();
  const server = newServer();
  await (await open(mail, server)).choose([new File(["x"], "a.pdf")]);
  const again = await open(mail, server);
  assert.deepEqual([again.lost, facts(mail).pending], [1, 0]);
});

test("a mail in plain text gets plain text", async () => {
  const mail = newMail({ type: "text", body: "Dear reader", attachments: [file("a.pdf", "a")] });
  await protect(mail, newServer());
  assert.equal(mail.body, "Open: https://files.example.com/v/snd_1/\n\nDear reader");
  const words = newMail({ type: "text", body: "Secret" });
  const server = newServer();
  await protect(words, server, { words: true, preset: null });
  assert.deepEqual([words.body, server.sends.get("snd_1").words], ["Open: https://files.example.com/v/snd_1/\n\n", { text: "Secret" }]);
});

test("documents the server has already become files of the mail without an upload, each once", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "alpha")] });
  const server = newServer();
  const there = { id: "doc_9", name: "Plan.pdf", size: 9e9, sha256: "", bytes: Buffer.from("") };
  server.documents.set("doc_9", there);
  const protection = await open(mail, server);
  protection.limits = { file_bytes: 100, files: 2, message_html_bytes: 100 };
  await protection.choosePresent([there]);
  await protection.choosePresent([there]);
  assert.deepEqual([protection.chosen.map((one) => one.name), facts(mail).pending], [["Plan.pdf"], 1]);
  assert.equal((await protection.prepare(PLAIN)).cost, 2);
  await protection.finish();
  assert.deepEqual([server.sends.get("snd_1").documents, server.uploads.size], [["doc_2", "doc_9"], 1]);
  assert.deepEqual([names(mail), protection.chosen, facts(mail).pending], [[], [], 0]);
});

test("small pictures a signature left behind stay, free, unless the sender wants them protected", async () => {
  const attachments = [file("image001.png", "logo"), file("a.pdf", "a"), file("image002.jpg", "j".repeat(20 * 1024)), file("image003.gif", "g")];
  const mail = newMail({ attachments });
  const server = newServer();
  const protection = await open(mail, server);
  const { tiny, files } = await protection.survey();
  assert.deepEqual([tiny, files].map((some) => some.map((one) => one.name)), [["image001.png", "image003.gif"], ["a.pdf", "image002.jpg"]]);
  protection.take(tiny[1], true);
  protection.take(tiny[0], true);
  protection.take(tiny[0], false);
  assert.equal((await protection.prepare(PLAIN)).cost, 3);
  assert.deepEqual([(await protection.finish()).left, names(mail)], [[], ["image001.png"]]);
});

test("limits are seen before anything is uploaded", async () => {
  const server = newServer();
  const limits = { file_bytes: 4, files: 2, message_html_bytes: 10 };
  const cases = [
    [newMail({ attachments: [file("a.pdf", "12345")] }), PLAIN, "file_too_large"],
    [newMail({ attachments: [file("a", "1"), file("b", "2"), file("c", "3")] }), PLAIN, "too_many_files"],
    [newMail(), { words: true, preset: null }, "text_too_long"],
    [newMail({ type: "text", body: "eleven long" }), { words: true, preset: null }, "text_too_long"],
    [newMail({ to: [], attachments: [file("a", "1")] }), PLAIN, "no_recipients"],
    [newMail(), PLAIN, "nothing_to_protect"],
  ];
  for (const [mail, wish, wanted] of cases) {
    const protection = await open(mail, server);
    protection.limits = limits;
    const before = seen(mail);
    await assert.rejects(protection.prepare(wish), code(wanted));
    assert.deepEqual(seen(mail), before);
  }
  assert.deepEqual(server.requests, []);
});

test("too few credits: the numbers are told, the mail and its files are as they were, and another try uploads nothing again", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a"), file("b.pdf", "b")], cc: [person("b@example.net")] });
  const server = newServer({ credits: 3 });
  const protection = await open(mail, server);
  const before = seen(mail);
  const price = await protection.prepare(PLAIN);
  assert.deepEqual([price.cost, price.available, price.enough], [4, 3, false]);
  await assert.rejects(protection.finish(), (fault) => {
    assert.deepEqual([fault.status, fault.facts.needed, fault.facts.available], [402, 4, 3]);
    return true;
  });
  assert.deepEqual([seen(mail), server.credits, protection.isUnfinished], [before, 3, false]);
  assert.equal(facts(mail).unfinished, false);
  mail.cc = [];
  assert.equal((await protection.prepare(PLAIN)).cost, 2);
  assert.deepEqual(await protection.finish(), { charged: 2, available: 1, left: [] });
  assert.equal(server.uploads.size, 2);
});

const STEPS = [
  ["to.getAsync"], ["cc.getAsync"], ["bcc.getAsync"], ["from.getAsync"], ["subject.getAsync"], ["getAttachmentsAsync"],
  ["getAttachmentContentAsync:1"], ["getAttachmentContentAsync:2"], ["body.getTypeAsync"], ["body.getAsync:1"],
  ["loadCustomPropertiesAsync:2"], ["saveAsync:1"], ["sessionData.setAsync:1"],
  // from here on the commit is done: what is left is finished later
  ["saveAsync:2", "paid"], ["sessionData.setAsync:2", "paid"], ["body.prependAsync:1", "paid"], ["body.getAsync:3", "paid"],
  ["body.getAsync:4", "paid"], ["body.getAsync:5", "paid"], ["getAttachmentsAsync:3", "paid"], ["removeAttachmentAsync:1", "paid"],
  ["getAttachmentsAsync:4", "paid"], ["removeAttachmentAsync:2", "paid"], ["getAttachmentsAsync:5", "paid"],
  ["internetHeaders.setAsync:1", "paid"], ["saveAsync:3", "paid"],
];

for (const [call, isPaid] of STEPS) {
  test(`when ${call} fails, the mail ${isPaid ? "is finished later at no cost" : "is as it was"}`, async () => {
    const mail = newMail({ attachments: [file("a.pdf", "alpha"), file("b.pdf", "beta")] });
    const server = newServer();
    const before = seen(mail);
    mail.fails.add(call);
    await assert.rejects(protect(mail, server), (fault) => { assert.equal(fault.call, call.split(":")[0]); return true; });
    assert.equal(server.credits, isPaid ? 98 : 100);
    if (!isPaid) assert.deepEqual(seen(mail), before);
    mail.fails.clear();
    const again = await open(mail, server); // a pane that knows only what lies with the mail
    assert.equal(again.isUnfinished, Boolean(isPaid) || (await again.mailbox.memo()) !== null);
    if (!again.isUnfinished) await again.prepare(PLAIN);
    await again.finish();
    assert.deepEqual([server.credits, names(mail), facts(mail).unfinished], [98, [], false]);
    assert.equal(mail.body.split("https://files.example.com/v/snd_").length, 2);
  });
}

test("a link that Outlook does not keep stops before attachments are taken out", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")], losesLinks: true });
  const server = newServer();
  await assert.rejects(protect(mail, server), code("link_missing"));
  assert.deepEqual(names(mail), ["a.pdf"]);
  mail.losesLinks = false;
  assert.deepEqual((await (await open(mail, server)).finish()).charged, 1);
  assert.deepEqual([server.credits, names(mail)], [99, []]);
});

test("a lost answer is asked for again under the same key", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer({ lost: new Set(["/drafts/snd_1/commit"]) });
  const { result } = await protect(mail, server);
  assert.deepEqual([result.charged, server.credits, charges(server)], [1, 99, 2]);
});

test("a server that stays away leaves the mail, and the same commit later charges once", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const protection = await open(mail, server);
  await protection.prepare(PLAIN);
  const before = seen(mail);
  server.lost.add("down");
  await assert.rejects(protection.finish(), code("offline"));
  assert.deepEqual([seen(mail), facts(mail).unfinished], [before, true]);
  server.lost.clear();
  await (await open(mail, server)).finish();
  assert.deepEqual([server.credits, names(mail)], [99, []]);
});

test("an upload goes on where the line broke", async () => {
  const mail = newMail();
  const server = newServer();
  const protection = await open(mail, server);
  await protection.choose([new File(["z".repeat(5 * 1024 * 1024)], "z.pdf")]);
  refuse(server, "PATCH /uploads", 503, "busy");
  server.lost.add("/uploads/upl_1");
  await protection.prepare(PLAIN);
  assert.deepEqual([server.documents.get("doc_1").size, server.requests.filter((one) => one.startsWith("HEAD")).length > 0], [5 * 1024 * 1024, true]);
});

test("files under inspection are waited for", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  for (let n = 0; n < 3; n += 1) refuse(server, "/commit", 409, "not_ready", { retry_after: 2 });
  await protect(mail, server);
  assert.deepEqual([server.credits, charges(server)], [99, 4]);
  const slow = newMail({ attachments: [file("a.pdf", "a")] });
  for (let n = 0; n < 40; n += 1) refuse(server, "/commit", 409, "not_ready", { retry_after: 2 });
  const before = seen(slow);
  await assert.rejects(protect(slow, server), code("not_ready"));
  assert.deepEqual([seen(slow), server.credits, facts(slow).unfinished], [before, 99, false]);
});

for (const [call, status, wanted] of ROWS) {
  test(`refused with ${status} ${wanted} at ${call}: untouched, free, and free to try again`, async () => {
    const mail = newMail({ attachments: [file("a.pdf", "a")] });
    const server = newServer();
    refuse(server, call, status, wanted, { document: "doc_1", retry_after: 30 });
    const before = seen(mail);
    const protection = await open(mail, server);
    const wish = { words: call === "/body", preset: null };
    await assert.rejects(protection.prepare(wish).then(() => protection.finish()), code(wanted));
    assert.deepEqual([seen(mail), server.credits, protection.isUnfinished], [before, 100, false]);
    const again = await open(mail, server);
    assert.equal(again.isUnfinished, false);
    await again.prepare(PLAIN);
    await again.finish();
    assert.deepEqual([server.credits, names(mail)], [99, []]);
  });
}

test("a draft that is another by now is read again, and charged once", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const protection = await open(mail, server);
  await protection.prepare(PLAIN);
  server.sends.get("snd_1").revision += 4; // somebody wrote it elsewhere
  assert.equal((await protection.finish()).charged, 1);
  assert.deepEqual([server.credits, charges(server), server.sends.get("snd_1").committed], [99, 2, 5]);
});

test("what Outlook only might do is no reason to stop", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")], fails: new Set(["notificationMessages.replaceAsync", "addHandlerAsync", "sessionData.getAsync"]) });
  const { protection } = await protect(mail, newServer());
  await protection.mailbox.announce("Protected");
  await protection.mailbox.listen(() => undefined);
  assert.deepEqual([names(mail), mail.notices], [[], []]);
});

test("a mail that changes after the price was shown is priced again", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const protection = await open(mail, server);
  await protection.prepare(PLAIN);
  mail.cc = [person("b@example.net")];
  await assert.rejects(protection.finish(), code("changed"));
  assert.deepEqual([charges(server), (await protection.prepare(PLAIN)).cost], [0, 2]);
  await protection.finish();
  assert.equal(server.credits, 98);
});

test("Undo, a draft opened again, new recipients: only new pairs are charged, the link stays", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  await protect(mail, server);
  mail.session = {}; // Outlook forgets it with the window
  const again = await open(mail, server);
  assert.deepEqual([again.isProtected, again.granted], [true, ["a@example.net"]]);
  mail.cc = [person("B@example.net")];
  const now = await again.survey();
  assert.deepEqual([again.isBehind(now), again.strangers(now).map((one) => one.email)], [true, ["B@example.net"]]);
  assert.equal((await again.prepare(PLAIN)).cost, 1);
  assert.deepEqual(await again.finish(), { charged: 1, available: 98, left: [] });
  assert.equal(mail.body.split("/v/snd_1/").length, 2);
  assert.deepEqual(facts(mail).granted, ["a@example.net", "b@example.net"]);
});

test("a file added to a protected mail is a send of its own in the same mail", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const { protection } = await protect(mail, server);
  mail.attachments.push(file("b.pdf", "b"));
  assert.equal((await protection.prepare(PLAIN)).cost, 1);
  assert.equal((await protection.finish()).charged, 1);
  assert.deepEqual([mail.headers["x-sealroom-send"], names(mail)], ["snd_1,snd_2", []]);
  assert.match(mail.body, /snd_2.*snd_1/);
});

test("attachments whose ids are their places in the list, and two that look the same, are told apart", async () => {
  const mail = newMail({ numbersIds: true, attachments: [file("a.pdf", "one"), file("a.pdf", "two"), file("b.pdf", "bee")] });
  const server = newServer();
  const protection = await open(mail, server);
  await protection.prepare(PLAIN);
  mail.attachments.unshift(file("c.pdf", "new"));
  await assert.rejects(protection.finish(), code("changed"));
  mail.attachments.shift();
  await protection.prepare(PLAIN);
  assert.deepEqual([(await protection.finish()).charged, names(mail), server.uploads.size], [3, [], 3]);
});

test("what was added after a commit that broke off stays and is named", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "alpha")] });
  const server = newServer();
  mail.fails.add("body.prependAsync");
  await assert.rejects(protect(mail, server));
  mail.fails.clear();
  mail.attachments = [{ ...mail.attachments[0], id: "another-id" }, file("late.pdf", "late!")];
  assert.deepEqual((await (await open(mail, server)).finish()).left, ["late.pdf"]);
  assert.deepEqual(names(mail), ["late.pdf"]);
});

test("recipients that changed while a commit was lost are followed", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  mail.fails.add("saveAsync:2");
  await assert.rejects(protect(mail, server));
  mail.fails.clear();
  mail.to = [person("c@example.net")];
  await (await open(mail, server)).finish();
  assert.deepEqual([server.credits, server.sends.get("snd_1").recipients, facts(mail).granted], [98, [{ email: "c@example.net" }], ["c@example.net"]]);
});

test("a send that was called back is begun anew", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const { protection } = await protect(mail, server);
  await protection.forget("snd_1");
  assert.deepEqual([protection.isProtected, (await open(mail, server)).isProtected], [false, false]);
});

test("an older Outlook without session data and senders works too", async () => {
  const mail = newMail({ version: 6, attachments: [file("a.pdf", "a")] });
  const server = newServer();
  await protect(mail, server);
  assert.deepEqual([names(mail), mail.session, server.sends.get("snd_1").about.from], [[], {}, ""]);
});

test("Outlook's own count of three calls at once is never reached, whoever asks at once", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const box = new Mailbox(itemOf(mail), supports(mail));
  await Promise.all([box.recipients(), box.attachments(), box.isPlain(), box.subject(), box.facts(), box.memo()]);
  assert.equal(mail.most, 1);
});
