// SPDX-License-Identifier: Apache-2.0
// From Send to a mail without files: decide, upload, say the price, commit, put the link in. Until the commit nothing of the mail changes;
// after it every step can be done again without being charged again.

import { account, call, forgetEnd, me, Refusal } from "./server.js";
import { pause, upload } from "./upload.js";
import { addressesOf, goesOut, senderOf } from "./people.js";
import { Dialog } from "./dialog.js";
import { foundAgain, fresh, letterOf, noteWaiting, paidFor } from "./letters.js";
import { apartFromLinked, linkedFiles, spend } from "./filelink.js";
import { isLeftover, withPictures } from "./pictures.js";
import { withBlock, withTextBlock } from "./body.js";
import { word } from "./words.js";

const PATIENCE = 300; // seconds for files that are inspected
const ANEW = new Set(["not_found", "document_deleted", "stale_draft", "already_sent", "idempotency_conflict"]);

/** @returns {Promise<{showPrice: boolean}>} */
export async function wishes() {
  return (await messenger.storage.local.get({ wishes: { showPrice: true } })).wishes;
}

/** Whether something of a mail is at the server already, so that it goes no other way. @param {import("./letters.js").Letter} letter */
function isBound(letter, linked) {
  return Boolean(letter.committed || letter.carried.length || linked.length);
}

/**
 * What is to be done with a mail as it stands: "no", "ask", "yes".
 * @param {import("./letters.js").Letter} letter
 * @param {object|null} who the answer of /me; null: nobody is signed in
 * @param {{files: {size: number}[], linked: object[], addresses: {email: string}[], isReply: boolean}} mail
 */
export function decide(letter, who, mail) {
  if (isBound(letter, mail.linked)) return "yes";
  if (!mail.files.length && !(letter.words && letter.isOn)) return "no";
  if (letter.isOn || !who) return letter.isOn ? "yes" : "no";
  const { policy } = who;
  const bytes = mail.files.reduce((sum, one) => sum + one.size, 0);
  const applies = bytes >= policy.min_bytes && goesOut(mail.addresses, policy.internal_domains);
  if (policy.mode === "force" && applies) return "yes";
  if (letter.isOn === false) return "no";
  if (mail.isReply) return "yes";
  return policy.mode === "ask" && applies ? "ask" : "no";
}

/** Thunderbird's question before it sends. @param {{id: number}} tab @param {object} details */
export async function beforeSend(tab, details) {
  const letter = letterOf(tab.id);
  if (letter.isBusy) return { cancel: true };
  letter.isBusy = true;
  const dialog = new Dialog(tab.id, !(await wishes()).showPrice);
  try {
    return await handled(tab, details, letter, dialog);
  } catch (error) {
    if (error.code !== "back") await say(dialog, error, letter);
    return { cancel: true };
  } finally {
    letter.isBusy = false;
    messenger.composeAction.setBadgeText({ tabId: tab.id, text: "" });
    await dialog.end();
  }
}

async function say(dialog, error, letter) {
  console.warn(error);
  const sentence = error instanceof Refusal ? error.sentence : word("refused_unknown");
  const note = letter.attempt ? "maybeCharged" : letter.committed ? "notMore" : "untouched";
  startOver(letter, error);
  try {
    await dialog.ask({ phase: "refused", sentence, note, isSignedOut: error.code === "signed_out" });
  } catch (other) {
    console.error(other); // the mail stays where it is, said or not
  }
}

/** What the server does not know any more is not asked for again; a revision that is not new enough is counted up. */
function startOver(letter, { code, facts }) {
  if (letter.committed) {
    if (code === "stale_draft") letter.committed.revision = Math.max(letter.committed.revision, facts.revision ?? 0);
  } else if (ANEW.has(code)) {
    Object.assign(letter, { ...fresh(), isAnew: true });
    letter.uploads.clear();
    letter.pictures.clear();
  }
}

