// SPDX-License-Identifier: Apache-2.0
/* The mail being written, as promises. Outlook on the web takes three calls at once and fails further ones, so they go one by one. */

/** @typedef {{email: string, name: string, kind: "to" | "cc" | "bcc", isList: boolean}} Addressee */
/** @typedef {{id: string, name: string, size: number, type: string, isInline: boolean, contentId: string}} Attachment */
/** @typedef {{format: string, content: string}} Content */

/** A call of Outlook's that failed; `code` is Outlook's number. */
export class HostFault extends Error {
  /** @param {string} call @param {{code?: number, message?: string} | undefined} error */
  constructor(call, error) {
    super(`${call}: ${error?.message ?? "failed"}`);
    this.call = call;
    this.code = error?.code ?? 0;
  }
}

const FACTS = "sealroom";
const HEADER = "x-sealroom-send";
const NOTICE = "sealroom";

export class Mailbox {
  /** @type {Promise<unknown>} */
  #tail = Promise.resolve();

  /**
   * @param {Office.MessageCompose} item
   * @param {(version: string) => boolean} supports whether Outlook knows that version of its mailbox calls
   */
  constructor(item, supports) {
    this.item = item;
    this.supports = supports;
  }

  /**
   * @template T
   * @param {string} name @param {(done: (result: Office.AsyncResult<T>) => void) => void} start
   * @returns {Promise<T>}
   */
  #call(name, start) {
    const result = this.#tail.then(() => new Promise((resolve, reject) => {
      start((answer) => {
        if (String(answer.status) === "succeeded") resolve(answer.value);
        else reject(new HostFault(name, answer.error));
      });
    }));
    this.#tail = result.catch(() => undefined);
    return /** @type {Promise<T>} */ (result);
  }

  /** All recipients in the order of the mail. @returns {Promise<Addressee[]>} */
  async recipients() {
    const { item } = this;
    /** @type {Addressee[]} */
    const found = [];
    for (const kind of /** @type {const} */ (["to", "cc", "bcc"])) {
      for (const one of await this.#call(`${kind}.getAsync`, (done) => item[kind].getAsync(done))) {
        const isList = String(one.recipientType) === "distributionList";
        found.push({ email: one.emailAddress, name: one.displayName ?? "", kind, isList });
      }
    }
    return found;
  }

  /** The address the mail comes from; "" where Outlook does not say. */
  async from() {
    if (!this.supports("1.7")) return "";
    const { item } = this;
    const found = await this.#call("from.getAsync", (done) => item.from.getAsync(done));
    return found?.emailAddress ?? "";
  }

  /** @returns {Promise<string>} */
  subject() {
    const { item } = this;
    return this.#call("subject.getAsync", (done) => item.subject.getAsync(done));
  }

  /** @returns {Promise<Attachment[]>} */
  async attachments() {
    const { item } = this;
    const found = await this.#call("getAttachmentsAsync", (done) => item.getAttachmentsAsync(done));
    return found.map((/** @type {Office.AttachmentDetailsCompose} */ one) => ({
      id: one.id, name: one.name, size: one.size, type: String(one.attachmentType), isInline: one.isInline,
      contentId: one.contentId ?? "",
    }));
  }

  /** @param {string} id @returns {Promise<Content>} */
  async content(id) {
    const { item } = this;
    const found = await this.#call("getAttachmentContentAsync", (done) => item.getAttachmentContentAsync(id, done));
    return { format: String(found.format), content: found.content };
  }

  /** @param {string} id */
  async remove(id) {
    const { item } = this;
    await this.#call("removeAttachmentAsync", (done) => item.removeAttachmentAsync(id, done));
  }

  /** Whether the mail is written as plain text. */
  async isPlain() {
    const { item } = this;
    return String(await this.#call("body.getTypeAsync", (done) => item.body.getTypeAsync(done))) === "text";
  }

  /** @param {boolean} isPlain @returns {Promise<string>} */
  body(isPlain) {
    const { item } = this;
    const kind = /** @type {Office.CoercionType} */ (isPlain ? "text" : "html");
    return this.#call("body.getAsync", (done) => item.body.getAsync(kind, done));
  }

  /** Put before what is written. @param {string} words @param {boolean} isPlain */
  async prepend(words, isPlain) {
    const { item } = this;
    const coercionType = isPlain ? "text" : "html";
    await this.#call("body.prependAsync", (done) => item.body.prependAsync(words, { coercionType }, done));
  }

  /** Put in place of what is written. @param {string} words @param {boolean} isPlain */
  async replace(words, isPlain) {
    const { item } = this;
    const coercionType = isPlain ? "text" : "html";
    await this.#call("body.setAsync", (done) => item.body.setAsync(words, { coercionType }, done));
  }

  /** The ids of our sends in the mail's header. @param {string[]} ids */
  async sign(ids) {
    const { item } = this;
    await this.#call("internetHeaders.setAsync", (done) => item.internetHeaders.setAsync({ [HEADER]: ids.join(",") }, done));
  }

  /** What was kept with the mail, also in a draft that was closed and opened again. @returns {Promise<any>} */
  async memo() {
    const properties = await this.#properties();
    try {
      return JSON.parse(properties.get(FACTS) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {unknown} memo at most 2,500 characters as JSON */
  async keepMemo(memo) {
    const properties = await this.#properties();
    properties.set(FACTS, JSON.stringify(memo));
    await this.#call("saveAsync", (done) => properties.saveAsync(done));
  }

  /** @returns {Promise<Office.CustomProperties>} */
  #properties() {
    const { item } = this;
    return this.#call("loadCustomPropertiesAsync", (done) => item.loadCustomPropertiesAsync(done));
  }

  /** What the send check reads; nothing where Outlook is too old to have one. @returns {Promise<any>} */
  async facts() {
    if (!this.supports("1.11")) return {};
    const { item } = this;
    const text = await this.#call("sessionData.getAsync", (done) => {
      item.sessionData.getAsync(FACTS, (result) => {
        const isThere = String(result.status) === "succeeded";
        done(/** @type {any} */ ({ status: "succeeded", value: isThere ? result.value : "" }));
      });
    });
    try {
      return JSON.parse(String(text || "{}"));
    } catch {
      return {};
    }
  }

  /** @param {unknown} facts */
  async keepFacts(facts) {
    if (!this.supports("1.11")) return;
    const { item } = this;
    await this.#call("sessionData.setAsync", (done) => item.sessionData.setAsync(FACTS, JSON.stringify(facts), done));
  }

  /** A line above the mail; that it fails is no harm. @param {string} text */
  async announce(text) {
    const { item } = this;
    const type = /** @type {any} */ ("informationalMessage");
    const notice = { type, message: text.slice(0, 150), icon: "Icon.16", persistent: false };
    await this.#call("notificationMessages.replaceAsync", (done) => item.notificationMessages.replaceAsync(NOTICE, notice, done))
      .catch(() => undefined);
  }

  /** Hear of new recipients and attachments, where Outlook tells. @param {() => void} heard */
  async listen(heard) {
    const { item } = this;
    for (const [version, type] of [["1.7", "olkRecipientsChanged"], ["1.8", "olkAttachmentsChanged"]]) {
      if (!this.supports(version)) continue;
      await this.#call("addHandlerAsync", (done) => item.addHandlerAsync(type, heard, done)).catch(() => undefined);
    }
  }
}
