// SPDX-License-Identifier: Apache-2.0
/* Protecting a mail. The order is what keeps it safe: upload all, price, commit, insert the link, read the text back, and only then
   take the attachments out, one by one. Whatever breaks before the last step leaves the mail as it was written, and the same commit
   again charges nothing. Money is never computed here: numbers come from the server. */

import { divide, isShown, isTiny, renamed } from "./letter.js";
import { Refusal } from "./server.js";
import { plain, surveyOf, whom } from "./survey.js";
import { Trouble, Uploads, look } from "./uploads.js";

/** @typedef {import("./mailbox.js").Mailbox} Mailbox */
/** @typedef {import("./mailbox.js").Addressee} Addressee */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./server.js").Server} Server */
/**
 * @typedef {{id: string, revision: number, stage: "draft" | "committing" | "committed" | "done", words: boolean, quoted?: boolean}} Kept a
 *   send of this mail; `words`: it holds the words of the mail, `quoted`: also those that were quoted
 */
/** @typedef {import("./uploads.js").Chosen} Chosen */
/** @typedef {import("./survey.js").Survey} Survey */
/** @typedef {{words: boolean, quoted?: boolean, preset: string | null}} Wish `quoted`: the words that are quoted too */
/** @typedef {{file_bytes: number, files: number, message_html_bytes: number}} Limits */
/** @typedef {{cost: number, available: number, after: number, enough: boolean, files: number, people: number}} Price */
const REMEMBERED = 20; // sends of one mail; what is kept with it must stay under 2,500 characters
const WRITABLE = 990_000; // characters Outlook takes for a whole text are 1,000,000; what is inserted needs some
const PATIENCE = 60; // seconds a commit waits for files that are inspected

export class Protection {
  /** @type {Kept[]} */ kept = [];
  /** @type {Chosen[]} */ chosen = [];
  /** Addresses the link opens for. @type {string[]} */ granted = [];
  /** Files chosen in a pane that was closed before they were sent. */ lost = 0;
  /** Small pictures that are to be protected, by their look. @type {Set<string>} */ taken = new Set();
  /** Documents that are pictures of the protected words. @type {string[]} */ #drawn = [];
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

  /** What the mail is now. @param {boolean} [isWhole] what is quoted is the sender's too @returns {Promise<Survey>} */
  survey(isWhole = false) {
    return surveyOf(this.mailbox, this.taken, isWhole);
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
    for (const file of files) this.chosen.push({ file, name: file.name, size: file.size, document: "" });
    await this.#leaveFacts();
  }

  /** Choose documents the server has already. @param {{id: string, name: string, size: number}[]} documents */
  async choosePresent(documents) {
    const fresh = documents.filter(({ id }) => !this.chosen.some((one) => one.document === id));
    for (const { id, name, size } of fresh) this.chosen.push({ file: null, name, size, document: id });
    await this.#leaveFacts();
  }