async function handled(tab, details, letter, dialog) {
  const words = `${details.body ?? ""}\n${details.plainTextBody ?? ""}`;
  if (!letter.earlier) letter.committed ??= await foundAgain(words); // else the link in the words is of the send that was called back
  const [linked, people] = [await linkedFiles(tab.id, words), await addressesOf(details)];
  const { files, small } = await attached(tab.id, letter, linked);
  if (!files.length && !isBound(letter, linked) && !(letter.words && letter.isOn)) return asItIs(letter, words); // also while no server answers
  const mail = { files, linked, addresses: people.addresses, isReply: await answersProtected(details) };
  const verdict = await asked(letter, dialog, mail, decide(letter, await whoIs(letter, dialog, mail), mail));
  if (verdict === "no") return asItIs(letter, words);
  refuseWhatCannotBe(people, details);
  if (small.length) await askAboutSmall(letter, dialog, small);
  if (small.length && letter.small === "protect") mail.files = [...files, ...small];
  mail.stays = new Set(letter.small === "leave" ? small.map((one) => one.id) : []);
  messenger.composeAction.setBadgeText({ tabId: tab.id, text: "…" });
  const made = await committed(tab, details, letter, dialog, mail);
  return handOver(tab, letter, mail, made);
}

/** Unprotected, as long as it does not carry the link of a send that was called back, which opens nothing. */
function asItIs(letter, words) {
  if (letter.earlier?.link && words.includes(letter.earlier.link)) throw new Refusal("dead_link");
  return {};
}

/** Ask where the team wants to be asked: "no", "yes". */
async function asked(letter, dialog, { files }, verdict) {
  if (verdict !== "ask") return verdict;
  const answer = await dialog.ask({ phase: "ask", files: files.length });
  if (answer === "plain") return "no";
  stopIf(answer !== "protect");
  return "yes";
}

/** Whether a mail answers one whose link is of this server. @param {object} details @returns {Promise<boolean>} */
export async function answersProtected({ type, body, plainTextBody }) {
  const { server } = await account();
  return Boolean(server) && type === "reply" && `${body ?? ""}\n${plainTextBody ?? ""}`.includes(`${server}/v/`);
}

/** The attachments that are no place holders of FileLink, apart from those that are asked about; with nothing beside them those are files. */
async function attached(tab, letter, linked) {
  const all = await apartFromLinked(await messenger.compose.listAttachments(tab), linked);
  const small = all.filter(isLeftover);
  const isAlone = small.length === all.length && !linked.length && !letter.words && !letter.committed;
  return isAlone && letter.isOn ? { files: all, small: [] } : { files: all.filter((one) => !isLeftover(one)), small };
}

async function askAboutSmall(letter, dialog, small) {
  const names = small.map((one) => one.name);
  if (letter.smallNames === names.join("|")) return;
  const answer = await dialog.ask({ phase: "small", names });
  stopIf(!["leave", "protect"].includes(answer));
  Object.assign(letter, { small: answer, smallNames: names.join("|") });
}

/** Who is signed in; whoever wants protection must be, and whose sign-in was ended from elsewhere hears of it. */
async function whoIs(letter, dialog, mail) {
  const who = await me();
  if (who) return who;
  if (letter.isOn || isBound(letter, mail.linked)) throw new Refusal("signed_out");
  if ((await account()).hasEnded) {
    stopIf((await dialog.ask({ phase: "ended" })) !== "plain");
    await forgetEnd();
  }
  return null;
}

function stopIf(isOver) {
  if (isOver) throw new Refusal("back");
}

function refuseWhatCannotBe({ addresses, faults }, details) {
  if (faults.length) throw new Refusal("no_address", { names: faults });
  if (details.newsgroups?.length) throw new Refusal("newsgroup");
  if (!addresses.length) throw new Refusal("no_address");
}

async function committed(tab, details, letter, dialog, mail) {
  const print = JSON.stringify([letter.uuid, letter.words, letter.preset, mail.addresses, mail.files, mail.linked.map((one) => one.document)]);
  if (letter.attempt && letter.attempt.print !== print) await settle(letter);
  if (letter.committed && (mail.files.length || mail.linked.length)) await callBack(letter);
  if (letter.committed) return again(letter, dialog, mail);
  if (letter.attempt) return commit(letter, dialog, mail, letter.attempt);
  await refuseWhatIsGone(letter);
  const documents = [...(await uploaded(letter, dialog, mail.files)), ...mail.linked.map((one) => ({ id: one.document, name: one.name }))];
  const ids = [...new Set([...letter.carried, ...documents].map((one) => one.id))];
  const draft = await write(details, letter, ids, dialog);
  await agreed(draft.id, letter, dialog, mail, ids.length);
  return commit(letter, dialog, mail, { print, id: draft.id, revision: draft.revision });
}

/** The answer to a commit was lost, and the mail is another by now: see what became of it. */
async function settle(letter) {
  const { id, revision } = letter.attempt;
  const found = await call("GET", `/sends/${id}`);
  if (found.state !== "draft") letter.committed = { id, send: id, revision, link: "", text: "", to: "" };
  letter.attempt = null;
}

