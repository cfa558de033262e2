// SPDX-License-Identifier: Apache-2.0
// What the worker keeps: in storage that pages of the extension and the worker alone can read, never a content script.

/** @typedef {{code: string, title?: string, status?: number, facts?: Object}} ProblemFacts */

/** A refusal, of the server or our own: decide by `code`; `title` is the server's translated sentence. */
export class Problem extends Error {
  /** @param {string} code @param {Object} [facts] @param {string} [title] @param {number} [status] */
  constructor(code, facts = {}, title = "", status = 0) {
    super(code);
    this.code = code;
    this.facts = facts;
    this.title = title;
    this.status = status;
  }

  /** @returns {ProblemFacts} what goes over to a content script */
  plain() {
    return { code: this.code, title: this.title, status: this.status, facts: this.facts };
  }
}

const DEFAULTS = { server: "", enabled: true, startOn: false };
const KEEP_SENDS = 200;
const KEEP_MS = 30 * 24 * 3600 * 1000;

/** @param {string} name @param {*} otherwise */
export async function kept(name, otherwise) {
  return (await chrome.storage.local.get({ [name]: otherwise }))[name];
}

/** @param {string} name @param {*} value */
export async function keep(name, value) {
  await chrome.storage.local.set({ [name]: value });
}

/** @param {string} name */
export async function forget(name) {
  await chrome.storage.local.remove(name);
}

/** What an administrator of the browser decided. Browsers without a policy answer with nothing. */
export async function managed() {
  try {
    return await chrome.storage.managed.get(["serverUrl", "mode", "minBytes", "internalDomains"]);
  } catch {
    return {};
  }
}

let installation;

/** The address the package came from, or "". */
async function origin() {
  installation ??= fetch(chrome.runtime.getURL("installation.json")).then((answer) => answer.json()).catch(() => ({}));
  return (await installation).server || "";
}

/** The settings in force: an administrator's address before the member's, the member's before that of the package. */
export async function settings() {
  const [own, ruled, from] = await Promise.all([kept("settings", {}), managed(), origin()]);
  const found = { ...DEFAULTS, ...own };
  const server = serverAddress(ruled.serverUrl || "") || found.server || from;
  return { ...found, server, serverIsManaged: Boolean(serverAddress(ruled.serverUrl || "")) };
}

/** An address as we keep it, or "" when it cannot be a server: TLS, or this machine. @param {string} text */
export function serverAddress(text) {
  let url;
  try {
    url = new URL(text.includes("://") ? text : `https://${text}`);
  } catch {
    return "";
  }
  const here = ["127.0.0.1", "localhost"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && here) ? url.origin : "";
}

/** @param {string} id @returns {Promise<Object|null>} */
export async function sendRecord(id) {
  return (await kept("sends", {}))[id] || null;
}

let writing = Promise.resolve();

/** Write down what is known of a send, before anything is asked of the server: a worker that dies forgets nothing.
 * @param {string} id @param {Object} change */
export function noteSend(id, change) {
  writing = writing.then(async () => {
    const sends = await kept("sends", {});
    sends[id] = { ...sends[id], ...change, id, at: Date.now() };
    const young = Object.values(sends).filter((one) => Date.now() - one.at < KEEP_MS).sort((a, b) => b.at - a.at);
    await keep("sends", Object.fromEntries(young.slice(0, KEEP_SENDS).map((one) => [one.id, one])));
  });
  return writing;
}
