// SPDX-License-Identifier: Apache-2.0
// Fetches page images, most wanted first, and forgets those far away. Pictures live only in this tab's memory (blob: addresses),
// and nowhere once they are let go.

import { isSaving } from "./saving.js";

export const ENDED = new Set([401, 403, 404, 410]);
const BUSY = new Set([429, 502, 503, 504]);
const PATIENCE = 90_000; // ms; the first look at a heavy page may have to render it

/** `fetch` for what belongs to this page: refusals come in the language of the page, nothing is kept. */
export function ask(address, { headers, ...options } = {}) {
  const spoken = { "Accept-Language": document.documentElement.lang, ...headers };
  return fetch(address, { credentials: "same-origin", cache: "no-store", ...options, headers: spoken });
}

export class Loader {
  /**
   * `address(page, width)` gives the URL. `hooks`: loaded(page), failed(page, {kind, title}), ended(problem), contact().
   * `keep`: how many pictures stay in memory.
   */
  constructor({ address, hooks, parallel = 3, keep = 40 }) {
    Object.assign(this, { address, hooks, parallel, keep });
    this.pictures = new Map(); // page -> { url, width }
    this.running = new Map(); // page -> { width, abort }
    this.broken = new Map(); // page -> { kind, title }
    this.pauseUntil = new Map(); // page -> time before which it is not asked for again
    this.wishes = [];
    this.stopped = false;
  }

  /** Say what is wanted now, the most wanted first: [{ page, width }]. Older wishes are dropped, their transfers cut. */
  want(wishes) {
    if (this.stopped) return;
    this.wishes = wishes;
    const wanted = new Map(wishes.map((wish) => [wish.page, wish.width]));
    for (const [page, { width, abort }] of this.running) {
      if (!wanted.has(page) || wanted.get(page) > width) abort.abort();
    }
    this.forget(wanted);
    this.next();
  }

  /** The first page's picture stands in the page itself, so that it need not wait for scripts: take it over. */
  adopt(page, picture) {
    this.first = { page, picture };
    this.running.set(page, { width: 0, abort: { abort() {} } });
    picture.decode().then(
      () => {
        if (this.stopped) return;
        this.pictures.set(page, { url: null, width: Number(new URL(picture.currentSrc).searchParams.get("w")) });
        this.hooks.contact?.();
        this.hooks.loaded(page);
      },
      () => {}, // It is fetched like every other, and then we hear why not.
    ).finally(() => {
      this.running.delete(page);
      this.next();
    });
  }

  /** The adopted picture for its page's first sheet, once. */
  takeFirst(page) {
    if (this.first?.page !== page) return null;
    const { picture } = this.first;
    this.first = null;
    return picture;
  }

  /** An adopted picture goes with its sheet: there is no copy of it in memory. */
  release(page) {
    if (this.pictures.get(page)?.url === null) this.pictures.delete(page);
  }

  /** Whether something wanted is still on its way. */
  isBusy() {
    return this.wishes.some(({ page }) => !this.pictures.has(page) && !this.broken.has(page));
  }

  next() {
    if (this.stopped) return;
    for (const { page, width } of this.wishes) {
      if (this.running.size >= this.parallel) return;
      const held = this.pictures.get(page);
      if ((held && held.width >= width) || this.running.has(page) || this.broken.has(page)) continue;
      if ((this.pauseUntil.get(page) ?? 0) > performance.now()) continue;
      this.fetch(page, width);
    }
  }

  async fetch(page, width) {
    const abort = new AbortController();
    const patience = setTimeout(() => abort.abort(new DOMException("", "TimeoutError")), PATIENCE);
    this.running.set(page, { width, abort });
    try {
      const answer = await ask(this.address(page, width), { signal: abort.signal });
      this.hooks.contact?.();
      if (answer.ok) this.hold(page, width, await answer.blob());
      else await this.refused(page, answer);
    } catch (error) {
      if (error.name === "AbortError" || this.stopped) return;
      this.pause(page, 3000);
      this.hooks.failed(page, { kind: "offline" });
    } finally {
      clearTimeout(patience);
      this.running.delete(page);
      this.next();
    }
  }

  hold(page, width, blob) {
    if (this.stopped) return;
    const before = this.pictures.get(page);
    this.pictures.set(page, { url: URL.createObjectURL(blob), width });
    this.pauseUntil.delete(page);
    this.hooks.loaded(page);
    if (before?.url) URL.revokeObjectURL(before.url);
  }

  async refused(page, answer) {
    if (ENDED.has(answer.status)) {
      this.hooks.ended(await problemOf(answer));
    } else if (BUSY.has(answer.status)) {
      this.pause(page, 1000 * Math.min(30, Number(answer.headers.get("Retry-After")) || 3));
    } else {
      const fault = { kind: "broken", ...(await problemOf(answer)) };
      this.broken.set(page, fault);
      this.hooks.failed(page, fault);
    }
  }

  pause(page, ms) {
    this.pauseUntil.set(page, performance.now() + ms);
    setTimeout(() => this.next(), ms + 20);
  }

  /** Ask again for a page that failed. */
  retry(page) {
    this.broken.delete(page);
    this.pauseUntil.delete(page);
    this.next();
  }

  /** Let the pictures go that are farthest from what is wanted. */
  forget(wanted) {
    const centre = this.wishes[0]?.page ?? 1;
    const spare = [...this.pictures.keys()].filter((page) => !wanted.has(page)).sort((a, b) => Math.abs(b - centre) - Math.abs(a - centre));
    while (this.pictures.size > this.keep && spare.length) this.drop(spare.shift());
  }

  drop(page) {
    const { url } = this.pictures.get(page);
    if (url) URL.revokeObjectURL(url);
    this.pictures.delete(page);
  }

  /** Forget every picture and never fetch again. */
  stop() {
    this.stopped = true;
    this.wishes = [];
    for (const { abort } of this.running.values()) abort.abort();
    for (const page of [...this.pictures.keys()]) this.drop(page);
  }
}

/** Code, title and advice of a refusal; empty when the answer is not ours. */
export async function problemOf(answer) {
  try {
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { status: answer.status };
  }
}

/** The smallest width of the ladder that looks sharp at this size on this screen. */
export function pictureWidth(cssWidth, ladder) {
  const sparing = isSaving();
  const need = cssWidth * (sparing ? 1 : Math.min(3, window.devicePixelRatio || 1)) * 0.94;
  const steps = sparing ? ladder.filter((step) => step <= 1200) : ladder;
  return steps.find((step) => step >= need) ?? steps.at(-1);
}

export function prefetching() {
  return !isSaving();
}