/** Other files after the commit make another send: the first is called back, its documents go along and are not charged twice. */
async function callBack(letter) {
  const { send } = letter.committed;
  const before = await call("GET", `/sends/${send}`);
  try {
    await call("POST", `/sends/${send}/cancel`);
  } catch (error) {
    if (error.code !== "too_late") throw error;
    await call("POST", `/sends/${send}/revoke`, {});
  }
  Object.assign(letter, { ...fresh(), carried: before.documents.map(({ id, name }) => ({ id, name })), earlier: letter.committed });
}

/** Files of a send that was called back are in the mail no more: those deleted at the server meanwhile have to be attached again. */
async function refuseWhatIsGone(letter) {
  const gone = [];
  for (const one of letter.carried) {
    try {
      await call("GET", `/documents/${one.id}`);
    } catch (error) {
      if (error.status !== 404) throw error;
      gone.push(one);
    }
  }
  letter.carried = letter.carried.filter((one) => !gone.includes(one));
  if (gone.length) throw new Refusal("attach_again", { names: gone.map((one) => one.name) });
}

async function uploaded(letter, dialog, files) {
  const found = [];
  for (const [index, one] of files.entries()) {
    const file = await fileOf(one);
    const key = `${one.id}|${keyOf(one, file)}`;
    if (!letter.uploads.has(key)) {
      const told = (share) => {
        dialog?.tell({ phase: "uploading", name: one.name, index: index + 1, count: files.length, share });
        stopIf(dialog?.isClosed);
      };
      const paid = letter.isAnew ? undefined : await paidFor(keyOf(one, file));
      const id = paid ?? (await upload(file, one.name, told));
      letter.uploads.set(key, { id, name: one.name, key: keyOf(one, file) });
    }
    found.push(letter.uploads.get(key));
  }
  return found;
}

const keyOf = (attachment, file) => `${attachment.name}|${file.size}|${file.lastModified}`;

async function fileOf(attachment) {
  try {
    return await messenger.compose.getAttachmentFile(attachment.id);
  } catch (error) {
    console.warn(error);
    throw new Refusal("file_elsewhere", { names: [attachment.name] }); // such as a file that still lies in another mail
  }
}

async function write(details, letter, documents, dialog) {
  const language = messenger.i18n.getMessage("lang");
  const preset = letter.preset === null ? {} : { preset: letter.preset };
  const content = { documents, from: await senderOf(details), subject: (details.subject ?? "").slice(0, 200), language, ...preset };
  const draft = await call("PUT", `/drafts/${letter.uuid}`, content);
  if (!letter.words && !letter.hasWords) return draft;
  if (letter.words && !letter.isReplaced) Object.assign(letter, await wordsOf(details, letter, dialog));
  letter.hasWords = letter.words;
  return patiently(dialog, () => call("PUT", `/drafts/${draft.id}/body`, letter.words ? letter.said : { text: "" }));
}

async function wordsOf(details, letter, dialog) {
  if (details.isPlainText) return { said: { text: details.plainTextBody }, left: 0 };
  return withPictures(details.body, letter.pictures, (name, index, count, share) => {
    dialog?.tell({ phase: "uploading", name, index, count, share });
    stopIf(dialog?.isClosed);
  });
}

/** The price for these recipients; those that cannot be written to are named. */
async function quoteOf(draft, recipients) {
  try {
    return await call("POST", `/drafts/${draft}/quote`, { recipients });
  } catch (error) {
    const places = Object.keys(error.facts?.errors ?? {}).map((field) => /^recipients\.(\d+)/.exec(field)?.[1]);
    const wrong = places.map((place) => recipients[place]?.email).filter(Boolean);
    throw wrong.length ? new Refusal("invalid_recipient", { recipients: wrong }) : error;
  }
}

/** The price, and the user's yes to it. */
async function agreed(draft, letter, dialog, mail, files) {
  const quote = await quoteOf(draft, mail.addresses);
  if (!quote.enough) throw new Refusal("insufficient_credits", { needed: quote.cost, available: quote.available });
  const state = { cost: quote.cost, after: quote.after, files, people: mail.addresses.length, words: letter.words, left: letter.left };
  if ((await wishes()).showPrice) stopIf((await dialog.ask({ phase: "price", ...state })) !== "send");
  stopIf(dialog.isClosed);
}