  /** Protect a small picture as a file, or not. @param {Attachment} one @param {boolean} isTaken */
  take(one, isTaken) {
    if (isTaken) this.taken.add(look(one));
    else this.taken.delete(look(one));
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
    const seen = await this.survey(wish.quoted);
    if (!seen.recipients.length) throw new Trouble("no_recipients");
    this.#wish = { ...wish, words: wish.words && !this.isProtected }; // the words of a protected mail are its link
    this.#check(seen);
    const documents = await this.uploads.run(seen.files, this.chosen);
    const isNew = documents.length > 0 || this.#wish.words;
    if (!isNew && !this.isProtected) throw new Trouble("nothing_to_protect");
    if (isNew) await this.#draft(seen, documents);
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
    const seen = await this.survey(this.#wish.quoted);
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

  /** @param {Survey} seen */
  #check(seen) {
    const { head, rest, tail } = seen.letter;
    const isLong = this.#wish.words && head.length + rest.length + tail.length > WRITABLE;
    if (isLong) throw new Trouble("text_too_long", { limit: WRITABLE }); // else it could be charged and not be written
    if (!this.limits) return;
    const { file_bytes: most, files } = this.limits;
    const parts = [...seen.files, ...this.chosen];
    const large = parts.find((one) => one.size > most && !("document" in one && one.document));
    if (large) throw new Trouble("file_too_large", { name: large.name, limit: most });
    if (parts.length > files) throw new Trouble("too_many_files", { limit: files, actual: parts.length });
    if (this.#wish.words) this.#checkWords(seen.isPlain ? seen.letter.own : renamed(seen.letter.own, new Map()));
  }

  /** @param {string} words without the pictures that lie in them */
  #checkWords(words) {
    const longest = this.limits?.message_html_bytes ?? Infinity;
    if (new TextEncoder().encode(words).length > longest) throw new Trouble("text_too_long", { limit: longest });
  }

  /** @param {Survey} seen */
  #picture(seen) {
    const files = [...seen.files, ...this.chosen].map((one) => [one.name, one.size]);
    return JSON.stringify([whom(seen.recipients), files, this.#wish.words ? seen.letter.own : ""]);
  }

  /** @param {Survey} seen @param {string[]} documents */
  async #draft(seen, documents) {
    this.tell("drafting");
    const { words, preset } = this.#wish;
    const open = this.kept.find((one) => one.stage === "draft");
    const content = {
      from: await this.mailbox.from(), subject: (await this.mailbox.subject()).slice(0, 200), language: this.server.language,
      documents, ...(preset ? { preset } : {}),
    };
    const text = words ? await this.#wordsOf(seen) : { text: "" };
    this.#uuid ||= crypto.randomUUID();
    const draft = await this.server.call("PUT", `/drafts/${this.#uuid}`, content);
    let { revision } = draft;
    if (words || open?.words) {
      this.tell("drafting");
      revision = (await this.#patiently(() => this.server.call("PUT", `/drafts/${draft.id}/body`, text))).revision;
    }
    /** @type {Kept} */
    const kept = { id: draft.id, revision, stage: "draft", words, ...(words && this.#wish.quoted ? { quoted: true } : {}) };
    this.kept = [...this.kept.filter((one) => one.stage !== "draft"), kept];
  }

  /** The words of the mail as a draft takes them; their pictures are uploaded. @param {Survey} seen */
  async #wordsOf(seen) {
    this.#drawn = [];
    if (seen.isPlain) return { text: seen.letter.own };
    const { html, inline } = await this.uploads.pictures(seen.letter.own, [...seen.pictures, ...seen.files, ...seen.tiny]);
    this.#drawn = inline.map((one) => one.document_id);
    return { html, inline };
  }

  /** Until what was uploaded is inspected. @template T @param {() => Promise<T>} deed @returns {Promise<T>} */
  async #patiently(deed) {
    for (let waited = 0; ;) {
      try {
        return await deed();
      } catch (fault) {
        if (!(fault instanceof Refusal) || fault.code !== "not_ready" || waited > PATIENCE) throw fault;
        const wait = Number(fault.facts.retry_after ?? 2);
        waited += wait;
        await this.server.wait(wait);
      }
    }
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
    const body = await this.mailbox.body(isPlain);
    if (body.includes(url)) return;
    const words = isPlain ? `${answer.insert.text}\n\n` : answer.insert.html;
    if (kept.words) {
      const { head, rest, tail } = divide(body, isPlain, kept.quoted);
      await this.mailbox.replace(head + words + rest + tail, isPlain);
    } else {
      await this.mailbox.prepend(words, isPlain);
    }
    if (!(await this.mailbox.body(isPlain)).includes(url)) throw new Trouble("link_missing");
  }

  /**
   * Take out what is protected, and pictures of words that were replaced. Ids may change with each removal, so the list is read again
   * before each, and an attachment that is not known by its id is known by its content.
   * @param {string[]} documents @returns {Promise<string[]>} names of attachments that are not protected and stay
   */
  async #remove(documents) {
    const text = (await this.mailbox.body(await this.mailbox.isPlain())).toLowerCase();
    const isReplaced = this.kept.some((one) => one.words && one.stage === "committed");
    /** @type {string[]} */
    const left = [];
    let place = 0;
    for (let rest = await this.mailbox.attachments(); place < rest.length;) {
      const one = rest[place];
      if (await this.#goes(one, documents, { text, isReplaced })) {
        this.tell("removing", { name: one.name });
        await this.mailbox.remove(one.id);
        rest = await this.mailbox.attachments();
      } else {
        if (one.type !== "cloud" && !one.isInline && !isShown(text, one) && !(isTiny(one) && !this.taken.has(look(one)))) left.push(one.name);
        place += 1;
      }
    }
    return left;
  }

  /** @param {Attachment} one @param {string[]} documents @param {{text: string, isReplaced: boolean}} mail */
  async #goes(one, documents, { text, isReplaced }) {
    if (one.type === "cloud" || isShown(text, one)) return false;
    if (one.isInline) return isReplaced;
    return this.uploads.isAmong(one, [...documents, ...this.#drawn]);
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
