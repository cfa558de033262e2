// SPDX-License-Identifier: Apache-2.0
/* Files on their way to the server: each once, known again by its content. */

/** @typedef {import("./mailbox.js").Mailbox} Mailbox */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./server.js").Server} Server */
/** @typedef {{file: File, document: string}} Chosen a file that was chosen in the pane and never comes near Outlook */

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

/** @param {Attachment} one */
const look = (one) => `${one.name}\n${one.size}`;

/** @param {string} name @param {string} suffix */
const suffixed = (name, suffix) => (name.toLowerCase().endsWith(suffix) ? name : `${name || "message"}${suffix}`);

export class Uploads {
  /** What was uploaded, by attachment: the document, and how the attachment looked. @type {Map<string, {document: string, look: string}>} */
  #uploaded = new Map();
  /** Documents by name and content, for attachments whose ids changed. @type {Map<string, string>} */
  #known = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();

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
      const name = "file" in part ? part.file.name : part.name;
      const told = (/** @type {number} */ bytes) => this.tell({ k: place + 1, n: parts.length, name, bytes });
      told(0);
      if ("file" in part) {
        part.document ||= await this.server.upload(part.file, name, told);
        documents.push(part.document);
      } else {
        documents.push(await this.#one(part, told));
      }
      this.#names.set(documents[place], name);
    }
    return [...new Set(documents)];
  }

  /**
   * Whether an attachment is one of these documents: by what was uploaded here, else by content.
   * @param {Attachment} one @param {string[]} documents
   */
  async isAmong(one, documents) {
    const before = this.#uploaded.get(one.id);
    if (before?.look === look(one) && documents.includes(before.document)) return true;
    const bytes = await this.#read(one).then((read) => read.bytes, (fault) => { if (fault instanceof Trouble) return null; throw fault; });
    if (!bytes) return false;
    const sum = await digest(bytes);
    for (const id of documents) if ((await this.server.call("GET", `/documents/${id}`)).sha256 === sum) return true;
    return false;
  }

  /** @param {Attachment} one @param {(bytes: number) => void} told */
  async #one(one, told) {
    const before = this.#uploaded.get(one.id);
    if (before?.look === look(one)) return before.document;
    const { name, bytes } = await this.#read(one);
    const sum = `${name}\n${await digest(bytes)}`;
    const document = this.#known.get(sum) ?? await this.server.upload(new Blob([bytes]), name, told);
    this.#known.set(sum, document);
    this.#uploaded.set(one.id, { document, look: look(one) });
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