/** A mail that was committed and is sent again: its recipients may have changed. */
async function again(letter, dialog, mail) {
  const { id, revision, to } = letter.committed;
  const print = JSON.stringify(mail.addresses);
  if (to === print) return letter.committed.answer;
  const quote = await quoteOf(id, mail.addresses);
  if (!quote.enough) throw new Refusal("insufficient_credits", { needed: quote.cost, available: quote.available });
  if (quote.cost && (await wishes()).showPrice) {
    const state = { cost: quote.cost, after: quote.after, files: 0, people: mail.addresses.length, words: false };
    stopIf((await dialog.ask({ phase: "price", ...state })) !== "send");
  }
  return commit(letter, dialog, mail, { print, id, revision: revision + 1 });
}

async function commit(letter, dialog, mail, attempt) {
  letter.attempt = attempt;
  const body = { recipients: mail.addresses, delivery: "client" };
  const deed = () => call("POST", `/drafts/${attempt.id}/commit`, body, `${attempt.id}:${attempt.revision}`);
  const answer = await patiently(dialog, deed).catch((error) => {
    if (error.code === "back" || (error.status >= 400 && error.status < 500)) letter.attempt = null; // refused for sure
    throw error;
  });
  const earlier = (letter.committed ?? letter.earlier)?.text ?? "";
  const { id: send, revision, link, insert } = answer;
  letter.committed = { id: attempt.id, send, revision, link: link.url, text: insert.text, to: JSON.stringify(mail.addresses), answer };
  letter.attempt = null;
  const documents = Object.fromEntries([...letter.uploads.values()].map((one) => [one.key, one.id]));
  await noteWaiting(send, { id: attempt.id, revision, link: link.url, text: insert.text, documents });
  return { ...answer, earlier };
}

/** Ask again while files are inspected. */
async function patiently(dialog, deed) {
  const ends = Date.now() + PATIENCE * 1000;
  while (true) {
    try {
      return await deed();
    } catch (error) {
      if (!["not_ready", "busy", "workshop_busy"].includes(error.code) || Date.now() > ends) throw error;
      if (error.facts.reason === "unviewable") throw new Refusal("unviewable", error.facts); // no waiting helps
      await dialog?.tell({ phase: "inspecting" });
      stopIf(dialog?.isClosed);
      await pause(Math.min(error.facts.retry_after ?? 2, 10));
    }
  }
}

/** The mail as it leaves: without its files, with the link, and with the header that names the send. */
async function handOver(tab, letter, { linked, stays }, made) {
  await spend(linked);
  for (const one of await messenger.compose.listAttachments(tab.id)) {
    if (!stays.has(one.id)) await messenger.compose.removeAttachment(tab.id, one.id);
  }
  const now = await messenger.compose.getComposeDetails(tab.id);
  const { server } = await account();
  const base = new URL(made.link.url).origin;
  const customHeaders = [...now.customHeaders.filter((one) => one.name !== made.header.name), made.header];
  const all = letter.words && !letter.isReplaced;
  letter.isReplaced ||= letter.words;
  const details = now.isPlainText
    ? { plainTextBody: withTextBlock(now.plainTextBody, made.insert, made.earlier ?? letter.committed.text, all), customHeaders }
    : { body: withBlock(now.body, made.insert, made.link.url.startsWith(server) ? server : base, all), customHeaders, deliveryFormat: "both" };
  return { details };
}

/**
 * The price of a mail as it stands, asked for from its window: files are uploaded for it, and nothing else happens.
 * @param {number} tab
 * @returns {Promise<{cost: number, available: number, after: number, enough: boolean, files: number, people: number}>}
 */
export async function priceOf(tab) {
  const letter = letterOf(tab);
  if (letter.isBusy) throw new Refusal("busy");
  letter.isBusy = true;
  try {
    const details = await messenger.compose.getComposeDetails(tab);
    const people = await addressesOf(details);
    refuseWhatCannotBe(people, details);
    const linked = await linkedFiles(tab, `${details.body ?? ""}\n${details.plainTextBody ?? ""}`);
    const { files, small } = await attached(tab, letter, linked);
    const priced = letter.small === "protect" ? [...files, ...small] : files;
    const carried = letter.carried.map((one) => one.id);
    const found = [...carried, ...(await uploaded(letter, null, priced)).map((one) => one.id), ...linked.map((one) => one.document)];
    const draft = letter.committed ?? (await write(details, letter, found, null));
    const quote = await quoteOf(draft.id, people.addresses);
    return { ...quote, lines: undefined, files: found.length, people: people.addresses.length };
  } finally {
    letter.isBusy = false;
  }
}
