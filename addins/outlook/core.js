// SPDX-License-Identifier: Apache-2.0
/* Protecting a mail. The order is what keeps it safe: upload all, price, commit, insert the link, read the text back, and only then
   take the attachments out, one by one. Whatever breaks before the last step leaves the mail as it was written, and the same commit
   again charges nothing. Money is never computed here: numbers come from the server. */

import { Refusal } from "./server.js";
import { Trouble, Uploads } from "./uploads.js";

/** @typedef {import("./mailbox.js").Mailbox} Mailbox */
/** @typedef {import("./mailbox.js").Addressee} Addressee */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./server.js").Server} Server */
/** @typedef {{id: string, revision: number, stage: "draft" | "committing" | "committed" | "done", words: boolean}} Kept a send of this mail */
/** @typedef {import("./uploads.js").Chosen} Chosen */
/** @typedef {{words: boolean, preset: string | null}} Wish */
/** @typedef {{file_bytes: number, files: number, message_html_bytes: number}} Limits */
/** @typedef {{cost: number, available: number, after: number, enough: boolean, files: number, people: number}} Price */
/**
 * @typedef {object} Survey
 * @property {Addressee[]} recipients
 * @property {Attachment[]} files what would be uploaded
 * @property {Attachment[]} clouds links to a cloud: left where they are
 * @property {Attachment[]} pictures shown within the text
 * @property {boolean} isPlain
 * @property {string} body
 */

const REMEMBERED = 20; // sends of one mail; what is kept with it must stay under 2,500 characters
const PATIENCE = 60; // seconds a commit waits for files that are inspected

/** @param {string} address */
export const plain = (address) => address.trim().toLowerCase();

/** @param {Addressee[]} people */
const whom = (people) => people.map(({ email, name, kind }) => ({ email, kind, ...(name && name !== email ? { name } : {}) }));

export class Protection {
  /** @type {Kept[]} */ kept = [];
  /** @type {Chosen[]} */ chosen = [];
  /** Addresses the link opens for. @type {string[]} */ granted = [];
  /** Files chosen in a pane that was closed before they were sent. */ lost = 0;
  /** What the price shown stands for. */ #priced = "";
  /** @type {Wish} */ #wish = { words: false, preset: null };
  /** @type {Limits | null} the server's, to refuse before an upload what it would refuse after it */ limits = null;
  /** The name of the draft that is being written. */ #uuid = "";

  /**
   * @param {Mailbox} mailbox @param {Server} server
   * @param {(stage: string, facts?: Record<string, any>) => void} [tell] hears each stage and the progress of uploads
   */
  constructor(mailbox, server, tell = () => undefined) {
    this.mailbox = mailbox;
    this.server = server;
    this.tell = tell;
    this.uploads = new Uploads(mailbox, server, (facts) => this.tell("uploading", facts));
  }

  /** Read what an earlier pane left with this mail. */
  async load() {
    const [memo, facts] = [await this.mailbox.memo(), await this.mailbox.facts()];
    this.kept = Array.isArray(memo?.sends) ? memo.sends : [];
    this.lost = Number(facts.pending ?? 0);
    this.granted = Array.isArray(facts.granted) ? facts.granted : [];
    if (!this.granted.length && this.kept.some((one) => one.stage === "done")) await this.#askWhom();
    if (this.lost) await this.#leaveFacts();
  }

  /** A commit was begun and the mail is not finished. */
  get isUnfinished() {
    return this.kept.some((one) => one.stage === "committing" || one.stage === "committed");
  }

  get isProtected() {
    return this.kept.some((one) => one.stage === "done");
  }

  /** What the mail is now. @returns {Promise<Survey>} */
  async survey() {
    const recipients = await this.mailbox.recipients();
    const all = await this.mailbox.attachments();
    const isPlain = await this.mailbox.isPlain();
    const body = await this.mailbox.body(isPlain);
    const text = body.toLowerCase();
    const isShown = (/** @type {Attachment} */ one) => one.isInline
      || [one.contentId, one.name].some((name) => name && text.includes(`cid:${name.toLowerCase()}`));
    return {
      recipients, isPlain, body,
      clouds: all.filter((one) => one.type === "cloud"),
      pictures: all.filter((one) => one.type !== "cloud" && isShown(one)),
      files: all.filter((one) => one.type !== "cloud" && !isShown(one)),
    };
  }

  /** Who was added after the link was made. @param {Survey} seen */
  strangers(seen) {
    if (!this.isProtected) return [];
    const granted = new Set(this.granted.map(plain));
    return seen.recipients.filter((one) => !granted.has(plain(one.email)));
  }

  /** Whether the link's recipients are those of the mail. @param {Survey} seen */
  isBehind(seen) {
    const now = new Set(seen.recipients.map((one) => plain(one.email)));
    return this.isProtected && (this.strangers(seen).length > 0 || this.granted.some((one) => !now.has(plain(one))));
  }

  /** Choose files in the pane. @param {File[]} files */
  async choose(files) {
    for (const file of files) this.chosen.push({ file, document: "" });
    await this.#leaveFacts();
  }

