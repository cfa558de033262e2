// SPDX-License-Identifier: Apache-2.0
/* Choosing among documents the server has already, instead of uploading them again: the member's own, or the team's library. */

import { row, tickRow } from "./files.js";
import { get, show } from "./page.js";

/** @typedef {import("./server.js").Server} Server */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {{id: string, name: string, size: number, state: string, error: {message: string} | null}} Present */
/**
 * @typedef {{run: (deed: () => Promise<unknown>) => Promise<void>, add: (documents: Present[]) => unknown, close: () => void}} Around
 */

export class Library {
  #cursor = "";
  /** @type {Map<string, Present>} */ #ticked = new Map();

  /** @param {Server} server @param {Words} words @param {Around} around */
  constructor(server, words, around) {
    this.server = server;
    this.words = words;
    get("find").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      around.run(() => this.#load());
    });
    get("whose").addEventListener("change", () => around.run(() => this.#load()));
    get("more-documents").addEventListener("click", () => around.run(() => this.#load(this.#cursor)));
    get("add-documents").addEventListener("click", () => around.add([...this.#ticked.values()]));
    get("close-library").addEventListener("click", () => around.close());
    document.addEventListener("keydown", (event) => { // wherever the keyboard is while a list is fetched
      if (event.key === "Escape" && !get("library").hidden) around.close();
    });
  }

  /** With nothing ticked and nothing searched. */
  async open() {
    this.#ticked.clear();
    get("search").value = get("whose").value = "";
    get("documents").replaceChildren();
    this.#count();
    await this.#load();
  }

  /** The newest documents, or those behind a cursor. @param {string} [cursor] */
  async #load(cursor = "") {
    const asked = new URLSearchParams({ limit: "20", cursor, search: get("search").value.trim(), library: String(get("whose").value !== "") });
    const page = await this.server.call("GET", `/documents?${asked}`);
    const rows = page.items.map((/** @type {Present} */ one) => this.#row(one));
    if (cursor) get("documents").append(...rows);
    else get("documents").replaceChildren(...rows);
    this.#cursor = page.next ?? "";
    show("more-documents", Boolean(page.next));
    show("no-documents", !cursor && !rows.length);
  }

  /** @param {Present} one */
  #row(one) {
    const { words } = this;
    if (one.state === "failed") return row(one.name, one.error?.message ?? words.states.failed);
    const about = one.state === "ready" ? words.size(one.size) : `${words.size(one.size)}, ${words.preparing}`;
    return tickRow(one.name, about, this.#ticked.has(one.id), (isTicked) => {
      if (isTicked) this.#ticked.set(one.id, one);
      else this.#ticked.delete(one.id);
      this.#count();
    });
  }

  #count() {
    get("add-documents").textContent = this.words.addFiles(this.#ticked.size);
    show("add-documents", this.#ticked.size > 0);
  }
}
