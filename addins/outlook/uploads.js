// SPDX-License-Identifier: Apache-2.0
/* Files on their way to the server: each once, known again by its content. */

import { attachmentOf, drawnIn, renamed, sourcesIn } from "./letter.js";
import { Refusal } from "./server.js";

/** @typedef {import("./mailbox.js").Mailbox} Mailbox */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./server.js").Server} Server */
/**
 * @typedef {{file: File | null, name: string, size: number, document: string}} Chosen a file that was chosen in the pane and never comes
 *   near Outlook; null: the server has it already
 */

/** Something the sender must know, that is no refusal of the server: `code` names it. */
export class Trouble extends Error {
  /** @param {string} code @param {Record<string, any>} [facts] */
  constructor(code, facts = {}) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

/** @param {string} base64 */
function bytesOf(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < binary.length; place += 1) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function digest(bytes) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/** How an attachment looks; two may look the same. @param {Attachment} one */
export const look = (one) => `${one.name}\n${one.size}`;

/** @param {string} name @param {string} suffix */
const suffixed = (name, suffix) => (name.toLowerCase().endsWith(suffix) ? name : `${name || "message"}${suffix}`);

export class Uploads {
  /** What was uploaded, by attachment: the document, and how the attachment looked. @type {Map<string, {document: string, look: string}>} */
  #uploaded = new Map();
  /** Documents by name and content, for attachments whose ids changed. @type {Map<string, string>} */
  #known = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();
  /** The SHA-256 of documents. @type {Map<string, string>} */
  #sums = new Map();

  /** @param {Mailbox} mailbox @param {Server} server @param {(facts: Record<string, any>) => void} tell hears the progress */
  constructor(mailbox, server, tell) {
    this.mailbox = mailbox;
    this.server = server;
    this.tell = tell;
  }

  /** What a document was called when it was uploaded here; "" if it was not. @param {string | undefined} document */
  nameOf(document) {
    return this.#names.get(document ?? "") ?? "";
  }

  /**
   * Upload what is not there yet.
   * @param {Attachment[]} attachments @param {Chosen[]} chosen
   * @returns {Promise<string[]>} documents in the order of the mail, then of the pane; the same file twice is one
   */
  async run(attachments, chosen) {
    const parts = [...attachments, ...chosen];
    /** @type {string[]} */
    const documents = [];
    for (const [place, part] of parts.entries()) {
      const { name } = part;
      const told = (/** @type {number} */ bytes) => this.tell({ k: place + 1, n: parts.length, name, bytes });
      told(0);
      if ("file" in part) {
        if (part.file) part.document ||= await this.server.upload(part.file, name, told);
        documents.push(part.document);
      } else {
        documents.push(await this.#one(part, told));
      }
      this.#names.set(documents[place], name);
    }
    return [...new Set(documents)];
  }

  /**
   * Upload the pictures a text shows.
   * @param {string} html @param {Attachment[]} attachments
   * @returns {Promise<{html: string, inline: {cid: string, document_id: string}[]}>} the text with names of ours for them
   */
  async pictures(html, attachments) {
    /** @type {{cid: string, document_id: string}[]} */
    const inline = [];
    /** @type {Map<string, string>} */
    const names = new Map();
    const sources = sourcesIn(html);
    for (const [place, source] of sources.entries()) {
      const part = attachmentOf(source, attachments) ?? drawnIn(source);
      if (!part) continue;
      const name = "base64" in part ? `picture-${place + 1}.${part.kind}` : part.name;
      const told = (/** @type {number} */ bytes) => this.tell({ k: place + 1, n: sources.length, name, bytes });
      told(0);
      const document = await this.#picture(part, name, told);
      const cid = `p${place + 1}`;
      names.set(source, `cid:${cid}`);
      inline.push({ cid, document_id: document });
      this.#names.set(document, name);
    }
    return { html: renamed(html, names), inline };
  }

  /** @param {Attachment | {base64: string}} part @param {string} name @param {(bytes: number) => void} told */
  async #picture(part, name, told) {
    try {
      return await ("base64" in part ? this.#sent(name, bytesOf(part.base64), told) : this.#one(part, told));
    } catch (fault) {
      if (fault instanceof Refusal && [413, 415].includes(fault.status)) throw new Trouble("picture_refused", { name });
      throw fault;
    }
  }

  /**
   * Whether an attachment is one of these documents: by what was uploaded here, else by content.
   * @param {Attachment} one @param {string[]} documents
   */
  async isAmong(one, documents) {
    const before = this.#uploaded.get(one.id);
    if (before?.look === look(one) && documents.includes(before.document) && this.#isAlone(before)) return true;
    const bytes = await this.#read(one).then((read) => read.bytes, (fault) => { if (fault instanceof Trouble) return null; throw fault; });
    if (!bytes) return false;
    const sum = await digest(bytes);
    for (const id of documents) if (await this.#sumOf(id) === sum) return true;
    return false;
  }

  /** Where ids are places in a list, two that look the same are told apart by their content. @param {{document: string, look: string}} one */
  #isAlone(one) {
    return [...this.#uploaded.values()].every((other) => other.look !== one.look || other.document === one.document);
  }

  /** @param {string} document @returns {Promise<string>} */
  async #sumOf(document) {
    const sum = this.#sums.get(document) ?? (await this.server.call("GET", `/documents/${document}`)).sha256;
    this.#sums.set(document, sum);
    return sum;
  }

  /** @param {Attachment} one @param {(bytes: number) => void} told */
  async #one(one, told) {
    const before = this.#uploaded.get(one.id);
    if (before?.look === look(one)) return before.document;
    const { name, bytes } = await this.#read(one);
    const document = await this.#sent(name, bytes, told);
    this.#uploaded.set(one.id, { document, look: look(one) });
    return document;
  }

  /** @param {string} name @param {Uint8Array<ArrayBuffer>} bytes @param {(bytes: number) => void} told */
  async #sent(name, bytes, told) {
    const sum = await digest(bytes);
    const known = `${name}\n${sum}`;
    const document = this.#known.get(known) ?? await this.server.upload(new Blob([bytes]), name, told);
    this.#known.set(known, document);
    this.#sums.set(document, sum);
    return document;
  }

  /** @param {Attachment} one @returns {Promise<{name: string, bytes: Uint8Array<ArrayBuffer>}>} */
  async #read(one) {
    const { format, content } = await this.mailbox.content(one.id);
    if (format === "base64") return { name: one.name, bytes: bytesOf(content) };
    if (format === "eml") return { name: suffixed(one.name, ".eml"), bytes: new TextEncoder().encode(content) };
    if (format === "iCalendar") return { name: suffixed(one.name, ".ics"), bytes: new TextEncoder().encode(content) };
    throw new Trouble("unreadable", { name: one.name });
  }
}
