// SPDX-License-Identifier: Apache-2.0
/* A mail in Outlook under Microsoft's office-addin-mock: callback calls over a plain record, counting how many run at once, each
   of them able to fail. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { Protection } from "../../../addins/outlook/core.js";
import { Mailbox } from "../../../addins/outlook/mailbox.js";
import { Server } from "../../../addins/outlook/server.js";
import { fetchOf } from "./server.mjs";

const { OfficeMockObject } = createRequire(import.meta.url)("office-addin-mock");

export const failed = (message = "no") => ({ status: "failed", error: { code: 9999, message } });
const done = (value) => ({ status: "succeeded", value });

export const file = (name, content, more = {}) => ({
  id: `id-${name}`, name, size: content.length, attachmentType: "file", isInline: false, contentId: "",
  content: { format: "base64", content: Buffer.from(content).toString("base64") }, ...more,
});

export const person = (email, more = {}) => ({ emailAddress: email, displayName: email, recipientType: "user", ...more });

/** The record: what the mail is, what was called, and what shall fail ("call" or "call:2" for the second one). */
export function newMail(about = {}) {
  return {
    to: [person("a@example.net")], cc: [], bcc: [], from: person("boss@example.com"), subject: "Offer", type: "html",
    body: "<p>Dear reader</p>", attachments: [], headers: {}, properties: {}, session: {}, roaming: {}, notices: [], version: 14,
    language: "en-GB", calls: [], running: 0, most: 0, fails: new Set(), ...about,
  };
}

/** What a person would see of the mail. */
export const seen = (mail) => structuredClone({ body: mail.body, attachments: mail.attachments, headers: mail.headers });

function recorder(mail) {
  /** A call that answers later, once, by its last argument. */
  return (name, deed) => (...all) => {
    const callback = all.pop();
    mail.calls.push(name);
    mail.running += 1;
    mail.most = Math.max(mail.most, mail.running);
    const count = mail.calls.filter((one) => one === name).length;
    setImmediate(() => {
      mail.running -= 1;
      const fails = mail.running >= 3 || mail.fails.has(name) || mail.fails.has(`${name}:${count}`);
      callback(fails ? failed(name) : deed(...all));
    });
  };
}

function bodyOf(mail, call) {
  const words = (text) => text.replace(/<[^>]+>/g, "");
  return {
    getTypeAsync: call("body.getTypeAsync", () => done(mail.type)),
    getAsync: call("body.getAsync", (kind) => done(kind === "text" ? words(mail.body) : mail.body)),
    prependAsync: call("body.prependAsync", (text) => { if (!mail.losesLinks) mail.body = text + mail.body; return done(); }),
    setAsync: call("body.setAsync", (text) => { if (!mail.losesLinks) mail.body = text; return done(); }),
  };
}

/** The mail as `Office.context.mailbox.item`. */
export function itemOf(mail) {
  const call = recorder(mail);
  const list = (kind) => ({ getAsync: call(`${kind}.getAsync`, () => done(structuredClone(mail[kind]))) });
  return new OfficeMockObject({
    host: "outlook",
    to: list("to"), cc: list("cc"), bcc: list("bcc"),
    from: { getAsync: call("from.getAsync", () => done(mail.from)) },
    subject: { getAsync: call("subject.getAsync", () => done(mail.subject)) },
    body: bodyOf(mail, call),
    getAttachmentsAsync: call("getAttachmentsAsync", () => {
      if (mail.numbersIds) mail.attachments.forEach((one, place) => { one.id = String(place); }); // as classic Outlook does
      return done(mail.attachments.map(({ content, ...one }) => ({ ...one })));
    }),
    getAttachmentContentAsync: call("getAttachmentContentAsync", (id) => {
      const found = mail.attachments.find((one) => one.id === id);
      return found ? done(found.content) : failed("InvalidAttachmentId");
    }),
    removeAttachmentAsync: call("removeAttachmentAsync", (id) => {
      const before = mail.attachments.length;
      mail.attachments = mail.attachments.filter((one) => one.id !== id);
      return mail.attachments.length < before ? done() : failed("AttachmentDeletedSuccessfully");
    }),
    internetHeaders: { setAsync: call("internetHeaders.setAsync", (set) => { Object.assign(mail.headers, set); return done(); }) },
    sessionData: {
      getAsync: call("sessionData.getAsync", (key) => (key in mail.session ? done(mail.session[key]) : failed("KeyNotFound"))),
      setAsync: call("sessionData.setAsync", (key, value) => { mail.session[key] = value; return done(); }),
    },
    notificationMessages: {
      replaceAsync: call("notificationMessages.replaceAsync", (key, notice) => { mail.notices.push(notice.message); return done(); }),
    },
    loadCustomPropertiesAsync: call("loadCustomPropertiesAsync", () => {
      const draft = { ...mail.properties };
      return done({
        get: (key) => draft[key],
        set: (key, value) => { draft[key] = value; },
        saveAsync: call("saveAsync", () => { mail.properties = draft; return done(); }),
      });
    }),
    addHandlerAsync: call("addHandlerAsync", () => done()),
  });
}

/** `version` of the mail is the 14 of 1.14. */
export const supports = (mail) => (version) => Number(version.split(".")[1]) <= mail.version;

const KEEPER = { load: () => ({ access: "access", refresh: "refresh" }), save: () => undefined };

/** A pane that opens beside a mail; `stages` are what it was told. */
export async function open(mail, server) {
  const parts = { fetch: fetchOf(server), wait: async () => undefined };
  const line = new Server("https://files.example.com", KEEPER, "en", parts);
  const protection = new Protection(new Mailbox(itemOf(mail), supports(mail)), line);
  protection.stages = [];
  protection.tell = (stage) => { if (protection.stages.at(-1) !== stage) protection.stages.push(stage); };
  await protection.load();
  return protection;
}

/** Protect a mail from the beginning to the end. */
export async function protect(mail, server, wish = { words: false, preset: null }) {
  const protection = await open(mail, server);
  await protection.prepare(wish);
  return { protection, result: await protection.finish() };
}

export const names = (mail) => mail.attachments.map((one) => one.name);
export const code = (wanted) => (fault) => { assert.equal(fault.code, wanted); return true; };
