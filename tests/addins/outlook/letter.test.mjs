// SPDX-License-Identifier: Apache-2.0
/* The words of a mail: whose they are, the pictures in them, and what stays in the mail when they are protected. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { attachmentOf, divide, drawnIn, renamed, sourcesIn } from "../../../addins/outlook/letter.js";
import { code, file, names, newMail, open, protect, seen } from "./mail.mjs";
import { newServer, refuse } from "./server.mjs";

const WORDS = { words: true, preset: null };
const BLOCK = '<p><a href="https://files.example.com/v/snd_1/">Open</a></p>';
const PIXEL = "iVBORw0KGgo=";
const QUOTE = '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Bob</div><div>Old words</div>';
const HEAD = '<html><head><style><!-- p { margin: 0 } --></style></head><body dir="ltr">';

// How Outlooks build what is quoted: what the sender wrote, and what stays.
const LETTERS = [
  ["nothing quoted", "<p>Mine</p>", "<p>Mine</p>", ""],
  ["Outlook on the web", `${HEAD}<div>Mine</div><div id="Signature"><div>Me</div></div><div>PS</div>${QUOTE}</body></html>`,
    "<div>Mine</div><div>PS</div>", `<div id="Signature"><div>Me</div></div>${QUOTE}`],
  ["a line above the quote", '<div><p>Mine</p><hr tabindex="-1"><div id="divRplyFwdMsg">Bob</div><div>Old</div></div>',
    "<div><p>Mine</p>", '<div><hr tabindex="-1"><div id="divRplyFwdMsg">Bob</div><div>Old</div></div>'],
  ["a signature within another element", "<div class='e'><div>Mine</div><div id=Signature><img src='cid:s'></div></div>",
    "<div class='e'><div>Mine</div></div>", "<div class='e'><div id=Signature><img src='cid:s'></div></div>"],
  ["classic Outlook", "<div class=WordSection1><p>Mine<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From</p></div>Old</div>",
    "<div class=WordSection1><p>Mine<o:p></o:p></p>",
    "<div class=WordSection1><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From</p></div>Old</div>"],
  ["new Outlook for Mac", '<div>Mine</div><div id="mail-editor-reference-message-container"><div>Old</div></div>',
    "<div>Mine</div>", '<div id="mail-editor-reference-message-container"><div>Old</div></div>'],
  ["a mail that is passed on without a word", `<div>&nbsp;<br></div>${QUOTE}`, `<div>&nbsp;<br></div>${QUOTE}`, ""],
];

for (const [name, html, own, rest] of LETTERS) {
  test(`whose words they are: ${name}`, () => {
    const parts = divide(html, false);
    assert.deepEqual([parts.own, parts.rest], [own, rest]);
    const whole = divide(html, false, true);
    assert.deepEqual([whole.rest, whole.head + whole.own + whole.tail], ["", html]);
  });
}

test("whose words they are: plain text", () => {
  for (const line of ["________________________________\r\n", "-----Original Message-----\n", "-----Message d'origine-----\n"]) {
    const { own, rest } = divide(`Mine\n-- \nMe\n\n${line}From: Bob\n\nOld`, true);
    assert.deepEqual([own, rest], ["Mine\n-- \nMe\n\n", `${line}From: Bob\n\nOld`]);
  }
  assert.equal(divide("Mine\n---\nMine", true).rest, "");
});

test("pictures are found and named whatever surrounds them", () => {
  const html = '<img alt="a > b" src="cid:X%40y"><IMG SRC=\'cid:z&amp;1\' width=3><img src=cid:q><img data-src="no"><img src="https://elsewhere.example/x.gif">';
  assert.deepEqual(sourcesIn(html), ["cid:X%40y", "cid:z&1", "cid:q", "https://elsewhere.example/x.gif"]);
  assert.equal(renamed(html, new Map([["cid:X%40y", "cid:p1"], ["cid:z&1", "cid:p2"]])),
    '<img alt="a > b" src="cid:p1"><IMG SRC="cid:p2" width=3><img src=""><img data-src="no"><img src="">');
  const attachments = [file("image001.png", "1", { contentId: "<x@Y>" }), file("q", "2", { contentId: "" })];
  assert.deepEqual(["cid:X%40y", "CID:Q", "cid:50%", "https://q"].map((one) => attachmentOf(one, attachments)?.name), ["image001.png", "q", undefined, undefined]);
  assert.deepEqual(drawnIn(`data:image/jpeg;charset=x;base64,${PIXEL}`), { kind: "jpg", base64: PIXEL });
  assert.deepEqual([drawnIn("data:text/html;base64,AA"), drawnIn("data:image/svg+xml,<svg/>")], [null, null]);
});

test("pictures of protected words go along, free; those of a signature and of what is quoted stay where they are", async () => {
  const own = `<div>See <img src="cid:p@1" alt="plan"> and <img src="data:image/png;base64,${PIXEL}"> <img src="https://elsewhere.example/t.gif"></div>`;
  const signature = '<div id="Signature"><img src="cid:s@1"></div>';
  const quote = '<div id="appendonsend"></div><div>Old <img src="cid:q@1"></div>';
  const mail = newMail({
    body: `${HEAD}${own}${signature}${quote}</body></html>`,
    attachments: [
      file("plan.png", "plan", { isInline: true, contentId: "p@1", id: "addinId1" }), file("logo.png", "logo", { isInline: true, contentId: "s@1" }),
      file("old.png", "old", { isInline: true, contentId: "q@1" }), file("a.pdf", "a"),
    ],
  });
  const server = newServer();
  const protection = await open(mail, server);
  assert.equal((await protection.survey()).unsent, 1);
  assert.equal((await protection.prepare(WORDS)).cost, 1);
  const { words, documents } = server.sends.get("snd_1");
  assert.equal(words.html, '<div>See <img src="cid:p1" alt="plan"> and <img src="cid:p2"> <img src=""></div>');
  const shown = words.inline.map((one) => [one.cid, server.documents.get(one.document_id).name, server.documents.get(one.document_id).bytes.toString("base64")]);
  assert.deepEqual(shown, [["p1", "plan.png", Buffer.from("plan").toString("base64")], ["p2", "picture-2.png", PIXEL]]);
  assert.deepEqual(documents.map((id) => server.documents.get(id).name), ["a.pdf"]);
  mail.attachments[0].id = "AAMk-of-the-server"; // the temporary id is over
  assert.deepEqual(await protection.finish(), { charged: 1, available: 99, left: [] });
  assert.equal(mail.body, `${HEAD}${BLOCK}${signature}${quote}</body></html>`);
  assert.deepEqual(names(mail), ["logo.png", "old.png"]);
});

for (const [call, isPaid] of [["getAttachmentContentAsync", false], ["body.setAsync", true], ["removeAttachmentAsync", true]]) {
  test(`when ${call} fails, words and pictures ${isPaid ? "are finished later at no cost" : "are as they were"}`, async () => {
    const picture = file("plan.png", "plan", { isInline: true, contentId: "p@1" });
    const mail = newMail({ body: '<p>See <img src="cid:p@1"></p><div id="Signature">Me</div>', attachments: [picture], fails: new Set([call]) });
    const server = newServer();
    const before = seen(mail);
    await assert.rejects(protect(mail, server, WORDS), (fault) => fault.call === call);
    assert.equal(server.credits, isPaid ? 99 : 100);
    if (!isPaid) assert.deepEqual(seen(mail), before);
    mail.fails.clear();
    const again = await open(mail, server);
    if (!isPaid) await again.prepare(WORDS);
    await again.finish();
    assert.deepEqual([mail.body, names(mail), server.credits], [`${BLOCK}<div id="Signature">Me</div>`, [], 99]);
  });
}

test("what is quoted is protected too where the sender wants it, also when it is finished later", async () => {
  const mail = newMail({ body: `<div>Mine</div>${QUOTE}` });
  const server = newServer();
  mail.fails.add("body.setAsync");
  await assert.rejects(protect(mail, server, { ...WORDS, quoted: true }));
  assert.equal(server.sends.get("snd_1").words.html, `<div>Mine</div>${QUOTE}`);
  mail.fails.clear();
  await (await open(mail, server)).finish();
  assert.deepEqual([mail.body, server.credits], [BLOCK, 99]);
});

test("a text that Outlook would not take back is refused before anything is charged", async () => {
  const mail = newMail({ body: `<div>Mine</div>${QUOTE}${"old ".repeat(250_000)}` });
  const server = newServer();
  await assert.rejects(protect(mail, server, WORDS), code("text_too_long"));
  assert.deepEqual([server.requests, server.credits], [[], 100]);
  await protect(mail, server, { ...WORDS, quoted: true }); // the server says how much it takes
  assert.equal(mail.body, BLOCK);
});

test("an answer in a protected thread has a link of its own, and the one it quotes stays", async () => {
  const quote = QUOTE.replace("Old words", '<a href="https://files.example.com/v/snd_old/">Open</a>');
  const mail = newMail({ body: `<div>Mine</div>${quote}`, attachments: [file("a.pdf", "a")] });
  const server = newServer();
  await protect(mail, server, WORDS);
  assert.deepEqual([mail.body, server.credits, [...server.sends.keys()]], [BLOCK + quote, 99, ["snd_1"]]);
});

test("a mail that is protected keeps its words: they are the link", async () => {
  const mail = newMail({ attachments: [file("a.pdf", "a")] });
  const server = newServer();
  const { protection } = await protect(mail, server);
  const before = seen(mail);
  await protection.prepare(WORDS);
  await protection.finish();
  assert.deepEqual([seen(mail).body, server.credits, server.sends.size], [before.body, 99, 1]);
});

test("pictures are waited for, and one that is refused is named before anything happens", async () => {
  const body = '<p><img src="cid:p@1"></p>';
  const attachments = [file("p.png", "p", { isInline: true, contentId: "p@1" })];
  const mail = newMail({ body, attachments });
  const server = newServer();
  refuse(server, "/body", 409, "not_ready", { retry_after: 2 });
  await protect(mail, server, WORDS);
  assert.deepEqual([mail.body, names(mail), server.credits], [BLOCK, [], 99]);

  const cases = [
    ["POST /uploads", 415, "type_refused", {}, "picture_refused"], ["POST /uploads", 413, "too_large", {}, "picture_refused"],
    ["/body", 400, "invalid", { errors: { inline: ["not_a_picture"] }, cid: "p1" }, "invalid"], ["/body", 422, "corrupt", { document: "doc_1" }, "corrupt"],
  ];
  for (const [call, status, refusal, facts, wanted] of cases) {
    const other = newMail({ body, attachments });
    const around = newServer();
    refuse(around, call, status, refusal, facts);
    const before = seen(other);
    const protection = await open(other, around);
    await assert.rejects(protection.prepare(WORDS), code(wanted));
    assert.deepEqual([seen(other), around.credits], [before, 100]);
    await protection.prepare(WORDS);
    await protection.finish();
    assert.deepEqual([names(other), around.credits], [[], 99]);
  }
  const slow = newMail({ body, attachments });
  const busy = newServer();
  for (let n = 0; n < 40; n += 1) refuse(busy, "/body", 409, "not_ready", { retry_after: 2 });
  await assert.rejects(protect(slow, busy, WORDS), code("not_ready"));
  assert.deepEqual([names(slow), busy.credits], [["p.png"], 100]);
});

test("a protected text in plain text leaves what it quotes", async () => {
  const quote = "________________________________\nFrom: Bob\n\nOld";
  const mail = newMail({ type: "text", body: `Mine\n\n${quote}` });
  const server = newServer();
  await protect(mail, server, WORDS);
  assert.deepEqual([server.sends.get("snd_1").words, mail.body], [{ text: "Mine\n\n" }, `Open: https://files.example.com/v/snd_1/\n\n${quote}`]);
});
