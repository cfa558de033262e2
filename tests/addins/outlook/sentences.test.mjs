// SPDX-License-Identifier: Apache-2.0
/* Every refusal has a sentence with its facts, in both languages. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { HostFault } from "../../../addins/outlook/mailbox.js";
import { sentenceOf } from "../../../addins/outlook/sentences.js";
import { Refusal } from "../../../addins/outlook/server.js";
import { Trouble } from "../../../addins/outlook/uploads.js";
import { wordsIn } from "../../../addins/outlook/words.js";
import { ROWS } from "./server.mjs";

const TITLE = "What the server says";
const OWN = [
  ["unreadable", { name: "odd.bin" }], ["link_missing", {}], ["picture_refused", { name: "odd.bin" }], ["no_recipients", {}], ["nothing_to_protect", {}],
  ["file_too_large", { name: "odd.bin", limit: 5 * 1024 ** 3 }], ["text_too_long", { limit: 1024 ** 2 }], ["too_many_files", { limit: 20, actual: 30 }],
];
const nameOf = (document) => (document === "doc_1" ? "Plan.pdf" : "");

/** What a sentence must show of the facts: names and addresses as they are, numbers as they are written. */
const shown = (facts, language) => Object.entries(facts).flatMap(([key, value]) => {
  if (Array.isArray(value)) return value;
  if (typeof value === "number") return key === "limit" && value > 1e6 ? [] : [new Intl.NumberFormat(language === "fr" ? "fr-FR" : "en-GB").format(value)];
  return typeof value === "string" && key === "name" ? [value] : [];
});

for (const language of ["en", "fr"]) {
  const words = wordsIn(language);
  const said = (fault) => sentenceOf(fault, words, nameOf);

  test(`refusals of the server in ${language}`, () => {
    for (const [, status, code, facts = {}] of ROWS) {
      const sentence = said(new Refusal(code, status, TITLE, { document: "doc_1", request_id: "req_1", ...facts }));
      assert.doesNotMatch(sentence, /undefined|NaN|\[object/, code);
      const isOwn = code in words.troubles;
      for (const fact of [...shown(facts, language), ...(isOwn ? [] : [TITLE, "Plan.pdf"]), ...(status >= 500 ? ["req_1"] : [])]) {
        assert.ok(sentence.includes(fact), `${code}: ${sentence} lacks ${fact}`);
      }
    }
    const short = said(new Refusal("insufficient_credits", 402, TITLE, { needed: 1602, available: 1500 }));
    for (const number of shown({ needed: 1602, available: 1500 }, language)) assert.ok(short.includes(number), short);
    assert.ok(said(new Refusal("password_required", 422, TITLE, { document: "doc_1" })).includes("Plan.pdf"));
    assert.equal(said(new Refusal("invalid", 400, TITLE, { errors: { inline: ["too_many"] } })), words.picturesRefused);
    for (const [code, facts] of [["infected", { document: "doc_1", signature: "Win.Test" }], ["team_suspended", { reason: "disputed" }]]) {
      const sentence = said(new Refusal(code, 422, TITLE, facts));
      for (const fact of Object.values(facts)) assert.ok(sentence.includes(nameOf(fact) || fact), sentence);
    }
    assert.equal(said(new Refusal("offline", 0)), words.troubles.offline({}));
  });

  test(`troubles of our own and of Outlook in ${language}`, () => {
    for (const [code, facts] of OWN) {
      const sentence = said(new Trouble(code, facts));
      assert.doesNotMatch(sentence, /undefined|NaN/, code);
      assert.notEqual(sentence, code);
      for (const fact of shown(facts, language)) assert.ok(sentence.includes(fact), `${sentence} lacks ${fact}`);
    }
    assert.ok(said(new HostFault("body.setAsync", { code: 5, message: "no" })).includes("body.setAsync"));
    assert.equal(said(new TypeError("odd")), "TypeError: odd");
  });
}

test("the rows are those of the table of errors, and none is forgotten", () => {
  const page = readFileSync(new URL("../../../docs/api/mail-clients.md", import.meta.url), "utf8");
  const lines = page.split("\n").filter((line) => /^\| \d{3}[ ,]/.test(line));
  const codes = new Set(lines.flatMap((line) => [...line.split("|")[1].matchAll(/`([a-z_]+)`/g)].map((found) => found[1])));
  const tested = new Set([...ROWS.map(([, , code]) => code), "insufficient_credits", "not_ready", "stale_draft", "idempotency_conflict"]);
  assert.deepEqual([...codes].filter((code) => !tested.has(code) && code !== "limit_"), []);
});
