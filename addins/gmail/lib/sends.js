// SPDX-License-Identifier: Apache-2.0
// A mail at the server: draft, price, commit, and what comes after. Every commit is written down before it is asked for, with its
// key: a lost answer, a stopped worker, a second click and Undo lead to the same commit, never to a second charge.

import { pause, steady } from "./api.js";
import { kept, noteSend, Problem, sendRecord } from "./store.js";

const READY_MS = 120_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @typedef {{id: string, subject: string, from: string, documents: {id: string, name: string, size: number}[], words: ?string,
 *   inline?: {cid: string, document_id: string}[],   wordsAreText?: boolean, keepsWords?: boolean, recipients: {email: string, name?: string, kind: string}[], gmailDraft?: string,
 *   delivery?: string}} Wish a mail as the page has it; `keepsWords`: the protected words are those that were committed */

/** @param {Wish} wish what makes it another send when it changes */
async function contentOf(wish, record) {
  if (wish.keepsWords && record) return JSON.stringify([wish.documents.map((one) => one.id), record.wordsDigest]);
  return JSON.stringify([wish.documents.map((one) => one.id), await digest(wish.words)]);
}

/** @param {?string} text */
async function digest(text) {
  if (!text) return "";
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Do a call again while the server still inspects a file of it, but not for ever. @param {() => Promise<*>} deed */
async function whenReady(deed) {
  for (const until = Date.now() + READY_MS; ; ) {
    try {
      return await deed();
    } catch (problem) {
      if (problem.code !== "not_ready" || Date.now() > until) throw problem;
      await pause(Math.min(1000 * (problem.facts.retry_after || 1), 5000));
    }
  }
}

/** Write the draft and its words. Answers with its id and revision at the server. @param {Wish} wish */
async function prepare(wish) {
  if (!UUID.test(wish.id)) throw new Problem("error");
  const body = {
    subject: (wish.subject || "").slice(0, 200),
    language: chrome.i18n.getUILanguage().slice(0, 2) === "fr" ? "fr" : "en",
    documents: wish.documents.map((one) => one.id),
  };
  if (wish.from) body.from = wish.from;
  const draft = await steady("PUT", `/drafts/${wish.id}`, body);
  const words = wish.words && !wish.wordsAreText ? { html: wish.words, inline: wish.inline ?? [] } : { text: wish.words || "" };
  const written = await whenReady(() => steady("PUT", `/drafts/${draft.id}/body`, words)).catch((problem) => {
    throw problem.status === 422 || problem.facts?.errors?.inline ? new Problem("picture_refused", {}, problem.title, problem.status) : problem;
  });
  return { send: draft.id, revision: written.revision };
}

/** Which send a wish continues: the one of its id, or none when files or words are others; then the old one is called back. */
async function continued(wish) {
  const record = await sendRecord(wish.id);
  if (!record || !["committing", "committed", "handed"].includes(record.state)) return { wish, record: null };
  if (record.content === (await contentOf(wish, record))) return { wish, record };
  if (record.state === "committing") await commitOf(record).catch((problem) => { if (problem.code === "unreachable") throw problem; });
  const now = await sendRecord(wish.id);
  if (now.state !== "draft") await takeBack(wish.id);
  return { wish: { ...wish, id: crypto.randomUUID(), keepsWords: false }, record: null, replaced: record.link || "" };
}

/** The price of a mail as it stands; nothing is charged. @param {Wish} wish */
export async function price(wish) {
  const record = await sendRecord(wish.id);
  const isSent = record && ["committing", "committed", "handed"].includes(record.state);
  const isSame = isSent && record.content === (await contentOf(wish, record));
  const send = isSame ? record.send : (await prepare(isSent ? { ...wish, id: crypto.randomUUID() } : wish)).send;
  return quoted(send, wish.recipients);
}

/** What the server asks for a send to these people. @param {string} send @param {{email: string}[]} recipients */
async function quoted(send, recipients) {
  try {
    return await steady("POST", `/drafts/${send}/quote`, { recipients });
  } catch (problem) {
    const lines = Object.keys(problem.facts?.errors ?? {}).map((field) => /^recipients\.(\d+)/.exec(field)?.[1]);
    const bad = lines.filter((line) => line !== undefined).map((line) => recipients[Number(line)]?.email ?? "");
    throw bad.length ? new Problem("invalid_recipient", { recipients: bad }, problem.title, problem.status) : problem;
  }
}

/** Commit under the key that is written down. */
async function commitOf(record) {
  let answer;
  try {
    answer = await whenReady(() => steady("POST", `/drafts/${record.send}/commit`, record.body, { "Idempotency-Key": record.key }));
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500) {
      // a refusal: nothing changed at the server, and what was committed before still stands
      const before = record.before || {};
      await noteSend(record.id, record.committed ? { state: "committed", ...before } : { state: "draft" });
    }
    throw problem;
  }
  await noteSend(record.id, { state: record.state === "handed" ? "handed" : "committed", link: answer.link?.url || "", committed: true });
  return answer;
}