  /** @param {Chosen} one */
  async unchoose(one) {
    this.chosen = this.chosen.filter((other) => other !== one);
    await this.#leaveFacts();
  }

  /**
   * Upload, write the draft and ask for the price. The mail is not touched and nothing is charged.
   * @param {Wish} wish @returns {Promise<Price>}
   */
  async prepare(wish) {
    const seen = await this.survey();
    if (!seen.recipients.length) throw new Trouble("no_recipients");
    this.#check(seen, wish);
    const documents = await this.uploads.run(seen.files, this.chosen);
    const isNew = documents.length > 0 || (wish.words && !this.kept.some((one) => one.words));
    if (!isNew && !this.isProtected) throw new Trouble("nothing_to_protect");
    this.#wish = wish;
    if (isNew) await this.#draft(seen, documents, wish);
    else this.kept = this.kept.filter((one) => one.stage !== "draft");
    const price = await this.#quote(seen.recipients);
    this.#priced = this.#picture(seen);
    return { ...price, files: documents.length, people: new Set(seen.recipients.map((one) => plain(one.email))).size };
  }

  /**
   * Commit and change the mail. Also what finishes one that broke off, and what follows changed recipients: what is paid stays paid.
   * @returns {Promise<{charged: number, available: number, left: string[]}>} `left`: attachments that are not protected
   */
  async finish() {
    const seen = await this.survey();
    if (this.#priced && this.#priced !== this.#picture(seen)) {
      this.#priced = "";
      throw new Trouble("changed");
    }
    if (!seen.recipients.length) throw new Trouble("no_recipients");
    let [charged, available] = [0, 0];
    /** @type {{kept: Kept, answer: any}[]} */
    const answers = [];
    const isBehind = this.isBehind(seen);
    for (const one of this.kept.filter((other) => other.stage !== "done" || isBehind)) {
      this.tell("committing");
      const answer = await this.#commit(one, seen.recipients);
      charged += answer.charged;
      available = answer.available;
      answers.push({ kept: one, answer });
    }
    this.granted = [...new Set(seen.recipients.map((one) => plain(one.email)))];
    await this.#leaveFacts();
    for (const { kept, answer } of answers) await this.#insert(kept, answer);
    const documents = answers.flatMap(({ answer }) => answer.documents.map((/** @type {any} */ one) => String(one.id)));
    const left = await this.#remove(documents);
    this.tell("header");
    await this.mailbox.sign(this.kept.map((one) => one.id));
    for (const one of this.kept) one.stage = "done";
    this.chosen = this.chosen.filter((one) => !documents.includes(one.document));
    this.#priced = this.#uuid = "";
    await this.#keep();
    await this.#leaveFacts();
    this.tell("done");
    return { charged, available, left };
  }

  /** Forget a send that was called back or revoked: the next one begins anew. @param {string} id */
  async forget(id) {
    this.kept = this.kept.filter((one) => one.id !== id);
    await this.#keep();
  }

