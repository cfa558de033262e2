// SPDX-License-Identifier: Apache-2.0
// One file sent in parts (tus 1.0): goes on by itself after a lost connection, and after the tab was closed when the same file is
// chosen again. Where an upload lies is remembered in this browser under the file's name, size and date, and where it is to go:
// `scope` tells one place that takes files from another, `said` is the metadata the server asks for there.

/** Smaller files go in one request: what a lost connection costs is sent again in a moment. In bytes. */
export const IN_PARTS_FROM = 5_000_000;

const PART = 8 * 1024 * 1024;
const LONGEST_WAIT = 30_000;
const PREFIX = "sealroom-upload:";
const HEADERS = { "Tus-Resumable": "1.0.0", "X-Requested-With": "XMLHttpRequest" };

/** Uploads that were begun in this browser for a place and have not ended: [{ name, size, key, place, said }]. */
export function unfinished(scope = "") {
  const found = [];
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      if (!key.startsWith(PREFIX)) continue;
      const one = { key, ...JSON.parse(localStorage.getItem(key)) };
      if ((one.scope ?? "") === scope) found.push(one);
    }
  } catch { /* storage is forbidden or was meddled with: nothing to go on with */ }
  return found;
}

export function forget(key) {
  try { localStorage.removeItem(key); } catch { /* nothing is kept then */ }
}

export function keyOf(file, scope = "", said = {}) {
  const where = scope ? `${[scope, ...Object.values(said)].join(":")}:` : "";
  return `${PREFIX}${where}${file.name}:${file.size}:${file.lastModified}`;
}

/** How many bytes are safe, or -1 when the server knows nothing of it. */
export async function stands(place) {
  const answer = await fetch(place, { method: "HEAD", headers: HEADERS, redirect: "manual" });
  return answer.ok ? Number(answer.headers.get("Upload-Offset")) : -1;
}

export function giveUp(place, token) {
  return fetch(place, { method: "DELETE", headers: { ...HEADERS, "X-CSRFToken": token } }).catch(() => {});
}

export class Resumable {
  /** hooks: progress(done), waiting(seconds), done(id of the document or item, id of its version), refused(response). */
  constructor({ file, address, token, hooks, scope = "", said = {} }) {
    Object.assign(this, { file, address, token, hooks, scope, said, key: keyOf(file, scope, said), place: "", offset: 0, halted: false, request: null, tries: 0 });
  }

  async start() {
    this.halted = false;
    while (!this.halted) {
      try {
        if (!(await this.find())) return;
        await this.sendAll();
        return;
      } catch (error) {
        if (this.halted) return;
        if (error instanceof Refused) return void this.hooks.refused(error.answer);
        await this.pauseBetween();
      }
    }
  }

  /** Stop sending; what is safe stays, and `start` goes on from there. */
  halt() {
    this.halted = true;
    this.request?.abort();
    this.wake?.();
  }

  async abandon() {
    this.halt();
    forget(this.key);
    if (this.place) await giveUp(this.place, this.token);
  }

  async find() {
    this.place ||= this.remembered();
    if (this.place) {
      this.offset = await stands(this.place);
      if (this.offset >= 0) return true;
    }
    this.offset = 0;
    return this.begin();
  }

  async begin() {
    const said = Object.entries({ filename: this.file.name, ...this.said }).filter(([, value]) => value);
    const words = said.map(([word, value]) => `${word} ${base64(value)}`).join(",");
    const answer = await fetch(`${this.address}?name=${encodeURIComponent(this.file.name)}`, {
      method: "POST",
      headers: { ...HEADERS, "X-CSRFToken": this.token, "Upload-Length": String(this.file.size), "Upload-Metadata": words },
    });
    if (answer.status !== 201) throw await failure(answer);
    this.place = answer.headers.get("Location");
    try { localStorage.setItem(this.key, JSON.stringify({ name: this.file.name, size: this.file.size, place: this.place, scope: this.scope, said: this.said })); } catch { /* it can go on only in this tab */ }
    return true;
  }

  async sendAll() {
    for (;;) {
      const answer = await this.sendPart();
      this.tries = 0;
      this.offset = Number(answer.getResponseHeader("Upload-Offset"));
      const id = answer.getResponseHeader("Sealroom-Document") ?? answer.getResponseHeader("Sealroom-Item");
      if (id) {
        forget(this.key);
        this.hooks.done(id, answer.getResponseHeader("Sealroom-Version"));
        return;
      }
    }
  }

  sendPart() {
    const from = this.offset;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("PATCH", `${this.place}?name=${encodeURIComponent(this.file.name)}`);
      for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
      request.setRequestHeader("X-CSRFToken", this.token);
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.setRequestHeader("Upload-Offset", String(from));
      request.upload.addEventListener("progress", (event) => this.hooks.progress(from + event.loaded));
      request.addEventListener("load", () => {
        if (request.status === 204) resolve(request);
        else if (request.getResponseHeader("X-File-Row") && request.status < 500) {
          forget(this.key);
          reject(new Refused(request.responseText));
        } else reject(new Error(String(request.status)));
      });
      request.addEventListener("error", () => reject(new Error("line")));
      request.addEventListener("abort", () => reject(new Error("halted")));
      request.send(this.file.slice(from, from + PART));
    });
  }

  pauseBetween() {
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.tries);
    this.tries += 1;
    this.hooks.waiting(wait);
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, wait);
      addEventListener("online", resolve, { once: true });
    });
  }

  remembered() {
    return unfinished(this.scope).find(({ key }) => key === this.key)?.place ?? "";
  }
}

class Refused extends Error {
  constructor(answer) {
    super("refused");
    this.answer = answer;
  }
}

async function failure(answer) {
  return answer.headers.get("X-File-Row") && answer.status < 500 ? new Refused(await answer.text()) : new Error(String(answer.status));
}

function base64(text) {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