/** Send: all or nothing. Answers with the server's answer, the id it goes by now, and the link of a send it took the place of.
 * @param {Wish} wanted */
export async function commit(wanted) {
  const { wish, record, replaced } = await continued(wanted);
  const delivery = wish.delivery || "client";
  const body = { recipients: wish.recipients, delivery };
  let next = record;
  if (record && JSON.stringify(record.body) !== JSON.stringify(body)) {
    if (record.state === "committing") await commitOf(record); // what was asked for is settled first: it may have been charged
    const revision = record.revision + 1;
    const before = { body: record.body, key: record.key, revision: record.revision };
    next = { ...(await sendRecord(wish.id)), body, revision, key: `${record.send}:${revision}`, before };
  } else if (!record) {
    const draft = await prepare(wish);
    next = {
      id: wish.id, send: draft.send, revision: draft.revision, key: `${draft.send}:${draft.revision}`, body, committed: false,
      wordsDigest: await digest(wish.words), subject: wish.subject, documents: wish.documents, gmailDraft: wish.gmailDraft || "",
    };
    next.content = await contentOf({ ...wish, keepsWords: false }, null);
  }
  if (next !== record) {
    const quote = await quoted(next.send, wish.recipients);
    if (!quote.enough) throw new Problem("insufficient_credits", { needed: quote.cost, available: quote.available }, "", 402);
    await noteSend(wish.id, { ...next, state: "committing", delivery });
    next = await sendRecord(wish.id);
  }
  const answer = await commitOf(next);
  return { ...answer, draft: wish.id, replaced: replaced || "" };
}

/** The mail has left. @param {string} id */
export async function markSent(id) {
  const record = await sendRecord(id);
  if (!record?.send) return;
  await noteSend(id, { state: "handed" });
  await steady("POST", `/drafts/${record.send}/mark-sent`);
}

/** Call a send back: within 15 minutes what nobody opened is given back, later access ends. @param {string} id */
export async function takeBack(id) {
  const record = await sendRecord(id);
  if (!record?.send) throw new Problem("not_found");
  let changed;
  try {
    changed = await steady("POST", `/sends/${record.send}/cancel`);
  } catch (problem) {
    if (problem.code !== "too_late") throw problem;
    changed = await steady("POST", `/sends/${record.send}/revoke`);
  }
  await noteSend(id, { state: "taken_back" });
  return { state: changed.state, returned: Math.max(0, -changed.charged), available: changed.available };
}

/** Remove documents that no mail needs any more. One that is in use is refused by the server, and stays. @param {string[]} documents */
export async function discard(documents) {
  for (const document of documents.map(String).filter((one) => /^\w{1,64}$/.test(one))) {
    await steady("DELETE", `/documents/${document}`).catch(() => null);
  }
}

/** The send behind a link or a draft of Gmail's, as a page may know it. @param {{links?: string[], gmailDraft?: string}} by */
export async function find(by) {
  const sends = Object.values(await kept("sends", {})).sort((a, b) => b.at - a.at);
  const found = sends.find(
    (one) =>
      ["committed", "handed", "committing"].includes(one.state) &&
      ((one.link && by.links?.includes(one.link)) || (by.gmailDraft && one.gmailDraft === by.gmailDraft && one.state !== "handed")),
  );
  return found ? { id: found.id, link: found.link || "", documents: found.documents, words: Boolean(found.wordsDigest) } : null;
}

/** Sends for the panel: the server's list, and which of them this browser charged without seeing the mail leave. */
export async function history() {
  const [listed, sends] = await Promise.all([steady("GET", "/sends?limit=25"), kept("sends", {})]);
  const waiting = Object.values(sends).filter((one) => ["committed", "committing"].includes(one.state) && one.delivery === "client");
  return { items: listed.items, waiting: Object.fromEntries(waiting.map((one) => [one.send, one.id])) };
}