  /** @param {Survey} seen @param {Wish} wish */
  #check(seen, wish) {
    if (!this.limits) return;
    const { file_bytes: most, files, message_html_bytes: longest } = this.limits;
    const parts = [...seen.files, ...this.chosen.map((one) => one.file)];
    const large = parts.find((one) => one.size > most);
    if (large) throw new Trouble("file_too_large", { name: large.name, limit: most });
    if (parts.length > files) throw new Trouble("too_many_files", { limit: files, actual: parts.length });
    if (wish.words && new TextEncoder().encode(seen.body).length > longest) throw new Trouble("text_too_long", { limit: longest });
  }

  /** @param {Survey} seen */
  #picture(seen) {
    const files = seen.files.map((one) => [one.name, one.size]);
    return JSON.stringify([whom(seen.recipients), files, this.chosen.length, this.#wish.words ? seen.body : ""]);
  }

  /** @param {Survey} seen @param {string[]} documents @param {Wish} wish */
  async #draft(seen, documents, wish) {
    this.tell("drafting");
    const open = this.kept.find((one) => one.stage === "draft");
    const content = {
      from: await this.mailbox.from(), subject: (await this.mailbox.subject()).slice(0, 200), language: this.server.language,
      documents, ...(wish.preset ? { preset: wish.preset } : {}),
    };
    this.#uuid ||= crypto.randomUUID();
    const draft = await this.server.call("PUT", `/drafts/${this.#uuid}`, content);
    let revision = draft.revision;
    if (wish.words || open?.words) {
      const words = wish.words ? seen.body : "";
      revision = (await this.server.call("PUT", `/drafts/${draft.id}/body`, seen.isPlain ? { text: words } : { html: words })).revision;
    }
    /** @type {Kept} */
    const kept = { id: draft.id, revision, stage: "draft", words: wish.words };
    this.kept = [...this.kept.filter((one) => one.stage !== "draft"), kept];
  }

  /** @param {Addressee[]} recipients @returns {Promise<{cost: number, available: number, after: number, enough: boolean}>} */
  async #quote(recipients) {
    const sum = { cost: 0, available: 0, after: 0, enough: true };
    for (const one of this.kept) {
      const quote = await this.server.call("POST", `/drafts/${one.id}/quote`, { recipients: whom(recipients) });
      if (sum.cost === 0) [sum.available, sum.after] = [quote.available, quote.after];
      else sum.after -= quote.cost;
      sum.cost += quote.cost;
      sum.enough = sum.enough && quote.enough;
    }
    sum.enough = sum.enough && sum.after >= 0;
    this.tell("quoted", sum);
    return sum;
  }

  /** @param {Kept} one @param {Addressee[]} recipients */
  async #commit(one, recipients) {
    if (one.stage === "done") one.revision += 1; // follows the mail; an unfinished one repeats its own commit
    if (one.stage === "draft") one.stage = "committing";
    await this.#keep();
    await this.#leaveFacts();
    let waited = 0;
    for (let tries = 0; ; tries += 1) {
      try {
        const body = { recipients: whom(recipients), delivery: "client" };
        const answer = await this.server.call("POST", `/drafts/${one.id}/commit`, body, { "Idempotency-Key": `${one.id}:${one.revision}` });
        one.stage = "committed";
        await this.#keep();
        return answer;
      } catch (fault) {
        const wait = await this.#afterRefusal(fault, one, tries);
        waited += wait;
        if (wait < 0 || waited > PATIENCE) {
          if (fault instanceof Refusal && fault.status >= 400 && fault.status < 500) await this.#settle(one, fault.code);
          throw fault;
        }
        await this.server.wait(wait);
      }
    }
  }

  /**
   * How long to wait before the same again; below zero: not at all.
   * @param {unknown} fault @param {Kept} one @param {number} tries
   */
  async #afterRefusal(fault, one, tries) {
    if (!(fault instanceof Refusal)) return -1;
    if (fault.code === "not_ready") return Number(fault.facts.retry_after ?? 2);
    if (tries >= 3) return -1;
    if (fault.code === "offline" || fault.status >= 500) return Number(fault.facts.retry_after ?? tries + 1); // a lost answer: the same key answers the same
    if (fault.code === "idempotency_conflict") { // it went out for others than are in the mail now
      one.revision += 1;
      return 0;
    }
    if (fault.code === "stale_draft" && Number.isInteger(fault.facts.revision)) {
      const { state } = await this.server.call("GET", `/sends/${one.id}`);
      one.revision = fault.facts.revision + (state === "draft" ? 0 : 1);
      return 0;
    }
    return -1;
  }

  /**
   * After a refusal that will not change by itself: what never went out is a draft again, what is gone is forgotten.
   * @param {Kept} one @param {string} code
   */
  async #settle(one, code) {
    if (code === "not_found" || code === "not_live") {
      this.kept = this.kept.filter((other) => other !== one);
    } else if (one.stage === "committing") {
      const { state } = await this.server.call("GET", `/sends/${one.id}`);
      if (state === "draft") one.stage = "draft";
    }
    await this.#keep();
    await this.#leaveFacts();
  }

  /** @param {Kept} kept @param {any} answer */
  async #insert(kept, answer) {
    this.tell("inserting");
    const { url } = answer.link;
    const isPlain = await this.mailbox.isPlain();
    if ((await this.mailbox.body(isPlain)).includes(url)) return;
    const words = isPlain ? `${answer.insert.text}\n\n` : answer.insert.html;
    if (kept.words) await this.mailbox.replace(words, isPlain);
    else await this.mailbox.prepend(words, isPlain);
    if (!(await this.mailbox.body(isPlain)).includes(url)) throw new Trouble("link_missing");
  }

  /**
   * Take out what is protected, and pictures of a text that was replaced. Ids may have changed meanwhile, so the list is read again and
   * an attachment that is not known by its id is known by its content.
   * @param {string[]} documents @returns {Promise<string[]>} names of attachments that are not protected and stay
   */
  async #remove(documents) {
    const seen = await this.survey();
    const isReplaced = this.kept.some((one) => one.words && one.stage === "committed");
    /** @type {string[]} */
    const left = [];
    for (const one of seen.files) {
      this.tell("removing", { name: one.name });
      if (await this.uploads.isAmong(one, documents)) await this.mailbox.remove(one.id);
      else left.push(one.name);
    }
    if (isReplaced) for (const one of (await this.survey()).pictures) await this.mailbox.remove(one.id);
    return left;
  }

  /** Ask the server whom the link opens for: a mail that was closed and opened again does not know. */
  async #askWhom() {
    const one = this.kept.find((other) => other.stage === "done");
    const send = one && await this.server.call("GET", `/sends/${one.id}`).catch(() => null);
    if (send) this.granted = send.recipients.map((/** @type {any} */ other) => plain(other.email));
  }

  async #keep() {
    await this.mailbox.keepMemo({ sends: this.kept.filter((one) => one.stage !== "draft").slice(-REMEMBERED) });
  }

  /** For the send check. */
  async #leaveFacts() {
    const granted = this.isProtected || this.isUnfinished ? this.granted.slice(0, 500) : [];
    await this.mailbox.keepFacts({ pending: this.chosen.length, unfinished: this.isUnfinished, granted });
  }
}
