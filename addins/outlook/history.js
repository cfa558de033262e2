// SPDX-License-Identifier: Apache-2.0
/* What was sent, who opened it, and taking it back. */

import { element, get, show } from "./page.js";

/** @typedef {import("./server.js").Server} Server */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {{id: string, state: string, title: string, recipients: number, opened: number, sent_at: string | null}} Row */
/**
 * @typedef {{run: (deed: () => Promise<unknown>) => Promise<void>, home: () => string, ended: (id: string) => Promise<void>,
 *   said: (text: string) => void}} Around
 */

const CANCEL_MS = 15 * 60 * 1000;

export class History {
  #cursor = "";

  /** @param {Server} server @param {Words} words @param {Around} around the pane: its deeds, the address of the pages, what to do at an end */
  constructor(server, words, around) {
    this.server = server;
    this.words = words;
    this.around = around;
    get("more").addEventListener("click", () => around.run(() => this.load(this.#cursor)));
  }

  /** The newest sends, or those behind a cursor. @param {string} [cursor] */
  async load(cursor = "") {
    const page = await this.server.call("GET", `/sends?limit=10&cursor=${encodeURIComponent(cursor)}`);
    const rows = page.items.map((/** @type {Row} */ one) => this.#row(one));
    if (cursor) get("sends").append(...rows);
    else get("sends").replaceChildren(...rows);
    this.#cursor = page.next ?? "";
    show("more", Boolean(page.next));
    show("no-sends", !cursor && !rows.length);
  }

  /** @param {Row} one */
  #row(one) {
    const { words } = this;
    const details = /** @type {HTMLAnchorElement} */ (element("a", { text: words.details }));
    details.href = new URL(`/sends/${one.id}/`, this.around.home()).href;
    [details.target, details.rel] = ["_blank", "noopener noreferrer"];
    const deeds = element("p", { class: "deeds" }, details);
    const isYoung = one.sent_at !== null && Date.now() - Date.parse(one.sent_at) < CANCEL_MS;
    if (one.state === "active") {
      if (isYoung && !one.opened) {
        deeds.append(this.#button(words.cancel, one, async () => {
          const { charged } = await this.server.call("POST", `/sends/${one.id}/cancel`);
          await this.around.ended(one.id);
          return words.cancelled(-charged);
        }));
      }
      deeds.append(this.#button(words.revoke, one, async () => {
        await this.server.call("POST", `/sends/${one.id}/revoke`, {});
        await this.around.ended(one.id);
        return words.revoked;
      }, "danger"));
    } else if (one.state === "revoked") {
      deeds.append(this.#button(words.restore, one, async () => {
        await this.server.call("POST", `/sends/${one.id}/restore`, {});
        return words.restored;
      }));
    }
    return element(
      "li", {},
      element("p", { class: "strong", text: one.title }),
      element("p", { class: "quiet" },
        element("span", { class: `tag ${one.state}`, text: words.states[one.state] ?? one.state }),
        ` ${words.opened(one.opened, one.recipients)}`),
      deeds,
    );
  }

  /** @param {string} text @param {Row} one @param {() => Promise<string>} deed says what was done @param {string} [look] */
  #button(text, one, deed, look = "") {
    const button = element("button", { class: look, text, label: `${text}: ${one.title}` });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => this.around.run(async () => {
      const said = await deed();
      await this.load();
      this.around.said(said);
    }));
    return button;
  }
}
